"""How the Product Ingestion API starts a publication, and how one is known again among an offer's submissions.

A go-live has a key: the id of what is in preview, known before the request, which a second request can't take
live once more. A publish has none: its row is one that wasn't there before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from airflow_provider_cpp.exceptions import CppBadRequest, CppError, CppUnavailable
from airflow_provider_cpp.lro.looks import Seen
from airflow_provider_cpp.lro.rows import Row, changed_since, most_alive
from airflow_provider_cpp.lro.seam import (
    FORCED,
    Accepted,
    Conflict,
    Due,
    Dueness,
    HasDraft,
    Prepared,
    Rejected,
    Unclear,
    Verdict,
    Watched,
)
from airflow_provider_cpp.lro.words import FAILED, RUNNING, SUCCEEDED
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.services.product_ingestion.advice import says_conflict
from airflow_provider_cpp.services.product_ingestion.drafts import tree_changes
from airflow_provider_cpp.services.product_ingestion.due import dueness
from airflow_provider_cpp.services.product_ingestion.following import Publication, refused_by
from airflow_provider_cpp.services.product_ingestion.handles import Handle
from airflow_provider_cpp.services.product_ingestion.jobs import job_id_of, read_job
from airflow_provider_cpp.services.product_ingestion.operations_on import Publications
from airflow_provider_cpp.services.product_ingestion.reading import read_there
from airflow_provider_cpp.services.product_ingestion.submissions import (
    LIVE,
    PREVIEW,
    SubmissionRow,
    in_preview,
    newest,
    row_with,
    running,
    waits_for_signoff,
)
from airflow_provider_cpp.services.product_ingestion.trees import DRAFT
from airflow_provider_cpp.wire.answers import Answer, Reading, error_of, heard
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say, Wait, sent
from airflow_provider_cpp.wire.retries import was_refused_unread

#: Seconds before each look at a job that was just accepted: whether it meets a conflict it says at once.
FIRST_LOOKS = (0.0, 2.0, 8.0)

#: Differences that an error lists.
LISTED = 3


@dataclass(frozen=True, slots=True)
class _Publication(Publications):
    """A publication to start."""

    kind: ClassVar[str]
    target: ClassVar[str]
    action: ClassVar[str]

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.action} of {self.offer}"

    @property
    def subject(self) -> str:
        """What a record is about."""
        return f"POST {self.origin}{calls.BASE}/configure {self.target} {self.ref.offer_id}"

    def prepared(self) -> Procedure[Prepared]:
        """Find the product, note which submissions there are, and which of them the request is about.

        :raises CppError: that can't be had just now, so that nothing may be sent.
        """
        for line in self._ignored():
            yield Say(line)
        listed = yield from self.rows()
        if isinstance(listed, Unlisted):
            raise listed.error
        prepared = self._prepared(listed.entries)
        if prepared.running is None:
            return replace(prepared, running=(yield from self.done_already(listed.entries)))
        return prepared

    def _ignored(self) -> tuple[str, ...]:
        """Return what of the arguments the service does nothing about, as lines."""
        return ()

    def _prepared(self, rows: Sequence[SubmissionRow]) -> Prepared:
        raise NotImplementedError

    def _record(self, rows: Sequence[SubmissionRow], submission: str = "") -> dict[str, object]:
        before = sorted({row.id for row in rows})
        return {"product": self.product.known, "submission": submission, "before": before}

    def is_other(self, prepared: Prepared, record: dict[str, object]) -> str:
        """Return in words why a request would be about something else than an earlier try's; empty if it isn't."""
        return ""

    def call(self, prepared: Prepared) -> Call:
        """Return the request."""
        product, submission = (str(prepared.record[name]) for name in ("product", "submission"))
        resource = calls.submission(product, self.target, submission)
        return calls.configure(self.action, self.offer, [resource])

    def verdict(self, prepared: Prepared, call: Call, reading: Reading) -> Verdict:
        """Return what an answer to the POST means: accepted is a 2xx with a job."""
        if was_refused_unread(call, reading) or reading.is_untrusted:
            return Rejected(error_of(call, reading))
        if not isinstance(reading, Answer):
            return Unclear()
        if reading.is_success:
            job = job_id_of(reading)
            # Without a job it may be a proxy's answer. By its key the rows say whether it was taken.
            return Accepted(Publication(self._handle(prepared, job))) if job else Unclear(not self.is_keyed)
        if reading.is_refusal and reading.status != 408:
            if reading.status in {409, 423} or says_conflict(heard(reading)):
                return Conflict(error_of(call, reading))
            return Rejected(error_of(call, reading))
        return Unclear(error=error_of(call, reading) if reading.is_redirect else None)

    @property
    def is_keyed(self) -> bool:
        """Whether it has a key."""
        return self.kind == GO_LIVE

    @property
    def may_repeat(self) -> bool:
        """Whether a second request can bring about nothing that the first one didn't."""
        return self.is_keyed

    @property
    def meets_others(self) -> bool:
        """Whether one that runs may be of an older draft."""
        return not self.is_keyed

    def _handle(self, prepared: Prepared, job: str) -> Handle:
        record = prepared.record
        return Handle(
            self.origin,
            job,
            str(record["product"]),
            self.target,
            str(record["submission"]),
            _ids(record),
            self.ref,
        )

    def confirmed(self, watched: Watched) -> Procedure[Watched | Conflict]:
        """Return the publication, or the conflict that its job says it met."""
        assert isinstance(watched, Publication)  # noqa: S101 - accepted here
        call = calls.get_job(self.offer, watched.handle.job)
        for pause in FIRST_LOOKS:
            yield Wait(pause)
            reading, _ = yield from sent(call, patient=False)
            job = read_job(reading) if isinstance(reading, Answer) and reading.is_success else ""
            if isinstance(job, str) or not job.has_begun:
                continue
            if job.met_conflict:
                return Conflict(refused_by(watched, job))
            break
        return watched

    # What came of it

    def ours(
        self, rows: Sequence[Row], record: dict[str, object] | None, *, or_running: bool = False
    ) -> Row | None:
        """Return the row that came of the request.

        :param record: of what was prepared before it; None if that isn't known.
        :param or_running: take one of this kind that runs, too, whenever it began.
        """
        found = self._came_of(_rows(rows), record) if record else []
        if or_running:
            found += [row for row in rows if row.kind == self.kind and row.is_running]
        return most_alive(found)

    def _came_of(self, rows: Sequence[SubmissionRow], record: dict[str, object]) -> list[Row]:
        raise NotImplementedError

    def is_known(self, record: dict[str, object]) -> bool:
        """Return whether a record says what there was before its request."""
        return _ids(record) is not None and isinstance(record.get("submission"), str)

    def is_new(self, row: Row, record: dict[str, object]) -> bool:
        """Return whether a row wasn't there before the request of a record."""
        before = _ids(record)
        return before is not None and row.id not in before

    def goes_live(self, watched: Watched) -> Procedure[bool]:
        """Return whether a publication is on its way to customers."""
        look = yield from watched.look(patient=True)
        if isinstance(look, Seen) and look.operation.is_terminal:
            return False  # whoever cancels it looks again
        assert isinstance(watched, Publication)  # noqa: S101 - located here
        rows = yield from self.rows()
        if isinstance(rows, Unlisted):
            raise rows.error
        return row_with(rows.entries, watched.handle.submission, LIVE) is not None

    def has_draft(self, watched: Watched) -> Procedure[HasDraft]:
        """Say that nobody knows what a publish that runs has: the API shows it once it is in preview."""
        yield from ()
        return HasDraft(None, "the API doesn't show what a publish has before it is in preview")

    def due(self, *, required: bool) -> Procedure[Dueness]:
        """Find out whether it is due."""
        listed = yield from self.rows()
        if isinstance(listed, Unlisted):
            raise listed.error
        return self._due(listed.entries, required)

    def _due(self, rows: Sequence[SubmissionRow], required: bool) -> Dueness:
        raise NotImplementedError

    def newer_draft(self) -> Procedure[str]:
        """Return nothing: the rows don't show whether the draft was changed since."""
        yield from ()
        return ""

    def done_already(self, rows: Sequence[Row]) -> Procedure[Row | None]:
        """Return nothing: what a go-live would bring about is asked by its precheck."""
        yield from ()
        return None

    def is_there(self) -> Procedure[None]:
        """Ask whether there is such an offer.

        :raises CppError: if there isn't, or that can't be learned.
        """
        product = yield from self.product.guid()
        if isinstance(product, Unlisted):
            raise product.error


