"""End or freeze processes of a local Airflow the way a lost machine does: without a word to anybody."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dev.local_airflow import LocalAirflow

SUPERVISOR = "LocalExecutor"


def processes_of_task(airflow: LocalAirflow, instance: dict[str, Any]) -> list[psutil.Process]:
    """Return the processes of a running try: its supervisor, which reports to Airflow, then the task's own.

    :param instance: the task instance, as Airflow's API has it
    """
    found = []
    for pid in airflow.pids("scheduler"):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            title = " ".join(process.cmdline())
            if instance["id"] in title:
                found.append((SUPERVISOR not in title, process))
    return [process for _, process in sorted(found, key=lambda entry: entry[0])]


def kill_worker(airflow: LocalAirflow, instance: dict[str, Any]) -> None:
    """Kill -9 the supervisor and the task's own process: nobody is left to tell Airflow."""
    processes = processes_of_task(airflow, instance)
    assert len(processes) == 2, f"a supervisor and a task, not {processes}"
    for process in processes:
        process.kill()


def kill_task_process(airflow: LocalAirflow, instance: dict[str, Any]) -> None:
    """Kill -9 the task's own process, as the kernel does when memory runs out: its supervisor sees it."""
    processes = processes_of_task(airflow, instance)
    assert len(processes) == 2, f"a supervisor and a task, not {processes}"
    processes[-1].kill()


def stop(airflow: LocalAirflow, part: str, patience: float = 60.0) -> None:
    """End a part with SIGTERM, as whoever deploys anew does, and leave it the time that it takes.

    :param patience: seconds after which it is taken for stuck
    """
    process = psutil.Process(airflow.pids(part)[0])
    process.terminate()
    process.wait(patience)


@contextlib.contextmanager
def frozen(airflow: LocalAirflow, part: str) -> Iterator[None]:
    """Stop a part and its children for the length of a ``with`` block, as a machine that is short of memory."""
    with _frozen([psutil.Process(pid) for pid in airflow.pids(part)]):
        yield


@contextlib.contextmanager
def frozen_worker(airflow: LocalAirflow, instance: dict[str, Any]) -> Iterator[None]:
    """Stop a running try, its supervisor included, for the length of a ``with`` block."""
    with _frozen(processes_of_task(airflow, instance)):
        yield


@contextlib.contextmanager
def _frozen(processes: list[psutil.Process]) -> Iterator[None]:
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
