"""A wait as a task of Airflow does it, on a worker or deferred, and what became of it."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.ends import result_of
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.reliability.going_live import in_words
from tests.running import anew, context_of, event_of, run_task

PHASE = "Watching"

TOLD = "told that it succeeded"

#: A rule of the watch that a test doesn't wait for.
NO_QUARTER_OF_AN_HOUR = {"BAD_READS_FOR": 0.0}


@dataclass(frozen=True)
class Case:
    """A fault at the reads of an operation that has succeeded.

    :param faults: what goes wrong.
    :param reads: how many reads the service sees.
    :param ends: None for the operation's success, or the class of the error.
    :param saying: what the error says, as a pattern.
    :param lists: how often the service is asked for the submissions.
    :param waits: least seconds that it takes.
    :param timeout: seconds that a request may take.
    :param constants: rules of the watch that the test shortens, by name.
    """

    faults: tuple[Fault, ...]
    reads: int
    ends: type[Exception] | None = None
    saying: str = ""
    lists: int = 0
    waits: float = 0.0
    timeout: float = 10.0
    constants: dict[str, float] = field(default_factory=dict)


async def seconds_to_cancel(task):
    """Cancel what has waited for a while, and return how long it takes to end."""
    await asyncio.sleep(0.2)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return time.monotonic() - began


def on_a_worker(location):
    task = OperationSensor(
        task_id="wait",
        operation_location=location,
        deferrable=False,
        poke_interval=0.01,
        max_poke_interval=0.02,
        timeout=60,
    )
    return run_task(task, context_of(task)).result


def deferred(location):
    now = time.time()
    trigger = OperationTrigger(
        operation_location=location,
        started_at=now,
        deadline=now + 60,
        poke_interval=0.01,
        max_poke_interval=0.02,
    )
    return result_of(event_of(anew(trigger)), by_sensor=True)


WAYS = {"on a worker": on_a_worker, "deferred": deferred}


def told(wait, location):
    """Wait for an operation; return what became of it in words, and the error if there was one."""
    try:
        result = wait(location)
    except CppError as error:
        return in_words(error), error
    assert result["status"] == "succeeded"
    return TOLD, None


def check(portal, proves, fault, case, words, error):
    reads, lists = len(portal.requests_for("operation")), len(portal.requests_for("submissions"))
    assert type(error) is (case.ends or type(None)), error
    assert re.search(case.saying, str(error), re.DOTALL), str(error)
    assert (reads, lists) == (case.reads, case.lists)
    assert portal.requests_for("golive") == []
    proves(PHASE, fault, (reads, lists), words)
