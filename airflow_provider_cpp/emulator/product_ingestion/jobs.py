"""Decides what a job looks like at a moment: a pure function of its record, its operation and the time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.operations import Operation, work_ended
from airflow_provider_cpp.emulator.product_ingestion.schemas import url
from airflow_provider_cpp.emulator.states import CANCELED, FAILED, SUCCEEDED
from airflow_provider_cpp.emulator.times import timestamp

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.product_ingestion.forms import ProductIngestionForms

#: An internal host: a token never goes there.
_RESOURCES = "https://product-ingestion.mp.microsoft.com/configure/"
NEVER = "0001-01-01T00:00:00"
_RESULTS = {SUCCEEDED: "succeeded", FAILED: "failed", CANCELED: "cancelled"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """Record one POST to ``configure``. Times are seconds since the epoch.

    :param id: GUID
    :param created_at: when it was accepted
    :param offer_id: the offer; None where the request named none
    :param operation_id: the publish or go-live that it stands for; None for an edit, or if it was refused
    :param due_at: when it ends, unless an operation says so
    :param begins_at: until when it is ``notStarted``
    :param request: resources that are to be edited at its end; empty once they are
    :param ceiling: ``$version`` of the request
    :param resources: what it edited, as its detail shows it
    :param errors: why it failed, as it is printed
    :param canceled_at: when it was canceled; None if it wasn't
    """

    id: str
    created_at: float
    due_at: float
    begins_at: float
    offer_id: str | None = None
    operation_id: str | None = None
    request: list[dict[str, Any]] = field(default_factory=list)
    ceiling: str | None = None
    resources: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    canceled_at: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class JobView:
    """Show a job at a moment.

    :param status: ``notStarted``, ``running`` or ``completed``
    :param result: ``pending``, ``succeeded``, ``failed`` or ``cancelled``
    :param ended_at: seconds since the epoch; None while it runs
    """

    status: str
    result: str
    ended_at: float | None = None


def job_view(job: Job, operation: Operation | None, now: float) -> JobView:
    """Show a job as it is at a moment.

    :param job: its record
    :param operation: the operation that it stands for
    :param now: seconds since the epoch
    """
    if operation is not None:
        end = work_ended(operation, now)
    elif job.canceled_at is not None:
        end = (CANCELED, job.canceled_at)
    elif job.due_at <= now:
        end = (FAILED if job.errors else SUCCEEDED, job.due_at)
    else:
        end = None
    if end is not None:
        return JobView("completed", _RESULTS[end[0]], end[1])
    return JobView("notStarted" if now < job.begins_at else "running", "pending")


def job_document(
    job: Job, view: JobView, errors: list[dict[str, Any]], forms: ProductIngestionForms, ceiling: str | None
) -> dict[str, Any]:
    """Print a job ("configure-status").

    :param job: its record
    :param view: as it is now
    :param errors: why it failed; empty unless it has
    :param forms: names and members
    :param ceiling: ``$version`` of the request
    """
    ended = view.ended_at
    succeeded = view.result == "succeeded"
    return {
        "$schema": url("configure-status", ceiling),
        forms.job_id_name: job.id,
        "jobStatus": view.status,
        "jobResult": view.result,
        "jobStart": timestamp(job.created_at),
        "jobEnd": NEVER if ended is None else timestamp(ended),
        **({"resourceUri": f"{_RESOURCES}{job.id}"} if succeeded else {}),
        "errors": errors,
    }
