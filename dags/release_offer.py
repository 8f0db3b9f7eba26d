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
**Version {{ compared.version }}** is in preview:
{% for link in ti.xcom_pull(task_ids='wait_for_signoff').preview_links %}
- [{{ link.text }}]({{ link.url }})
{% endfor %}

{% if compared.live_version is none %}
Nothing of this offer is live so far.
{% else %}
What it changes for customers, who have version {{ compared.live_version }}:
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
    default_args={**OFFER, "on_failure_callback": notify},
    params={
        "definition": Param(
            "offers/contoso-release.json",
            type="string",
            description="A JSON file beside the DAG, or the JSON itself",
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
    publish = PublishOperator(task_id="publish")
    wait_for_signoff = OfferStatusSensor(task_id="wait_for_signoff", poke_interval=10)

    @task
    def compare() -> dict:
        """Return what is in preview, and what differs from what customers have: what is to be approved."""
        from airflow_provider_cpp.api.differences import differences
        from airflow_provider_cpp.exceptions import CppNotFound
        from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

        hook = CloudPartnerPortalHook()
        preview = hook.get_offer(**OFFER, slot="preview")
        try:
            live = hook.get_offer(**OFFER, slot="production")
        except CppNotFound:  # its first release
            return {"version": preview.version, "live_version": None, "differences": []}
        changed = [each.to_dict() for each in differences(preview.definition, live.definition)]
        # A definition counts by what it names; what it doesn't name any more is found the other way round.
        gone = [each for each in differences(live.definition, preview.definition) if each.before is None]
        changed += [{"path": each.path, "before": each.after, "after": None} for each in gone]
        return {"version": preview.version, "live_version": live.version, "differences": changed}

    if HITLBranchOperator is not None:
        approve = HITLBranchOperator(
            task_id="approve",
            subject=f"Take {OFFER['offer_id']} live?",
            body=WHAT_IS_TO_GO_LIVE,
            options=["Approve", "Reject"],
            options_mapping={"Approve": "go_live", "Reject": "cancel"},
            response_timeout=timedelta(days=3),  # then it fails: nothing goes live, nothing is canceled
        )
    else:

        @task.branch(task_id="approve")
        def approve_by_parameter(params: dict | None = None) -> str:
            """Go on if the run was started with `approved`; otherwise leave the offer in preview."""
            if (params or {})["approved"]:
                return "go_live"
            raise AirflowSkipException(
                "The offer is in preview and stays there: before Airflow 3.1 nobody can be asked. Look at it, and "
                "trigger a run with the parameter approved."
            )

        approve = approve_by_parameter()

    go_live = GoLiveOperator(task_id="go_live", retries=2)  # a retry first looks what the last try did
    wait_until_live = OperationSensor(
        task_id="wait_until_live", operation_location=go_live.output, poke_interval=10
    )
    cancel = CancelOperator(task_id="cancel")

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
    put >> publish >> wait_for_signoff >> compared >> approve >> [go_live, cancel]
    announce(compared, go_live.output, wait_until_live.output)
