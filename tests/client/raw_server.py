"""A server of a few lines, for what no real server can be made to say: cut heads, resets, drips, garbage."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from typing import Self

Behaviour = bytes | Callable[[socket.socket], None]


class RawServer:
    """Listens on loopback; each connection sends one request and meets the next behaviour, the last for ever.

    :param behaviours: bytes to send before closing, or what to do with the connection after the request.
    :param tls: speak TLS.
    """

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviours = list(behaviours)
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.connections = 0

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://localhost:{self.port}"

    @property
    def heads(self) -> list[str]:
        return [request.partition(b"\r\n\r\n")[0].decode("latin-1") for request in self.requests]

    def header(self, name: str) -> str | None:
        """A header of the last request."""
        lines = (line.partition(":") for line in self.heads[-1].splitlines()[1:])
        found = [value.strip() for key, _, value in lines if key.lower() == name.lower()]
        assert len(found) <= 1, f"{name} was sent {len(found)} times"
        return found[0] if found else None

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        # Closing alone doesn't wake up a thread that waits in accept.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            behaviour = self._behaviours[min(self.connections, len(self._behaviours) - 1)]
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, behaviour), daemon=True).start()

    def _serve(self, connection: socket.socket, behaviour: Behaviour) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            connection.settimeout(20)
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            self.requests.append(request)
            if isinstance(behaviour, bytes):
                connection.sendall(behaviour)
                connection.shutdown(socket.SHUT_WR)
            else:
                behaviour(connection)
            connection.close()


def response(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; `Content_Length="9"` overrides the body's own length."""
    lines = {
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode("latin-1") + body


def close(connection: socket.socket) -> None:
    """Close without a word, after the request was read."""
    connection.close()


def reset(connection: socket.socket) -> None:
    """Close with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang(connection: socket.socket) -> None:
    """Say nothing until the client goes."""
    with contextlib.suppress(OSError):
        connection.recv(1)


def dripping(data: bytes, seconds: float = 0.1) -> Callable[[socket.socket], None]:
    """Send byte by byte."""

    def drip(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)

    return drip


def flooding(head: bytes, piece: bytes, megabytes: int) -> Callable[[socket.socket], None]:
    """Send a head, then a body of many megabytes, as long as the client takes it."""

    def flood(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(megabytes * 1024 * 1024 // len(piece)):
            connection.sendall(piece)

    return flood


def garbage_within_tls(connection: socket.socket) -> None:
    """Send bytes that are no TLS record, after the request was read."""
    with socket.socket(fileno=os.dup(connection.fileno())) as plain:
        plain.sendall(b"this is no TLS record at all, whatever you expected")
        time.sleep(0.2)


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])
