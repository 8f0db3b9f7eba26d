"""Take an offer live, and show where Partner Center has it."""

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_cpp.operators.offer import GoLiveOperator

with DAG("show_link", schedule=None, max_active_runs=1):
    go_live = GoLiveOperator(task_id="go_live", offer_id="contoso-virtualmachineoffer")

    @task
    def show(page):
        """Write the address into the log."""
        print(f"The offer's page: {page}")

    go_live >> show("{{ ti.xcom_pull(task_ids='go_live', key='_link_PartnerCenterLink') }}")
