"""Cancel whatever runs on an offer."""

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_cpp.operators.offer import CancelOperator

with DAG("cancel_offer", schedule=None, params={"offer_id": Param("contoso-virtualmachineoffer", type="string")}):
    CancelOperator(task_id="cancel", offer_id="{{ params.offer_id }}")
