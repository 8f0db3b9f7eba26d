"""The asynchronous client: runs calls and procedures with aiohttp, in the triggerer's event loop."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airflow_provider_cpp.client.counting import COUNTS
from airflow_provider_cpp.client.repeating import repeating
from airflow_provider_cpp.client.requesting import (
    CONNECT_TIMEOUT,
    ca_file_unusable,
    fixed_headers,
    headers_of,
    proxy_of,
    read_answer,
    told_by,
    trust,
    why_without_answer,
)
from airflow_provider_cpp.client.tokens import LoginUnavailable, LoginUntrusted, Token, Tokens
from airflow_provider_cpp.exceptions import CppAuthError, CppError
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered, login_refused
from airflow_provider_cpp.wire.procedures import (
    Count,
    Keep,
    Procedure,
    Reply,
    Request,
    Say,
    Send,
    Wait,
)

if TYPE_CHECKING:
    import aiohttp

    from airflow_provider_cpp.client.settings import Settings
    from airflow_provider_cpp.wire.calls import Call

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
        self._in_flight: dict[Call, asyncio.Future[Reading]] = {}

    async def run(self, procedure: Procedure[T], *, say: Callable[[int, str], object] = log.log) -> T:
        """Run a procedure to its end and return what it comes to.

        The triggerer starts no operation (a trigger may run twice), so that it keeps no record either.

        :param procedure: what to run.
        :param say: writes a line into the log.
        """
        resume: Callable[[], Request] = lambda: next(procedure)  # noqa: E731
        while True:
            try:
                request = resume()
            except StopIteration as end:
                return cast("T", end.value)
            reading: Reading | None = None
            match request:
                case Send(call, patient):
                    try:
                        reading = await (self.send(call) if patient else self.exchange(call))
                    except CppError as error:  # the procedure may know what to do without
                        resume = partial(procedure.throw, error)
                        continue
                case Wait(seconds):
                    if seconds > 0:
                        await asyncio.sleep(seconds)
                case Say(text, level):
                    say(level, text)
                case Count(name, seconds):
                    COUNTS.note(name, seconds)
                case Keep():
                    raise TypeError("A procedure that starts an operation is for the blocking client.")
            resume = partial(procedure.send, Reply(time.time(), reading))

    async def send(self, call: Call) -> Reading:
        """Send a call, and again as far as `wire.retries` allows; return the last reading."""
        from tenacity import AsyncRetrying

        reading: Reading = await AsyncRetrying(**repeating())(self.exchange, call)
        return reading

    async def exchange(self, call: Call) -> Reading:
        """Send a call once, and a second time only if its token was refused and another can be had.

        Whoever asks for what is being read just now gets that reading: watchers of one operation share one
        request.

        :raises CppAuthError: the login refuses the principal.
        """
        if not call.is_safe:
            return await self._exchange(call)
        while (leader := self._in_flight.get(call)) is not None:
            await asyncio.wait([leader])
            if not leader.cancelled():
                return leader.result()
        mine = self._in_flight[call] = asyncio.get_running_loop().create_future()
        try:
            reading = await self._exchange(call)
            mine.set_result(reading)
            return reading
        except CppError as error:
            mine.set_exception(error)
            mine.exception()  # it may be that nobody else has asked
            raise
        finally:
            mine.cancel()  # does nothing to one that has its result; the others ask for themselves
            del self._in_flight[call]

    async def _exchange(self, call: Call) -> Reading:
        try:
            token = await self._token()
            reading = await self._attempt(call, token)
            if isinstance(reading, Answer) and reading.status == 401:
                renewed = await self._token(instead_of=token)
                if renewed.value != token.value:
                    reading = await self._attempt(call, renewed)
        except LoginUnavailable as login_is_down:
            return Unanswered(Loss.NOT_SENT, login_is_down.reason, login_is_down.advice)
        except LoginUntrusted as untrusted:
            return Unanswered(Loss.UNTRUSTED_PEER, untrusted.reason)
        except CppAuthError as refusal:
            raise login_refused(call, refusal) from None
        return reading

    async def close(self) -> None:
        """Close the connections."""
        for task in (self._opening, self._fetching):
            if task is not None and not task.done():
                task.cancel()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _token(self, instead_of: Token | None = None) -> Token:
        if (token := self._tokens.cached(instead_of)) is not None:
            return token
        # azure-identity blocks, and its import takes longer than the triggerer's watchdog allows.
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.ensure_future(asyncio.to_thread(self._tokens.get, instead_of))
        # One watcher's cancellation must not take the token from the others.
        return await asyncio.shield(self._fetching)

    async def _opened(self) -> aiohttp.ClientSession:
        if self._session is not None:
            return self._session
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

    async def _attempt(self, call: Call, token: Token) -> Reading:
        shared = await self._opened()
        if call.is_safe:
            return await self._attempt_in(shared, call, token)
        # A connection of its own: one from the pool may be dead already, which makes a lost request unclear.
        async with self._new_session() as own:
            return await self._attempt_in(own, call, token)

    async def _attempt_in(self, session: aiohttp.ClientSession, call: Call, token: Token) -> Reading:
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
                return told_by(await _read(response, call.max_answer), self.settings, token.value)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _unanswered(error, self.settings, token.value)


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
        async for chunk in response.content.iter_any():
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
    """Tell how far a request got that failed (measured for each kind of failure)."""
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
