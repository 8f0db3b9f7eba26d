"""Wait until an offer is ready for its sign-off, then take it live."""

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor

with DAG("live_once_it_may", schedule=None):
    ready = OfferStatusSensor(task_id="wait_for_signoff", offer_id="contoso-virtualmachineoffer")
    ready >> GoLiveOperator(task_id="go_live", offer_id="contoso-virtualmachineoffer", wait_for_completion=True)
