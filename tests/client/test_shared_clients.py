"""One asynchronous client per event loop and connection, shared by all of its watchers."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import warnings
from dataclasses import replace

import pytest

from airflow_provider_cpp.client import shared_clients
from airflow_provider_cpp.client.asynchronous import AsyncClient
from airflow_provider_cpp.client.settings import Settings
from airflow_provider_cpp.client.shared_clients import shared_client
from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.wire.answers import Answer, Reading
from tests.client.conftest import OFFER, settings_at, settings_for
from tests.client.raw_server import RawServer, response

GET = calls.list_submissions("contoso", OFFER)
A = settings_at("http://localhost:9")
B = settings_at("http://localhost:9", timeout=7)


@pytest.fixture(autouse=True)
def linger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_clients, "LINGER", 0.6)


async def test_watchers_of_one_connection_share_a_client_and_an_edited_one_gets_another() -> None:
    async with shared_client(A) as first, shared_client(A) as second, shared_client(B) as edited:
        assert first is second
        assert edited is not first


async def test_a_connection_that_was_switched_to_another_service_gets_another_client() -> None:
    async with shared_client(A) as first, shared_client(replace(A, conn_type="other")) as switched:
        assert switched is not first


async def test_a_client_outlives_its_last_user_for_a_while_and_is_closed_then() -> None:
    closed: list[AsyncClient] = []

    class Spied(AsyncClient):
        async def close(self) -> None:
            closed.append(self)
            await super().close()

    original, shared_clients.AsyncClient = shared_clients.AsyncClient, Spied  # type: ignore[misc, attr-defined]
    try:
        async with shared_client(A) as first:
            pass
        async with shared_client(A) as again:
            assert again is first
        assert closed == []
        await asyncio.sleep(0.1)
        async with shared_client(A) as still:
            assert still is first
            await asyncio.sleep(0.8)
            assert closed == [], "not while somebody uses it"
        await asyncio.sleep(1.0)
        assert closed == [first]
        async with shared_client(A) as fresh:
            assert fresh is not first
    finally:
        shared_clients.AsyncClient = original  # type: ignore[misc, attr-defined]


def test_a_second_event_loop_has_a_client_of_its_own() -> None:
    seen: list[AsyncClient] = []

    async def use(url: str) -> Reading:
        async with shared_client(settings_at(url)) as client:
            seen.append(client)
            return await client.exchange(GET)

    with RawServer(response(body=b"[]")) as server:
        readings = [asyncio.run(use(server.url)) for _ in range(2)]
    assert all(isinstance(reading, Answer) for reading in readings)
    assert seen[0] is not seen[1]


def test_a_loop_that_ends_leaves_no_connection_open() -> None:
    async def use(url: str) -> None:
        async with shared_client(settings_at(url)) as client:
            await client.exchange(GET)

    gc.collect()  # what other tests left
    with RawServer(response(body=b"[]")) as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(use(server.url))
        gc.collect()
    assert [str(w.message) for w in caught if "nclosed" in str(w.message)] == []


async def test_an_error_of_one_user_leaves_the_client_to_the_others() -> None:
    with RawServer(response(body=b"[]")) as server:
        async with shared_client(settings_at(server.url)) as kept:
            with pytest.raises(RuntimeError):
                async with shared_client(settings_at(server.url)):
                    raise RuntimeError
            assert isinstance(await kept.exchange(GET), Answer)


def _watch(settings: Settings, emulator: Emulator, offer: str) -> Watch:
    (running,) = [o for o in emulator.operations(offer) if emulator.view(o).state == "running"]
    location = OperationLocation(settings.origin, "contoso", offer, running.id)
    now = time.time()
    return Watch(location, started_at=now, deadline=now + 30, schedule=PollSchedule(0.05, 0.05))


async def _watched(settings: Settings, emulator: Emulator, offer: str) -> str:
    async with shared_client(settings) as client:
        event = await client.run(_watch(settings, emulator, offer).follow(at_once=True), say=lambda *_: None)
    return str(event.status)


async def _going_live(settings: Settings, emulator: Emulator, count: int) -> list[str]:
    offers = [f"offer-{n}" for n in range(count)]
    async with shared_client(settings) as client:
        for offer in offers:
            emulator.add_offer(offer)
            reading = await client.exchange(calls.go_live("contoso", offer))
            assert isinstance(reading, Answer)
            assert reading.status == 202
    return offers


async def test_canceling_half_of_the_watchers_leaves_the_others_to_their_end(emulator: Emulator) -> None:
    settings = settings_for(emulator)
    offers = await _going_live(settings, emulator, 20)
    watchers = [asyncio.ensure_future(_watched(settings, emulator, offer)) for offer in offers]
    await asyncio.sleep(0.3)
    for watcher in watchers[::2]:
        watcher.cancel()
    gone = await asyncio.gather(*watchers[::2], return_exceptions=True)
    emulator.advance(200)
    kept = await asyncio.gather(*watchers[1::2])

    assert all(isinstance(error, asyncio.CancelledError) for error in gone)
    assert kept == ["succeeded"] * 10
    assert emulator.requests_for("cancel") == [], "a watcher that goes touches nothing remote"
    assert len(emulator.requests_for("token")) == 1


async def test_a_watcher_that_is_canceled_while_it_waits_goes_at_once(emulator: Emulator) -> None:
    settings = settings_for(emulator)
    (offer,) = await _going_live(settings, emulator, 1)
    for fault in ("throttled", "hang"):
        emulator.faults.add(
            Fault(fault, action="operation", times=None, retry_after="60" if fault == "throttled" else None)
        )
        watcher = asyncio.ensure_future(_watched(settings, emulator, offer))
        await asyncio.sleep(0.2)
        began = asyncio.get_running_loop().time()
        watcher.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watcher
        assert asyncio.get_running_loop().time() - began < 5
        emulator.faults.clear()


async def test_a_patient_read_that_is_canceled_goes_at_once(emulator: Emulator) -> None:
    emulator.faults.add(Fault("throttled", action="submissions", times=None, retry_after="60"))
    client = AsyncClient(settings_for(emulator))
    sending = asyncio.ensure_future(client.send(GET))
    await asyncio.sleep(1.0)
    assert not sending.done()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await client.close()
    assert len(emulator.requests_for("submissions")) == 1


async def test_watchers_of_one_operation_share_the_read_that_is_under_way() -> None:
    def slow(connection: object) -> None:
        time.sleep(0.2)
        connection.sendall(response(body=b'{"status": "running"}'))  # type: ignore[attr-defined]

    with RawServer(slow) as server:
        client = AsyncClient(settings_at(server.url))
        readings = await asyncio.gather(*(client.exchange(GET) for _ in range(50)))
        assert len(server.requests) == 1
        assert {reading.body for reading in readings if isinstance(reading, Answer)} == {b'{"status": "running"}'}
        await client.exchange(GET)
        assert len(server.requests) == 2, "but never an older one"
        await client.close()


async def test_the_one_who_reads_for_others_may_be_canceled() -> None:
    def slow(connection: object) -> None:
        time.sleep(0.2)
        connection.sendall(response(body=b"[]"))  # type: ignore[attr-defined]

    with RawServer(slow) as server:
        client = AsyncClient(settings_at(server.url))
        reader = asyncio.ensure_future(client.exchange(GET))
        await asyncio.sleep(0.05)
        others = [asyncio.ensure_future(client.exchange(GET)) for _ in range(5)]
        await asyncio.sleep(0.02)
        reader.cancel()
        readings = await asyncio.wait_for(asyncio.gather(*others), 5)
        await client.close()
        assert all(isinstance(reading, Answer) for reading in readings)
        assert len(server.requests) <= 2


async def test_two_posts_are_two_requests() -> None:
    post = calls.cancel("contoso", OFFER)
    with RawServer(response("202 Accepted")) as server:
        client = AsyncClient(settings_at(server.url))
        await asyncio.gather(client.exchange(post), client.exchange(post))
        await client.close()
        assert len(server.requests) == 2


async def test_a_herd_of_watchers_opens_twenty_connections_at_most() -> None:
    now, most = 0, 0
    lock = threading.Lock()

    def counted(connection: socket.socket) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        connection.sendall(response(body=b"[]", Connection="close"))

    with RawServer(counted) as server:
        client = AsyncClient(settings_at(server.url))
        reads = [calls.list_submissions("contoso", f"offer-{n}") for n in range(100)]
        readings = await asyncio.gather(*(client.exchange(read) for read in reads))
        await client.close()
    assert all(isinstance(reading, Answer) for reading in readings)
    assert 1 < most <= 20
