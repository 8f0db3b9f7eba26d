"""Take each of a publisher's offers live that waits for it, one task for each offer."""

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.operators.offer import GoLiveOperator, ListOffersOperator


def arguments(offer):
    """Return what GoLiveOperator needs of a listed offer."""
    return {"offer_id": offer["offer_id"], "publisher_id": offer["publisher_id"]}


with DAG("take_all_live", schedule=None, max_active_runs=1):
    offers = ListOffersOperator(task_id="list_offers", status=["running", "waitingForPublisherReview"])
    GoLiveOperator.partial(task_id="go_live").expand_kwargs(offers.output.map(arguments))
