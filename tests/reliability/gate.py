"""A door in front of a server that can be shut between two connections, so that the next one is refused."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Gate:
    """Forward connections to a port, as many as it is told to, and refuse the others.

    :param port: of the server on loopback.
    :param then_shut: after how many connections it shuts; None for never.
    """

    def __init__(self, port: int, then_shut: int | None = None) -> None:
        self._target = port
        self._left = then_shut
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def open(self, *_: object) -> None:
        """Let all further connections through."""
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()
            self._left = self._left if self._left != 0 else None

    def shut(self) -> None:
        """Refuse all further connections."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shut()

    def _listen(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if self._left is not None:
                    self._left -= 1
                    if self._left == 0:
                        self.shut()  # before the answer: the next connection finds it shut
                target = socket.create_connection(("127.0.0.1", self._target))
                for one, other in ((connection, target), (target, connection)):
                    threading.Thread(target=_forward, args=(one, other), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        source.close()


class Deaf:
    """A listener that completes no connection: its queue is full."""

    def __enter__(self) -> Self:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._queue = []
        for _ in range(8):
            queued = socket.socket()
            queued.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                queued.connect(self._listener.getsockname())
            self._queue.append(queued)
        return self

    def __exit__(self, *exception: object) -> None:
        for queued in self._queue:
            queued.close()
        self._listener.close()
