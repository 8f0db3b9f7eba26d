"""Waits that never touch a worker: one for each way in which an operation can end."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG, task

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

QUICK = {"poke_interval": 0.5, "max_poke_interval": 1, "start_from_trigger": True, "end_from_trigger": True}


@task
def read(operation: dict) -> str:
    """Tell what a task that follows the wait gets."""
    return f"{type(operation).__name__} {operation['status']}"


with DAG(
    dag_id="without_worker",
    schedule=None,
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001
    default_args={"retries": 0},
):
    for name in ("succeeds", "fails", "skips", "retries"):
        go_live = GoLiveOperator(task_id=f"go_live_{name}", offer_id=f"without-worker-{name}")
        wait = OperationSensor(
            task_id=name,
            operation_location=go_live.output,
            soft_fail=name == "skips",
            retries=1 if name == "retries" else 0,
            **QUICK,
        )
        if name == "succeeds":
            read(wait.output)

    mapped = GoLiveOperator.partial(task_id="go_live_mapped").expand(
        offer_id=["without-worker-mapped-a", "without-worker-mapped-b"]
    )
    OperationSensor.partial(task_id="mapped", **QUICK).expand(operation_location=mapped.output)
