"""Receive what Airflow sends over StatsD, and count it by the metric's name."""

from __future__ import annotations

import collections
import contextlib
import socket
import threading
from typing import Self


class StatsdReceiver:
    """A receiver of UDP on the loopback interface: a context manager.

    :param port: where it listens
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._lines: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._receive, daemon=True)

    def __enter__(self) -> Self:
        """Listen."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self.port))
        self._socket.settimeout(0.5)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        if self._socket is not None:
            listening, self._socket = self._socket, None
            self._thread.join()
            listening.close()

    @property
    def lines(self) -> collections.Counter[str]:
        """How many lines there were of each metric so far."""
        with self._lock:
            return self._lines.copy()

    def _receive(self) -> None:
        while (listening := self._socket) is not None:
            with contextlib.suppress(TimeoutError):
                names = [line.partition(b":")[0].decode() for line in listening.recv(65536).splitlines()]
                with self._lock:
                    self._lines.update(names)
