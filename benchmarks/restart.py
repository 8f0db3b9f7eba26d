"""Measures what a restarted triggerer meets: a thousand watchers at once, and the memory of ten thousand."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.contenders import closed_clients
from benchmarks.machine import cpu_seconds, resident_bytes
from benchmarks.polling import watched_loop

if TYPE_CHECKING:
    from benchmarks.contenders import Contender
    from benchmarks.portal import Portal

#: Watchers that run before memory is first looked at: what all share is there then.
_FIRST = 100


@dataclass(frozen=True)
class Herd:
    """What the start of many watchers at the same moment did.

    :param watchers: how many.
    :param seconds: until all had read their operation once.
    :param cpu: seconds of CPU until then.
    :param max_lag: milliseconds that the loop was held up at most, imports included.
    :param own_lag: the same without the time that Python collected garbage, during which no thread runs.
    :param tokens: requests for a token.
    :param connections: connections that were open at the same time.
    :param polls: reads of an operation.
    """

    watchers: int
    seconds: float
    cpu: float
    max_lag: float
    own_lag: float
    tokens: int
    connections: int
    polls: int


async def herd(portal: Portal, watchers: int, spread: float) -> Herd:
    """Start real triggers at the same moment, in a process that has run none before.

    :param watchers: how many.
    :param spread: seconds over which their schedule spreads the first reads; 0 for watchers whose deadline
        passed while no triggerer ran, which all read at once.
    """
    from airflow_provider_cpp.triggers.operation import OperationTrigger

    portal.counted(latency=0.05, changing=False)
    now = time.time()

    def trigger(number: int) -> OperationTrigger:
        return OperationTrigger(
            operation_location=portal.operation(number),
            started_at=now - 60,
            deadline=now + 3600 if spread else now - 1,
            poke_interval=spread or 30.0,
            max_poke_interval=spread or 30.0,
        )

    triggers = [trigger(number) for number in range(watchers)]
    async with closed_clients(), watched_loop() as lags:
        collections = _timed_collections()
        await asyncio.sleep(0.1)
        lags.clear()
        begun, spent = time.monotonic(), cpu_seconds()
        tasks = [asyncio.ensure_future(anext(aiter(each.run()))) for each in triggers]
        if spread:
            await asyncio.sleep(1.05 * spread + 1.0)
        else:
            await asyncio.wait(tasks, timeout=60)
        seconds, spent = time.monotonic() - begun, cpu_seconds() - spent
        counted = portal.counted()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Herd(
        watchers=watchers,
        seconds=seconds,
        cpu=spent,
        max_lag=1e3 * max(lag for _, lag in lags),
        own_lag=1e3 * max(lag - _overlap(now - lag, now, collections) for now, lag in lags),
        tokens=counted.get("token", 0),
        connections=counted["most_open"],
        polls=counted["operation"],
    )


def _timed_collections() -> list[tuple[float, float]]:
    """Note from now on, for as long as this process lives, when each garbage collection began and ended."""
    found: list[tuple[float, float]] = []
    begun = 0.0

    def note(phase: str, _: object) -> None:
        nonlocal begun
        if phase == "start":
            begun = time.monotonic()
        else:
            found.append((begun, time.monotonic()))

    gc.callbacks.append(note)
    return found


def _overlap(begin: float, end: float, others: list[tuple[float, float]]) -> float:
    return sum(max(0.0, min(end, until) - max(begin, since)) for since, until in others)


async def memory(contender: Contender, portal: Portal, watchers: int, spread: float) -> float:
    """Return the kilobytes that a further watcher takes once it has polled and sleeps.

    :param watchers: how many share what is measured.
    :param spread: seconds over which their first polls are spread.
    """
    portal.counted(latency=0.0, changing=False)
    async with contender(portal, spread) as watch, _running() as tasks:
        tasks += [asyncio.ensure_future(watch(number)) for number in range(_FIRST)]
        await asyncio.sleep(1.05 * spread)
        before = resident_bytes()
        tasks += [asyncio.ensure_future(watch(_FIRST + number)) for number in range(watchers)]
        await asyncio.sleep(1.05 * spread)
        while portal.counted()["open"] > watchers / 10:  # a session per poll: until those under way are done
            await asyncio.sleep(0.5)
        for task in tasks:
            if task.done():
                task.result()
        return (resident_bytes() - before) / 1024 / watchers


@contextlib.asynccontextmanager
async def _running() -> AsyncIterator[list[asyncio.Future[object]]]:
    tasks: list[asyncio.Future[object]] = []
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
