"""How long a token is used, and that one is fetched for any number of callers.

`azure-identity` gets them (`client.login`); this is the cache in front of it: it fetches one token for any number
of callers, renews it ahead of its end, and forgets one that the service refused. The library does none of
the three: 1,000 callers are 1,000 requests, and after a 401 it hands out the same token again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow_provider_cpp.client.counts import COUNTS
from airflow_provider_cpp.client.login import fetch_token
from airflow_provider_cpp.exceptions import CppUnavailable

if TYPE_CHECKING:
    from airflow_provider_cpp.client.settings import Settings

#: Renewed this many seconds, or this share of its life, before it ends.
MARGIN_SECONDS = 300.0
MARGIN_SHARE = 0.10

#: A short-lived token is used for at least this share of its life.
LEAST_USE = 0.5


class Token:
    """An access token that can't be printed by mistake."""

    __slots__ = ("ends_at", "fresh_until", "value")

    def __init__(self, value: str, fresh_until: float = float("inf"), ends_at: float = float("inf")) -> None:
        self.value = value
        self.fresh_until = fresh_until
        self.ends_at = ends_at

    def __repr__(self) -> str:
        return "<access token>"


def fresh_for(lifetime: float) -> float:
    """Return for how many seconds a token of this lifetime is used before it is renewed."""
    return max(lifetime - max(MARGIN_SECONDS, MARGIN_SHARE * lifetime), LEAST_USE * lifetime)


class Tokens:
    """One token at a time for one connection, whoever asks from whatever thread.

    :param settings: the connection.
    :param fetch: gets a token from its source and says for how many seconds it lives; for tests.
    """

    def __init__(self, settings: Settings, fetch: Callable[[Settings], tuple[str, float]] | None = None) -> None:
        self._settings = settings
        self._fetch = fetch or fetch_token
        self._token: Token | None = None
        self._lock = threading.RLock()  # a task may be killed while it asks for a token, and ask again

    def cached(self, instead_of: Token | None = None) -> Token | None:
        """Return the token at hand, if it is fresh and isn't the one that was refused."""
        token = self._token
        if token is None or token is instead_of or time.monotonic() >= token.fresh_until:
            return None
        return token

    def get(self, instead_of: Token | None = None) -> Token:
        """Return a token, fetching one if need be. Blocks.

        :param instead_of: the token that the service refused, not to be handed out again.
        :raises CppAuthError: the login refuses the principal.
        :raises CppUnavailable: the login can't be reached, or has a problem of its own.
        """
        if (token := self.cached(instead_of)) is not None:
            return token
        with self._lock:
            if (token := self.cached(instead_of)) is not None:
                return token
            old = self._token
            if old is instead_of:
                self._token = old = None  # should the login be down, one that was refused isn't sent again
            asked_at = time.monotonic()
            COUNTS.note("token_requests")
            try:
                value, lifetime = self._fetch(self._settings)
            except CppUnavailable:
                if old is not None and time.monotonic() < old.ends_at:
                    return old  # it was to be renewed ahead of its end, which hasn't come
                raise
            self._token = Token(value, asked_at + fresh_for(lifetime), asked_at + lifetime)
            return self._token
