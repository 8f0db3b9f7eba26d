"""Makes requests take an answer's head whole or not at all, and give up on an answer that doesn't end.

Left alone it takes a head that breaks off for a whole one (half a `Location` names another operation), its
timeout begins anew with every byte, so that a byte a second holds a worker for hours, and it reads and unpacks
whatever comes.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.client.answer_bytes import headers_of, read_answer

if TYPE_CHECKING:
    import ssl

    import requests


def bounded_session(seconds: float, trusted: ssl.SSLContext, limit: int | None = None) -> requests.Session:
    """Return a session of requests, each of which ends within some seconds, its body included.

    :param seconds: from the moment that a request is begun.
    :param trusted: whom to trust; nobody else, whatever the environment says.
    :param limit: bytes that a body may have, unpacked, for one that others read; None to leave it to the caller.
    """
    import requests

    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _adapter_class()(seconds, trusted, limit))
    # Even where it is told not to follow a redirect, requests reads its body to the end and parses its target.
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
    return session


def packed_body(response: requests.Response, limit: int) -> tuple[bytes, str | None]:
    """Return a body as it came, read no further than one piece beyond the limit, and what kept it from coming."""
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    body = bytearray()
    damage = None
    try:
        for chunk in response.raw.stream(16384, decode_content=False):
            body += chunk
            if len(body) > limit:
                break
    except (ReadTimeoutError, TimeoutError):
        damage = "the body didn't end in time"
    except (HTTPError, OSError) as error:
        damage = f"the body is cut ({type(error).__name__})"
    return bytes(body), damage


def _limited(response: requests.Response, limit: int) -> requests.Response:
    """Return a response with its body read and unpacked already.

    :raises requests.ConnectionError: if it is larger than the limit, or doesn't come whole.
    """
    import requests
    import urllib3

    with response:
        body, damage = packed_body(response, limit)
        answer = read_answer(
            response.status_code, headers_of(response.headers.items()), body, damage, time.time(), limit
        )
    if answer.damage:
        raise requests.ConnectionError(answer.damage, request=response.request)
    for name in ("Content-Encoding", "Content-Length", "Transfer-Encoding"):
        response.headers.pop(name, None)
    response.raw = urllib3.HTTPResponse(
        io.BytesIO(answer.body), response.headers, response.status_code, preload_content=False
    )
    return response


@functools.cache
def _adapter_class() -> Any:
    from requests.adapters import HTTPAdapter

    class BoundedAdapter(HTTPAdapter):
        def __init__(self, seconds: float, trusted: ssl.SSLContext, limit: int | None) -> None:
            self._seconds = seconds
            self._trusted = trusted
            self._limit = limit
            self._give_up_at = 0.0
            super().__init__()

        def init_poolmanager(self, *args: Any, **options: Any) -> Any:
            return super().init_poolmanager(*args, ssl_context=self._trusted, **options)

        def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
            return super().proxy_manager_for(*args, ssl_context=self._trusted, **options)

        def send(self, *args: Any, **options: Any) -> requests.Response:
            self._give_up_at = time.monotonic() + self._seconds
            answer = super().send(*args, **{**options, "verify": True})
            return answer if self._limit is None else _limited(answer, self._limit)

        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            # The context says whom to trust; requests would read certifi's file into it with each request (37 ms).
            conn.cert_reqs = "CERT_REQUIRED"

        def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **options)

            def response(sock: socket.socket, *args: Any, **options: Any) -> _BoundedResponse:
                return _BoundedResponse(self._give_up_at, sock, *args, **options)

            # The pool's own class stays as it is: others use it, too. Who debugs `http.client` as a whole
            # would have our requests printed, with token and secret.
            ours = {"response_class": staticmethod(response), "debuglevel": 0}
            pool.ConnectionCls = type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), ours)
            return pool

    return BoundedAdapter


class _BoundedResponse(http.client.HTTPResponse):
    def __init__(self, give_up_at: float, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = _Lines(_InTime(sock, self.fp.detach(), give_up_at))

    def begin(self) -> None:
        lines: Any = self.fp
        lines.have_to_be_whole = True
        super().begin()
        while 102 <= self.status < 200:  # sent ahead of the answer (RFC 9110, 15.2)
            self.headers = None  # type: ignore[assignment]
            super().begin()
        lines.have_to_be_whole = False
        # urllib3 logs the lines that are no headers, with all that follows them; a server that echoes the
        # request, or the login's answer, would have a token logged.
        self.headers.defects = []
        self.headers.set_payload("")


class _Lines(io.BufferedReader):
    have_to_be_whole = False

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if self.have_to_be_whole and not line.endswith(b"\n") and len(line) != size:
            raise http.client.RemoteDisconnected("The answer breaks off within its head")
        return line


class _InTime(io.RawIOBase):
    """What comes from a socket, up to a moment."""

    def __init__(self, sock: socket.socket, raw: Any, give_up_at: float) -> None:
        self._sock = sock
        self._raw = raw
        self._give_up_at = give_up_at

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def readinto(self, buffer: Any, /) -> int | None:
        left = self._give_up_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("The answer didn't end in time")
        self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
