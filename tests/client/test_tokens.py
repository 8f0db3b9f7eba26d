"""Where tokens come from, and how long one is used."""

from __future__ import annotations

import asyncio
import functools
import gzip
import logging
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme

from airflow_provider_cpp.client.asynchronous import AsyncClient
from airflow_provider_cpp.client.login import fetch_token
from airflow_provider_cpp.client.settings import Settings, read_settings
from airflow_provider_cpp.client.tokens import Token, Tokens, fresh_for
from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.exceptions import CppAuthError, CppError, CppUnavailable
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.wire.answers import Answer
from tests.client.conftest import OFFER, settings_at, settings_for
from tests.client.raw_server import Behaviour, RawServer, close, closed_port, flooding, reset, response

ANY = settings_at("http://localhost:9")
GET = calls.list_submissions("contoso", OFFER)


class Source:
    """Gives tokens `t1`, `t2`, ... and counts how often it is asked."""

    def __init__(self, lifetime: float = 3600.0, takes: float = 0.0) -> None:
        self.lifetime = lifetime
        self.takes = takes
        self.asked = 0
        self.error: Exception | None = None

    def __call__(self, settings: Settings) -> tuple[str, float]:
        self.asked += 1
        time.sleep(self.takes)
        if self.error is not None:
            raise self.error
        return f"t{self.asked}", self.lifetime


# The cache


def test_fifty_threads_get_one_token_with_one_request() -> None:
    source = Source(takes=0.1)
    tokens = Tokens(ANY, source)
    barrier = threading.Barrier(50)

    def get(_: int) -> str:
        barrier.wait()
        return tokens.get().value

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(get, range(50))) == {"t1"}
    assert source.asked == 1


def test_fifty_threads_whose_token_was_refused_get_one_new_one() -> None:
    source = Source(takes=0.05)
    tokens = Tokens(ANY, source)
    refused = tokens.get()
    barrier = threading.Barrier(50)

    def get(_: int) -> str:
        barrier.wait()
        return tokens.get(instead_of=refused).value

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(get, range(50))) == {"t2"}
    assert source.asked == 2


def test_a_refused_token_isnt_handed_out_again() -> None:
    tokens = Tokens(ANY, Source())
    first = tokens.get()
    assert tokens.cached() is first
    assert tokens.cached(instead_of=first) is None

    second = tokens.get(instead_of=first)
    assert second.value == "t2"
    assert tokens.get(instead_of=first) is second, "a latecomer with the first gets the second"


def test_a_refused_token_isnt_handed_out_even_while_the_login_is_down() -> None:
    source = Source()
    tokens = Tokens(ANY, source)
    first = tokens.get()
    source.error = CppUnavailable("down")
    for _ in range(2):
        with pytest.raises(CppUnavailable):
            tokens.get(instead_of=first)
    source.error = None
    assert tokens.get().value != first.value


def test_a_token_that_was_to_be_renewed_ahead_serves_on_while_the_login_is_down() -> None:
    asked = []

    def fetch(settings: Settings) -> tuple[str, float]:
        asked.append(settings)
        if len(asked) > 1:
            raise CppUnavailable("the login is down")
        return "first", 1.0

    tokens = Tokens(settings_at("http://localhost:1"), fetch)
    first = tokens.get()
    time.sleep(0.6)  # past the middle of its life, where it is to be renewed
    assert tokens.get() is first
    time.sleep(0.5)  # past its end
    with pytest.raises(CppUnavailable):
        tokens.get()
    assert len(asked) == 3


def test_a_login_that_fails_once_is_asked_again_by_the_next_caller() -> None:
    source = Source()
    source.error = CppUnavailable("down")
    tokens = Tokens(ANY, source)
    with pytest.raises(CppUnavailable):
        tokens.get()
    source.error = None
    assert tokens.get().value == "t2"


@pytest.mark.parametrize(
    ("lifetime", "used"), [(3600, 3240), (86400, 77760), (3000, 2700), (1200, 900), (600, 300), (60, 30), (1, 0.5)]
)
def test_a_token_is_renewed_five_minutes_or_a_tenth_of_its_life_ahead(lifetime: float, used: float) -> None:
    assert fresh_for(lifetime) == pytest.approx(used)


