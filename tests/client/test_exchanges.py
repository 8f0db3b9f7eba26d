"""One call over a real socket: what is sent, and what an answer or its absence is taken for, in both colours."""

from __future__ import annotations

import asyncio
import functools
import gzip
import logging
import re
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from airflow_provider_cpp.client.asynchronous import AsyncClient
from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import CppAuthError
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.wire.answers import Answer, Loss, Unanswered
from airflow_provider_cpp.wire.procedures import Procedure, Say, Send
from tests.client.conftest import ACCEPTED, GET, LOCATION, OFFER, POST, TOKEN, Exchange, settings_at, settings_for
from tests.client.raw_server import (
    RawServer,
    close,
    closed_port,
    dripping,
    flooding,
    hang,
    reset,
    response,
)

# What is sent


def test_go_live_is_sent_as_documented(exchange: Exchange) -> None:
    with RawServer(ACCEPTED) as server:
        reading = exchange(settings_at(server.url), POST)

        assert isinstance(reading, Answer)
        assert (reading.status, reading.headers["location"], reading.headers["x-ms-request-id"]) == (
            202,
            LOCATION,
            "r-1",
        )
        assert server.heads[0].splitlines()[0] == (
            f"POST /api/publishers/contoso/offers/{OFFER}/golive?api-version=2017-10-31 HTTP/1.1"
        )
        assert server.header("Authorization") == f"Bearer {TOKEN}"
        assert server.header("Content-Type") == "application/json"
        assert server.header("Accept") == "application/json"
        assert server.header("Content-Length") == "0"
        assert (server.header("User-Agent") or "").startswith("airflow-provider-cpp/")
        assert len(server.requests) == 1


def test_a_body_is_sent_as_it_is(exchange: Exchange) -> None:
    call = calls.publish("contoso", OFFER, ("jürgen@contoso.com",))
    with RawServer(ACCEPTED) as server:
        exchange(settings_at(server.url), call)
        assert server.requests[0].endswith(call.body.encode()) or server.header("Content-Length") == str(
            len(call.body)
        )


@pytest.mark.parametrize(
    "identifier", ["a b", "ü", "%2e%2e", "a%2fb", "a?b#c", "a+b", "a;b", "a&b=c", "...", "a@b:c", "a%zz", "%"]
)
def test_an_identifier_arrives_as_the_one_segment_that_it_is(exchange: Exchange, identifier: str) -> None:
    from urllib.parse import unquote

    with RawServer(ACCEPTED) as server:
        exchange(settings_at(server.url), calls.go_live("contoso", identifier))
        target = server.heads[0].split(" ")[1]

    path, _, query = target.partition("?")
    *before, segment, last = path.split("/")
    assert before == ["", "api", "publishers", "contoso", "offers"]
    assert (last, query) == ("golive", "api-version=2017-10-31")
    assert unquote(segment) == identifier


def test_further_headers_and_another_api_version_are_sent(exchange: Exchange) -> None:
    settings_extra = {
        "headers": {"X-Team": "release", "Accept": "application/json;v=2"},
        "api_version": "2016-08-01-preview",
    }
    with RawServer(ACCEPTED) as server:
        exchange(settings_at(server.url, **settings_extra), POST)

        assert server.header("X-Team") == "release"
        assert server.header("Accept") == "application/json;v=2"
        assert "?api-version=2016-08-01-preview HTTP" in server.heads[0]


def test_a_header_in_another_case_is_still_one_header(exchange: Exchange) -> None:
    with RawServer(ACCEPTED) as server:
        exchange(settings_at(server.url, headers={"accept": "text/json", "user-agent": "release"}), POST)

        assert server.header("Accept") == "text/json"
        assert server.header("User-Agent") == "release"


