"""The asynchronous client: runs calls and procedures with aiohttp, in the triggerer's event loop."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_cpp.client.answer_bytes import headers_of, read_answer
from airflow_provider_cpp.client.authorization import Attempt, GetToken, authorized
from airflow_provider_cpp.client.driver import Sayer, adriven, handled
from airflow_provider_cpp.client.failures import why_without_answer
from airflow_provider_cpp.client.redaction import redacted
from airflow_provider_cpp.client.retry_loop import retry_options
from airflow_provider_cpp.client.tokens import Token, Tokens
from airflow_provider_cpp.client.transport import CONNECT_TIMEOUT, ca_file_unusable, fixed_headers, proxy_of, trust
from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered
from airflow_provider_cpp.wire.procedures import Procedure, Send

if TYPE_CHECKING:
    import aiohttp

    from airflow_provider_cpp.client.settings import Settings
    from airflow_provider_cpp.wire.call import Call

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Connections to the API at most, for all watchers together: with 50 ms to an answer 400 polls a second.
CONNECTIONS = 20

#: Seconds that an idle connection is kept: longer than the shortest poll interval pays, aiohttp's own 15 s
#: would drop it between two polls.
KEEP_ALIVE = 75.0


class AsyncClient:
    """Talks to one connection's API from one event loop, for any number of watchers.

    :param settings: the connection.
    :param tokens: where tokens come from; the connection's own source by default.
    """

    def __init__(self, settings: Settings, tokens: Tokens | None = None) -> None:
        self.settings = settings
        self._tokens = tokens or Tokens(settings)
        self._session: aiohttp.ClientSession | None = None
        self._proxy: str | None = None
        self._trusted: ssl.SSLContext | bool = True
        self._opening: asyncio.Task[aiohttp.ClientSession] | None = None
        self._fetching: asyncio.Task[Token] | None = None
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._in_flight: dict[Call, list[asyncio.Future[Reading]]] = {}

    # Returns coroutines of others where it can: each of its own is one more that every step of all goes through.

    def run(self, procedure: Procedure[T], *, say: Sayer = log.log) -> Coroutine[Any, Any, T]:
        """Run a procedure to its end and return what it comes to.

        The triggerer starts no operation (a trigger may run twice), so that it keeps no record either.

        :param procedure: what to run.
        :param say: writes a line into the log.
        """
        return adriven(handled(procedure, say=say, keep=_keep_nothing), self._asked)

    def _asked(self, asked: Send | float) -> Coroutine[Any, Any, Reading | None]:
        if isinstance(asked, Send):
            return self.send(asked.call) if asked.patient else self.exchange(asked.call)
        return asyncio.sleep(asked)

    async def send(self, call: Call) -> Reading:
        """Send a call, and again as far as `wire.retries` allows; return the last reading."""
        from tenacity import AsyncRetrying

        reading: Reading = await AsyncRetrying(**retry_options())(self.exchange, call)
        return reading

    async def exchange(self, call: Call) -> Reading:
        """Send a call once, and a second time only if its token was refused and another can be had.

        Whoever asks for what is being read just now gets that reading: watchers of one operation share one
        request.

        :raises CppAuthError: the login refuses the principal.
        """
        if not call.is_safe:
            return await self._exchange(call)
        shared: list[asyncio.Future[Reading]] = []  # one, as soon as somebody else asks
        while (leading := self._in_flight.setdefault(call, shared)) is not shared:
            if not leading:
                leading.append(asyncio.get_running_loop().create_future())
            (reading_of_another,) = leading
            await asyncio.wait(leading)
            if not reading_of_another.cancelled():
                return reading_of_another.result()
        try:
            reading = await self._exchange(call)
            for future in shared:
                future.set_result(reading)
            return reading
        except CppError as error:
            for future in shared:
                future.set_exception(error)
                future.exception()  # it may be that whoever asked is gone
            raise
        finally:
            for future in shared:
                future.cancel()  # does nothing to one that has its result; the others ask for themselves
            del self._in_flight[call]

    def _exchange(self, call: Call) -> Coroutine[Any, Any, Reading]:
        def give(asked: GetToken | Attempt) -> Coroutine[Any, Any, Token | Reading]:
            if isinstance(asked, GetToken):
                return self._token(asked.instead_of)
            if call.is_safe and self._session is not None:
                return self._attempt(self._session, call, asked.token)
            return self._first_attempt(call, asked.token)

        return adriven(authorized(call, self._tokens.cached()), give)

    async def close(self) -> None:
        """Close the connections."""
        for task in (self._opening, self._fetching):
            if task is not None and not task.done():
                task.cancel()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _token(self, instead_of: Token | None) -> Token:
        if (at_hand := self._tokens.cached(instead_of)) is not None:
            return at_hand
        # azure-identity blocks, and its import takes longer than the triggerer's watchdog allows.
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.ensure_future(asyncio.to_thread(self._tokens.get, instead_of))
        # One watcher's cancellation must not take the token from the others.
        return await asyncio.shield(self._fetching)

    async def _opened(self) -> aiohttp.ClientSession:
        if self._opening is None or (self._opening.done() and self._session is None):
            self._opening = asyncio.ensure_future(self._open())
        return await asyncio.shield(self._opening)

    async def _open(self) -> aiohttp.ClientSession:
        try:
            context = await asyncio.to_thread(_import_and_trust, self.settings)
        except OSError as error:
            raise ca_file_unusable(self.settings, error) from None
        self._proxy = proxy_of(self.settings)  # once: it goes through the whole environment
        self._trusted = context
        self._session = self._new_session(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE)
        return self._session

    def _new_session(self, **connections: Any) -> aiohttp.ClientSession:
        import aiohttp

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._trusted, **connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=fixed_headers(self.settings),
            timeout=self._timeout(self.settings.timeout),
            auto_decompress=False,  # it would unpack more than there is memory for
            trust_env=False,  # it would read .netrc, which collides with the token
        )

    def _timeout(self, seconds: float) -> aiohttp.ClientTimeout:
        import aiohttp

        return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT)

    async def _first_attempt(self, call: Call, token: Token) -> Reading:
        shared = await self._opened()
        if call.is_safe:
            return await self._attempt(shared, call, token)
        # A connection of its own: one from the pool may be dead already, which makes a lost request unclear.
        async with self._new_session() as own:
            return await self._attempt(own, call, token)

    async def _attempt(self, session: aiohttp.ClientSession, call: Call, token: Token) -> Reading:
        import aiohttp

        limit: dict[str, Any] = (
            {"timeout": self._timeout(call.seconds)} if call.seconds < self.settings.timeout else {}
        )
        try:
            # Waiting for one's turn mustn't count as waiting for an answer.
            async with (
                self._turns,
                session.request(
                    call.method,
                    call.url(self.settings.origin, self.settings.api_version),
                    data=call.body.encode() or None,
                    headers={**dict(call.headers), "Authorization": f"Bearer {token.value}"},
                    allow_redirects=False,
                    proxy=self._proxy,
                    **limit,
                ) as response,
            ):
                return redacted(await _read(response, call.max_answer), self.settings, token.value)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _unanswered(error, self.settings, token.value)


def _keep_nothing(record: dict[str, object]) -> None:  # noqa: ARG001
    raise TypeError("A procedure that starts an operation is for the blocking client.")


def _import_and_trust(settings: Settings) -> ssl.SSLContext:
    """Import what an exchange needs and load the CAs, both too slow for an event loop."""
    import aiohttp  # noqa: F401 - here and not on the loop
    import tenacity  # noqa: F401

    return trust(settings)


async def _read(response: aiohttp.ClientResponse, limit: int) -> Answer:
    import aiohttp

    received_at = time.time()
    body = bytearray()
    damage = None
    try:
        while chunk := await response.content.readany():
            body += chunk
            if len(body) > limit:
                break
    except TimeoutError:
        damage = "the body didn't end in time"
    except (aiohttp.ClientError, OSError) as error:
        damage = f"the body is cut ({type(error).__name__})"
    return read_answer(
        response.status, headers_of(response.headers.items()), bytes(body), damage, received_at, limit
    )


def _unanswered(error: Exception, settings: Settings, token: str) -> Unanswered:
    """Return how far a request got that failed (measured for each kind of failure)."""
    import aiohttp

    cause = getattr(error, "os_error", None)  # says it in the words that the blocking client has
    reason = why_without_answer([error, cause] if isinstance(cause, OSError) else [error], settings, token)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Unanswered(Loss.UNTRUSTED_PEER, reason)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return Unanswered(Loss.UNCLEAR, reason)
    unsent = (
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.ClientProxyConnectionError,
    )
    return Unanswered(Loss.NOT_SENT if isinstance(error, unsent) else Loss.UNCLEAR, reason)
