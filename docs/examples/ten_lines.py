"""Take an offer live, and wait for it without holding a worker."""

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

with DAG("take_offer_live", schedule=None, max_active_runs=1):
    go_live = GoLiveOperator(task_id="go_live", offer_id="contoso-virtualmachineoffer")
    OperationSensor(task_id="wait_until_live", operation_location=go_live.output)
