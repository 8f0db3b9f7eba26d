"""The release of the examples, looked at more often, for somebody who watches it in a browser."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

with DAG(
    dag_id="release",
    schedule=None,
    params={"offer_id": Param("contoso-virtualmachineoffer", type="string")},
):
    go_live = GoLiveOperator(task_id="go_live", offer_id="{{ params.offer_id }}")
    OperationSensor(
        task_id="wait_until_live",
        operation_location=go_live.output,
        poke_interval=2,
        max_poke_interval=2,
    )
