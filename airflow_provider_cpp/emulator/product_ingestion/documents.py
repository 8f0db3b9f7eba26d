"""Decides how submissions, resources and the errors of a publication are printed as JSON."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.product_ingestion.errors import Failure, printed
from airflow_provider_cpp.emulator.product_ingestion.ids import product_id, submission_id
from airflow_provider_cpp.emulator.product_ingestion.resources import kind_of, without_secrets
from airflow_provider_cpp.emulator.product_ingestion.schemas import VERSIONS, newest, url
from airflow_provider_cpp.emulator.settings import FAILURE_MESSAGE
from airflow_provider_cpp.emulator.steps import STEPS
from airflow_provider_cpp.emulator.times import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.operations import Operation
    from airflow_provider_cpp.emulator.product_ingestion.forms import ProductIngestionForms
    from airflow_provider_cpp.emulator.product_ingestion.rows import Row

_STEP_NAMES = {step.id: step.name for step in STEPS}
_NEWEST_CONFIGURATION = "virtual-machine-plan-technical-configuration"


def draft_row(offer: Offer, ceiling: str | None) -> dict[str, Any]:
    """Print the draft as the list of submissions has it: without state and time.

    :param offer: whose
    :param ceiling: ``$version`` of the request
    """
    return {
        "$schema": url("submission", ceiling),
        "id": submission_id(offer.product_id, "0"),
        "product": product_id(offer),
        "target": {"targetType": "draft"},
        "lifecycleState": "generallyAvailable",
    }


def row_document(offer: Offer, row: Row, ceiling: str | None) -> dict[str, Any]:
    """Print a submission: no step, no reason, no job, no author.

    :param offer: whose
    :param row: its state
    :param ceiling: ``$version`` of the request
    """
    return {
        "$schema": url("submission", ceiling),
        "id": submission_id(offer.product_id, row.number),
        "product": product_id(offer),
        "target": {"targetType": row.target},
        "lifecycleState": "generallyAvailable",
        "status": row.status,
        "result": row.result,
        "created": timestamp(row.publish.started_at),
    }


def resource_document(
    resource: Mapping[str, Any], ceiling: str | None, forms: ProductIngestionForms
) -> dict[str, Any]:
    """Print a resource in the newest version of its type that isn't above a ceiling.

    :param resource: as it is kept
    :param ceiling: ``$version`` of the request
    :param forms: what is shown below the newest version
    """
    kind = kind_of(resource["id"])
    document = {"$schema": url(kind, ceiling), **without_secrets(resource)}
    is_old = kind == _NEWEST_CONFIGURATION and newest(kind, ceiling) != VERSIONS[kind][-1]
    if is_old and forms.old_technical_configuration == "without-images":
        document["vmImageVersions"] = []
    return document


def certification_errors(operation: Operation, name: str | None, empty: str) -> list[dict[str, Any]]:
    """Print why a publication failed: the step, and what was found there.

    What the step says stands only where a test or a user gave it words of its own.

    :param operation: one that failed
    :param name: the submission's durable id
    :param empty: what stands where there are no details
    """
    step = _STEP_NAMES[operation.failed_step]
    found = [f"Issues found during {step}."]
    if operation.failure_messages != (FAILURE_MESSAGE,):
        found = [_as_text(message) for message in operation.failure_messages]
    reasons = [Failure("invalidState", message) for message in found]
    # It looks as if it would pass, by its outer code; it doesn't.
    failure = Failure("internalServerError", "Operation failed", [Failure("invalidState", step, reasons)], name)
    return [printed(failure, empty)]


def _as_text(message: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", message)).replace("\N{NO-BREAK SPACE}", " ").strip()


def extra_members(forms: ProductIngestionForms, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return members that no page has, if they are asked for.

    :param forms: whether they are
    :param document: which gets them
    """
    return {"serviceTag": f"tag-{len(document)}", "isLegacy": None} if forms.extra_members else {}
