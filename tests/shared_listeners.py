"""One pair of listeners and one login for the emulators of many tests, each of which is new in all else.

A listener, its certificate, and a login of azure-identity are most of what a short test costs.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator
from typing import Self

import pytest

from airflow_provider_cpp.client.tokens import Tokens
from airflow_provider_cpp.emulator import emulator as module
from airflow_provider_cpp.emulator.emulator import Emulator
from airflow_provider_cpp.emulator.request_log import RecordedRequest

CLIENTS = ("airflow_provider_cpp.client.blocking", "airflow_provider_cpp.client.asynchronous")


class Login:
    """One login for all clients that are made meanwhile, and have the same connection."""

    def __init__(self) -> None:
        self._tokens = functools.cache(Tokens)

    def share(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for client in CLIENTS:
            monkeypatch.setattr(f"{client}.Tokens", self._tokens)

    def forget_refused(self, requests: Iterable[RecordedRequest]) -> None:
        """Have the next client log in anew, if a test has had tokens refused or revoked."""
        if any(request.status == 401 for request in requests):
            self._tokens.cache_clear()


class Listeners:
    """Listeners that lead to one emulator after the other, and the tokens that they have issued."""

    def __init__(self) -> None:
        self._owner = Emulator().start()
        self._issued = self._owner._login._tokens
        self.login = Login()

    def lead_to(self, emulator: Emulator) -> None:
        """Have the listeners ask another emulator, which knows the tokens that were issued before."""
        emulator._login._tokens = self._issued
        for name in ("_server", "_port", "_plain_port", "_ca_file"):
            setattr(emulator, name, getattr(self._owner, name))
        self._owner._server._answer = emulator._answer

    def stop(self) -> None:
        self._owner.stop()


@contextlib.contextmanager
def shared(listeners: Listeners, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the emulators that are made meanwhile use these listeners, and all clients their login."""

    class OnSharedListeners(Emulator):
        def start(self) -> Self:
            listeners.lead_to(self)
            return self

        def stop(self) -> None:
            listeners.login.forget_refused(self.requests)

    monkeypatch.setattr(module, "Emulator", OnSharedListeners)
    listeners.login.share(monkeypatch)
    yield
