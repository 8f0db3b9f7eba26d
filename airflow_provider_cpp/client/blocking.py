"""The blocking client: runs calls and procedures with requests, in a worker."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Generator
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from airflow_provider_cpp.client.answer_bytes import headers_of, read_answer
from airflow_provider_cpp.client.authorization import Attempt, GetToken, authorized
from airflow_provider_cpp.client.bounded_session import bounded_session, packed_body
from airflow_provider_cpp.client.driver import Keeper, Sayer, driven, handled
from airflow_provider_cpp.client.failures import causes_of, is_untrusted, why_without_answer
from airflow_provider_cpp.client.redaction import redacted
from airflow_provider_cpp.client.retry_loop import retry_options
from airflow_provider_cpp.client.tokens import Token, Tokens
from airflow_provider_cpp.client.transport import CONNECT_TIMEOUT, ca_file_unusable, fixed_headers, proxy_of, trust
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered
from airflow_provider_cpp.wire.procedures import Procedure, Send

if TYPE_CHECKING:
    import requests

    from airflow_provider_cpp.client.settings import Settings
    from airflow_provider_cpp.wire.call import Call

T = TypeVar("T")

log = logging.getLogger(__name__)


class BlockingClient:
    """Talks to one connection's API from one thread at a time.

    :param settings: the connection.
    :param tokens: where tokens come from; the connection's own source by default.
    :param sleep: waits; for tests.
    """

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self._tokens = tokens or Tokens(settings)
        self._sleep = sleep

    def run(
        self,
        procedure: Procedure[T],
        *,
        say: Sayer = log.log,
        keep: Keeper = lambda record: None,
    ) -> T:
        """Run a procedure to its end and return what it comes to.

        :param procedure: what to run.
        :param say: writes a line into the log.
        :param keep: keeps a record for a later try of the task.
        """
        return driven(self.steps(procedure, say=say, keep=keep), self._sleep)

    def steps(
        self,
        procedure: Procedure[T],
        *,
        say: Sayer = log.log,
        keep: Keeper = lambda record: None,
    ) -> Generator[float, None, T]:
        """Run a procedure, but leave the waiting to the caller: yields seconds to wait, returns its end."""
        # All that is left to yield, as calls are sent in here.
        return cast("Generator[float, None, T]", handled(procedure, say=say, keep=keep, send=self._asked))

    def _asked(self, request: Send) -> Reading:
        return self.send(request.call) if request.patient else self.exchange(request.call)

    def send(self, call: Call) -> Reading:
        """Send a call, and again as far as `wire.retries` allows; return the last reading."""
        from tenacity import Retrying

        reading: Reading = Retrying(sleep=self._sleep, **retry_options())(self.exchange, call)
        return reading

    def exchange(self, call: Call) -> Reading:
        """Send a call once, and a second time only if its token was refused and another can be had.

        :raises CppAuthError: the login refuses the principal.
        """

        def give(asked: GetToken | Attempt) -> Token | Reading:
            if isinstance(asked, GetToken):
                return self._tokens.get(asked.instead_of)
            return self._attempt(call, asked.token)

        return driven(authorized(call), give)

    def check_login(self) -> None:
        """Get a token.

        :raises CppAuthError: the login refuses the principal.
        :raises CppUnavailable: the login can't be reached, or has a problem of its own.
        """
        self._tokens.get()

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        return trust(self.settings)

    @cached_property
    def _proxy(self) -> str:
        return proxy_of(self.settings) or ""  # once: it goes through the whole environment

    def _attempt(self, call: Call, token: Token) -> Reading:
        import requests

        url = call.url(self.settings.origin, self.settings.api_version)
        # A connection of its own: one from a pool may be dead already, which makes a lost request unclear.
        try:
            trusted = self._trusted
        except OSError as error:
            raise ca_file_unusable(self.settings, error) from None
        seconds = min(self.settings.timeout, call.seconds)
        with bounded_session(seconds, trusted) as session:
            session.trust_env = False  # requests would go through it with each request
            try:
                response = session.request(
                    call.method,
                    url,
                    data=call.body.encode() if call.body else None,
                    headers={**fixed_headers(self.settings), **dict(call.headers)},
                    auth=_Bearer(token),
                    timeout=(min(CONNECT_TIMEOUT, seconds), seconds),
                    proxies={"http": self._proxy, "https": self._proxy},
                    allow_redirects=False,
                    stream=True,  # the head counts, even if the body never comes
                )
            except requests.RequestException as error:
                return _unanswered(error, self.settings, token.value)
            with response:
                return redacted(_read(response, call.max_answer), self.settings, token.value)


class _Bearer:
    """Sets the token as requests' own kind of authentication: a `.netrc` would replace a mere header."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.value}"
        return request


def _read(response: requests.Response, limit: int) -> Answer:
    received_at = time.time()
    body, damage = packed_body(response, limit)
    headers = headers_of(response.headers.items())
    return read_answer(response.status_code, headers, body, damage, received_at, limit)


def _unanswered(error: requests.RequestException, settings: Settings, token: str) -> Unanswered:
    """Return how far a request got that failed (measured for each kind of failure)."""
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

    causes = list(causes_of(error))
    reason = why_without_answer(causes, settings, token)
    if is_untrusted(error):
        return Unanswered(Loss.UNTRUSTED_PEER, reason)
    # A name that can't be resolved is a NewConnectionError too. SSLError alone proves nothing: a broken
    # record after the request was read looks the same.
    unsent = (requests.ConnectTimeout, ConnectTimeoutError, NewConnectionError, ProxyError)
    sent_nothing = any(isinstance(cause, unsent) for cause in causes)
    return Unanswered(Loss.NOT_SENT if sent_nothing else Loss.UNCLEAR, reason)
