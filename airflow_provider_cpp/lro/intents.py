"""What a task wants started, and how it is known again: in a record, by a location, among the submissions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from airflow_provider_cpp.exceptions import AmbiguousOutcome
from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, SUCCEEDED
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.services.cloud_partner_portal.finding import submissions_of
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation, parse_location
from airflow_provider_cpp.services.cloud_partner_portal.submissions import PUBLISH, Submission
from airflow_provider_cpp.wire.answers import Answer, Reading, describe, request_id
from airflow_provider_cpp.wire.arguments import FAIL
from airflow_provider_cpp.wire.calls import Call
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Keep, Procedure, Say

#: States, the one first that has to be known before anything is sent.
_FIRST = (RUNNING, SUCCEEDED, CANCELED, FAILED)

#: Seconds between looks at the submissions after an unclear outcome: two minutes in all.
RECONCILE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)


class How(Enum):
    """How an operation came to be the one of this task."""

    POSTED = "started"
    ADOPTED = "adopted"  # found among the submissions instead of in an answer
    REATTACHED = "reattached"  # started by an earlier try, and still running
    FINISHED = "finished"  # started by an earlier try, and succeeded since


@dataclass(frozen=True, slots=True)
class Started:
    """An operation that runs, or ran to its success, for this task.

    :param location: where it is.
    :param how: how it was come by.
    """

    location: OperationLocation
    how: How


@dataclass(frozen=True, slots=True)
class Intent:
    """An operation that a task wants to have started once.

    :param call: the POST.
    :param kind: what the submissions list calls it: `golive` or `publish`.
    :param origin: scheme, host and port of the API.
    :param publisher_id: publisher of the offer.
    :param offer_id: the offer.
    :param api_version: named in the location of an operation that is found among the submissions.
    :param if_running: of a publish: what becomes of one that runs already and hasn't the draft as it is now.
    """

    call: Call
    kind: str
    origin: str
    publisher_id: str
    offer_id: str
    api_version: str | None = None
    if_running: str = FAIL

    @property
    def subject(self) -> str:
        """What a record is about: the next try may be for another offer, or on another host."""
        return f"{self.call.method} {self.origin}{self.call.path}"

    def to_do(self) -> str:
        """Return in words what is to be done: "to go live"."""
        return "to publish" if self.kind == PUBLISH else "to go live"

    def keep(self, state: str, **more: object) -> Keep:
        """Return the request to keep a record.

        :param state: how far the try has come.
        :param more: what a later try has to know besides.
        """
        return Keep({"of": self.subject, "state": state, **more})

    def intended(self, state: str, before: set[str] | None) -> Keep:
        """Return the request to keep a record of a request that may be sent, or was.

        :param state: `intended`; or `unclear`, if a person has to look what came of it.
        :param before: ids of the submissions before it; None if they aren't known.
        """
        return self.keep(state, before=sorted(before) if before is not None else None)

    def taken(self, location: OperationLocation, how: How) -> Procedure[Started]:
        """Take an operation as this task's: keep a record of it, and tell."""
        yield self.keep("started", location=location.url)
        yield Say(f"{self.call}: {how.value} {location}, {location.url}")
        return Started(location, how)

    def listed(self) -> Procedure[Listed[Submission] | Unlisted]:
        """List the offer's submissions."""
        return (yield from submissions_of(self.publisher_id, self.offer_id, self.origin))

    def mine(
        self, submissions: tuple[Submission, ...], before: set[str] | None, *, or_running: bool = False
    ) -> Submission | None:
        """Return the submission that came of the request, if there is one.

        :param before: ids of those that were there before it; None if they aren't known.
        :param or_running: take one that runs, too, whenever it began.
        """
        ours = [s for s in submissions if s.kind == self.kind]
        new = [s for s in ours if before is not None and s.id not in before]
        if or_running:
            new += [s for s in ours if s.is_running]
        # Of several the one is taken that speaks most against another request: one of them may be somebody else's.
        return min(new, key=lambda s: _FIRST.index(s.state), default=None)

    def parse(self, text: object) -> OperationLocation:
        """Return the location that a text names.

        :raises UntrustedLocation: if it isn't an operation on this offer and host.
        """
        return parse_location(text, origin=self.origin, publisher_id=self.publisher_id, offer_id=self.offer_id)

    def location_of(self, submission: Submission) -> OperationLocation:
        """Return where a submission is.

        :raises UntrustedLocation: if its id is none that leads to an operation.
        """
        location = OperationLocation(
            self.origin, self.publisher_id, self.offer_id, submission.id, self.api_version
        )
        # A list is no more trusted than a header.
        return self.parse(location.url)

    def unclear(self, reading: Reading, why: str) -> AmbiguousOutcome:
        """Return the error of a request of which nobody knows whether it was accepted."""
        request = request_id(reading) if isinstance(reading, Answer) else None
        return self.not_known(f"{describe(reading, with_id=False)}, {why}", request)

    def not_known(self, why: str, request_id: str | None = None) -> AmbiguousOutcome:
        """Return the error of an outcome that isn't known, for a reason.

        :param request_id: the service's id of the request, if it gave one.
        """
        happening = "is being published to preview" if self.kind == PUBLISH else "is going live"
        return AmbiguousOutcome(
            f"{self.call} may or may not have been accepted: {why}. Nothing was sent again, and Airflow won't "
            f"retry. Look at {PORTAL} whether the offer {happening}; if it is, watch that operation with "
            "OperationSensor; if it isn't, clear this task.",
            request_id=request_id,
        )

    def of_unknown_age(self, ended: Submission) -> AmbiguousOutcome:
        """Return the error of a retry that can't tell whether an operation that ended is this task's.

        :param ended: that operation.
        """
        when = "at a time that the service doesn't say"
        if ended.changed_at is not None:
            when = f"at {datetime.fromtimestamp(ended.changed_at, UTC):%Y-%m-%d %H:%M:%S} UTC"
        return AmbiguousOutcome(
            f"{self.call}: {ended}, which ended {when}, may be what an earlier try of this task started, or from "
            "before the task was cleared, or somebody else's; which, can't be told. Nothing was sent, and Airflow "
            "won't retry. "
            f"Look at {PORTAL} whether that is what was wanted; if it is, mark this task a success; "
            f"{self.to_do()} once more, clear this task."
        )


def pauses(*, patient: bool = True) -> tuple[float, ...]:
    """Return the seconds to wait before each look at what isn't to be seen at once.

    :param patient: False for one look only.
    """
    return (0.0, *RECONCILE_PAUSES) if patient else (0.0,)
