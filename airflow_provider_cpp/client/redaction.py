"""What is left out of an answer that quotes its request: the token, the secret.

What an answer says is logged, raised and put into events; a proxy or a service that echoes a request in its
message would put the token into all of them.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from airflow_provider_cpp.client.settings import Settings
from airflow_provider_cpp.client.transport import proxy_of

if TYPE_CHECKING:
    from airflow_provider_cpp.wire.answers import Answer

#: Characters of a secret at least; what is shorter may stand in an answer by chance.
LEAST_SECRET = 16

_BLANK = "***"
_RUN = re.compile(r"[A-Za-z0-9]+")
_EDGES = re.compile(r"^[^A-Za-z0-9]+|[^A-Za-z0-9]+$")
_BETWEEN = re.compile(r"([^A-Za-z0-9]+)")
# Letters and digits, which no encoder has a reason to write so.
_NEEDLESS = re.compile(r"(?<!\\)\\u00(3[0-9]|[46][1-9a-fA-F]|[57][0-9aA])")


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text without these secrets, in whatever form JSON, HTML or a URL give them.

    :param secrets: those that are too short to be distinguished from other words are passed over.
    """
    for secret in secrets:
        if _may_quote(text, (secret,)):
            text = _any_form(secret).sub(_BLANK, text)
    return text


def _may_quote(text: str, secrets: tuple[str, ...]) -> bool:
    return any(len(secret) >= LEAST_SECRET and _core(secret) in text for secret in secrets)


def without_quotes(answer: Answer, secrets: Iterable[str]) -> Answer:
    """Return an answer without the secrets that its request was sent with, should it quote the request."""
    secrets = tuple(secrets)
    sent = answer.body.decode("latin-1")  # byte by byte, so that it can be put together again
    if "\\u00" not in sent and not _may_quote("\n".join((sent, *answer.headers.values())), secrets):
        return answer  # as nearly always
    body = _NEEDLESS.sub(lambda found: chr(int(found[1], 16)), sent) if "\\u00" in sent else sent
    body = without(body, secrets)
    headers = {name: without(value, secrets) for name, value in answer.headers.items()}
    if body == sent and headers == answer.headers:
        return answer
    return replace(answer, headers=headers, body=body.encode("latin-1"))


def redacted(answer: Answer, settings: Settings, token: str) -> Answer:
    """Return an answer without what its request was sent with: what it says is logged and raised.

    :param token: what the request was sent with.
    """
    # A further header may hold an offer's name as well as a key, so that answers that are used keep it.
    return without_quotes(answer, [token, *(further_secrets(settings) if answer.status >= 400 else ())])


def further_secrets(settings: Settings) -> Iterator[str]:
    """Yield what a request may be sent with that is a secret, besides its token."""
    for _, value in settings.headers:
        yield value
    proxy = urlsplit(proxy_of(settings) or "")
    if proxy.password:
        user, password = unquote(proxy.username or ""), unquote(proxy.password)
        yield password
        yield b64encode(f"{user}:{password}".encode()).decode()


@lru_cache(maxsize=8)  # a token is a kilobyte or two, and asked about at each poll
def _core(secret: str) -> str:
    """Return the longest part of a secret that stays as it is in every form."""
    return max(_RUN.findall(secret), key=len, default="")


@lru_cache(maxsize=8)
def _any_form(secret: str) -> re.Pattern[str]:
    # What is neither letter nor digit may be written in up to twelve characters, such as "\\u0026#x2B;".
    parts = _BETWEEN.split(_EDGES.sub("", secret)) if _core(secret) else [secret]
    gap = ".{{{},{}}}?"
    pattern = (gap.format(len(p), 12 * len(p)) if i % 2 else re.escape(p) for i, p in enumerate(parts))
    return re.compile("".join(pattern), re.DOTALL)
