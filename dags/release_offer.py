"""Release an offer: change it, publish it, ask a person, go live or cancel, and tell that it is live."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, AirflowSkipException, Asset, Param, task

from airflow_provider_cpp.operators.offer import (
    CancelOperator,
    GoLiveOperator,
    PublishOperator,
    PutOfferOperator,
)
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor

try:
    from airflow.providers.standard.operators.hitl import HITLBranchOperator
except Exception:  # noqa: BLE001 - before Airflow 3.1 its own error says so, and a DAG has to be readable
    HITLBranchOperator = None

log = logging.getLogger(__name__)

OFFER = {"publisher_id": "contoso", "offer_id": "contoso-release"}
LIVE = Asset(f"cpp://{OFFER['publisher_id']}/{OFFER['offer_id']}")

WHAT_IS_TO_GO_LIVE = """
{% set compared = ti.xcom_pull(task_ids='compare') %}
**{{ 'Version %s' % compared.version if compared.version else 'A new version' }}** is in preview:
{% for link in ti.xcom_pull(task_ids='wait_for_signoff').preview_links %}
- [{{ link.text }}]({{ link.url }})
{% endfor %}

{% if compared.is_first %}
Nothing of this offer is live so far.
{% else %}
What it changes for customers{{ ', who have version %s' % compared.live_version if compared.live_version }}:
{% for each in compared.differences %}
- `{{ each.path }}`: `{{ each.before }}` becomes `{{ each.after }}`
{% else %}
- nothing in the definition
{% endfor %}
{% endif %}
"""


def notify(context: dict) -> None:
    """Tell people that a step has failed: here goes a notifier of yours (Slack, e-mail, ...)."""
    log.error("%s of %s has failed: %s", context["ti"].task_id, LIVE.uri, context.get("exception"))


with DAG(
    dag_id="release_offer",
    description="Release an Azure Marketplace offer, with a person's approval",
    schedule=None,
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
    max_active_runs=1,
    default_args={**OFFER, "cpp_conn_id": "{{ params.connection }}", "on_failure_callback": notify},
    params={
        "definition": Param(
            "offers/contoso-release.json",
            type="string",
            description="A JSON file beside the DAG, or the JSON itself",
        ),
        "connection": Param(
            "cpp_default", type="string", description="The connection, whose type says by which API it goes"
        ),
        "approved": Param(
            False,
            type="boolean",
            description="Before Airflow 3.1 only, which can't ask anybody: whether the preview was approved",
        ),
    },
    tags=["azure", "marketplace"],
) as dag:
    put = PutOfferOperator(
        task_id="put",
        definition="{{ params.definition }}",
        if_match="*",  # offers that were migrated have no ETag; leave it out for one that has
    )
    # A run that ended at its approval has left its publish running: it is canceled if it has an older draft.
    # It waits for its own publish: what the offer's status says right after it may be of the one before.
    publish = PublishOperator(
        task_id="publish",
        if_running="restart",
        wait_for_completion=True,
        until="signoff",
        poll_interval=10,
        retries=2,
    )
    wait_for_signoff = OfferStatusSensor(task_id="wait_for_signoff", poke_interval=10)

    @task
    def compare(params: dict | None = None) -> dict:
        """Return what is in preview, and what differs from what customers have: what is to be approved."""
        from airflow_provider_cpp.exceptions import CppNotFound
        from airflow_provider_cpp.hooks.offers import OffersHook

        hook = OffersHook((params or {})["connection"])
        preview = hook.get_offer(**OFFER, slot="preview")
        try:
            live = hook.get_offer(**OFFER, slot="production")
        except CppNotFound:  # its first release
            return {"version": preview.version, "is_first": True, "live_version": None, "differences": []}
        found = hook.changes(preview, live)
        changed = [{**each.to_dict(), "path": each.path.removeprefix("definition/")} for each in found]
        return {
            "version": preview.version,
            "is_first": False,
            "live_version": live.version,
            "differences": changed,
        }

    @task(retries=2)
    def confirm(location: str, params: dict | None = None) -> None:
        """Fail unless what was approved is what would go live: the publish of this run still waits for it.

        A preview changes by another publish only. On Cloud Partner Portal none can begin while this one waits; on
        the Product Ingestion API one replaces it. What comes after this task isn't seen: to run `go_live` again
        later, clear both.
        """
        from airflow.providers.common.compat.sdk import AirflowFailException

        from airflow_provider_cpp.hooks.offers import OffersHook

        operation = OffersHook((params or {})["connection"]).get_operation(location)
        if not operation.waits_for_signoff:
            raise AirflowFailException(
                f"The publish that was approved doesn't wait for going live any more ({operation.raw_status}): "
                "somebody has published anew, canceled it, or gone live. Nothing goes live by this run; start "
                "another one."
            )

    if HITLBranchOperator is not None:
        approve = HITLBranchOperator(
            task_id="approve",
            subject=f"Take {OFFER['offer_id']} live?",
            body=WHAT_IS_TO_GO_LIVE,
            options=["Approve", "Reject"],
            options_mapping={"Approve": "confirm", "Reject": "cancel"},
            response_timeout=timedelta(days=3),  # then it fails: nothing goes live, nothing is canceled
        )
    else:

        @task.branch(task_id="approve")
        def approve_by_parameter(params: dict | None = None) -> str:
            """Go on if the run was started with `approved`; otherwise leave the offer in preview."""
            if (params or {})["approved"]:
                return "confirm"
            raise AirflowSkipException(
                "The offer is in preview and stays there: before Airflow 3.1 nobody can be asked. Look at it, and "
                "trigger a run with the parameter approved."
            )

        approve = approve_by_parameter()

    go_live = GoLiveOperator(task_id="go_live", retries=2)  # a retry first looks what the last try did
    wait_until_live = OperationSensor(
        task_id="wait_until_live", operation_location=go_live.output, poke_interval=10
    )
    cancel = CancelOperator(task_id="cancel", operation_location=publish.output)

    @task(outlets=[LIVE])
    def announce(compared: dict, location: str, operation: dict, outlet_events=None) -> None:
        """Send the asset's event, with what the DAGs that follow want to know."""
        outlet_events[LIVE].extra = {
            **OFFER,
            "version": compared["version"],
            "operation_location": location,
            "live_links": operation["live_links"],
        }

    compared = compare()
    confirmed = confirm(publish.output)
    put >> publish >> wait_for_signoff >> compared >> approve >> [confirmed, cancel]
    confirmed >> go_live
    announce(compared, go_live.output, wait_until_live.output)
