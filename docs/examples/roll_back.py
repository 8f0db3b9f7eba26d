"""Bring an offer's draft back to what it was in an earlier version, and publish that to preview."""

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_cpp.operators.offer import GetOfferOperator, PublishOperator, PutOfferOperator

OFFER = "contoso-virtualmachineoffer"

with DAG("roll_back", schedule=None, max_active_runs=1, params={"version": Param(1, type="integer", minimum=0)}):
    read = GetOfferOperator(task_id="read", offer_id=OFFER, version="{{ params.version }}")
    put = PutOfferOperator(task_id="put", offer_id=OFFER, definition=read.output, if_match="*")
    put >> PublishOperator(task_id="publish", offer_id=OFFER, wait_for_completion=True)
