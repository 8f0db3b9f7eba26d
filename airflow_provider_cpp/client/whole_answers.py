"""Makes requests take an answer's head whole or not at all, and give up on an answer that doesn't end.

Left alone it takes a head that breaks off for a whole one (half a `Location` names another operation), and
its timeout begins anew with every byte, so that a byte a second holds a worker for hours.
"""

from __future__ import annotations

import functools
import http.client
import io
import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    import requests


def bounded_session(seconds: float, trusted: ssl.SSLContext) -> requests.Session:
    """Return a session of requests, each of which ends within some seconds, its body included.

    :param seconds: from the moment that a request is begun.
    :param trusted: whom to trust.
    """
    import requests

    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _adapter_class()(seconds, trusted))
    # Even where it is told not to follow a redirect, requests reads its body to the end and parses its target.
    session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
    return session


@functools.cache
def _adapter_class() -> Any:
    from requests.adapters import HTTPAdapter

    class BoundedAdapter(HTTPAdapter):
        def __init__(self, seconds: float, trusted: ssl.SSLContext) -> None:
            self._seconds = seconds
            self._trusted = trusted
            self._give_up_at = 0.0
            super().__init__()

        def init_poolmanager(self, *args: Any, **options: Any) -> Any:
            return super().init_poolmanager(*args, ssl_context=self._trusted, **options)

        def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
            return super().proxy_manager_for(*args, ssl_context=self._trusted, **options)

        def send(self, *args: Any, **options: Any) -> requests.Response:
            self._give_up_at = time.monotonic() + self._seconds
            return super().send(*args, **options)

        def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **options)

            def response(sock: socket.socket, *args: Any, **options: Any) -> _BoundedResponse:
                return _BoundedResponse(self._give_up_at, sock, *args, **options)

            # The pool's own class stays as it is: others use it, too.
            bounded = type(
                pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": staticmethod(response)}
            )
            pool.ConnectionCls = bounded
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
        lines.have_to_be_whole = False


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