@dataclass(frozen=True, slots=True)
class PreviewGoingLive(_Publication):
    """A go-live: what is in preview becomes live."""

    kind: ClassVar[str] = GO_LIVE
    target: ClassVar[str] = LIVE
    action: ClassVar[str] = "Go Live"
    to_do: ClassVar[str] = "to go live"
    happening: ClassVar[str] = "is going live"

    def _prepared(self, rows: Sequence[SubmissionRow]) -> Prepared:
        # Where nothing is in preview the service has the last word, of what it was last asked for.
        on_its_way = newest(row for row in rows if row.target == LIVE and row.state == RUNNING)
        chosen = in_preview(rows) or on_its_way or newest(rows)
        if chosen is None:
            raise CppBadRequest(
                f"{self} can't be: the API takes live what is in preview, by its id, and this offer was never "
                "published. Nothing was sent. Publish it to preview first."
            )
        had_failed = chosen.target == LIVE and chosen.state == FAILED
        return Prepared({**self._record(rows, chosen.id), **({"failed": True} if had_failed else {})})

    def is_other(self, prepared: Prepared, record: dict[str, object]) -> str:
        """Return in words that something else is in preview than when an earlier try wanted it live."""
        wanted = record.get("submission")
        if isinstance(record.get("location"), str):
            wanted = self.located(record["location"]).handle.submission
        now = prepared.record["submission"]
        if not wanted or wanted == now:
            return ""
        return (
            f"an earlier try of this task was to take submission {wanted} live, and submission {now} is in its "
            "place now"
        )

    def _came_of(self, rows: Sequence[SubmissionRow], record: dict[str, object]) -> list[Row]:
        row = row_with(rows, str(record.get("submission")), LIVE)
        if row is None or (row.state == FAILED and record.get("failed") is True):
            return []  # what had failed before the request didn't come of it
        return [row]

    def since(self, rows: Sequence[Row], when: float, *, cleared: bool) -> tuple[Row | None, Row | None]:
        """Return the row that counts, and the one that changed last, since a time.

        What is ready in preview and isn't live can't have been taken live by an earlier try.
        """
        known = _rows(rows)
        live = [row for row in known if row.target == LIVE]
        preview = in_preview(known)
        if preview is not None and preview.state == SUCCEEDED:
            live = [row for row in live if row.state == RUNNING]
        return changed_since(live, when, cleared=cleared)

    def _due(self, rows: Sequence[SubmissionRow], required: bool) -> Dueness:
        return dueness(str(self), rows, required=required)


