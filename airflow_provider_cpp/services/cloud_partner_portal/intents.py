"""How Cloud Partner Portal starts an operation, and how one is known again among an offer's submissions.

The service has no idempotency key. Before the request the ids of the offer's submissions are noted: one that
wasn't there before is what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from airflow_provider_cpp.exceptions import UntrustedLocation
from airflow_provider_cpp.lro.looks import Seen
from airflow_provider_cpp.lro.rows import Row, changed_since, most_alive
from airflow_provider_cpp.lro.seam import (
    Accepted,
    Conflict,
    Dueness,
    HasDraft,
    Prepared,
    Rejected,
    Unclear,
    Verdict,
    Watched,
)
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.drafts import has_draft, listed_changes, not_in_preview
from airflow_provider_cpp.services.cloud_partner_portal.due import is_due
from airflow_provider_cpp.services.cloud_partner_portal.locations import (
    location_header,
)
from airflow_provider_cpp.services.cloud_partner_portal.operations_on import Submissions
from airflow_provider_cpp.wire.answers import Answer, Reading, error_of
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import Listed
from airflow_provider_cpp.wire.procedures import Procedure, Say, sent
from airflow_provider_cpp.wire.retries import was_refused_unread


@dataclass(frozen=True, slots=True)
class _Start(Submissions):
    """An operation to start."""

    kind: ClassVar[str]
    is_keyed: ClassVar[bool] = False
    may_repeat: ClassVar[bool] = True  # what was accepted is listed within two minutes

    def call(self, prepared: Prepared | None = None) -> Call:
        """Return the request: what was there before it doesn't change it."""
        raise NotImplementedError

    def __str__(self) -> str:
        """Return it in words."""
        return str(self.call())

    @property
    def subject(self) -> str:
        """What a record is about."""
        call = self.call()
        return f"{call.method} {self.origin}{call.path}"

    @property
    def meets_others(self) -> bool:
        """Whether one that runs may be of an older draft."""
        return self.kind == PUBLISH

    def prepared(self) -> Procedure[Prepared]:
        """Note which submissions there are; and, for a publish, one that runs.

        :raises CppError: they can't be listed just now, so that an unclear outcome couldn't be cleared up.
        """
        listed = yield from self.rows()
        if isinstance(listed, Listed):
            running = self.ours(listed.entries, None, or_running=True) if self.meets_others else None
            return Prepared({"before": sorted(row.id for row in listed.entries)}, running=running)
        if listed.may_pass:
            raise listed.error
        yield Say(
            f"{listed.call} isn't possible ({listed.why}); should the answer to {self} get lost, its outcome "
            "can't be found out."
        )
        return Prepared({"before": None}, is_known=False)

    def is_other(self, prepared: Prepared, record: dict[str, object]) -> str:
        """Return nothing: a request names the offer only, and the service takes what is in preview."""
        return ""

    def verdict(self, prepared: Prepared, call: Call, reading: Reading) -> Verdict:
        """Return what an answer to the POST means: accepted is a 2xx with the operation's location."""
        if was_refused_unread(call, reading) or reading.is_untrusted:
            return Rejected(error_of(call, reading))
        if not isinstance(reading, Answer):
            return Unclear()
        if reading.is_success:
            header = location_header(reading.headers)
            if header is None:
                return Unclear(is_accepted=True)
            try:
                return Accepted(self.located(header))
            except UntrustedLocation as error:
                note = f"{call} was accepted, but its answer names a location not to trust. {error}"
                return Unclear(is_accepted=True, note=note)
        if reading.is_conflict:
            return Conflict(error_of(call, reading))
        if reading.is_refusal and reading.status != 408:
            return Rejected(error_of(call, reading))
        # Whatever it was redirected to wouldn't be ours.
        return Unclear(error=error_of(call, reading) if reading.is_redirect else None)

    def confirmed(self, watched: Watched) -> Procedure[Watched]:
        """Return the operation: this service refuses at once, if it does."""
        yield from ()
        return watched

    def ours(
        self, rows: Sequence[Row], record: dict[str, object] | None, *, or_running: bool = False
    ) -> Row | None:
        """Return the submission that came of the request: one of its kind that wasn't there before.

        :param record: of what was there before it; None if that isn't known.
        :param or_running: take one that runs, too, whenever it began.
        """
        of_kind = [row for row in rows if row.kind == self.kind]
        before = _before(record)
        found = [row for row in of_kind if before is not None and row.id not in before]
        if or_running:
            found += [row for row in of_kind if row.is_running]
        return most_alive(found)

    def is_known(self, record: dict[str, object]) -> bool:
        """Return whether a record names the submissions before its request."""
        return _before(record) is not None

    def is_new(self, row: Row, record: dict[str, object]) -> bool:
        """Return whether a submission wasn't there before the request of a record."""
        before = _before(record)
        return before is not None and row.id not in before

    def since(self, rows: Sequence[Row], when: float, *, cleared: bool) -> tuple[Row | None, Row | None]:
        """Return the submission that counts, and the one that changed last, of those of this kind since a time."""
        return changed_since([row for row in rows if row.kind == self.kind], when, cleared=cleared)

    def has_draft(self, watched: Watched) -> Procedure[HasDraft]:
        """Find out whether a publish that runs, or has ended well, has the draft as it is now.

        :raises CppUnavailable: it can't be asked just now.
        """
        found = yield from has_draft(self.located(watched.url))
        return HasDraft(found.has_draft, found.why or listed_changes(found.differences))

    def done_already(self, rows: Sequence[Row]) -> Procedure[Row | None]:
        """Return nothing: a publish that waits for its sign-off runs on."""
        yield from ()
        return None

    def goes_live(self, watched: Watched) -> Procedure[bool]:
        """Return whether an operation has come to the step at which customers get the version."""
        look = yield from watched.look(patient=True)
        return isinstance(look, Seen) and look.operation.is_signed_off  # what has ended whoever cancels it sees

    def due(self, *, required: bool) -> Procedure[Dueness]:
        """Find out whether a go-live is due."""
        return (yield from is_due(self, required=required))

    def newer_draft(self) -> Procedure[str]:
        """Return what of the draft isn't in preview, as a sentence with a warning; empty if nothing."""
        found = yield from not_in_preview(self.ref)
        if isinstance(found, str):
            yield Say(f"Whether the draft is newer than what goes live isn't known: {found}")
        if isinstance(found, str) or not found:
            return ""
        return (
            f"The draft has changes that aren't in preview, and don't go live: {listed_changes(found)}. If they "
            "are meant to, publish first."
        )

    def is_there(self) -> Procedure[None]:
        """Ask whether there is such an offer.

        :raises CppError: if there isn't, or that can't be learned.
        """
        status = calls.get_offer_status(self.ref.publisher_id, self.ref.offer_id)
        reading, _ = yield from sent(status)
        if reading.code != 200:
            raise error_of(status, reading)


@dataclass(frozen=True, slots=True)
class GoingLive(_Start):
    """A go-live (go-live page)."""

    kind: ClassVar[str] = GO_LIVE
    to_do: ClassVar[str] = "to go live"
    happening: ClassVar[str] = "is going live"

    def call(self, prepared: Prepared | None = None) -> Call:
        """Return the request."""
        return calls.go_live(self.ref.publisher_id, self.ref.offer_id)


@dataclass(frozen=True, slots=True)
class Publishing(_Start):
    """A publish (publish-offer page).

    :param notification_emails: whom the service notifies; ignored for migrated offers.
    """

    notification_emails: tuple[str, ...] = ()

    kind: ClassVar[str] = PUBLISH
    to_do: ClassVar[str] = "to publish"
    happening: ClassVar[str] = "is being published to preview"

    def call(self, prepared: Prepared | None = None) -> Call:
        """Return the request."""
        return calls.publish(self.ref.publisher_id, self.ref.offer_id, self.notification_emails)


def _before(record: dict[str, object] | None) -> set[str] | None:
    ids = record.get("before") if record else None
    return {str(identifier) for identifier in ids} if isinstance(ids, list) else None
