"""What a job and the row of its submission say together of how a publication has ended.

The job says why it failed, and is forgotten some day; the row says what customers have, and may lag behind. So a
job's end counts once the row confirms it, and a row counts by itself where its job isn't known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_cpp.lro.goals import WAITS_FOR_SIGNOFF
from airflow_provider_cpp.lro.operations import Message, Operation
from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, SUCCEEDED
from airflow_provider_cpp.services.product_ingestion.handles import Handle
from airflow_provider_cpp.services.product_ingestion.submissions import (
    LIVE,
    PREVIEW,
    SubmissionRow,
    newest,
    row_with,
)


@dataclass(frozen=True, slots=True)
class NotYet:
    """The row doesn't confirm the job's end yet.

    :param why: what both say, in words.
    :param or_else: what became of it if that stays so; None if it isn't known then.
    """

    why: str
    or_else: Operation | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """Neither a job nor a row says anything of it.

    :param why: what the rows say, in words.
    """

    why: str


Outcome = Operation | NotYet | Absent

_NOT_LISTED = "isn't among the offer's submissions"

_WAITS = Operation(RUNNING, WAITS_FOR_SIGNOFF)


def outcome_of(handle: Handle, job: Operation | None, rows: Sequence[SubmissionRow]) -> Outcome:
    """Return what became of a publication.

    :param handle: the publication.
    :param job: how its job has ended; None if that isn't known.
    :param rows: the product's submissions.
    """
    target = handle.target
    if not target:
        row = row_with(rows, handle.submission)
        target = row.target if row is not None else PREVIEW
    return _of_go_live(handle, job, rows) if target == LIVE else _of_publish(handle, job, rows)


def _of_go_live(handle: Handle, job: Operation | None, rows: Sequence[SubmissionRow]) -> Outcome:
    row = row_with(rows, handle.submission, LIVE)
    if row is not None:
        return _confirmed(job, row, row.operation)
    if job is not None and job.status != SUCCEEDED:
        return job
    later = newest(row for row in _since(handle, rows) if row.is_live)
    if later is not None:
        more = f"It was live, and was replaced by {later.in_words} since."
        return Operation(SUCCEEDED, "succeeded", messages=(Message("information", more),))
    if row_with(rows, handle.submission, PREVIEW) is not None:
        return _without_row(handle, job, "is in preview, and not on its way to customers")
    return _without_row(handle, job, _NOT_LISTED)


def _of_publish(handle: Handle, job: Operation | None, rows: Sequence[SubmissionRow]) -> Outcome:
    row = row_with(rows, handle.submission) if handle.submission else newest(_since(handle, rows))
    if row is None:
        if job is not None and job.status != SUCCEEDED:
            return job
        later = newest(_since(handle, rows))
        if later is not None:
            return _replaced(handle, later)
        return _without_row(handle, job, _NOT_LISTED)
    if job is None and not handle.submission and row.state in {FAILED, CANCELED}:
        # Only by when it came: this one may have been in preview before it, and be replaced.
        return Absent(f"submission {row.id} wasn't there before it, and has come to nothing, but may be another's")
    if row.target == LIVE:
        if row.state == FAILED:
            more = "It was ready in preview; what failed is its go-live, whose task or author knows why."
            failed = Operation(FAILED, "failed", messages=(Message("error", more),))
            return _confirmed(job, row, failed, is_further=True)
        return _confirmed(job, row, row.as_published, is_further=True)
    outcome = _confirmed(job, row, _WAITS if row.state == SUCCEEDED else row.operation)
    if isinstance(outcome, NotYet) and job is not None and job.status != SUCCEEDED and row.state == RUNNING:
        # By its id nobody knows whether it is this one's: one that runs on is what somebody published since.
        return outcome if handle.submission else NotYet(outcome.why, job)
    return outcome


def _since(handle: Handle, rows: Sequence[SubmissionRow]) -> list[SubmissionRow]:
    """Return the submissions that weren't there before the request; none, where that isn't known."""
    if handle.before is None:
        return []
    return [row for row in rows if row.id not in handle.before and row.id != handle.submission]


def _confirmed(
    job: Operation | None, row: SubmissionRow, by_row: Operation, *, is_further: bool = False
) -> Operation | NotYet:
    """Return what a row says, where it fits what the job says.

    :param job: how the job has ended; None if that isn't known.
    :param row: the row.
    :param by_row: what the row says.
    :param is_further: whether that is of what came after the job.
    """
    if job is None:
        return by_row
    if row.state in {FAILED, CANCELED}:
        fits = job.status != SUCCEEDED or is_further
    else:
        fits = job.status == SUCCEEDED and (row.state == SUCCEEDED or is_further)
    if not fits:
        return NotYet(f"its job says {job.raw_status!r}, and its submission {row.id} {row.state_word!r}")
    return job if job.status != SUCCEEDED else by_row


def _without_row(handle: Handle, job: Operation | None, where: str) -> NotYet | Absent:
    what = f"submission {handle.submission}" if handle.submission else "its submission"
    if job is None:
        return Absent(f"{what} {where}")
    return NotYet(f"its job says {job.raw_status!r}, and {what} {where}")


def _replaced(handle: Handle, later: SubmissionRow) -> Operation:
    what = f"Submission {handle.submission}" if handle.submission else "What this published"
    more = (
        f"{what} was replaced by {later.in_words} before it went live: that one is in its place now "
        f"({later.state_word}), and customers don't get this one. Somebody published the offer anew: ask who, and "
        "publish once more if this one is meant."
    )
    return Operation(FAILED, "failed", messages=(Message("error", more),))