@dataclass(frozen=True, slots=True)
class PublishingDraft(_Publication):
    """A publish: the draft goes into preview.

    :param notification_emails: whom a service would notify that does so; this one doesn't.
    """

    notification_emails: tuple[str, ...] = ()

    kind: ClassVar[str] = PUBLISH
    target: ClassVar[str] = PREVIEW
    action: ClassVar[str] = "Publish"
    to_do: ClassVar[str] = "to publish"
    happening: ClassVar[str] = "is being published to preview"

    def _ignored(self) -> tuple[str, ...]:
        if not self.notification_emails:
            return ()
        return (
            "notification_emails is ignored: the Product Ingestion API notifies nobody. To whom Microsoft writes "
            "is set in Partner Center.",
        )

    def _prepared(self, rows: Sequence[SubmissionRow]) -> Prepared:
        runs = running(rows)
        is_publish = runs is not None and runs.kind == PUBLISH
        return Prepared(self._record(rows), running=runs if is_publish else None)

    def done_already(self, rows: Sequence[Row]) -> Procedure[Row | None]:
        """Return what waits in preview for its sign-off, if it has the draft as it is now."""
        known = _rows(rows)
        waiting = waits_for_signoff(known) if running(known) is None else None
        if waiting is None or not (yield from self.has_draft(self.at(waiting))).is_so:
            return None
        return waiting

    def has_draft(self, watched: Watched) -> Procedure[HasDraft]:
        """Find out whether a publish that waits for its sign-off has the draft as it is now.

        Of one that runs nobody knows what it has: the API shows it only once it is in preview.

        :raises CppUnavailable: it can't be asked just now.
        """
        rows = yield from self.rows()
        if isinstance(rows, Unlisted):
            raise rows.error
        its_row, waiting = self.row_of(rows.entries, watched), waits_for_signoff(rows.entries)
        if running(rows.entries) is not None or waiting is None or its_row is None or waiting.id != its_row.id:
            return HasDraft(None, "the API doesn't show what a publish has before it is in preview")
        try:
            draft = yield from read_there(self.product, DRAFT)
            preview = yield from read_there(self.product, PREVIEW)
        except CppUnavailable:
            raise
        except CppError as error:
            return HasDraft(None, str(error))
        if draft is None or preview is None:
            return HasDraft(None, "the API doesn't show its resources")
        found = tree_changes(draft, preview)
        return HasDraft(not found, "; ".join(map(str, found[:LISTED])))

    def _came_of(self, rows: Sequence[SubmissionRow], record: dict[str, object]) -> list[Row]:
        before = _ids(record)
        return [row for row in rows if before is not None and row.id not in before]

    def since(self, rows: Sequence[Row], when: float, *, cleared: bool) -> tuple[Row | None, Row | None]:
        """Return the row that counts, and the one that changed last, of what was published since a time.

        What somebody took live since was published before, and by its time it may be an earlier try's. Where that
        go-live has failed nothing is left of the publish, as for whoever watches it.
        """
        published = [
            replace(
                row,
                kind=PUBLISH,
                changed_at=row.created_at,
                state=FAILED if row.state == FAILED else SUCCEEDED,
            )
            if row.target == LIVE
            else row
            for row in _rows(rows)
        ]
        return changed_since([row for row in published if row.kind == PUBLISH], when, cleared=cleared)

    def _due(self, rows: Sequence[SubmissionRow], required: bool) -> Dueness:
        return Due(f"the service has the last word; {FORCED}")


def _rows(rows: Sequence[Row]) -> list[SubmissionRow]:
    return [row for row in rows if isinstance(row, SubmissionRow)]


def _ids(record: dict[str, object]) -> tuple[str, ...] | None:
    ids = record.get("before")
    return tuple(map(str, ids)) if isinstance(ids, list | tuple) else None
