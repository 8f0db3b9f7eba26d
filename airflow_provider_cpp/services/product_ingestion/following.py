"""How a publication is looked at: its job while that runs, and then the row of its submission."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import ClassVar, cast

from airflow_provider_cpp.exceptions import CppConflict, CppNotFound, OperationStatusUnknown
from airflow_provider_cpp.lro.looks import (
    Contradictory,
    CustomerView,
    Look,
    Missing,
    NeverBegan,
    NotListed,
    Seen,
    Unread,
    looked,
    unlisted_look,
)
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.words import FAILED, RUNNING, SUCCEEDED
from airflow_provider_cpp.offers.pages import PORTAL, SUPPORT
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.services.product_ingestion.advice import needs_no_cancel
from airflow_provider_cpp.services.product_ingestion.customers import seen_by_customers
from airflow_provider_cpp.services.product_ingestion.handles import Handle
from airflow_provider_cpp.services.product_ingestion.jobs import Job, read_job, read_job_operation
from airflow_provider_cpp.services.product_ingestion.outcomes import Absent, NotYet, outcome_of
from airflow_provider_cpp.services.product_ingestion.resources import submission_in
from airflow_provider_cpp.services.product_ingestion.submissions import LIVE, row_with, rows_of
from airflow_provider_cpp.wire.answers import Answer, Reading, heard, parsed_body, retry_after, unreadable
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.plain_text import capitalized
from airflow_provider_cpp.wire.procedures import Procedure, Say, sent
from airflow_provider_cpp.wire.retries import is_failed_read

#: Seconds after a job's end in which its submission's row may lag behind. Nobody says how long it may take.
LAG = 600.0

#: Looks in a row in which a job isn't known, after which only the row is asked for.
MISSED_IN_A_ROW = 3

#: Seconds between two looks at a job at least (page on the status of private offers' jobs: once a minute at most).
USUAL_INTERVAL = 60.0

#: What the list of submissions is called in messages.
SUBMISSIONS = "the offer's submissions"


@dataclass(frozen=True, slots=True)
class SeenTogether(Seen):
    """What was seen of a publication after its job's end.

    :param handle: the publication, with what was learned of it since.
    :param job: how the job has ended; None if that isn't known.
    :param missed: looks in a row in which the job wasn't known.
    :param since: since when the row doesn't fit what the job says, in seconds since 1970 (UTC); None if it does.
    :param why: what was said of that.
    """

    handle: Handle | None = None
    job: Operation | None = None
    missed: int = 0
    since: float | None = None
    why: str = ""


_NOTHING = SeenTogether(Operation(RUNNING, ""))


@dataclass(frozen=True, slots=True)
class Publication:
    """A publication to preview, or to customers.

    :param handle: what is known of it without asking.
    """

    handle: Handle
    _reading: Call | None = field(default=None, init=False, repr=False, compare=False)

    portal: ClassVar[str] = PORTAL
    support: ClassVar[str] = SUPPORT
    list_in_words: ClassVar[str] = SUBMISSIONS
    usual_interval: ClassVar[float] = USUAL_INTERVAL
    ends_at_signoff: ClassVar[bool] = True

    @property
    def url(self) -> str:
        """Return the absolute location."""
        return self.handle.url

    @property
    def offer(self) -> str:
        """Return the offer in words."""
        return self.handle.offer

    @property
    def ids(self) -> str:
        """Return what a message ends with, so that support finds the operation."""
        return self.handle.ids

    @property
    def operation_id(self) -> str:
        """Return the operation's own identifier."""
        return self.handle.operation_id

    def __str__(self) -> str:
        """Return the operation in words."""
        return self.handle.in_words

    # Looking

    def look(self, before: Seen | None = None, *, patient: bool = False) -> Procedure[Look]:
        """Look at it once; see `lro.seam.Watched`."""
        known = before if isinstance(before, SeenTogether) else _NOTHING
        if self.handle.job and known.job is None and known.missed < MISSED_IN_A_ROW:
            call = self._to_read()
            reading, _ = yield from sent(call, patient=patient)
            look = looked(call, reading, read_job_operation, before)
            if isinstance(look, Missing) and self.handle.product:
                return (yield from self._by_row(replace(known, missed=known.missed + 1), look, patient))
            if not isinstance(look, Seen) or not look.operation.is_terminal:
                return look
            known = replace(known, job=look.operation, missed=0)
            if (conflict := _conflict(self, reading)) is not None:
                return (yield from self._after_conflict(known, conflict, patient))
        return (yield from self._by_row(known, None, patient))

    def _to_read(self) -> Call:
        """Return the call that reads its job, made once: it is the same for every look."""
        if self._reading is None:
            object.__setattr__(self, "_reading", calls.get_job(self.offer, self.handle.job))
        return cast("Call", self._reading)

    def _by_row(self, known: SeenTogether, missing: Missing | None, patient: bool) -> Procedure[Look]:
        """Look at the row of the submission.

        :param known: what was seen before.
        :param missing: that the job isn't known, if it isn't.
        :param patient: as in `Send`.
        """
        handle, job = known.handle or self.handle, known.job
        if job is not None and job.status == SUCCEEDED and not handle.submission:
            learned = yield from self._learned(handle, patient)
            if not isinstance(learned, Handle):
                return learned
            handle = learned
        if not handle.product:  # a job that publishes nothing, or came to nothing
            assert job is not None  # noqa: S101 - without a job a location names its product
            return replace(known, operation=job, handle=handle)
        rows = yield from rows_of(self.offer, handle.product, handle.origin, patient=patient)
        if isinstance(rows, Unlisted):
            return unlisted_look(rows)
        wait = retry_after(rows.answer)
        match outcome_of(handle, job, rows.entries):
            case Operation() as operation:
                if operation.status == SUCCEEDED and operation.messages:
                    # Nobody saw it live: what is live is another one.
                    yield Say(f"{self}: {' '.join(each.text for each in operation.messages)}", logging.WARNING)
                same = known.operation if operation == known.operation else operation
                return replace(known, operation=same, handle=handle, retry_after=wait, since=None, why="")
            case NotYet() as not_yet:
                lagging = replace(known, handle=handle, retry_after=wait)
                return (yield from self._lagging(lagging, not_yet, rows.now))
            case Absent(why):
                return missing or self._absent(why)

    def _lagging(self, known: SeenTogether, not_yet: NotYet, now: float) -> Procedure[Look]:
        since, why = now if known.since is None else known.since, not_yet.why
        if now - since >= LAG and not_yet.or_else is not None:
            return replace(known, operation=not_yet.or_else, since=None, why="")
        if now - since >= LAG:
            error = OperationStatusUnknown(f"The status of {self.offer} can't be learned: {why}. {self.ids}")
            return Contradictory(f"{why}, and that has been so for {(now - since) / 60:.0f} minutes", error)
        if why != known.why:
            yield Say(f"{self}: {why}. The one may lag behind the other: looking again.")
        return replace(known, operation=Operation(RUNNING, "pending"), since=since, why=why)

    def _absent(self, why: str) -> Missing:
        error = CppNotFound(
            f"The service doesn't know {self} any more: {why}. {self.ids}", operation_id=self.operation_id
        )
        return Missing(why, "not listed", error)

    def _learned(self, handle: Handle, patient: bool) -> Procedure[Handle | Look]:
        """Return the publication with the submission that its job made, as far as the job says."""
        call = calls.get_job_resources(self.offer, handle.job)
        reading, _ = yield from sent(call, patient=patient)
        if reading.code != 200 or not isinstance(reading, Answer):
            if handle.product and not is_failed_read(reading):
                return handle  # by what wasn't listed before
            return looked(call, reading, read_job_operation)
        made = submission_in(parsed_body(reading))
        if isinstance(made, str) and not handle.product:
            why = f"HTTP 200, but {made}"
            error = unreadable(call, reading, made)
            return Unread(why, "200 unreadable", error, retry_after=retry_after(reading))
        if not isinstance(made, tuple):
            return handle
        product, submission, target = made
        return replace(handle, product=product, submission=submission, target=handle.target or target)

    def _after_conflict(self, known: SeenTogether, conflict: CppConflict, patient: bool) -> Procedure[Look]:
        """Look whether what was to go live does so all the same: then another request of the same was taken."""
        handle = self.handle
        if handle.target == LIVE and handle.submission:
            rows = yield from rows_of(self.offer, handle.product, handle.origin, patient=patient)
            if isinstance(rows, Unlisted):
                return unlisted_look(rows)
            if row_with(rows.entries, handle.submission, LIVE) is not None:
                yield Say(f"{conflict} What runs is the same submission: it is watched on.", logging.WARNING)
                by_row = replace(known, job=None, missed=MISSED_IN_A_ROW)
                return (yield from self._by_row(by_row, None, patient))
        return NeverBegan(conflict)

    def look_in_list(self, *, patient: bool = False) -> Procedure[NotListed]:
        """Find nothing more: each look goes by the list already where that says anything."""
        yield from ()
        return NotListed()

    # Canceling, and what a message needs

    def to_cancel(self, notification_emails: tuple[str, ...] = ()) -> Call | str:
        """Return the call that cancels its job, or why there is none."""
        if self.handle.job:
            return calls.cancel_job(self.offer, self.handle.job)
        return (
            "the API cancels a job, and of this operation only the submission is known, as its start was taken "
            "over from a list"
        )

    def needs_no_cancel(self, refusal: Reading) -> bool:
        """Return whether a cancel is refused because the job has ended, or is being canceled."""
        return isinstance(refusal, Answer) and needs_no_cancel(heard(refusal))

    def is_too_far_on(self, refusal: Reading) -> bool:
        """Return whether a cancel is refused because the publication is too far on (the page on configure jobs).

        That page has the status and no words for it; nothing else in a request without a body can be wrong.
        """
        return isinstance(refusal, Answer) and refusal.status == 400

    def seen_by_customers(self) -> Procedure[CustomerView]:
        """Find out what customers see of the offer: asks once, and never raises."""
        return (yield from seen_by_customers(self.offer, self.handle.product, self.handle.origin))


def _conflict(publication: Publication, reading: Reading) -> CppConflict | None:
    """Return the error of a job that was refused because of another submission; None if it wasn't."""
    job = read_job(reading) if isinstance(reading, Answer) else None
    if not isinstance(job, Job) or job.state != FAILED or not job.met_conflict:
        return None
    return refused_by(publication, job)


def refused_by(publication: Publication, job: Job) -> CppConflict:
    """Return the error of a job that was accepted, and refused after that because of another submission.

    :param publication: what was to be published.
    :param job: the job, as it says so.
    """
    return CppConflict(
        f"{capitalized(publication.handle.kind)} of {publication.offer} was refused after it had been accepted: "
        f"{job.reason.rstrip('.')}. It never began, and changed nothing.",
        operation_id=publication.operation_id,
    )
