"""Take one offer live, and wait for it without holding a worker."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

with DAG(
    dag_id="go_live",
    description="Take an Azure Marketplace offer live",
    schedule=None,
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
    max_active_runs=1,
    params={
        "offer_id": Param("contoso-virtualmachineoffer", type="string", minLength=1),
        "publisher_id": Param("contoso", type="string", minLength=1),
        "connection": Param("cpp_default", type="string", minLength=1),  # its type says by which API
    },
    tags=["azure", "marketplace"],
):
    go_live = GoLiveOperator(
        task_id="go_live",
        cpp_conn_id="{{ params.connection }}",
        offer_id="{{ params.offer_id }}",
        publisher_id="{{ params.publisher_id }}",
    )
    wait_until_live = OperationSensor(
        task_id="wait_until_live",
        cpp_conn_id="{{ params.connection }}",
        operation_location=go_live.output,
        poke_interval=10,  # seconds at least; the longer nothing changes, the rarer it looks
    )