@pytest.mark.parametrize(("lifetime", "renewed_after"), [(60.0, 30.0), (3600.0, 3240.0)])
def test_a_token_is_renewed_ahead_of_its_end_and_not_before(
    lifetime: float, renewed_after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    tokens = Tokens(ANY, Source(lifetime))
    tokens.get()
    now = 1000.0 + renewed_after - 1
    assert tokens.get().value == "t1"
    now = 1000.0 + renewed_after + 1
    assert tokens.get().value == "t2"


def test_a_token_cant_be_printed_by_mistake() -> None:
    token = Token("hush")
    assert "hush" not in f"{token!r} {token} {[token]}"


# azure-identity against the emulator


def test_a_client_secret_gets_a_token_that_the_service_takes(emulator: Emulator) -> None:
    value, lifetime = fetch_token(settings_for(emulator))

    assert 3500 < lifetime <= 3600
    (request,) = emulator.requests_for("token")
    assert "client_secret=" in request.body
    assert "scope=https%3A%2F%2Fcloudpartner.azure.com%2F.default" in request.body
    assert emulator._login.accepts(f"Bearer {value}")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "wrong-hush"}, "AADSTS7000215"),
        ({"login": "b5d7c3e1-0000-4000-8000-000000000002"}, "AADSTS700016"),
        ({"scope": "https://management.azure.com/.default"}, "AADSTS500011"),
    ],
)
def test_a_refusal_of_the_login_is_an_auth_error_with_its_code(
    emulator: Emulator, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(CppAuthError, match=code) as caught:
        fetch_token(settings_for(emulator, **changes))

    told = str(caught.value)
    for cause in ("tenant_id", "login", "password", "scope", "cpp_default"):
        assert cause in told
    assert "hush" not in told
    assert emulator.client_secret not in told
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None, "the library's own error may quote the request"


def test_an_unknown_tenant_is_an_auth_error(emulator: Emulator) -> None:
    with pytest.raises(CppAuthError, match="tenant"):
        fetch_token(settings_for(emulator, tenant_id="0d9c4f1e-0000-4000-8000-999999999999"))


def test_the_given_token_is_used_as_it_is_and_nobody_is_asked(emulator: Emulator) -> None:
    value, lifetime = fetch_token(settings_for(emulator, auth="token", password="given"))
    assert (value, lifetime) == ("given", float("inf"))
    assert emulator.requests == []


# A login that is out of order


class LoginHost:
    """A login host that gives its metadata and then what a test wants."""

    def __init__(self, folder: Path, *answers: Behaviour, metadata: Behaviour | None = None) -> None:
        ca = trustme.CA()
        self.ca_file = folder / "ca.pem"
        ca.cert_pem.write_to_path(self.ca_file)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("localhost").configure_cert(tls)
        self.server = RawServer(self._metadata if metadata is None else metadata, *answers, tls=tls)

    def _metadata(self, connection: Any) -> None:
        import json

        base = f"{self.server.url}/contoso.com"
        body = {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "issuer": f"{base}/v2.0",
        }
        # The server closes: a request that follows at once must not take the connection for one that is kept.
        headers = {"Content_Type": "application/json", "Connection": "close"}
        connection.sendall(response(body=json.dumps(body).encode(), **headers))

    def fetch(self, *, password: str = "hush", **extra: Any) -> tuple[str, float]:
        settings = read_settings(
            "cpp_test",
            login="app",
            password=password,
            extra={
                "tenant_id": "contoso.com",
                "authority": self.server.url,
                "ca_file": str(self.ca_file),
                "timeout": 1,
                **extra,
            },
        )
        with self.server:
            return fetch_token(settings)


def _error(status: str, error: str, description: str = "") -> bytes:
    body = f'{{"error": "{error}", "error_description": "{description}"}}'
    return response(status, body.encode(), Content_Type="application/json")


OUT_OF_ORDER: dict[str, Behaviour] = {
    "500": _error("500 Oops", "server_error", "AADSTS90033: transient"),
    "503 in HTML": response("503 Down", b"<html>down</html>", Content_Type="text/html"),
    "503 that asks for an hour": response("503 Down", b"", Retry_After="3600"),
    "429": _error("429 Slow", "throttled"),
    "400 that passes": _error("400 Bad", "temporarily_unavailable", "AADSTS90033: later"),
    "sign-in page": response(body=b"<html>sign in</html>", Content_Type="text/html"),
    "no token": response(body=b"{}", Content_Type="application/json"),
    "empty": response(),
    "redirect": response("302 Found", Location="https://evil.example/"),
    "closed": close,
    "reset": reset,
    "hangs": lambda connection: time.sleep(20),
    "head cut": b"HTTP/1.1 200",
}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            _error(
                "401 No",
                "invalid_client",
                r"AADSTS7000215: Invalid secret.\r\nTrace ID: t-1\r\nCorrelation ID: c-1",
            ),
            ["AADSTS7000215", "Trace ID: t-1", "Correlation ID: c-1"],
        ),
        (_error("400 No", "invalid_grant", r"AADSTS53003: Blocked.\nA policy says so."), ["A policy says so"]),
        (_error("400 No", "unauthorized_client"), ["unauthorized_client"]),
        (response("503 Down", b"<title>Proxy</title><body>Ask IT</body>"), ["HTTP 503", "Proxy", "Ask IT"]),
        (response("403 No", b"<title>Proxy</title>", x_ms_request_id="id-1"), ["HTTP 403", "'Proxy'", "id-1"]),
        (response("500 Oops", b'{"error": {"message": "The directory is down."}}'), ["The directory is down."]),
        (response("503 Down", b"upstream connect error"), ["upstream connect error"]),
        (response(body=b"<html><title>Captive portal</title></html>"), ["Captive portal"]),
    ],
)
def test_no_word_of_the_login_is_lost(tmp_path: Path, answer: Behaviour, words: list[str]) -> None:
    with pytest.raises(CppError) as caught:
        LoginHost(tmp_path, answer).fetch()
    for word in words:
        assert word in str(caught.value)
        assert str(caught.value).count(word) == 1


