"""Why a request has no answer: what its error wraps, and what may be shown of it."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from airflow_provider_cpp.client.redaction import further_secrets, without
from airflow_provider_cpp.client.settings import Settings
from airflow_provider_cpp.client.transport import proxy_of
from airflow_provider_cpp.wire.confidential import without_queries
from airflow_provider_cpp.wire.plain_text import one_line

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def is_untrusted(error: BaseException) -> bool:
    """Return whether a request failed because the host's certificate isn't trusted: nothing was sent."""
    return any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes_of(error))


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with all that it wraps: requests and urllib3 put causes into arguments."""
    seen: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        item = todo.pop(0)
        if not isinstance(item, BaseException) or any(item is known for known in seen):
            continue
        seen.append(item)
        yield item
        # Not __context__: that may be an error of the caller's own, which says nothing about this request.
        todo += [getattr(item, "reason", None), item.__cause__, *item.args]


def why_without_answer(causes: Iterable[BaseException], settings: Settings, token: str) -> str:
    """Return in words why a request has no answer, and from where: without URL queries, users and the token."""
    chain = list(causes)
    innermost = next((cause for cause in reversed(chain) if isinstance(cause, OSError) and str(cause)), chain[0])
    text = str(innermost) or type(innermost).__name__
    text = _ADDRESS.sub("", without_queries(without(text, [token, *further_secrets(settings)])))
    if any(_quotes_what_came(cause) for cause in chain):
        text = "what came is no HTTP"
    proxy = urlsplit(proxy_of(settings) or "").hostname  # never its password
    where = settings.origin + (f" by way of proxy {proxy}" if proxy else "")
    why = f"{type(innermost).__name__}: {one_line(text)}"[:300]
    return f"{where} can't be reached or doesn't answer ({why})"


def _quotes_what_came(error: BaseException) -> bool:
    """Return whether an error's text is what came in place of an answer: anything, of any length."""
    is_requests = isinstance(error, http.client.HTTPException) and not isinstance(error, OSError)
    # By its name, as only the triggerer has aiohttp. Its subclasses are for answers that could be read.
    return is_requests or type(error).__name__ == "ClientResponseError"
