"""What of an offer's definition may not be shown: signatures in URLs, and the values of secret fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_cpp.api.plain_text import without_users

HIDDEN = "***"

_QUERY = re.compile(r"([a-z][a-z0-9+.-]*://[^\s?#\"'<>]*)\?[^\s\"'<>]*", re.IGNORECASE)
# Of a connection string, as leads are sent to (create-or-modify page), and wherever else one is written out.
_PAIR = re.compile(
    r"((?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|sig)=)[^;&\s\"']+", re.IGNORECASE
)
_NAME = re.compile(
    r"secret|password|passwd|token|credential|connectionstring|accountkey|accesskey|apikey|privatekey",
    re.IGNORECASE,
)

#: Shorter ones aren't masked: every log line would be full of holes.
_SHORTEST = 8


def is_confidential(name: str) -> bool:
    """Tell whether a field is secret by its name, such as `clientSecret` or `connectionString`."""
    return _NAME.search(name) is not None


def without_secrets(text: str) -> str:
    """Return a text without the queries of URLs (a signature is one), users of URLs, and keys of connections."""
    if "=" not in text and "?" not in text and "@" not in text:
        return text
    return _PAIR.sub(rf"\1{HIDDEN}", without_users(_QUERY.sub(rf"\1?{HIDDEN}", text)))


def redacted(value: Any, name: str = "") -> Any:
    """Return a JSON value for a log: without secrets, otherwise as it is.

    :param value: JSON primitives.
    :param name: the field that holds it.
    """
    if isinstance(value, Mapping):
        return {key: redacted(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(item, name) for item in value]
    if name and value not in (None, "") and is_confidential(name):
        return HIDDEN
    return without_secrets(value) if isinstance(value, str) else value


def secrets_in(value: Any, name: str = "") -> Iterator[str]:
    """Yield each secret of a JSON value, for whoever masks logs.

    :param value: JSON primitives.
    :param name: the field that holds it.
    """
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from secrets_in(item, str(key))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from secrets_in(item, name)
    elif isinstance(value, str):
        found = [value] if name and is_confidential(name) else []
        found += [match[0].partition("?")[2] for match in _QUERY.finditer(value)]
        found += [match[0].partition("=")[2] for match in _PAIR.finditer(value)]
        yield from (secret for secret in found if len(secret) >= _SHORTEST)