def test_a_login_that_quotes_the_secret_or_gives_a_token_to_a_failed_request_has_neither_told(
    tmp_path: Path,
) -> None:
    secret = "hush-hush-hush-hush-hush"
    for answer in (
        response("503 Down", f"<title>client_secret {secret}</title>".encode()),
        response(body=b"access_token=hush-hush-hush-hush-hush", Content_Type="text/plain"),
    ):
        with pytest.raises(CppError) as caught:
            LoginHost(tmp_path, answer).fetch(password=secret)
        assert secret not in str(caught.value)


@pytest.mark.parametrize("answer", OUT_OF_ORDER.values(), ids=OUT_OF_ORDER.keys())
def test_a_login_that_is_out_of_order_refuses_nobody(tmp_path: Path, answer: Behaviour) -> None:
    host = LoginHost(tmp_path, answer)
    began = time.monotonic()
    with pytest.raises(CppUnavailable) as caught:
        host.fetch()
    assert time.monotonic() - began < 10
    assert "hush" not in str(caught.value)
    assert str(caught.value).isprintable()


@functools.cache
def _packed(megabytes: int) -> bytes:
    return gzip.compress(b" " * megabytes * 1024 * 1024)


# Made by the tests that need them: it takes a while.
ENDLESS: dict[str, Callable[[], Behaviour]] = {
    "without end": lambda: flooding(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", b" " * 65536, 100),
    "a redirect without end": lambda: flooding(b"HTTP/1.1 302 OK\r\nLocation: /x\r\n\r\n", b" " * 65536, 100),
    "packed": lambda: response(body=_packed(100), Content_Encoding="gzip"),
    "packed twice": lambda: response(body=gzip.compress(_packed(100)), Content_Encoding="gzip, gzip"),
}


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("to_metadata", [True, False], ids=["metadata", "token"])
def test_a_logins_answer_is_read_up_to_a_limit_too(tmp_path: Path, kind: str, to_metadata: bool) -> None:
    import tracemalloc

    answer = ENDLESS[kind]()
    with pytest.raises(CppUnavailable):
        LoginHost(tmp_path, response()).fetch()  # what is imported on the way isn't counted
    host = LoginHost(tmp_path, metadata=answer) if to_metadata else LoginHost(tmp_path, answer)
    tracemalloc.start()
    with pytest.raises(CppUnavailable):
        host.fetch(timeout=10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 1024 * 1024


def test_a_logins_answer_may_be_packed_all_the_same(tmp_path: Path) -> None:
    token = gzip.compress(b'{"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"}')
    answer = response(body=token, Content_Encoding="gzip", Content_Type="application/json")
    assert LoginHost(tmp_path, answer).fetch()[0] == "t0ken"


@pytest.mark.parametrize(
    "metadata", [response("503 Down"), close, response(body=b"<html>")], ids=["503", "closed", "HTML"]
)
def test_a_login_without_metadata_refuses_nobody_either(tmp_path: Path, metadata: Behaviour) -> None:
    with pytest.raises(CppUnavailable):
        LoginHost(tmp_path, metadata=metadata).fetch()


def test_a_refusal_is_told_from_an_outage_by_the_same_host(tmp_path: Path) -> None:
    for error in ("invalid_client", "unauthorized_client", "invalid_grant"):
        with pytest.raises(CppAuthError):
            LoginHost(tmp_path, _error("400 Bad", error, "AADSTS7000222: expired")).fetch()


def test_a_login_that_nobody_answers_at_or_trusts_is_out_of_reach(tmp_path: Path, emulator: Emulator) -> None:
    with pytest.raises(CppUnavailable):
        fetch_token(settings_for(emulator, authority=f"https://localhost:{closed_port()}"))
    other = LoginHost(tmp_path, close)
    with pytest.raises(CppError) as caught:
        fetch_token(settings_for(emulator, ca_file=str(other.ca_file)))
    assert "ca_file" in str(caught.value)


# One event loop


async def test_two_hundred_concurrent_calls_ask_for_one_token(emulator: Emulator) -> None:
    client = AsyncClient(settings_for(emulator))
    emulator_calls = [calls.get_offer_status("contoso", OFFER), GET]
    try:
        readings = await asyncio.gather(*(client.exchange(emulator_calls[n % 2]) for n in range(200)))
    finally:
        await client.close()
    assert all(isinstance(reading, Answer) and reading.status == 200 for reading in readings)
    assert len(emulator.requests_for("token")) == 1


async def test_thirty_watchers_whose_token_was_revoked_ask_for_one_more(emulator: Emulator) -> None:
    for n in range(30):
        emulator.add_offer(f"offer-{n}")
    client = AsyncClient(settings_for(emulator))
    try:
        await client.exchange(GET)
        emulator.revoke_tokens()
        readings = await asyncio.gather(
            *(client.exchange(calls.list_submissions("contoso", f"offer-{n}")) for n in range(30))
        )
    finally:
        await client.close()
    assert {reading.status for reading in readings if isinstance(reading, Answer)} == {200}
    assert len(emulator.requests_for("token")) == 2


async def test_the_loop_isnt_held_up_while_a_token_is_fetched() -> None:
    steps_meanwhile = 0

    async def tick() -> None:
        nonlocal steps_meanwhile
        while True:
            await asyncio.sleep(0.005)
            steps_meanwhile += 1

    client = AsyncClient(ANY, Tokens(ANY, Source(takes=0.5)))
    ticking = asyncio.ensure_future(tick())
    await client.exchange(GET)
    ticking.cancel()
    await client.close()
    assert steps_meanwhile > 10


async def test_a_watcher_that_is_canceled_doesnt_take_the_token_from_the_others() -> None:
    may_answer = threading.Event()
    source = Source()

    def slow(settings: Settings) -> tuple[str, float]:
        may_answer.wait(10)
        return source(settings)

    with RawServer(response(body=b"[]")) as server:
        settings = settings_at(server.url)
        client = AsyncClient(settings, Tokens(settings, slow))
        reads = [calls.list_submissions("contoso", f"offer-{n}") for n in range(6)]
        first, *others = (asyncio.ensure_future(client.exchange(read)) for read in reads)
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait([first])
        may_answer.set()
        readings = await asyncio.gather(*others)
        await client.close()
        assert server.header("Authorization") == "Bearer t1"

    assert first.cancelled()
    assert all(isinstance(reading, Answer) and reading.status == 200 for reading in readings)
    assert source.asked == 1


def test_a_failed_login_is_logged_without_the_secret(emulator: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CppAuthError):
        fetch_token(settings_for(emulator, password="wrong-hush"))
    assert "wrong-hush" not in caplog.text
    warned = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert warned == [], "the error says it, once"


def test_a_token_is_fetched_without_a_line_in_the_log_and_others_tokens_keep_theirs(
    cpp_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    # One an hour would be most of the log of a wait of days.
    caplog.set_level(logging.INFO)
    fetch_token(settings_for(cpp_emulator))
    assert [record.getMessage() for record in caplog.records if record.name.startswith("azure.")] == []
    logging.getLogger("azure.identity._internal.get_token_mixin").info("SomebodyElsesCredential succeeded")
    assert "SomebodyElsesCredential succeeded" in caplog.text


@pytest.mark.parametrize(("is_set", "error"), [(True, CppUnavailable), (False, CppAuthError)])
def test_a_login_that_cant_be_reached_is_no_refusal_of_the_default_credential_either(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, is_set: bool, error: type[Exception]
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")  # the first of the default's sources
    for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"):
        if is_set:
            monkeypatch.setenv(f"AZURE_{name}", "of-the-environment")
        else:
            monkeypatch.delenv(f"AZURE_{name}", raising=False)
    settings = settings_for(emulator, auth="default", authority=f"https://localhost:{closed_port()}")
    with pytest.raises(error, match="auth default"):
        fetch_token(settings)
