"""What both clients put into a request, and how they say that none was answered."""

from __future__ import annotations

import re
from collections.abc import Iterable

from airflow_provider_cpp import __version__
from airflow_provider_cpp.client.settings import Settings

#: Seconds to wait for a connection.
CONNECT_TIMEOUT = 10.0

_URL_QUERY = re.compile(r"\?[^\s'\")]*")
_USER = re.compile(r"//[^/@\s]*@")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def fixed_headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every request, but for the token."""
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        # A status document is a kilobyte; unpacking it would cost more than sending it.
        "Accept-Encoding": "identity",
        "User-Agent": f"airflow-provider-cpp/{__version__}",
        **dict(settings.headers),
    }


def why_without_answer(causes: Iterable[BaseException]) -> str:
    """Return in words why a request has no answer: the innermost cause, without URL queries and users."""
    chain = list(causes)
    innermost = next((cause for cause in reversed(chain) if isinstance(cause, OSError) and str(cause)), chain[0])
    text = str(innermost) or type(innermost).__name__
    text = _ADDRESS.sub("", _USER.sub("//***@", _URL_QUERY.sub("", text)))
    return f"{type(innermost).__name__}: {' '.join(text.split())}"[:300]
