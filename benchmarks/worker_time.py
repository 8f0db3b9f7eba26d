"""Counts the worker processes that a wait takes in a real Airflow, and for how long each of them runs."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import TYPE_CHECKING

import psutil

from airflow_provider_cpp.emulator import Emulator
from benchmarks.portal import ROOT
from dev.local_airflow import LocalAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

DAG_ID = "three_waits"
WAITS = ("blocking", "deferred", "without_worker")

#: What Airflow calls the process that runs a task; the id of the task's try follows.
_TITLE = "airflow worker -- "

#: Seconds between two looks at the scheduler's processes.
_LOOK = 0.02


@dataclass
class _Seen:
    """A process of a worker: when it began, when it was last there, and the CPU time it took until then."""

    task_instance: str
    began: float
    last: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True)
class WorkerTime:
    """What one wait took of workers, the median of several runs.

    :param processes: how many processes ran the task.
    :param seconds: for how long they ran, together.
    :param cpu: their CPU seconds.
    :param held: seconds that the task was `running`, by Airflow's own audit log.
    """

    processes: float
    seconds: float
    cpu: float
    held: float


@dataclass
class _Watcher:
    """Looks at the descendants of the scheduler, which runs tasks as its children with LocalExecutor."""

    airflow: LocalAirflow
    seen: dict[tuple[int, float], _Seen] = field(default_factory=dict)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        over = Event()
        thread = Thread(target=self._watch, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: Event) -> None:
        while not over.is_set():
            for pid in self.airflow.pids("scheduler"):
                with contextlib.suppress(psutil.Error):
                    self._note(psutil.Process(pid))
            time.sleep(_LOOK)

    def _note(self, process: psutil.Process) -> None:
        title = " ".join(process.cmdline())
        if not title.startswith(_TITLE) or "LocalExecutor" in title:
            return
        key = process.pid, process.create_time()
        times = process.cpu_times()
        seen = self.seen.setdefault(key, _Seen(title.removeprefix(_TITLE).split()[0], key[1]))
        seen.last, seen.cpu = time.time(), times.user + times.system

    def of(self, task_instance: str) -> list[_Seen]:
        return [seen for seen in self.seen.values() if seen.task_instance == task_instance]


def worker_time(runs: int, duration: float) -> dict[str, WorkerTime]:
    """Run one operation several times, watched in three ways, and return what each took.

    :param runs: how many times.
    :param duration: seconds that the operation takes.
    """
    rows: dict[str, list[WorkerTime]] = {wait: [] for wait in WAITS}
    with (
        Emulator(duration=duration) as portal,
        LocalAirflow(
            [Path(__file__).parent / "dags"],
            env={"AIRFLOW_CONN_CPP_DEFAULT": portal.connection_json()},
            pythonpath=[ROOT],
        ) as airflow,
    ):
        for number in range(runs):
            offer_id = f"waited-for-{number}"
            portal.add_offer(offer_id)
            watcher = _Watcher(airflow)
            with watcher.watching():
                run_id = airflow.trigger(DAG_ID, {"offer_id": offer_id})
                observer = airflow.observe(DAG_ID, run_id)
                state = observer.wait(duration + 120)
            if state != "success":
                raise RuntimeError(f"The run of {DAG_ID} ended as {state}.")
            ids = {each["task_id"]: each["id"] for each in airflow.task_instances(DAG_ID, run_id)}
            stories = observer.stories()
            if not watcher.of(ids["go_live"]):
                raise RuntimeError("No process was seen that ran go_live: Airflow calls them otherwise now.")
            for wait in WAITS:
                seen = watcher.of(ids[wait])
                rows[wait].append(
                    WorkerTime(
                        processes=len(seen),
                        seconds=sum(each.last - each.began for each in seen),
                        cpu=sum(each.cpu for each in seen),
                        held=stories[wait].held_worker.total_seconds(),
                    )
                )
    return {wait: _median(several) for wait, several in rows.items()}


def _median(rows: list[WorkerTime]) -> WorkerTime:
    return WorkerTime(
        processes=median(row.processes for row in rows),
        seconds=median(row.seconds for row in rows),
        cpu=median(row.cpu for row in rows),
        held=median(row.held for row in rows),
    )
