"""Read an offer, change one field of it, and put it back unless somebody else changed it meanwhile."""

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_cpp.operators.offer import GetOfferOperator, PutOfferOperator


@task
def with_another_summary(offer):
    """Return the offer's document with its summary changed, all else as it was read."""
    offer["definition"]["offer"]["microsoft-azure-marketplace.summary"] = "Now with more Contoso"
    return offer


with DAG("change_offer", schedule=None, max_active_runs=1):
    read = GetOfferOperator(task_id="read", offer_id="contoso-virtualmachineoffer")
    PutOfferOperator(
        task_id="write",
        offer_id="contoso-virtualmachineoffer",
        definition=with_another_summary(read.output),
        if_match="{{ ti.xcom_pull(task_ids='read').get('eTag') or '*' }}",
    )
