"""Take many offers live, each for itself, and report at the end which are live and why the others aren't."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, Param, task, task_group

from airflow_provider_cpp.operators.offer import GoLiveOperator, ListOffersOperator
from airflow_provider_cpp.sensors.operation import OperationSensor


def keep_why(context: dict) -> None:
    """Keep why an offer isn't live, for the report: a failed task has no result."""
    context["ti"].xcom_push(key="why", value=str(context.get("exception") or "see the task's log")[:2000])


def states_of(ti, dag_run, task_id: str) -> dict[int, str]:
    """Return the states of a mapped task by index."""
    if hasattr(ti, "get_task_states"):
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id], task_ids=[task_id]).get(ti.run_id, {})
        return {int(name.rpartition("_")[2]): str(state) for name, state in states.items()}
    found = [each for each in dag_run.get_task_instances() if each.task_id == task_id]  # Airflow 2
    return {each.map_index: str(each.state) for each in found}


with DAG(
    dag_id="release_catalogue",
    description="Take many Azure Marketplace offers live",
    schedule=None,
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
    max_active_runs=1,  # so that on each offer one operation runs at a time
    params={
        "publisher_id": Param("fabrikam", type="string", minLength=1),
        "offer_ids": Param(
            None,
            type=["null", "array"],
            items={"type": "string"},
            description="The offers to take live; all of the publisher's if empty",
        ),
    },
    tags=["azure", "marketplace"],
):
    list_offers = ListOffersOperator(task_id="list_offers", publisher_id="{{ params.publisher_id }}")

    @task
    def choose(listed: list[dict], params: dict | None = None) -> list[str]:
        """Return the offers to take live, each once."""
        wanted = (params or {})["offer_ids"] or [offer["offer_id"] for offer in listed]
        return list({offer_id.casefold(): offer_id for offer_id in wanted}.values())

    @task_group
    def release(offer_id: str) -> None:
        """Take one offer live. What becomes of it is nothing to the others."""
        go_live = GoLiveOperator(
            task_id="go_live",
            offer_id=offer_id,
            publisher_id="{{ params.publisher_id }}",
            skip_if_live=True,
            retries=2,  # a retry first looks what the last try did
            retry_delay=timedelta(seconds=30),
            on_failure_callback=keep_why,
            max_active_tis_per_dagrun=8,  # requests at a time
            map_index_template="{{ task.offer_id }}",
        )
        OperationSensor(
            task_id="wait_until_live",
            operation_location=go_live.output,
            poke_interval=10,  # seconds at least; the longer nothing changes, the rarer it looks
            on_failure_callback=keep_why,
        )

    @task(trigger_rule="all_done")
    def report(offer_ids: list[str], ti=None, dag_run=None) -> dict[str, str]:
        """Say of each offer whether it is live or why it isn't, and fail if one isn't."""
        steps = ("release.go_live", "release.wait_until_live")
        started, ended = (states_of(ti, dag_run, step) for step in steps)
        outcomes = {}
        for index, offer_id in enumerate(offer_ids):
            whys = [ti.xcom_pull(task_ids=step, key="why", map_indexes=index) for step in steps]
            if ended.get(index) == "success":
                outcomes[offer_id] = "live"
            elif started.get(index) == "skipped":
                outcomes[offer_id] = "live, and was already"
            else:
                told = [why for why in whys if why]
                outcomes[offer_id] = f"not live: {told[-1] if told else 'nobody knows why; see its tasks'}"
        for offer_id, outcome in outcomes.items():
            print(f"{offer_id}: {outcome}")
        ti.xcom_push(key="outcomes", value=outcomes)  # a task that fails has no result
        not_live = [offer_id for offer_id, outcome in outcomes.items() if not outcome.startswith("live")]
        if not_live:
            raise AirflowFailException(
                f"{len(not_live)} of {len(outcomes)} offers aren't live: {', '.join(not_live)}. The log above "
                "says why. Clear their tasks to try them again; those that are live aren't touched."
            )
        return outcomes

    chosen = choose(list_offers.output)
    release.expand(offer_id=chosen) >> report(chosen)