def test_an_offer_is_put_as_utf_8_with_nothing_escaped_and_with_the_calls_own_header(exchange: Exchange) -> None:
    call = calls.put_offer("contoso", OFFER, {"url": "https://x/a.vhd?sv=1&sig=ü<>"}, 'W/"1\'%3A"')
    with RawServer(ACCEPTED) as server:
        exchange(settings_at(server.url, headers={"if-match": "*", "X-Team": "release"}), call)

        assert server.header("If-Match") == 'W/"1\'%3A"'
        assert server.heads[0].casefold().count("if-match") == 1
        assert server.header("X-Team") == "release"
        assert server.header("Content-Type") == "application/json"
        body = '{"url": "https://x/a.vhd?sv=1&sig=ü<>"}'.encode()
        assert server.header("Content-Length") == str(len(body))


def test_a_netrc_cant_replace_the_token(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine localhost login somebody password else\ndefault login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    with RawServer(ACCEPTED) as server:
        exchange(settings_at(server.url), POST)
        assert server.header("Authorization") == f"Bearer {TOKEN}"


# Answers


@pytest.mark.parametrize(
    "status", ["200 OK", "202 Accepted", "400 Bad Request", "404 Not Found", "409 Conflict", "500 Oops"]
)
def test_every_status_is_an_answer_with_its_body(exchange: Exchange, status: str) -> None:
    with RawServer(response(status, b'{"status": "running"}', Retry_After="5")) as server:
        reading = exchange(settings_at(server.url), GET)

    assert isinstance(reading, Answer)
    assert (reading.status, reading.body, reading.damage) == (int(status[:3]), b'{"status": "running"}', None)
    assert reading.headers["retry-after"] == "5"
    assert abs(reading.received_at - time.time()) < 60


@pytest.mark.parametrize(
    "body",
    [
        response("202 Accepted", b'{"status"', Content_Length="500", Location=LOCATION),
        b"HTTP/1.1 202 Accepted\r\nLocation: "
        + LOCATION.encode()
        + b"\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nxx",
        response("202 Accepted", b"no gzip at all", Content_Encoding="gzip", Location=LOCATION),
        response("202 Accepted", gzip.compress(b"x" * 5000)[:-20], Content_Encoding="gzip", Location=LOCATION),
    ],
    ids=["shorter than said", "chunk cut", "no gzip", "gzip cut"],
)
def test_a_head_counts_even_if_its_body_is_damaged(exchange: Exchange, body: bytes) -> None:
    with RawServer(body) as server:
        reading = exchange(settings_at(server.url), POST)

    assert isinstance(reading, Answer), "the service has accepted, and where the operation is has arrived"
    assert (reading.status, reading.headers["location"]) == (202, LOCATION)
    assert reading.damage
    assert reading.body == b""


@pytest.mark.parametrize("size", [1024 * 1024, 1024 * 1024 + 1])
def test_a_body_is_read_up_to_a_mebibyte(exchange: Exchange, size: int) -> None:
    with RawServer(response(body=b" " * size)) as server:
        reading = exchange(settings_at(server.url), GET)
    assert isinstance(reading, Answer)
    assert (reading.damage is None) is (size <= 1024 * 1024)


@functools.cache
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = b" " * 1024 * 1024
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


@pytest.mark.parametrize("layers", ["gzip", "gzip, gzip"])
def test_a_gzip_bomb_doesnt_go_off(exchange: Exchange, layers: str) -> None:
    import tracemalloc

    bomb = _bomb(200)
    if "," in layers:
        bomb = gzip.compress(bomb)
    with RawServer(response(body=bomb, Content_Encoding=layers)) as server:
        exchange(settings_at(server.url), GET)  # what is imported on the way isn't counted
        tracemalloc.start()
        reading = exchange(settings_at(server.url), GET)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert isinstance(reading, Answer)
    assert reading.damage
    assert peak < 30 * 1024 * 1024


@pytest.mark.parametrize(("token", "body"), [(TOKEN, b'{"status": "***"}'), ("status", None)])
def test_an_answer_that_quotes_the_token_is_read_without_it(
    exchange: Exchange, token: str, body: bytes | None
) -> None:
    sent = b'{"status": "%s"}' % TOKEN.encode()
    with RawServer(response("400 Bad Request", sent)) as server:
        reading = exchange(settings_at(server.url, password=token), GET)
    assert isinstance(reading, Answer)
    assert reading.body == (sent if body is None else body), "what is no token isn't taken for one"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_an_answer_and_nobody_else_sees_the_token(exchange: Exchange, status: str) -> None:
    with RawServer(response()) as other:
        with RawServer(response(status, Location=f"{other.url}/api/elsewhere")) as server:
            reading = exchange(settings_at(server.url), GET)
            assert len(server.requests) == 1
        assert isinstance(reading, Answer)
        assert reading.status == int(status[:3])
        assert other.connections == 0


@pytest.mark.parametrize("location", ["http://[", "http://[::1", "//", "", "\\", "http://x:99999/", "\xff\xfe"])
def test_a_redirect_to_nonsense_is_an_answer_too(exchange: Exchange, location: str) -> None:
    with RawServer(response("302 Found", Location=location)) as server:
        reading = exchange(settings_at(server.url), POST)
    assert isinstance(reading, Answer)
    assert reading.status == 302


def test_a_redirect_without_end_is_cut_like_any_other_body(exchange: Exchange) -> None:
    import tracemalloc

    head = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 999999999\r\n\r\n"
    with RawServer(flooding(head, b" " * 65536, 100)) as server:
        exchange(settings_at(server.url), GET)
        tracemalloc.start()
        reading = exchange(settings_at(server.url), GET)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert isinstance(reading, Answer)
    assert reading.status == 302
    assert peak < 20 * 1024 * 1024


@pytest.mark.parametrize("name", ["Retry-After", "Location", "Content-Encoding"])
def test_a_header_that_comes_twice_is_a_list_and_neither_of_its_values(exchange: Exchange, name: str) -> None:
    with RawServer(
        f"HTTP/1.1 503 Down\r\n{name}: 5\r\n{name}: 10\r\nContent-Length: 0\r\n\r\n".encode()
    ) as server:
        reading = exchange(settings_at(server.url), GET)
    assert isinstance(reading, Answer)
    assert reading.headers[name.lower()] == "5, 10"


def test_what_is_told_ahead_of_the_answer_isnt_the_answer(exchange: Exchange) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nLocation: /elsewhere\r\n\r\n"
    with RawServer(b"HTTP/1.1 100 Continue\r\n\r\n" + 2 * hint + ACCEPTED) as server:
        reading = exchange(settings_at(server.url), POST)
    assert isinstance(reading, Answer)
    assert (reading.status, reading.headers["location"]) == (202, LOCATION)


# No answer

UNCLEAR: dict[str, Any] = {
    "closed after the request": close,
    "reset after the request": reset,
    "head cut in its first line": b"HTTP/1.1 202 Acc",
    "head cut in a header": b"HTTP/1.1 202 Accepted\r\nLocation: /api/publishers/contoso/off",
    "head cut after a header": b"HTTP/1.1 202 Accepted\r\nLocation: " + LOCATION.encode() + b"\r\n",
    "nothing at all": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "never answered": hang,
    "head byte by byte": dripping(ACCEPTED, 0.2),
}
ENDED_BY_THE_TIMEOUT = {"never answered", "head byte by byte"}


@pytest.mark.parametrize("behaviour", UNCLEAR)
def test_whatever_happens_after_the_request_may_have_been_read_is_unclear(
    exchange: Exchange, behaviour: str
) -> None:
    timeout = 1 if behaviour in ENDED_BY_THE_TIMEOUT else 9
    with RawServer(UNCLEAR[behaviour]) as server:
        began = time.monotonic()
        reading = exchange(settings_at(server.url, timeout=timeout), POST, patient=True)
        took = time.monotonic() - began

        assert isinstance(reading, Unanswered), reading
        assert reading.loss is Loss.UNCLEAR
        assert len(server.requests) == 1, "a POST is never sent again blindly"
        assert took < 10
        assert reading.reason
        assert TOKEN not in reading.reason


@pytest.mark.parametrize("behaviour", [hang, dripping(ACCEPTED, 0.2)], ids=["never answered", "byte by byte"])
def test_a_call_may_have_less_time_than_the_connection_gives_it(exchange: Exchange, behaviour: Any) -> None:
    with RawServer(behaviour) as server:
        began = time.monotonic()
        reading = exchange(settings_at(server.url, timeout=30), replace(GET, seconds=0.5))
        assert time.monotonic() - began < 10
    assert isinstance(reading, Unanswered), reading


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 202 Accepted\r\nLocation: /x\r\nContent-Length: 9000\r\n\r\n",
        b"HTTP/1.1 202 Accepted\r\nLocation: /x\r\n\r\n",
    ],
    ids=["length said", "until closed"],
)
def test_a_body_byte_by_byte_ends_with_the_timeout(exchange: Exchange, head: bytes) -> None:
    def behave(connection: Any) -> None:
        connection.sendall(head)
        dripping(b" " * 9000, 0.05)(connection)

    with RawServer(behave) as server:
        began = time.monotonic()
        reading = exchange(settings_at(server.url, timeout=1), POST)
        assert time.monotonic() - began < 10
    assert isinstance(reading, Answer)
    assert reading.headers["location"] == "/x"
    assert reading.damage


