"""Whether a URL is on the connection's own host, so that the token may go to it."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from airflow_provider_cpp.wire.plain_text import one_line

MAX_LENGTH = 2048

_PRINTABLE_ASCII = re.compile(r"[\x21-\x7e]+")
_DEFAULT_PORTS = {"https": 443, "http": 80}


def own_url(text: str, origin: str, max_length: int = MAX_LENGTH) -> SplitResult | str:
    """Return a URL that may be absolute or relative, in its parts, or in words why it isn't on our host.

    :param text: the URL, as the service, an XCom or a user wrote it.
    :param origin: scheme, host and port of the connection's API.
    :param max_length: characters that it may have.
    """
    if len(text) > max_length:
        return f"it has {len(text)} characters, more than {max_length}"
    if not _PRINTABLE_ASCII.fullmatch(text) or "\\" in text:
        return "it holds a character that no URL may hold"
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:  # whose text quotes what may be a password
        return "its host or port can't be read"
    if not (url.scheme or url.netloc):
        return url
    if "@" in url.netloc:
        return "it names a user"
    expected = urlsplit(origin)
    scheme = url.scheme.lower()
    theirs = (scheme, (url.hostname or "").lower(), _DEFAULT_PORTS.get(scheme) if port is None else port)
    ours = (expected.scheme, expected.hostname, expected.port or _DEFAULT_PORTS.get(expected.scheme))
    return url if theirs == ours else f"it isn't on the connection's host {origin}"


def shown_url(text: str) -> str:
    """Return what may be shown of a URL that may be anything: no query, no secret, on one line."""
    return repr(one_line(text.partition("?")[0])[:200])
