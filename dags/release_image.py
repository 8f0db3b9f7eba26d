"""Release a new image: add it to the plans, publish, ask a person, go live or cancel, and tell that it is live."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    AirflowSkipException,
    Asset,
    Param,
    task,
)

from airflow_provider_cpp.operators.offer import (
    AddImageVersionOperator,
    CancelOperator,
    GoLiveOperator,
    PublishOperator,
)
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor

try:
    from airflow.providers.standard.operators.hitl import HITLBranchOperator
except Exception:  # noqa: BLE001 - before Airflow 3.1 its own error says so, and a DAG has to be readable
    HITLBranchOperator = None

log = logging.getLogger(__name__)

OFFER = {"publisher_id": "contoso", "offer_id": "contoso-release"}
KEEP = 20  # versions of a plan that stay offered; None for all
LIVE = Asset(f"cpp://{OFFER['publisher_id']}/{OFFER['offer_id']}")

# An outlet of the task that builds the images: its event's extra has image_version and plans, as the params below.
BUILT = Asset("https://contosoimages.blob.core.windows.net/vhds/contoso-release")

#: What `read_request` returned of a mapped task's own plan.
OWN = "ti.xcom_pull(task_ids='read_request')[ti.map_index]"

WHAT_IS_TO_GO_LIVE = """
{% set compared = ti.xcom_pull(task_ids='compare') %}
{% set requested = ti.xcom_pull(task_ids='read_request') %}
Image **{{ requested[0].image_version }}** of {{ requested | map(attribute='plan_id') | join(', ') }} is in
preview{{ ', as version %s of the offer' % compared.version if compared.version }}:
{% for link in ti.xcom_pull(task_ids='wait_for_signoff').preview_links %}
- [{{ link.text }}]({{ link.url }})
{% endfor %}