def test_a_refused_connection_was_never_sent(exchange: Exchange) -> None:
    reading = exchange(settings_at(f"http://127.0.0.1:{closed_port()}"), POST)
    assert isinstance(reading, Unanswered)
    assert reading.loss is Loss.NOT_SENT
    assert reading.reason.startswith("http://127.0.0.1:")
    assert "(ConnectionRefusedError: [Errno 111] Connect" in reading.reason


def test_a_name_that_isnt_resolved_was_never_sent(exchange: Exchange) -> None:
    reading = exchange(settings_at("https://cpp.invalid"), POST)
    assert isinstance(reading, Unanswered)
    assert reading.loss is Loss.NOT_SENT


def test_what_was_never_sent_is_sent_again_a_few_times(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.random", lambda: 0.0)
    throttled = response("429 Too Many Requests")
    with RawServer(throttled, throttled, ACCEPTED) as server:
        reading = exchange(settings_at(server.url), POST, patient=True)
        assert isinstance(reading, Answer)
        assert reading.status == 202
        assert len(server.requests) == 3


def test_a_read_is_repeated_after_any_failure(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.0)
    with RawServer(close, response("500 Oops"), b"HTTP/1.1 200", response(body=b"[]")) as server:
        reading = exchange(settings_at(server.url), GET, patient=True)
        assert isinstance(reading, Answer)
        assert (reading.status, len(server.requests)) == (200, 4)


def test_a_retry_after_beyond_the_budget_isnt_waited_for(exchange: Exchange) -> None:
    with RawServer(response("429 Too Many Requests", Retry_After="3000")) as server:
        reading = exchange(settings_at(server.url), POST, patient=True)
        assert isinstance(reading, Answer)
        assert len(server.requests) == 1


def test_an_unanswered_post_stays_unclear_within_the_handling_of_another_error() -> None:
    # Python links an error to the one that is being handled: that one says nothing about this request.
    with RawServer(close) as server:
        client = BlockingClient(settings_at(server.url), sleep=lambda seconds: None)
        try:
            requests.get(f"http://127.0.0.1:{closed_port()}", timeout=1)
        except requests.ConnectionError:
            reading = client.send(POST)
        assert len(server.requests) == 1
    assert isinstance(reading, Unanswered)
    assert reading.loss is Loss.UNCLEAR


# Tokens, with the emulator


def test_a_revoked_token_is_renewed_once_and_the_call_succeeds(exchange: Exchange, emulator: Emulator) -> None:
    emulator.faults.add(Fault("revoked", action="golive"))
    reading = exchange(settings_for(emulator), POST)

    assert isinstance(reading, Answer)
    assert reading.status == 202
    assert [r.status for r in emulator.requests_for("golive")] == [401, 202]
    assert len(emulator.requests_for("token")) == 2
    assert len({r.headers["authorization"] for r in emulator.requests_for("golive")}) == 2


def test_a_second_401_is_the_answer(exchange: Exchange, emulator: Emulator) -> None:
    emulator.faults.add(Fault("unauthorized", action="golive", times=None))
    reading = exchange(settings_for(emulator), POST, patient=True)

    assert isinstance(reading, Answer)
    assert reading.status == 401
    assert len(emulator.requests_for("golive")) == 2
    assert len(emulator.requests_for("token")) == 2


def test_a_given_token_that_is_refused_isnt_sent_twice(exchange: Exchange, emulator: Emulator) -> None:
    reading = exchange(settings_for(emulator, auth="token", password="stale"), POST)
    assert isinstance(reading, Answer)
    assert reading.status == 401
    assert len(emulator.requests_for("golive")) == 1
    assert emulator.requests_for("token") == []


def test_a_refused_secret_is_an_error_before_any_call(exchange: Exchange, emulator: Emulator) -> None:
    with pytest.raises(CppAuthError, match=rf"^{POST} failed: the login refused the principal: AADSTS7000215"):
        exchange(settings_for(emulator, password="wrong-hush"), POST)
    assert emulator.requests_for("golive") == []


def test_a_procedure_may_go_on_after_a_refused_login(emulator: Emulator) -> None:
    def asks_first() -> Procedure[str]:
        try:
            yield Send(GET)
        except CppAuthError:
            yield Say("going on without")
            return "went on"
        return "let in"

    settings = settings_for(emulator, password="of-last-year")
    assert BlockingClient(settings).run(asks_first()) == "went on"
    assert asyncio.run(AsyncClient(settings).run(asks_first())) == "went on"


def test_a_login_that_is_down_is_a_call_that_was_never_sent(exchange: Exchange, emulator: Emulator) -> None:
    settings = settings_for(emulator, authority=f"https://localhost:{closed_port()}")
    reading = exchange(settings, POST)
    assert isinstance(reading, Unanswered)
    assert reading.loss is Loss.NOT_SENT
    assert emulator.requests_for("golive") == []


def test_debugging_http_client_prints_neither_token_nor_secret(
    exchange: Exchange, emulator: Emulator, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("http.client.HTTPConnection.debuglevel", 1)
    assert isinstance(exchange(settings_for(emulator), POST), Answer)
    with RawServer(response()) as somebody_elses:
        requests.get(f"{somebody_elses.url}/nothing", timeout=5)
    printed = "".join(capfd.readouterr())
    assert "/nothing" in printed
    assert "Bearer" not in printed
    assert "golive" not in printed
    assert emulator.client_secret not in printed


def test_neither_token_nor_secret_is_in_any_log_at_any_level(
    exchange: Exchange, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in {"azure", "msal", "urllib3", "requests", "aiohttp", "airflow_provider_cpp"}:
            caplog.set_level(logging.DEBUG, logger=name)
    emulator.faults.add(Fault("revoked", action="golive"))
    exchange(settings_for(emulator), POST)

    tokens = {r.headers["authorization"].removeprefix("Bearer ") for r in emulator.requests_for("golive")}
    assert len(tokens) == 2
    written = "\n".join(record.getMessage() for record in caplog.records) + caplog.text
    assert written
    for secret in (*tokens, emulator.client_secret):
        assert secret not in written
    assert not re.search(r"Bearer [A-Za-z0-9]", written)
