"""Takes all measures, each in a fresh process on the first core, and keeps their figures as plain values."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing import get_context
from typing import Any

from benchmarks import contenders, polling, restart, simulation
from benchmarks.machine import CLIENT_CORE, described, pin
from benchmarks.portal import Portal

Figures = dict[str, Any]

#: A thousand watchers, each every four seconds, of a service that takes 50 ms.
PACED = polling.Load(watchers=1000, interval=4.0, seconds=4.0, latency=0.05)
PACED_CHANGING = polling.Load(watchers=1000, interval=4.0, seconds=4.0, latency=0.05, changing=True)
#: The same number, each again as soon as its answer is there, of a service that takes no time.
BACK_TO_BACK = polling.Load(watchers=1000, interval=0.0, seconds=2.0)
BACK_TO_BACK_CHANGING = polling.Load(watchers=1000, interval=0.0, seconds=2.0, changing=True)

#: 2,000 polls a second, however many share them.
GROWTH = {
    number: polling.Load(watchers=number, interval=number / 2000, seconds=2.0) for number in (100, 1000, 10_000)
}

ROUNDS_SIDE_BY_SIDE = 9
ROUNDS_IN_TURN = 3
#: Seconds in which three processes import Airflow on one core, and each of their watchers polls once.
UNTIL_ALL_ARE_UNDER_WAY = 25.0

WATCHERS_IN_MEMORY = 10_000
HERD = 1000
OPERATIONS_SIMULATED = 1000
RUNS_IN_AIRFLOW, OPERATION_IN_AIRFLOW = 2, 15.0


def all_figures(say: Callable[[str], None]) -> Figures:
    """Take all measures and return their figures.

    :param say: told what is being measured.
    """
    began = time.monotonic()
    figures: Figures = {
        "machine": described(),
        "taken_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load_before": os.getloadavg()[0],
    }
    for name, who, load in (
        ("paced", ["null", "floor", "ours"], PACED),
        ("paced_changing", ["null", "floor", "ours"], PACED_CHANGING),
        ("paced_jobs", ["null", "floor_of_jobs", "ours_on_jobs"], PACED),
        ("paced_jobs_changing", ["null", "floor_of_jobs", "ours_on_jobs"], PACED_CHANGING),
        ("back_to_back", ["floor", "ours"], BACK_TO_BACK),
        ("back_to_back_changing", ["floor", "ours"], BACK_TO_BACK_CHANGING),
    ):
        say(f"CPU per poll, {name.replace('_', ' ')}")
        figures[name] = side_by_side(who, load, ROUNDS_SIDE_BY_SIDE)
    everyone = ["null", "floor", "ours", "http_sensor", "threads"]
    for name, who, load in (("alone", everyone, PACED), ("alone_back_to_back", everyone[1:], BACK_TO_BACK)):
        say(f"CPU per poll and lag, {name.replace('_', ' ')}")
        figures[name] = _fresh(in_turn, who, load, ROUNDS_IN_TURN)
    say("restarts")
    figures["herd"] = {
        name: [_fresh(herd, HERD, spread) for _ in range(3)]
        for name, spread in (("spread", 4.0), ("overdue", 0.0))
    }
    say("memory")
    figures["memory"] = {
        name: _fresh(memory, name, number, spread)
        for name, number, spread in (
            ("floor", WATCHERS_IN_MEMORY, 12.0),
            ("ours", WATCHERS_IN_MEMORY, 12.0),
            ("http_sensor", WATCHERS_IN_MEMORY // 5, 8.0),
        )
    }
    say("growth")
    figures["growth"] = [_fresh(growth) for _ in range(3)]
    say("requests and delay of the schedule")
    figures["schedule"] = {
        name: {
            schedule.__name__: asdict(simulation.simulate(schedule, steps, OPERATIONS_SIMULATED))
            for schedule in (simulation.every_minute, simulation.proportional)
        }
        for name, steps in simulation.OPERATIONS.items()
    }
    say("worker time in a real Airflow")
    figures["worker_time"] = _fresh(workers)
    say("2,000 waits in a real triggerer")
    figures["real_triggerer"] = _fresh(many_waits)
    return {**figures, "load_after": os.getloadavg()[0], "minutes": (time.monotonic() - began) / 60}


def side_by_side(who: list[str], load: polling.Load, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Run contenders at the same time, each in a process of its own, and return what each spent in each round.

    All share the one core. What a core does for its second changes by half within seconds on a machine that is
    shared with others, and what can't be compared across rounds can be within one.
    """
    begin = time.time() + UNTIL_ALL_ARE_UNDER_WAY
    with contextlib.ExitStack() as stack:
        running = {name: stack.enter_context(_process()).submit(one, name, load, rounds, begin) for name in who}
        return {name: process.result() for name, process in running.items()}


