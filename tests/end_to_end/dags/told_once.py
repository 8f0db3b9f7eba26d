"""A wait that began on a worker, and one that never touches any; both last over restarts of the triggerer."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

with DAG(
    dag_id="told_once",
    schedule=None,
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001
    default_args={"retries": 0},
):
    GoLiveOperator(
        task_id="deferred",
        offer_id="told-once-deferred",
        wait_for_completion=True,
        poll_interval=0.5,
        max_poll_interval=1,
    )
    started = GoLiveOperator(task_id="go_live", offer_id="told-once-without-worker")
    OperationSensor(
        task_id="without_worker",
        operation_location=started.output,
        start_from_trigger=True,
        poke_interval=0.5,
        max_poke_interval=1,
    )
