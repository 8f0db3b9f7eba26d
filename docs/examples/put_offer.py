"""Bring an offer's draft to the definition that lies beside this file, and tell what differed."""

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.operators.offer import PutOfferOperator

with DAG("put_offer", schedule=None, max_active_runs=1, params={"image": "1.0.1"}):
    PutOfferOperator(
        task_id="put_offer",
        offer_id="contoso-virtualmachineoffer",
        definition="offers/contoso-virtualmachineoffer.json",
        if_match="*",
    )
