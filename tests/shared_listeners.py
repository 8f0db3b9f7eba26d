"""One pair of listeners and one login for the emulators of many tests, each of which is new in all else.

A listener, its certificate, and a login of azure-identity are most of what a short test costs.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any, Self

import pytest

from airflow_provider_cpp.client.tokens import Tokens
from airflow_provider_cpp.emulator import emulator as module
from airflow_provider_cpp.emulator.emulator import Emulator

CLIENTS = ("airflow_provider_cpp.client.blocking", "airflow_provider_cpp.client.asynchronous")


class Listeners:
    """Listeners that lead to one emulator after the other, and the tokens that they have issued."""

    def __init__(self) -> None:
        self._owner = Emulator().start()
        self._issued = self._owner._login._tokens
        #: The tokens of each connection that was used so far.
        self.tokens = functools.cache(Tokens)

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
            if any(request.status == 401 for request in self.requests):
                listeners.tokens.cache_clear()  # the test has had tokens refused or revoked

    patch: Any = monkeypatch.setattr
    patch(module, "Emulator", OnSharedListeners)
    for client in CLIENTS:
        patch(f"{client}.Tokens", listeners.tokens)
    yield
