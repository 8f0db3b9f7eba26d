"""One request and its answer: it ends in time, takes little memory, and is never half understood."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import time
import tracemalloc

import pytest

from airflow_provider_cpp.client.asynchronous import AsyncClient
from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.client.settings import read_settings
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.calls import MAX_OFFER
from airflow_provider_cpp.wire.answers import Answer, Loss, Unanswered
from airflow_provider_cpp.wire.call import MAX_BODY
from tests.measuring import least
from tests.reliability.raw_server import RawServer, reset, whole
from tests.reliability.waiting import seconds_to_cancel
from tests.trusted import one_ca

ID = "56615b67-2185-49fe-80d2-c4ddf77bb2e8"
LOCATION = f"Location: /api/publishers/contoso/offers/vm/operations/{ID}?api-version=2017-10-31"
ACCEPTED = whole(b"", LOCATION, status="202 Accepted")
DOCUMENT = json.dumps({"id": ID, "status": "running", "steps": []}).encode()
CALL = calls.list_offers("contoso")

TIMEOUT = 1.5

#: On a busy machine; what hangs takes half a minute at least.
AT_MOST = 8.0


def exchange(colour, url, *, timeout=TIMEOUT, call=CALL):
    """Send one request, and return what it came to."""
    extra = {"auth": "token", "timeout": timeout, "ca_file": one_ca()}
    settings = read_settings("raw", host=url, password="t0ken", extra=extra)
    if colour == "blocking":
        return BlockingClient(settings).exchange(call)

    async def once():
        client = AsyncClient(settings)
        try:
            return await client.exchange(call)
        finally:
            await client.close()

    return asyncio.run(once())


@pytest.fixture(params=["blocking", "asynchronous"])
def colour(request):
    return request.param


def dripping(data, at_once=0):
    def answer(connection, request):
        connection.sendall(data[:at_once])
        for position in range(at_once, len(data)):
            connection.sendall(data[position : position + 1])
            if not server.wait(0.1):
                return

    server = RawServer(answer)
    return server


def test_a_head_that_comes_byte_by_byte_is_given_up_in_time_and_nothing_is_concluded_from_it(colour):
    with dripping(ACCEPTED * 3) as server:
        began = time.monotonic()
        reading = exchange(colour, server.url)
        assert time.monotonic() - began < AT_MOST
    assert isinstance(reading, Unanswered)
    assert reading.loss is Loss.UNCLEAR


def test_of_a_body_that_comes_byte_by_byte_the_head_counts(colour):
    data = whole(b" " * 300, LOCATION, status="202 Accepted")
    with dripping(data, at_once=len(data) - 300) as server:
        began = time.monotonic()
        reading = exchange(colour, server.url)
        assert time.monotonic() - began < AT_MOST
    assert (reading.status, reading.damage) == (202, "the body didn't end in time")
    assert ID in reading.headers["location"]


def test_a_server_that_never_answers_is_given_up_in_time(colour):
    with RawServer(lambda connection, request: server.wait(60)) as server:
        began = time.monotonic()
        reading = exchange(colour, server.url)
        assert time.monotonic() - began < AT_MOST
    assert isinstance(reading, Unanswered)
    assert reading.loss is Loss.UNCLEAR


@pytest.mark.parametrize("ending", [socket.socket.close, reset], ids=["closed", "reset"])
def test_a_head_that_breaks_off_anywhere_names_no_operation(colour, ending):
    """Half a `Location` would be the location of another operation."""
    head = ACCEPTED.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    ends = list(range(len(head))) if colour == "blocking" and ending is not reset else range(1, len(head), 23)

    readings = {}

    def answer(connection, request):
        connection.sendall(head[:end])
        ending(connection)

    with RawServer(answer) as server:
        for end in ends:
            readings[end] = exchange(colour, server.url, timeout=10)
    assert [end for end, reading in readings.items() if isinstance(reading, Answer)] == []
    assert {reading.loss for reading in readings.values()} == {Loss.UNCLEAR}


def test_a_body_that_breaks_off_is_damaged_and_its_head_counts(colour):
    data = whole(DOCUMENT, LOCATION)
    with RawServer(lambda connection, request: connection.sendall(data[:-10])) as server:
        reading = exchange(colour, server.url, timeout=10)
    assert (reading.status, reading.body) == (200, b"")
    assert "cut" in reading.damage
    assert ID in reading.headers["location"]


@pytest.mark.measures
def test_the_pause_before_a_repetition_ends_at_once_when_its_task_is_canceled():
    throttled = whole(b"", "Retry-After: 60", status="429 Too Many Requests")

    async def cancel(server):
        settings = read_settings("raw", host=server.url, password="t0ken", extra={"auth": "token"})
        client = AsyncClient(settings)
        sent = len(server.requests)
        sending = asyncio.ensure_future(client.send(CALL))
        while len(server.requests) == sent:
            await asyncio.sleep(0.02)
        took = await seconds_to_cancel(sending)
        await client.close()
        return took

    with RawServer(lambda connection, request: connection.sendall(throttled)) as server:
        took = []
        least(lambda: took.append(asyncio.run(cancel(server))) or took[-1], 0.1)
        assert min(took) < 0.1
        assert len(server.requests) == len(took), "one each time"


PACKED = {
    "gzip": (gzip.compress(DOCUMENT), "gzip", None),
    "gzip in two parts": (gzip.compress(DOCUMENT[:20]) + gzip.compress(DOCUMENT[20:]), "gzip", None),
    "cut gzip": (gzip.compress(DOCUMENT)[:-9], "gzip", "is cut"),
    "no gzip at all": (DOCUMENT, "gzip", "can't be unpacked"),
    "a thousand parts": (gzip.compress(b"") * 1000, "gzip", "can't be unpacked"),
    "something else": (DOCUMENT, "br", "packed as 'br'"),
    "gzip of gzip": (gzip.compress(gzip.compress(DOCUMENT)), "gzip, gzip", "packed as 'gzip, gzip'"),
}


@pytest.mark.parametrize("case", PACKED)
def test_a_packed_body_is_unpacked_or_damaged(colour, case):
    body, encoding, damage = PACKED[case]
    data = whole(body, f"Content-Encoding: {encoding}")
    with RawServer(lambda connection, request: connection.sendall(data)) as server:
        reading = exchange(colour, server.url, timeout=10)
    if damage is None:
        assert (reading.body, reading.damage) == (DOCUMENT, None)
    else:
        assert reading.body == b""
        assert damage in reading.damage


def test_an_offer_may_be_larger_than_all_else_but_not_without_end(colour):
    call = calls.get_offer("contoso", "vm")
    with RawServer(lambda connection, request: connection.sendall(whole(b" " * size))) as server:
        size = 3 * MAX_BODY
        assert len(exchange(colour, server.url, timeout=30, call=call).body) == size
        assert exchange(colour, server.url, timeout=30).damage == f"the body is larger than {MAX_BODY} bytes"
        size = MAX_OFFER + 1
        reading = exchange(colour, server.url, timeout=30, call=call)
        assert (reading.body, reading.damage) == (b"", f"the body is larger than {MAX_OFFER} bytes")


# Made by the tests that need them: it takes a while.
BOMBS = {
    "32 MiB in one part": lambda: (gzip.compress(b" " * (32 * 1024 * 1024)), "gzip"),
    "32 MiB in many parts": lambda: (gzip.compress(b" " * (2 * 1024 * 1024)) * 16, "gzip"),
    "32 MiB packed twice": lambda: (gzip.compress(gzip.compress(b" " * (32 * 1024 * 1024))), "gzip, gzip"),
    "unpacked": lambda: (b" " * (16 * 1024 * 1024), "identity"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_body_takes_a_few_mebibytes_whatever_it_would_unpack_to(colour, bomb):
    body, encoding = BOMBS[bomb]()
    data = whole(body, f"Content-Encoding: {encoding}")
    exchange(colour, "http://127.0.0.1:9", timeout=10)  # what is imported at the first request counts for nothing
    with RawServer(lambda connection, request: connection.sendall(data)) as server:
        tracemalloc.start()
        reading = exchange(colour, server.url, timeout=30)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert reading.damage
    assert reading.body == b""
    assert peak < 6 * MAX_BODY
