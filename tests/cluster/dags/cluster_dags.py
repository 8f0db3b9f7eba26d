"""The two ways to take offers live: many in one run, watched by a sensor, or each in a run of its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

CONNECTION = {"cpp_conn_id": "{{ params.conn_id }}"}


def dag(dag_id: str) -> DAG:
    return DAG(
        dag_id=dag_id,
        schedule=None,
        start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
        default_args={"retries": 3, "retry_delay": timedelta(seconds=2)},
        params={
            "conn_id": Param("cpp_default", type="string"),
            "offer_id": Param("", type="string"),
            "offer_ids": Param([], type="array"),
        },
    )


with dag("cluster_many"):

    @task
    def offers(params: Any = None) -> list[str]:
        return params["offer_ids"]

    go_live = GoLiveOperator.partial(task_id="go_live", **CONNECTION).expand(offer_id=offers())
    OperationSensor.partial(task_id="wait", poke_interval=1, max_poke_interval=3, **CONNECTION).expand(
        operation_location=go_live.output
    )

with dag("cluster_one"):
    GoLiveOperator(
        task_id="go_live",
        offer_id="{{ params.offer_id }}",
        wait_for_completion=True,
        poll_interval=1,
        max_poll_interval=3,
        **CONNECTION,
    )
