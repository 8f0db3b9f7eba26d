"""What of a document is blanked where it is handed on, and what a blank in a document means that comes back.

A document holds signatures of shared-access URLs, and may hold other secrets. Where it is stored, as in an XCom,
each is a blank (`***`). Compared with what is there, a blank means just that; anywhere else it is refused, as the
blank would become the secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.paths import Path, written
from airflow_provider_cpp.wire.confidential import HIDDEN, secret_fields, without_secrets

#: Put into the place of a blank it is blanked again, if what is around says that a secret stands there.
_PROBE = "Zq7Kp2Xw9Rt4"


def blanked(value: Any, *, is_secret: bool = False) -> Any:
    """Return a document with each secret in it blanked, and otherwise as it is.

    :param value: JSON primitives.
    :param is_secret: whether the field that holds it is secret, and with it all that it holds.
    """
    if isinstance(value, Mapping):
        return {key: blanked(item, is_secret=inner) for key, item, inner in secret_fields(value, is_secret)}
    if isinstance(value, list | tuple):
        return [blanked(item, is_secret=is_secret) for item in value]
    if is_secret and value not in (None, "") and not isinstance(value, bool):
        return HIDDEN
    return without_secrets(value) if isinstance(value, str) else value


def is_blank_of(wanted: Any, there: Any) -> bool:
    """Return whether a value that is wanted is what `blanked` makes of the value that is there.

    So is the URL of the same file with another signature, which was blanked: what it was can't be known any more.
    """
    if not isinstance(wanted, str) or HIDDEN not in wanted or there is None or there == "":
        return False
    if not isinstance(there, str):
        return wanted == HIDDEN and isinstance(there, int | float)
    if wanted in (HIDDEN, without_secrets(there)):
        return True
    is_same_file = "://" in wanted and "?" in wanted and wanted.partition("?")[0] == there.partition("?")[0]
    return is_same_file and is_blank(wanted)


def is_blank(text: str) -> bool:
    """Return whether a secret of a text was blanked. Stars that stand for nothing, as in a headline, are none."""
    if text == HIDDEN:
        return True
    parts = text.split(HIDDEN)
    return any(
        _PROBE not in without_secrets(f"{HIDDEN.join(parts[:n])}{_PROBE}{HIDDEN.join(parts[n:])}")
        for n in range(1, len(parts))
    )


def refuse_blanks(what: str, document: Any, there: Any) -> None:
    """Refuse a document that would be sent with a blank in it.

    :param what: the offer in words.
    :param document: what would be sent.
    :param there: what the service returned, whose own texts may look so.
    :raises CppConfigurationError: if it holds one.
    """
    own = set(_texts(there))
    found = next((path for path, text in _places(document, ()) if text not in own and is_blank(text)), None)
    if found is not None:
        raise CppConfigurationError(
            f"{what} has nothing to put in place of the blank ({HIDDEN}) that the definition has at "
            f"{written(found)}: a blank means the value that is there, and there is another one, or none. Nothing "
            "was sent. Give the whole value, such as a URL with its signature, or name it in ignore."
        )


def _places(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _places(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, (*path, str(number)))
    elif isinstance(value, str) and HIDDEN in value:
        yield path, value


def _texts(value: Any) -> Iterator[str]:
    return (text for _, text in _places(value, ()))
