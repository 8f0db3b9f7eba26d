"""Take an offer live on Mondays at nine, by the clocks of Paris."""

import pendulum
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp.operators.offer import GoLiveOperator

with DAG(
    "live_on_mondays",
    schedule="0 9 * * 1",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Paris"),
    catchup=False,
    max_active_runs=1,
):
    GoLiveOperator(
        task_id="go_live",
        offer_id="contoso-virtualmachineoffer",
        skip_if_live=True,  # a week without a new version is no failure
        wait_for_completion=True,
    )
