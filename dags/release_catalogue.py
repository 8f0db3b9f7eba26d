"""Take several offers live at once: one mapped task, and one mapped wait, for each."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

with DAG(
    dag_id="go_live_catalogue",
    description="Take several Azure Marketplace offers live",
    schedule=None,
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
    max_active_runs=1,
    params={
        "offer_ids": Param(["contoso-vm-small", "contoso-vm-large"], type="array", items={"type": "string"}),
        "publisher_id": Param("contoso", type="string", minLength=1),
    },
    tags=["azure", "marketplace"],
):

    @task
    def offers(params: dict | None = None) -> list[str]:
        """Return the offers to take live."""
        return list((params or {})["offer_ids"])

    go_live = GoLiveOperator.partial(
        task_id="go_live",
        publisher_id="{{ params.publisher_id }}",
    ).expand(offer_id=offers())

    wait_until_live = OperationSensor.partial(
        task_id="wait_until_live",
        poke_interval=10,  # seconds at least; the longer nothing changes, the rarer it looks
    ).expand(operation_location=go_live.output)