{% if compared.is_first %}
Nothing of this offer is live so far.
{% else %}
What it changes for customers{{ ', who have version %s' % compared.live_version if compared.live_version }}:
{% for each in compared.differences %}
- `{{ each.path }}`: `{{ each.before or 'nothing' }}` becomes `{{ each.after or 'nothing' }}`
{% else %}
- nothing in the definition
{% endfor %}
{% endif %}
"""


def notify(context: dict) -> None:
    """Tell people that a step has failed: here goes a notifier of yours (Slack, e-mail, ...)."""
    log.error("%s of %s has failed: %s", context["ti"].task_id, LIVE.uri, context.get("exception"))


def signed(images: object, signature: str) -> str:
    """Return images as JSON, with the signature added to each address of a file that has none."""

    def of(value: object) -> object:
        if isinstance(value, list):
            return [of(each) for each in value]
        if not isinstance(value, dict):
            return value
        files = {
            name for name in ("os_disk", "uri") if isinstance(value.get(name), str) and "?" not in value[name]
        }
        return {
            name: f"{each}?{signature}" if signature and name in files else of(each)
            for name, each in value.items()
        }

    return json.dumps(of(images))


with DAG(
    dag_id="release_image",
    description="Release a new image of an Azure Marketplace offer, with a person's approval",
    schedule=[BUILT],  # and by hand, with the params
    start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
    catchup=False,
    max_active_runs=1,
    default_args={**OFFER, "cpp_conn_id": "{{ params.connection }}", "on_failure_callback": notify},
    user_defined_filters={"signed": signed},
    params={
        "image_version": Param(None, type=["null", "string"], description="The new version's number: 1.0.2"),
        "plans": Param(
            None,
            type=["null", "array"],
            description='What each plan gets: [{"plan_id": "...", "images": [{"image_type": "x64Gen2", "os_disk": '
            '"https://...vhd"}]}]. Airflow shows params: leave signatures to the variable images_sas_token',
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

    @task(retries=2)
    def read_request(
        params: dict | None = None, triggering_asset_events=None, triggering_dataset_events=None, var=None
    ) -> list[dict]:
        """Return which version each plan gets. What can't be fails here, before anything is sent."""
        from airflow_provider_cpp.hooks.offers import OffersHook

        triggering = triggering_asset_events or triggering_dataset_events or {}  # as Airflow 2 calls them
        events = [event for events in triggering.values() for event in events]
        newest = max(events, key=lambda event: event.timestamp, default=None)
        given, whose = ((params or {}), "The params") if newest is None else (newest.extra, "The asset's event")
        number, plans = (given.get(name) for name in ("image_version", "plans"))
        if not number or not isinstance(plans, list) or not plans:
            raise AirflowFailException(
                f"{whose} have to name an image_version, such as 1.0.2, and plans: a list with plan_id and images "
                "of each plan that gets it. Nothing was sent."
            )
        if any(not isinstance(each, dict) or set(each) != {"plan_id", "images"} for each in plans):
            raise AirflowFailException(
                f"{whose} have to name plan_id and images of each of plans, and nothing else. Nothing was sent."
            )
        if len({str(each["plan_id"]) for each in plans}) < len(plans):
            raise AirflowFailException(f"{whose} name a plan twice. Nothing was sent.")
        hook = OffersHook((params or {})["connection"])
        for each in plans:  # the last one's mistake comes to light before the first one is changed
            images = signed(each["images"], var["value"].get("images_sas_token", ""))
            hook.add_image_version(
                **OFFER, plan_id=each["plan_id"], image_version=number, images=images, keep=KEEP, dry_run=True
            )
        return [{**each, "image_version": number} for each in plans]

    @task.sensor(mode="reschedule", poke_interval=60, timeout=timedelta(days=14).total_seconds())
    def wait_for_others(params: dict | None = None) -> bool:
        """Go on once nothing is on its way: what an earlier run has begun, and left, comes to its end first."""
        from airflow_provider_cpp.exceptions import CppNotFound
        from airflow_provider_cpp.hooks.offers import OffersHook

        hook = OffersHook((params or {})["connection"])
        try:
            listed = hook.list_submissions(**OFFER)
        except CppNotFound:  # it is there, as `read_request` found, and was never published
            return True
        return not any(each.is_running for each in listed) or hook.get_offer_status(**OFFER).waits_for_signoff

    requested = read_request()
    add_images = AddImageVersionOperator.partial(
        task_id="add_images",
        image_version=f"{{{{ {OWN}.image_version }}}}",
        # Airflow shows params, events and XComs: the signature comes from a variable.
        images=f"{{{{ {OWN}.images | signed(var.value.get('images_sas_token', '')) }}}}",
        keep=KEEP,
        retries=2,
        max_active_tis_per_dagrun=1,  # a draft is one document
        map_index_template=f"{{{{ {OWN}.plan_id }}}}",
    ).expand(plan_id=requested.map(lambda each: each["plan_id"]))

    @task.branch(retries=2)
    def what_is_left(params: dict | None = None) -> str:
        """Return the next step: nothing is published where customers have the draft already, by an earlier run."""
        from airflow_provider_cpp.exceptions import CppNotFound
        from airflow_provider_cpp.hooks.offers import OffersHook

        hook = OffersHook((params or {})["connection"])
        try:
            live = hook.get_offer(**OFFER, slot="production")
        except CppNotFound:  # its first release
            return "publish"
        return "publish" if hook.changes(hook.get_offer(**OFFER), live) else "found_live"

    # One that has the draft is taken up, also where an earlier run began it. One that an earlier run left waiting
    # with an older draft is canceled. It waits for its own publish: what the offer's status says right after it
    # may be of the one before.
    publish = PublishOperator(
        task_id="publish",
        if_running="restart",
        wait_for_completion=True,
        until="signoff",
        poll_interval=10,
        retries=2,
    )
    wait_for_signoff = OfferStatusSensor(task_id="wait_for_signoff", poke_interval=10)

    @task(retries=2)
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

    @task
    def found_live() -> None:
        """Go on to tell it, if nobody has."""

    # Its upstream tasks are the two ways to here: after a rejection both are skipped, and so is this.
    @task(inlets=[LIVE], outlets=[LIVE], retries=2, trigger_rule="none_failed_min_one_success")
    def announce(params: dict | None = None, ti=None, inlet_events=None, outlet_events=None) -> None:
        """Send the asset's event, with what the DAGs that follow want to know; once for a version of an image."""
        from airflow_provider_cpp.hooks.offers import OffersHook

        requested = ti.xcom_pull(task_ids="read_request")
        of = {"image_version": requested[0]["image_version"], "plan_ids": [each["plan_id"] for each in requested]}
        location = ti.xcom_pull(task_ids="go_live")
        told = [event.extra for event in inlet_events[LIVE]] if location is None else []
        if any(all(extra.get(name) == value for name, value in of.items()) for extra in told):
            raise AirflowSkipException(f"Version {of['image_version']} is live, and was announced already.")
        hook = OffersHook((params or {})["connection"])
        operation = ti.xcom_pull(task_ids="wait_until_live") or hook.get_offer_status(**OFFER).to_dict()
        outlet_events[LIVE].extra = {
            **OFFER,
            **of,
            "version": hook.get_offer(**OFFER, slot="production").version,
            "operation_location": location,
            "live_links": operation["live_links"],
        }

    left, confirmed, live_already = what_is_left(), confirm(publish.output), found_live()
    requested >> wait_for_others() >> add_images >> left >> [publish, live_already]
    publish >> wait_for_signoff >> compare() >> approve >> [confirmed, cancel]
    confirmed >> go_live
    [wait_until_live, live_already] >> announce()
