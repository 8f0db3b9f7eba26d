"""Change an offer's draft and publish it; or only log what would happen, as the run's form says."""

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_cpp.operators.offer import PublishOperator, PutOfferOperator

WHAT = {"offer_id": "contoso-virtualmachineoffer", "dry_run": "{{ params.dry_run }}"}
FORM = {"dry_run": Param(True, type="boolean"), "image": Param("1.0.1", type="string")}

with DAG("look_first", schedule=None, max_active_runs=1, params=FORM):
    put = PutOfferOperator(
        task_id="put", definition="offers/contoso-virtualmachineoffer.json", if_match="*", **WHAT
    )
    put >> PublishOperator(task_id="publish", **WHAT)
