"""One operation, waited for in three ways."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

QUICK = {"poke_interval": 1, "max_poke_interval": 1}

with DAG(dag_id="three_waits", schedule=None, start_date=datetime(2025, 1, 1)):  # noqa: DTZ001
    go_live = GoLiveOperator(task_id="go_live", offer_id="{{ dag_run.conf['offer_id'] }}")
    OperationSensor(task_id="blocking", operation_location=go_live.output, deferrable=False, **QUICK)
    OperationSensor(task_id="deferred", operation_location=go_live.output, **QUICK)
    OperationSensor(
        task_id="without_worker",
        operation_location=go_live.output,
        start_from_trigger=True,
        end_from_trigger=True,
        **QUICK,
    )
