"""Bring an offer's draft to the resources that lie beside this file, by the Product Ingestion API."""

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.operators.offer import PutOfferOperator

with DAG("put_resources", schedule=None, max_active_runs=1, params={"image": "1.0.1"}):
    PutOfferOperator(
        task_id="put_resources",
        offer_id="contoso-virtualmachineoffer",
        definition="offers/contoso-virtualmachineoffer.resources.json",
    )
