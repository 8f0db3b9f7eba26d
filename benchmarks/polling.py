"""Measures what polls cost: CPU per poll and how long the event loop was held up, contender by contender."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

from benchmarks.contenders import null
from benchmarks.machine import cpu_seconds

if TYPE_CHECKING:
    from benchmarks.contenders import Contender
    from benchmarks.portal import Portal

#: Seconds between two looks at the loop.
_TICK = 0.01
#: Seconds that the start may take at most.
_PATIENCE = 60.0


@dataclass(frozen=True)
class Load:
    """How many watch, how often, and for how long that is measured.

    :param watchers: how many.
    :param interval: seconds between two polls of one of them; 0 for back to back.
    :param seconds: for how long they are measured, after a start that isn't.
    :param changing: whether the document changes with every answer.
    :param latency: seconds that the server takes for an answer.
    """

    watchers: int
    interval: float
    seconds: float
    changing: bool = False
    latency: float = 0.0


@dataclass(frozen=True)
class Cost:
    """What a contender spent under a load.

    :param cpu: seconds of CPU, all threads.
    :param polls: answers that the server gave.
    :param lags: seconds by which each look at the loop came too late.
    :param counted: what the server counted until its end, from the start on.
    """

    cpu: float
    polls: int
    lags: list[float]
    counted: dict[str, int]

    @property
    def per_poll(self) -> float:
        """Microseconds of CPU per poll."""
        return 1e6 * self.cpu / self.polls if self.polls else float("nan")

    def lag(self, percentile: int) -> float:
        """Milliseconds that a percentile of the looks came too late at most; 100 for the latest."""
        if percentile == 100:
            return 1e3 * max(self.lags)
        return 1e3 * quantiles(self.lags, n=100)[percentile - 1]


@contextlib.asynccontextmanager
async def watched_loop() -> AsyncIterator[list[tuple[float, float]]]:
    """Note by how many seconds each sleep of 10 ms is exceeded, after the moment when it ends."""
    lags: list[tuple[float, float]] = []
    loop = asyncio.get_running_loop()

    async def look() -> None:
        while True:
            due = loop.time() + _TICK
            await asyncio.sleep(_TICK)
            now = loop.time()
            lags.append((now, max(0.0, now - due)))

    looking = asyncio.ensure_future(look())
    try:
        yield lags
    finally:
        looking.cancel()


async def cost(contender: Contender, portal: Portal, load: Load) -> Cost:
    """Run a contender under a load, and return what it spent once all was under way."""
    (found,) = await costs(contender, portal, load)
    return found


async def costs(
    contender: Contender, portal: Portal, load: Load, rounds: int = 1, begin: float | None = None
) -> list[Cost]:
    """Run a contender under a load, and return what it spent in each of several rounds, one after the other.

    :param contender: who watches.
    :param portal: the server.
    :param load: how many watch; each round takes its seconds.
    :param rounds: how many.
    :param begin: when the first one begins, in seconds since 1970 (UTC); None for as soon as all is under way.
    :raises TimeoutError: if not all were under way by then.
    """
    portal.counted(latency=load.latency, changing=load.changing)
    gc.collect()
    async with contender(portal, load.interval) as watch:
        tasks = [asyncio.ensure_future(watch(number)) for number in range(load.watchers)]
        try:
            before = await _all_under_way(portal, load, polling=contender is not null)
            # What the start has left goes through the whole of Airflow's memory when it is collected, 0.15 s at a
            # time: as much as a thousand polls. It isn't theirs, whoever's turn it falls into.
            gc.collect()
            if begin is not None and time.time() > begin:
                raise TimeoutError(f"Not all were under way {time.time() - begin:.1f} s after the agreed moment.")
            found = await _measured(portal, load, rounds, time.time() if begin is None else begin, before)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return found


async def _measured(portal: Portal, load: Load, rounds: int, begin: float, before: dict[str, int]) -> list[Cost]:
    found = []
    await asyncio.sleep(begin - time.time())
    before = _together(before, portal.counted())
    for number in range(1, rounds + 1):
        async with watched_loop() as lags:
            spent = cpu_seconds()
            await asyncio.sleep(begin + number * load.seconds - time.time())
            spent = cpu_seconds() - spent
        counted = portal.counted()
        before = _together(before, counted)
        found.append(Cost(spent, _polls(counted), [lag for _, lag in lags], before))
    return found


async def _all_under_way(portal: Portal, load: Load, *, polling: bool) -> dict[str, int]:
    """Wait until there were as many polls as watchers, at least; return what was counted until then."""
    deadline = time.monotonic() + _PATIENCE
    await asyncio.sleep(max(0.1, 1.1 * load.interval))
    counted = portal.counted()
    while polling and _polls(counted) < load.watchers and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
        counted = _together(counted, portal.counted())
    return counted


def _polls(counted: dict[str, int]) -> int:
    return sum(counted.get(kind, 0) for kind in ("operation", "sensor", "job"))


def _together(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    both = {name: one.get(name, 0) + other.get(name, 0) for name in {*one, *other}}
    return {**both, "open": other["open"], "most_open": max(one["most_open"], other["most_open"])}
