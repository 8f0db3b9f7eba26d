"""How an operation is started exactly once, though the service has no idempotency key.

Before the request the ids of the offer's submissions are noted. Whatever happens to the request then, a
submission that wasn't there before is the answer. A record, kept before the request and again right
after its answer, lets a later try of the same task settle what this one did.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from enum import Enum

from airflow_provider_cpp.api import calls
from airflow_provider_cpp.api.answers import (
    Answer,
    Loss,
    Reading,
    Unanswered,
    clock_ahead,
    describe,
    error_of,
    parsed_body,
)
from airflow_provider_cpp.api.calls import Call
from airflow_provider_cpp.api.locations import OperationLocation, location_header, parse_location
from airflow_provider_cpp.api.operations import CANCELED, FAILED, RUNNING, SUCCEEDED, read_operation
from airflow_provider_cpp.api.outcomes import PORTAL
from airflow_provider_cpp.api.procedures import Keep, Procedure, Say, Send, Wait
from airflow_provider_cpp.api.retries import is_failed_read, was_refused_unread
from airflow_provider_cpp.api.submissions import Submission, find_submission, read_submissions
from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppConflict,
    CppError,
    CppUnavailable,
    OperationCanceled,
    UntrustedLocation,
)

#: Seconds between looks at the submissions after an unclear outcome: two minutes in all.
RECONCILE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)


class How(Enum):
    """How an operation came to be the one of this task."""

    POSTED = "posted"
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
class Start:
    """An operation to start.

    :param call: the POST.
    :param kind: what the submissions list calls it: `golive` or `publish`.
    :param origin: scheme, host and port of the API.
    :param publisher_id: publisher of the offer.
    :param offer_id: the offer.
    :param api_version: named in the location of an operation that is found among the submissions.
    """

    call: Call
    kind: str
    origin: str
    publisher_id: str
    offer_id: str
    api_version: str | None = None

    def once(
        self, record: object = None, since: float | None = None, *, records_are_kept: bool = False
    ) -> Procedure[Started]:
        """Start the operation, unless an earlier try of the same task did.

        :param record: what an earlier try kept, if one did.
        :param since: where nothing could be kept: since when earlier tries may have posted, in seconds since
            1970 (UTC); None if there was none.
        :param records_are_kept: whether earlier tries could keep a record, so that one without was through.
        :raises CppError: the error that the service's refusal means; nothing was started.
        :raises CppConflict: another operation runs on the offer.
        :raises AmbiguousOutcome: it may or may not have been started, and the service won't say.
        """
        if isinstance(record, dict) and (earlier := (yield from self._settle(record, since))) is not None:
            return earlier
        if record is None and since is not None:
            earlier = yield from self._settle_since(since, patient=not records_are_kept)
            if earlier is not None:
                return earlier
        before = yield from self._ids_before()
        yield self._keep("intended", before=sorted(before) if before is not None else None)
        for is_last in (False, True):
            try:
                reading = yield from self._post()
                if (started := (yield from self._accepted(reading))) is not None:
                    return started
                self._raise_if_refused(reading)
                found = yield from self._reconcile(reading, before, is_last)
            except AmbiguousOutcome:
                raise
            except CppError:
                if not is_last:  # nothing was started: what others start later isn't this task's
                    yield self._keep("refused")
                raise
            if found is not None:
                return found
            if isinstance(reading, Answer) and 300 <= reading.status < 400:
                raise error_of(self.call, reading)  # whatever it was redirected to wouldn't be ours
            if not is_last:
                yield Say(
                    f"{self.call} left no trace among the offer's submissions, and nothing new runs: sending "
                    "it once more.",
                    logging.WARNING,
                )
        raise self._ambiguous(reading, "and twice no trace of it among the offer's submissions")

    def _keep(self, state: str, **more: object) -> Keep:
        return Keep({"of": self._subject, "state": state, **more})

    @property
    def _subject(self) -> str:
        """What a record is about: the next try may be for another offer, or on another host."""
        return f"{self.call.method} {self.origin}{self.call.path}"

    # The request and its answer

    def _post(self) -> Procedure[Reading]:
        reply = yield Send(self.call)
        assert reply.reading is not None  # noqa: S101 - a Send is always replied to with one
        return reply.reading

    def _accepted(self, reading: Reading) -> Procedure[Started | None]:
        """Return the operation that the answer names, if it names one that can be believed."""
        if not isinstance(reading, Answer) or not 200 <= reading.status < 300:
            return None
        header = location_header(reading.headers)
        if header is None:
            return None
        try:
            location = self._parse(header)
        except UntrustedLocation as error:
            yield Say(f"{self.call} was accepted, but its answer names a location not to trust. {error}", 30)
            return None
        return (yield from self._kept(location, How.POSTED))

    def _kept(self, location: OperationLocation, how: How) -> Procedure[Started]:
        yield self._keep("started", location=location.url)
        yield Say(f"{self.call}: {how.value} {location}, {location.url}")
        return Started(location, how)

    def _parse(self, text: object) -> OperationLocation:
        return parse_location(text, origin=self.origin, publisher_id=self.publisher_id, offer_id=self.offer_id)

    def _raise_if_refused(self, reading: Reading) -> None:
        """Raise if the service provably did nothing; a conflict and an unclear outcome come back."""
        if was_refused_unread(reading):
            raise error_of(self.call, reading)
        if isinstance(reading, Unanswered):
            if reading.loss is Loss.UNTRUSTED_PEER:
                raise error_of(self.call, reading)
            return
        if 400 <= reading.status < 500 and reading.status not in {408, 409}:
            raise error_of(self.call, reading)

    # What the submissions tell

    def _ids_before(self) -> Procedure[set[str] | None]:
        """Return the ids of all submissions so far, or None where the service has no such list."""
        reply = yield Send(self._list_call)
        assert reply.reading is not None  # noqa: S101
        submissions = read_submissions(reply.reading)
        if submissions is not None:
            return {submission.id for submission in submissions}
        reading = reply.reading
        if self._may_be_listed_later(reading):
            # Without the list an unclear outcome couldn't be cleared up: rather not begin.
            raise error_of(self._list_call, reading)
        yield Say(
            f"{self._list_call} isn't possible ({describe(reading)}); should the answer to {self.call} get "
            "lost, its outcome can't be found out."
        )
        return None

    @staticmethod
    def _may_be_listed_later(reading: Reading) -> bool:
        """Tell whether a list that couldn't be read may be had at another time, or after a correction."""
        if isinstance(reading, Unanswered) or is_failed_read(reading) or reading.status in {401, 403}:
            return True
        return 300 <= reading.status < 400 or (reading.status == 200 and parsed_body(reading) is None)

    @property
    def _list_call(self) -> Call:
        return calls.list_submissions(self.publisher_id, self.offer_id)

    def _submissions(self) -> Procedure[tuple[Submission, ...] | None]:
        reply = yield Send(self._list_call)
        assert reply.reading is not None  # noqa: S101
        return read_submissions(reply.reading)

    def _unsettled(self, reading: Reading) -> Procedure[None]:
        """Raise, as what the last try did can't be told: nothing may be sent before it can be."""
        if self._may_be_listed_later(reading):
            raise error_of(self._list_call, reading)
        yield self._keep("unclear")  # whoever clears the task after this has looked
        raise self._ambiguous(reading, "and what the last try of this task did can't be told")

    def _reconcile(self, reading: Reading, before: set[str] | None, is_last: bool) -> Procedure[Started | None]:
        """Find out from the submissions what became of the request.

        Returns the operation, or None if there is provably none: then the request may be sent again.

        :raises CppConflict: the service refused it, because another operation runs.
        :raises AmbiguousOutcome: the submissions can't be read, or don't fit the answer.
        """
        conflict = isinstance(reading, Answer) and reading.status == 409
        accepted = isinstance(reading, Answer) and 200 <= reading.status < 300
        if not conflict:
            yield Say(
                f"{self.call}: {describe(reading)}. It may have been accepted: looking for it among the "
                "offer's submissions before anything is sent again.",
                logging.WARNING,
            )
        submissions = None
        for pause in (0.0, *RECONCILE_PAUSES):
            yield Wait(pause)
            submissions = yield from self._submissions()
            if submissions is None:
                continue
            mine = self._mine(submissions, before, or_running=conflict)
            if mine is not None:
                try:
                    location = self._location_of(mine)
                except UntrustedLocation as untrusted:
                    why = f"and what came of it can't be located: {untrusted}"
                    raise self._ambiguous(reading, why) from None
                return (yield from self._kept(location, How.ADOPTED))
            if conflict:
                break
        if conflict and (submissions is not None or not is_last):
            assert isinstance(reading, Answer)  # noqa: S101
            running = ", ".join(str(s) for s in submissions or () if s.is_running) or "none that the list names"
            error = error_of(self.call, reading)
            raise CppConflict(
                f"{error} Running on it: {running}.",
                http_status=409,
                code=error.code,
                request_id=error.request_id,
            )
        if submissions is None or before is None:
            # The last look counts: an earlier one may have come too soon to show it.
            raise self._ambiguous(reading, "and the offer's submissions can't be read")
        if accepted:
            raise self._ambiguous(reading, "but no submission came of it")
        if any(s.is_running and s.id not in before for s in submissions):
            raise self._ambiguous(reading, "and another operation has begun to run on the offer since")
        return None

    def _mine(
        self, submissions: tuple[Submission, ...], before: set[str] | None, *, or_running: bool = False
    ) -> Submission | None:
        ours = [s for s in submissions if s.kind == self.kind]
        new = [s for s in ours if before is not None and s.id not in before]
        if or_running:
            new += [s for s in ours if s.is_running]
        return next((s for s in new if s.is_running), new[0] if new else None)

    def _location_of(self, submission: Submission) -> OperationLocation:
        location = OperationLocation(
            self.origin, self.publisher_id, self.offer_id, submission.id, self.api_version
        )
        # A list is no more trusted than a header.
        return self._parse(location.url)

    def _ambiguous(self, reading: Reading, why: str) -> AmbiguousOutcome:
        return AmbiguousOutcome(
            f"{self.call}: {describe(reading)}, {why}. It may or may not have been accepted, so nothing was "
            f"sent again and Airflow won't retry. Look at {PORTAL} whether the offer is going live; if it is, "
            "watch that operation with OperationSensor; if it isn't, clear this task."
        )

    # What an earlier try of the same task did

    def _settle(self, record: dict[str, object], since: float | None) -> Procedure[Started | None]:
        """Return the operation that an earlier try started, or None if another has to be started."""
        if record.get("of", self._subject) != self._subject:
            yield Say(f"What the last try kept is about {record['of']}: it is left aside.", logging.WARNING)
            return None
        if isinstance(record.get("location"), str):
            location = self._parse(record["location"])
            state = yield from self._state_at(location)
            return (yield from self._resumed(location, state))
        if record.get("state") == "unclear" and since is not None and math.isfinite(since):
            # A retry, so that nobody can have looked: the last try ended before it could ask for that.
            raise AmbiguousOutcome(
                f"{self.call}: what an earlier try of this task did can't be told. It may or may not have been "
                f"accepted, so nothing was sent again and Airflow won't retry. Look at {PORTAL} whether the offer "
                "is going live; if it is, watch that operation with OperationSensor; if it isn't, clear this task."
            )
        if record.get("state") != "intended":
            return None
        ids = record.get("before")
        before = {str(identifier) for identifier in ids} if isinstance(ids, list) else None
        submissions = None
        for pause in (0.0, *RECONCILE_PAUSES):  # its request may still be on the way
            yield Wait(pause)
            reply = yield Send(self._list_call)
            assert reply.reading is not None  # noqa: S101
            reading = reply.reading
            submissions = read_submissions(reading)
            mine = self._mine(submissions, before) if submissions else None
            if mine is not None:
                return (yield from self._resumed(self._location_of(mine), mine.state))
        if submissions is None or before is None:
            yield from self._unsettled(reading)
        return None

    def _settle_since(self, since: float, patient: bool) -> Procedure[Started | None]:
        """Return what earlier tries started, by the submissions alone, which tell when each last changed."""
        for pause in (0.0, *RECONCILE_PAUSES) if patient else (0.0,):
            yield Wait(pause)
            reply = yield Send(self._list_call)
            reading = reply.reading
            assert reading is not None  # noqa: S101
            submissions = read_submissions(reading)
            if submissions is None or not isinstance(reading, Answer):
                if self._may_be_listed_later(reading):
                    raise error_of(self._list_call, reading)
                return None  # a service without such a list
            mine = self._changed_since(submissions, since + clock_ahead(reading))
            if mine is not None:
                return (yield from self._resumed(self._location_of(mine), mine.state))
        return None

    def _changed_since(self, submissions: tuple[Submission, ...], since: float) -> Submission | None:
        ours = [s for s in submissions if s.kind == self.kind]
        running = next((s for s in ours if s.is_running), None)
        recent = [s for s in ours if s.changed_at is not None and s.changed_at >= since]
        return running or max(recent, key=lambda s: s.changed_at or 0.0, default=None)

    def _state_at(self, location: OperationLocation) -> Procedure[str]:
        call = calls.get_operation(location)
        for pause in (0.0, *RECONCILE_PAUSES):  # the service may not have caught up with itself yet
            yield Wait(pause)
            reply = yield Send(call)
            reading = reply.reading
            assert reading is not None  # noqa: S101
            if not isinstance(reading, Answer) or reading.status not in {404, 410}:
                return self._state_of(call, reading)
            listed = yield Send(self._list_call)
            assert listed.reading is not None  # noqa: S101
            submissions = read_submissions(listed.reading)
            if submissions is None:
                later = self._may_be_listed_later(listed.reading)
                raise error_of(self._list_call, listed.reading) if later else error_of(call, reading)
            submission = find_submission(submissions, location)
            if submission is not None:
                return submission.state
            if not location.is_offer_scoped:
                # Submissions are listed by another identifier, so that this one's absence says nothing.
                yield from self._unsettled(reading)
        yield Say(f"The service knows nothing of {location}, neither by itself nor in the list: it isn't there.")
        return FAILED

    @staticmethod
    def _state_of(call: Call, reading: Reading) -> str:
        if not isinstance(reading, Answer) or reading.status not in {200, 202}:
            raise error_of(call, reading)
        operation = read_operation(reading)
        if isinstance(operation, str):
            if reading.status == 202:
                return RUNNING
            raise CppUnavailable(
                f"{call}: HTTP 200, but {operation}; what the last try did can't be told yet.", http_status=200
            )
        return operation.status

    def _resumed(self, location: OperationLocation, state: str) -> Procedure[Started | None]:
        if state == RUNNING:
            return (yield from self._kept(location, How.REATTACHED))
        if state == SUCCEEDED:
            return (yield from self._kept(location, How.FINISHED))
        if state == CANCELED:
            # Told once; whoever clears the task after this wants another.
            yield self._keep("canceled")
            raise OperationCanceled(
                f"O{str(location)[1:]}, which the last try of this task started, was canceled. Somebody "
                f"decided so: ask who, and see {PORTAL}; to go live all the same, clear this task."
            )
        yield Say(f"The last try's {location} {state}: starting a new one.")
        return None
