"""Decides how offers and operations are printed as JSON; what state they are in is decided elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.cloud_partner_portal.reasons import REASON_FORMS
from airflow_provider_cpp.emulator.cloud_partner_portal.words import display_word, operation_word
from airflow_provider_cpp.emulator.operations import GO_LIVE, Operation, StepView, View
from airflow_provider_cpp.emulator.refusals import REASON
from airflow_provider_cpp.emulator.states import CANCELED, FAILED, TERMINAL
from airflow_provider_cpp.emulator.steps import STEPS
from airflow_provider_cpp.emulator.times import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_cpp.emulator.cloud_partner_portal.forms import CloudPartnerPortalForms
    from airflow_provider_cpp.emulator.offers import Offer

_STEPS = {step.id: step for step in STEPS}


def ticks(at: float) -> int:
    """Return .NET's count of 100 ns since the year 1: a submission's ``version``, e.g. 636576975611768314.

    :param at: seconds since the epoch
    """
    return (int(at) + 62_135_596_800) * 10_000_000 + int(at % 1 * 10_000_000)


def offer_document(
    offer: Offer, status: str, definition: Any, version: int, *, whole: bool = True, migrated: bool
) -> dict[str, Any]:
    """Print an offer ("Retrieve a specific offer" page).

    It has none of the further properties that a PUT may name, such as ``offerTypeVersions``: no sample and no
    recorded answer has one.

    :param offer: its record
    :param status: its status word
    :param definition: of the version that is asked for
    :param version: that version
    :param whole: False for the list, which shows of a definition its ``displayText`` only
    :param migrated: it was migrated to Partner Center (az-partner-center-cli's test data)
    """
    shown = definition if whole else {"displayText": definition.get("displayText", "")}
    return {
        **(_migration(offer) if migrated else {}),
        "offerTypeId": offer.offer_type_id,
        "publisherId": offer.publisher_id,
        "status": status,
        "id": offer.offer_id,
        "version": version,
        "definition": shown,
        "changedTime": timestamp(offer.changed_at),
    }


def _migration(offer: Offer) -> dict[str, Any]:
    return {
        "lockStatus": "none",
        "pcMigrationStatus": "migrated",
        "pcRedirectUri": (
            f"https://partner.microsoft.com/en-us/dashboard/commercial-marketplace/offers/{offer.product_id}/overview"
        ),
        "isvUpgradeRequest": False,
        "offerTypeChanges": [],
        "pricingNotRecalculatedRegions": [],
        "offerTypeVersionsOverride": {},
    }


def submission_type(operation: Operation, vocabulary: str) -> str:
    """Print what an operation is: ``publish`` in the list's sample, ``Publish/GoLive`` in the table.

    :param operation: its record
    :param vocabulary: of the forms
    """
    word = "goLive" if operation.kind == GO_LIVE else "publish"
    return display_word(word, vocabulary)


def submission_document(
    offer: Offer, operation: Operation, view: View, forms: CloudPartnerPortalForms
) -> dict[str, Any]:
    """Print an entry of the list of submissions ("List operations" page).

    :param offer: whose operation
    :param operation: its record
    :param view: as it is now
    :param forms: vocabulary and forms
    """
    return {
        "id": operation.id,
        "offerId": operation.offer_id,
        "offerVersion": forms.shown_version(operation.offer_version),
        "offerTypeId": offer.offer_type_id,
        "publisherId": operation.publisher_id,
        "submissionType": submission_type(operation, forms.vocabulary),
        "submissionState": operation_word(view.state, forms.vocabulary),
        "publishingVersion": operation.publishing_version,
        "slot": "production" if operation.kind == GO_LIVE else "staging",
        "version": ticks(operation.started_at),
        "definition": {"metadata": {"emails": operation.emails}},
        **_changed_time(offer, view, forms.changed_time),
    }


def _changed_time(offer: Offer, view: View, form: str) -> dict[str, Any]:
    match form:
        case "missing":
            return {}
        case "equal":
            return {"changedTime": timestamp(offer.changed_at)}
        case "epoch":
            return {"changedTime": int(view.changed_at)}
        case "plain":
            return {"changedTime": timestamp(view.changed_at).rstrip("Z")}
    return {"changedTime": timestamp(view.changed_at)}


def operation_document(operation: Operation, view: View, forms: CloudPartnerPortalForms) -> dict[str, Any]:
    """Print an operation ("Get operation" part of the "List operations" page).

    :param operation: its record
    :param view: as it is now
    :param forms: vocabulary and forms
    """
    failed = [message for step in view.steps for message in step.messages]
    done = {step.id for step in view.steps if step.status == "complete"}
    word = operation_word(view.state, forms.vocabulary)
    document: dict[str, Any] = {}
    if forms.operation_properties != "sample":
        document |= {
            "id": operation.id,
            "submissionType": display_word(submission_type(operation, forms.vocabulary), "pascal"),
            "createdDateTime": timestamp(operation.started_at),
            "lastActionDateTime": timestamp(view.changed_at),
            "status": word,
            "error": {"code": "PublishingFailed", "message": failed[0][1] if failed else ""}
            if view.state == FAILED
            else None,
        }
    if forms.operation_properties != "table":
        document |= {
            "status": word,
            "messages": [_message(level, html, view.changed_at, forms) for level, html in failed],
            "publishingVersion": operation.publishing_version,
            "offerVersion": forms.shown_version(operation.offer_version),
            "cancellationRequestState": _cancellation(operation, view),
            "steps": [step_document(step, forms) for step in view.steps],
            **_links(
                operation.publisher_id,
                operation.offer_id,
                in_preview="displaypackage" in done,
                is_live="live" in done,
            ),
        }
    return _with_reason(document, view.state, forms)


def _cancellation(operation: Operation, view: View) -> str:
    """Print whether it can be canceled; only ``canCancel`` is documented, the others are inferred."""
    if view.state in TERMINAL:
        return "canceled" if view.state == CANCELED else "cannotCancel"
    return "canCancel" if operation.cancel_requested_at is None else "cancelRequested"


def _with_reason(document: dict[str, Any], state: str, forms: CloudPartnerPortalForms) -> dict[str, Any]:
    """Move the reason of a failure to where the forms have it."""
    if state != FAILED or forms.reason_form == "step-messages":
        return document
    fields, of_step = REASON_FORMS[forms.reason_form](REASON)
    steps = [
        {**step, "messages": [], **of_step} if step["status"].lower() in ("rejected", "blocked") else step
        for step in document.get("steps", [])
    ]
    return {**document, "error": None, "messages": [], "steps": steps, **fields}


def status_document(
    offer: Offer,
    status: str,
    view: View | None,
    forms: CloudPartnerPortalForms,
    *,
    in_preview: bool,
    is_live: bool,
) -> dict[str, Any]:
    """Print an offer's status ("Retrieve offer status" page).

    :param offer: its record
    :param status: the offer's status in camelCase
    :param view: its latest operation as it is now, if it had one
    :param forms: vocabulary and forms
    :param in_preview: a version of it is in preview
    :param is_live: customers can buy a version of it
    """
    steps: Sequence[StepView] = (
        view.steps if view else [StepView(step.id, "notStarted", 0, (), 0.0) for step in STEPS]
    )
    messages = [(message, step.changed_at) for step in steps for message in step.messages]
    return {
        "status": display_word(status, forms.vocabulary),
        "messages": [_message(level, html, at, forms) for (level, html), at in messages],
        "steps": [step_document(step, forms) for step in steps],
        **_links(offer.publisher_id, offer.offer_id, in_preview=in_preview, is_live=is_live),
    }


def step_document(step: StepView, forms: CloudPartnerPortalForms) -> dict[str, Any]:
    """Print a step; ``progressPercentage`` is the samples' word, the table's is ``processPercentage``.

    :param step: as it is now
    :param forms: vocabulary and forms
    """
    documented = _STEPS[step.id]
    return {
        "estimatedTimeFrame": documented.estimate,
        "id": step.id,
        "stepName": documented.name if forms.step_names == "documented" else step.id,
        "description": documented.description,
        "status": display_word(step.status, forms.vocabulary),
        "messages": [_message(level, html, step.changed_at, forms) for level, html in step.messages],
        "progressPercentage": step.progress,
    }


def _links(publisher_id: str, offer_id: str, *, in_preview: bool, is_live: bool) -> dict[str, Any]:
    """Print where customers see the offer: the pages say "not implemented", ``pub`` sees the links filled."""
    base = f"https://azuremarketplace.example/marketplace/apps/{publisher_id}.{offer_id}"
    return {
        "previewLinks": [{"DisplayText": "Preview", "URI": f"{base}-preview"}] if in_preview else [],
        "liveLinks": [{"DisplayText": "Live", "URI": base}] if is_live else [],
    }


def _message(level: str, html: str, at: float, forms: CloudPartnerPortalForms) -> Any:
    if forms.message_form == "strings":
        return html
    return {"messageHtml": html, "level": level, "timestamp": timestamp(at)}
