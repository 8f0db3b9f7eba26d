"""What both clients put into a request, make of its answer's bytes, and say where none came."""

from __future__ import annotations

import http.client
import os
import re
import ssl
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from airflow_provider_cpp import __version__
from airflow_provider_cpp.client.quoted import LEAST_SECRET, without, without_quotes
from airflow_provider_cpp.client.settings import Settings
from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.wire.answers import Answer
from airflow_provider_cpp.wire.confidential import without_queries
from airflow_provider_cpp.wire.plain_text import one_line

#: Seconds to wait for a connection.
CONNECT_TIMEOUT = 10.0

#: A gzip body may have several parts; many tiny ones would take for ever.
_MAX_PARTS = 16

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def fixed_headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every request, but for the token."""
    ours = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        # A status document is a kilobyte; unpacking it would cost more than sending it.
        "Accept-Encoding": "identity",
        "User-Agent": f"airflow-provider-cpp/{__version__}",
    }
    theirs = dict(settings.headers)
    given = {name.casefold() for name in theirs}
    return {**{name: value for name, value in ours.items() if name.casefold() not in given}, **theirs}


def proxy_of(settings: Settings) -> str | None:
    """Return the proxy to the API: the connection's, or else the environment's, as requests would use it."""
    if settings.proxy:
        return settings.proxy
    url = urlsplit(settings.origin)
    if url.scheme == "http":
        return None  # plain http is for this machine: by way of a proxy the token would leave it
    if proxy_bypass(url.netloc) or proxy_bypass(url.hostname or ""):
        return None
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    if proxy and "://" not in proxy:
        proxy = f"http://{proxy}"
    return proxy if proxy.startswith(("http://", "https://")) else None


def trust(settings: Settings) -> ssl.SSLContext:
    """Return whom both clients trust: the connection's CA file; without one the system, and certifi.

    Left alone, requests trusts certifi only and aiohttp the system only, so that a worker would get through
    where the triggerer doesn't. Loading takes too long for an event loop.

    :raises OSError: if the CA file can't be used.
    """
    import certifi

    if settings.ca_file:
        return ssl.create_default_context(cafile=settings.ca_file)
    context = ssl.create_default_context()
    for bundle in (certifi.where(), os.environ.get("REQUESTS_CA_BUNDLE"), os.environ.get("CURL_CA_BUNDLE")):
        if bundle and os.path.isfile(bundle):
            context.load_verify_locations(cafile=bundle)
    return context


def ca_file_unusable(settings: Settings, error: OSError) -> CppConfigurationError:
    """Return the error of a CA file that was good when the connection was read, and isn't any more."""
    return CppConfigurationError(
        f"Field ca_file of connection {settings.conn_id!r} is wrong: {settings.ca_file!r} can't be used "
        f"({error.strerror or error}). Nothing was sent."
    )


def headers_of(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their lower-case names; one that came several times as a list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found


def read_answer(
    status: int, headers: Mapping[str, str], body: bytes, damage: str | None, received_at: float, limit: int
) -> Answer:
    """Return an answer, its body unpacked where the service packed it unasked.

    :param headers: with lower-case names.
    :param body: as it came; read no further than one piece beyond the limit.
    :param damage: what kept the body from coming whole, if anything did.
    :param limit: bytes that it may have, unpacked.
    """
    if not damage and len(body) <= limit:
        body, damage = _unpacked(body, headers.get("content-encoding", "").strip().lower(), limit)
    if not damage and len(body) > limit:
        damage = f"the body is larger than {limit} bytes"
    return Answer(status, headers, b"" if damage else body, damage, received_at)


def told_by(answer: Answer, settings: Settings, token: str) -> Answer:
    """Return what may be told of an answer, should it quote the request: what it says is logged and raised.

    :param token: what the request was sent with.
    """
    # A further header may hold an offer's name as well as a key, so that answers that are used keep it.
    return without_quotes(answer, [token, *(_further_secrets(settings) if answer.status >= 400 else ())])


def _further_secrets(settings: Settings) -> Iterator[str]:
    """Yield what a request may be sent with that is a secret, besides its token."""
    for _, value in settings.headers:
        yield value
    proxy = urlsplit(proxy_of(settings) or "")
    if proxy.password:
        user, password = unquote(proxy.username or ""), unquote(proxy.password)
        yield password
        yield b64encode(f"{user}:{password}".encode()).decode()


def _unpacked(body: bytes, encoding: str, limit: int) -> tuple[bytes, str | None]:
    """Unpack a body, but no more of it than one byte beyond the limit; return it with its damage."""
    if encoding in {"", "identity"} or not body:
        return body, None
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        # What is cut here is shorter than any secret that it may quote.
        return b"", f"the body is packed as {encoding[: LEAST_SECRET - 1]!r}, which nobody asked for"
    unpacked = b""
    try:
        for _ in range(_MAX_PARTS):
            unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
            unpacked += unpacker.decompress(body, limit + 1 - len(unpacked))
            body = unpacker.unused_data
            if len(unpacked) > limit or (unpacker.eof and not body):
                return unpacked, None
            if not unpacker.eof:
                return b"", "the body is cut"
    except zlib.error:
        pass
    return b"", "the body can't be unpacked"


def why_without_answer(causes: Iterable[BaseException], settings: Settings, token: str) -> str:
    """Return in words why a request has no answer, and from where: without URL queries, users and the token."""
    chain = list(causes)
    innermost = next((cause for cause in reversed(chain) if isinstance(cause, OSError) and str(cause)), chain[0])
    text = str(innermost) or type(innermost).__name__
    text = _ADDRESS.sub("", without_queries(without(text, [token, *_further_secrets(settings)])))
    if any(_quotes_what_came(cause) for cause in chain):
        text = "what came is no HTTP"
    proxy = urlsplit(proxy_of(settings) or "").hostname  # never its password
    where = settings.origin + (f" by way of proxy {proxy}" if proxy else "")
    why = f"{type(innermost).__name__}: {one_line(text)}"[:300]
    return f"{where} can't be reached or doesn't answer ({why})"


def _quotes_what_came(error: BaseException) -> bool:
    """Tell whether an error's text is what came in place of an answer: anything, of any length."""
    is_requests = isinstance(error, http.client.HTTPException) and not isinstance(error, OSError)
    # By its name, as only the triggerer has aiohttp. Its subclasses are for answers that could be read.
    return is_requests or type(error).__name__ == "ClientResponseError"
