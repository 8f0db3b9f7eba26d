"""Publish an offer's draft to preview, and go live as soon as its sign-off is due."""

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.operators.offer import GoLiveOperator, PublishOperator

OFFER = "contoso-virtualmachineoffer"

with DAG("publish_and_go_live", schedule=None, max_active_runs=1):
    publish = PublishOperator(task_id="publish", offer_id=OFFER, wait_for_completion=True)
    publish >> GoLiveOperator(task_id="go_live", offer_id=OFFER)
