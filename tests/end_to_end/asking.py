"""Answering, as a person, what a task of a real Airflow asks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dev.airflow_api import run_path
from tests.end_to_end.eventually import PATIENCE, eventually

if TYPE_CHECKING:
    from dev.local_airflow import LocalAirflow


def question(airflow: LocalAirflow, dag_id: str, run_id: str, seconds: float = PATIENCE) -> dict[str, Any]:
    """Return what the run asks, as soon as it asks."""

    def asked() -> dict[str, Any] | None:
        airflow.check()
        states = {each["task_id"]: each["state"] for each in airflow.task_instances(dag_id, run_id)}
        retried = [task for task, state in states.items() if state == "up_for_retry"]
        assert not retried, "\n".join(line for task in retried for line in airflow.logs(dag_id, run_id, task))
        assert airflow.api("GET", run_path(dag_id, run_id))["state"] not in {"failed", "success"}, states
        found = airflow.api("GET", run_path(dag_id, run_id, "hitlDetails"))["hitl_details"]
        return found[0] if found else None

    return eventually(asked, "the question", seconds)


def answer(airflow: LocalAirflow, dag_id: str, run_id: str, option: str, task_id: str = "approve") -> None:
    """Answer the question of a task, once it waits."""

    def waits() -> bool:
        state = airflow.api("GET", run_path(dag_id, run_id, "taskInstances", task_id))["state"]
        return state in {"awaiting_input", "deferred"}

    eventually(waits, "the task's wait")
    # Nobody answers within a second. Airflow 3.3.2 fails a task that resumes before its scheduler has seen
    # that the worker's process which asked is gone ("state mismatch" in its audit log).
    time.sleep(5)
    path = run_path(dag_id, run_id, "taskInstances", task_id, "-1", "hitlDetails")
    airflow.api("PATCH", path, {"chosen_options": [option], "params_input": {}})