def one(name: str, load: polling.Load, rounds: int, begin: float) -> list[dict[str, float]]:
    """Run a contender by itself, and return what it spent in each round."""
    import airflow_provider_cpp.triggers.operation  # noqa: F401 - so that all have a triggerer's memory

    with _measuring() as portal:
        contender = getattr(contenders, name)
        return [_as_values(each) for each in asyncio.run(polling.costs(contender, portal, load, rounds, begin))]


def in_turn(who: list[str], load: polling.Load, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Run contenders in turn, each with the core to itself, and return what each spent in each round."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in who}
    with _measuring() as portal:
        for _ in range(rounds):
            for name in who:
                spent = asyncio.run(polling.cost(getattr(contenders, name), portal, load))
                found[name].append(_as_values(spent))
    return found


def _as_values(spent: polling.Cost) -> dict[str, float]:
    return {
        "cpu": spent.cpu,
        "polls": spent.polls,
        "lag_p99": spent.lag(99),
        "lag_max": spent.lag(100),
        "tokens": spent.counted.get("token", 0),
        "connections": spent.counted.get("connections", 0),
        "most_open": spent.counted["most_open"],
    }


def growth() -> dict[str, dict[str, float]]:
    """Return the CPU seconds and polls of ever more watchers that poll equally often together."""
    found: dict[str, dict[str, float]] = {}
    with _measuring() as portal:
        for number, load in GROWTH.items():
            idle = asyncio.run(polling.cost(contenders.null, portal, load))
            spent = asyncio.run(polling.cost(contenders.ours, portal, load))
            found[str(number)] = {"cpu": spent.cpu, "idle": idle.cpu, "polls": spent.polls}
    return found


def herd(watchers: int, spread: float) -> dict[str, float]:
    """Return what the start of many watchers at once did."""
    with _measuring() as portal:
        return asdict(asyncio.run(restart.herd(portal, watchers, spread)))


def memory(name: str, watchers: int, spread: float) -> float:
    """Return the kilobytes that a watcher of a contender takes."""
    with _measuring() as portal:
        return asyncio.run(restart.memory(getattr(contenders, name), portal, watchers, spread))


def workers() -> dict[str, dict[str, float]]:
    """Return what three ways to wait take of workers."""
    from benchmarks import worker_time  # which would import aiohttp into all other measures, too

    found = worker_time.worker_time(RUNS_IN_AIRFLOW, OPERATION_IN_AIRFLOW)
    return {wait: asdict(took) for wait, took in found.items()}


def many_waits() -> dict[str, Any]:
    """Return what many deferred waits take of a real triggerer."""
    from benchmarks import real_triggerer

    return real_triggerer.real_triggerer()


class _measuring:  # noqa: N801 - reads as a phrase
    """A server, a process that knows of it, and this process on its core."""

    def __enter__(self) -> Portal:
        self._portal = Portal().__enter__()
        os.environ.update(self._portal.connections())
        pin(CLIENT_CORE)
        return self._portal

    def __exit__(self, *_: object) -> None:
        self._portal.__exit__()


def _fresh(measure: Callable[..., Any], *arguments: Any) -> Any:
    with _process() as process:
        return process.submit(measure, *arguments).result()


@contextlib.contextmanager
def _process() -> Iterator[ProcessPoolExecutor]:
    with (
        tempfile.TemporaryDirectory() as home,
        ProcessPoolExecutor(1, get_context("spawn"), initializer=_prepare, initargs=(home,)) as process,
    ):
        yield process


def _prepare(home: str) -> None:
    """Make this process an Airflow of its own, whose log lines are written, but to nowhere."""
    os.environ["AIRFLOW_HOME"] = home
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
