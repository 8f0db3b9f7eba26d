"""Who is compared: ways to watch an operation, each a context that yields what one watcher runs.

A context takes the server and the seconds between two polls of one watcher.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

    from benchmarks.portal import Portal

Watch = Callable[[int], Awaitable[Any]]
Contender = Callable[["Portal", float], contextlib.AbstractAsyncContextManager[Watch]]

#: As many connections at most as the provider's own client opens.
CONNECTIONS = 20
#: Enough threads that polls of 50 ms don't queue for one.
THREADS = 32

#: Long enough for any benchmark, in seconds.
_FOR_EVER = 86_400.0


@contextlib.asynccontextmanager
async def null(portal: Portal, interval: float) -> AsyncIterator[Watch]:
    """Only sleep: what is spent before any request is made."""

    async def watch(number: int) -> None:
        await asyncio.sleep(interval * random.random())
        while True:
            await asyncio.sleep(_spread(interval))

    yield watch


def floor(portal: Portal, interval: float) -> contextlib.AbstractAsyncContextManager[Watch]:
    """One bare aiohttp session and `json.loads`: nothing that a client could leave out."""
    return _bare(portal, interval, lambda number: f"{portal.operation(number)}?api-version=2017-10-31")


def floor_of_jobs(portal: Portal, interval: float) -> contextlib.AbstractAsyncContextManager[Watch]:
    """Read jobs of the Product Ingestion API in that way."""
    return _bare(portal, interval, lambda number: f"{portal.job(number)}?%24version=2022-07-01")


@contextlib.asynccontextmanager
async def _bare(portal: Portal, interval: float, url_of: Callable[[int], str]) -> AsyncIterator[Watch]:
    import ssl

    import aiohttp

    context = ssl.create_default_context(cafile=portal.ca_file)
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, ssl=context, keepalive_timeout=75)
    headers = {"Authorization": f"Bearer {portal.token}"}
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def watch(number: int) -> None:
            url = url_of(number)
            await asyncio.sleep(interval * random.random())
            while True:
                async with session.get(url, headers=headers) as response:
                    json.loads(await response.read())
                await asyncio.sleep(_spread(interval))

        yield watch


def ours(portal: Portal, interval: float) -> contextlib.AbstractAsyncContextManager[Watch]:
    """Run the provider's real trigger, as the triggerer does, at a fixed pace."""
    return _triggers(interval, portal.operation, "cpp_default")


def ours_on_jobs(portal: Portal, interval: float) -> contextlib.AbstractAsyncContextManager[Watch]:
    """Run it on jobs of the Product Ingestion API."""
    return _triggers(interval, portal.job, "ingestion")


@contextlib.asynccontextmanager
async def _triggers(interval: float, location: Callable[[int], str], connection: str) -> AsyncIterator[Watch]:
    from airflow_provider_cpp.triggers.operation import OperationTrigger

    async def watch(number: int) -> None:
        now = time.time()
        trigger = OperationTrigger(
            operation_location=location(number),
            cpp_conn_id=connection,
            started_at=now,
            deadline=now + _FOR_EVER,
            poke_interval=interval or 1e-9,
            max_poke_interval=interval or 1e-9,
        )
        async for event in trigger.run():
            raise RuntimeError(f"The watch has ended: {event.payload['message']}")

    async with closed_clients():
        yield watch


@contextlib.asynccontextmanager
async def http_sensor(portal: Portal, interval: float) -> AsyncIterator[Watch]:
    """Airflow's own `HttpSensorTrigger`, on paths that the server answers so that it polls on."""
    from airflow.providers.http.triggers.http import HttpSensorTrigger

    async def watch(number: int) -> None:
        trigger = HttpSensorTrigger(
            endpoint=f"/sensor/{number}?api-version=2017-10-31",
            headers={"Authorization": f"Bearer {portal.token}"},
            poke_interval=interval,
        )
        # It has no jitter of its own: without this all would poll at the same moment, for ever.
        await asyncio.sleep(interval * random.random())
        async for event in trigger.run():
            raise RuntimeError(f"The wait has ended: {event}")

    yield watch


@contextlib.asynccontextmanager
async def threads(portal: Portal, interval: float) -> AsyncIterator[Watch]:
    """One blocking session of requests, its polls in threads."""
    import requests

    with requests.Session() as session, ThreadPoolExecutor(THREADS) as pool:
        session.verify = portal.ca_file
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {portal.token}"
        session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))
        loop = asyncio.get_running_loop()

        async def watch(number: int) -> None:
            url = f"{portal.operation(number)}?api-version=2017-10-31"
            await asyncio.sleep(interval * random.random())
            while True:
                await loop.run_in_executor(pool, _poll, session, url)
                await asyncio.sleep(_spread(interval))

        yield watch


def _poll(session: requests.Session, url: str) -> object:
    with session.get(url, timeout=60) as response:
        return json.loads(response.content)


def _spread(interval: float) -> float:
    """Return a delay as the provider's schedule spreads it."""
    return interval * (0.9 + 0.2 * random.random())


@contextlib.asynccontextmanager
async def closed_clients() -> AsyncIterator[None]:
    """Close at the end what the provider would keep for half a minute: the next contender begins alone."""
    from airflow_provider_cpp.client import shared_clients

    yield
    await asyncio.sleep(0)
    for shared in list(shared_clients._clients.get(asyncio.get_running_loop(), {}).values()):
        if shared.closing is not None:
            shared.closing.cancel()
            await asyncio.wait([shared.closing])
