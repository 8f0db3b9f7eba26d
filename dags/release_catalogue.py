"""Take many offers live: show what would happen, ask a person, take each live for itself, and report on all."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, Param, task, task_group

from airflow_provider_cpp.operators.offer import GoLiveOperator, ListOffersOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

try:
    from airflow.providers.standard.operators.hitl import ApprovalOperator
except Exception:  # noqa: BLE001 - before Airflow 3.1 its own error says so, and a DAG has to be readable
    ApprovalOperator = None

log = logging.getLogger(__name__)  # in the task's log these lines keep their order; what is printed doesn't

EVERYTHING = "all"

WHAT_WOULD_HAPPEN = """
{% for each in ti.xcom_pull(task_ids='look') %}
- **{{ each.offer_id }}**: {{ each.what }}
{% endfor %}
"""

#: The offer's own name for each mapped task: a run of thirty shows no mere numbers.
OFFER_ID = "{{ ti.xcom_pull(task_ids='choose')[ti.map_index] }}"


def keep_why(context: dict) -> None:
    """Keep why an offer isn't live, for the report: a failed task has no result."""
    context["ti"].xcom_push(key="why", value=str(context.get("exception") or "see the task's log")[:2000])


def states_of(ti, dag_run, task_id: str) -> dict[int, str]:
    """Return the states of a mapped task by index."""
    if hasattr(ti, "get_task_states"):
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id], task_ids=[task_id]).get(ti.run_id, {})
        by_index = ((name.rpartition("_")[2], state) for name, state in states.items())
        return {int(index): str(state) for index, state in by_index if index.isdigit()}
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
            description="The offers to take live, one in each line. The single word all takes every offer of "
            "the publisher live",
        ),
        "approved": Param(
            False,
            type="boolean",
            description="Before Airflow 3.1 only, which can't ask anybody: whether all of it was approved",
        ),
    },
    tags=["azure", "marketplace"],
):
    list_offers = ListOffersOperator(task_id="list_offers", publisher_id="{{ params.publisher_id }}")

    @task
    def choose(listed: list[dict], params: dict | None = None) -> list[str]:
        """Return the offers to take live, each once: those that were named, and all only if that was said."""
        publisher_id, wanted = (params or {})["publisher_id"], (params or {})["offer_ids"] or []
        if not wanted:
            raise AirflowFailException(
                f"No offer was chosen, and none is taken live. Name those to take live in offer_ids; {EVERYTHING} "
                f"alone takes every offer of {publisher_id} live."
            )
        there = {offer["offer_id"].casefold(): offer["offer_id"] for offer in listed}
        if [word.casefold() for word in wanted] == [EVERYTHING]:
            return list(there.values())
        if unknown := [offer_id for offer_id in wanted if offer_id.casefold() not in there]:
            raise AirflowFailException(
                f"{publisher_id} has no offer {', '.join(unknown)}, and none is taken live. "
                f"It has {', '.join(there.values()) or 'none'}."
            )
        return list({offer_id.casefold(): there[offer_id.casefold()] for offer_id in wanted}.values())

    @task(retries=2, retry_delay=timedelta(seconds=30))
    def look(offer_ids: list[str], params: dict | None = None) -> list[dict]:
        """Say what would become of each offer. Nothing is sent that changes anything."""
        from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict
        from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
        from airflow_provider_cpp.values import Precheck

        hook = CloudPartnerPortalHook()
        only_look = Precheck(skip_if_live=True, dry_run=True)
        found = []
        for offer_id in offer_ids:
            try:
                told = hook.start_go_live(offer_id, (params or {})["publisher_id"], check=only_look)
                due, what = not told.is_live, told.message
            except (
                CppBadRequest,
                CppConflict,
            ) as refused:  # it isn't due; anything else is for a retry, or for you
                due, what = False, str(refused)
            log.info("%s: %s", offer_id, what)
            found.append({"offer_id": offer_id, "due": due, "what": what})
        return found

    if ApprovalOperator is not None:
        approve = ApprovalOperator(
            task_id="approve",
            subject="Take {{ ti.xcom_pull(task_ids='look') | selectattr('due') | list | length }} offers of "
            "{{ params.publisher_id }} live?",
            body=WHAT_WOULD_HAPPEN,
            ignore_downstream_trigger_rules=True,  # rejected, there is nothing to report either
            response_timeout=timedelta(days=3),  # then it fails: nothing goes live
        )
    else:

        @task.short_circuit(task_id="approve")
        def approve_by_parameter(params: dict | None = None) -> bool:
            """Go on if the run was started with `approved`; otherwise leave all offers as they are."""
            if not (params or {})["approved"]:
                log.warning(
                    "No offer is taken live: before Airflow 3.1 nobody can be asked. See in the log of look what "
                    "would happen, and trigger a run with the parameter approved."
                )
            return (params or {})["approved"]

        approve = approve_by_parameter()

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
            map_index_template=OFFER_ID,
        )
        OperationSensor(
            task_id="wait_until_live",
            operation_location=go_live.output,
            poke_interval=10,  # seconds at least; the longer nothing changes, the rarer it looks
            on_failure_callback=keep_why,
            map_index_template=OFFER_ID,
        )

    @task(trigger_rule="all_done")
    def report(ti=None, dag_run=None) -> dict[str, str]:
        """Say of each offer whether it is live or why it isn't, and fail if one isn't."""
        steps = ("release.go_live", "release.wait_until_live")
        started, ended = (states_of(ti, dag_run, step) for step in steps)
        if not set(started.values()) - {"upstream_failed", "None"}:
            raise AirflowFailException("No offer was taken live. The log of the task before that failed says why.")
        offer_ids = ti.xcom_pull(task_ids="choose")
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
            log.info("%s: %s", offer_id, outcome)
        ti.xcom_push(key="outcomes", value=outcomes)  # a task that fails has no result
        not_live = [offer_id for offer_id, outcome in outcomes.items() if not outcome.startswith("live")]
        if not_live:
            raise AirflowFailException(
                f"{len(not_live)} of {len(outcomes)} offers aren't live: {', '.join(not_live)}. The log above "
                "says why. Clear their tasks to try them again; those that are live aren't touched."
            )
        return outcomes

    chosen = choose(list_offers.output)
    look(chosen) >> approve >> release.expand(offer_id=chosen) >> report()
