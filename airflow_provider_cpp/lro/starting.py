"""How an operation is started exactly once, though the service has no idempotency key.

Before the request the ids of the offer's submissions are noted. Whatever happens to the request then, a
submission that wasn't there before is the answer. A record, kept before the request and again right
after its answer, lets a later try of the same task settle what this one did.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppConflict,
    CppError,
    OperationCanceled,
    UntrustedLocation,
)
from airflow_provider_cpp.lro.intents import How, Intent, Started, pauses
from airflow_provider_cpp.lro.prechecking import DryRun, NotStarted, Precheck
from airflow_provider_cpp.lro.running import met
from airflow_provider_cpp.lro.settling import EarlierTries
from airflow_provider_cpp.services.cloud_partner_portal.locations import location_header
from airflow_provider_cpp.services.cloud_partner_portal.submissions import PUBLISH, Submission
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered, describe, error_of
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say, T, Wait, sent
from airflow_provider_cpp.wire.retries import was_refused_unread

_BEFORE = "The request before it came to"


@dataclass(frozen=True, slots=True)
class Start(Intent):
    """An operation to start."""

    def once(
        self,
        record: object = None,
        since: float | None = None,
        *,
        cleared: bool = False,
        records_are_kept: bool = False,
        check: Precheck | DryRun | None = None,
    ) -> Procedure[Started | NotStarted]:
        """Start the operation, unless an earlier try of the same task did.

        :param record: what an earlier try kept, if one did.
        :param since: since when earlier tries may have posted, as `EarlierTries` has it; None if there was none.
        :param cleared: whether the task was cleared since then, at a time that isn't known.
        :param records_are_kept: whether earlier tries could keep a record, so that one without was through.
        :param check: what to ask after earlier tries are settled, and before anything is sent; None for nothing.
            Only with it nothing may be started without an error.
        :raises CppError: the error that the service's refusal means; nothing was started. Where it refused
            a second request, after a first one that left no trace, the message says so.
        :raises CppConflict: another operation runs on the offer.
        :raises AmbiguousOutcome: it may or may not have been started, and the service won't say.
        """
        if check is None or not check.dry_run:
            earlier_tries = EarlierTries(self, record, since, cleared, records_are_kept)
            earlier = yield from self._first(earlier_tries.settle(), "sent again")
            if earlier is not None:
                return earlier
            if record is None:
                # A success leaves no record: from here on a try that leaves none was one.
                yield self.keep("begun")
        if check is not None and (decided := (yield from self._first(check.before(self)))) is not None:
            return decided
        was_restarted = was_refused = False
        while True:
            not_done = "published" if was_restarted else "sent"
            before, running = yield from self._first(self._before(), not_done)
            if running is None:
                outcome = yield from self._sent(before)
                if isinstance(outcome, Started):
                    return outcome
                yield self.keep("refused")  # nothing was started: what runs isn't this task's
                running, was_refused = outcome, True
            if was_restarted:
                raise CppConflict(
                    f"{self.call} wasn't sent again: {running} runs on the offer, although what ran before was "
                    "canceled for this one. Somebody else publishes it, too."
                )
            meeting = met(self, running, How.ADOPTED, was_refused=was_refused)
            taken = yield from self._first(meeting, "published")
            if taken is not None:
                return taken
            was_restarted = True

    def _sent(self, before: set[str] | None) -> Procedure[Started | Submission]:
        """Send the request; return what it started, or a publish that runs already, so that it was refused.

        :param before: ids of the submissions before it; None if they aren't known.
        """
        yield self.intended("intended", before)
        first: Reading | None = None
        for is_last in (False, True):
            try:
                reading, _ = yield from sent(self.call)
                if (started := (yield from self._accepted(reading))) is not None:
                    return started
                self._raise_if_refused(reading)
                found = yield from self._reconcile(reading, before, is_last)
            except AmbiguousOutcome:
                yield self.intended("unclear", before)
                raise
            except CppError as error:
                if first is not None:
                    raise self._without_trace(f"{_BEFORE} {describe(first)}, and", error) from None
                yield self.keep("refused")  # nothing was started: what others start later isn't this task's
                raise error.with_more("Nothing was started.") from None
            if found is not None:
                return found  # a publish of somebody else's only after a first request
            if isinstance(reading, Answer) and 300 <= reading.status < 400:
                redirected = error_of(self.call, reading)  # whatever it was redirected to wouldn't be ours
                which = "It" if first is None else f"{_BEFORE} {describe(first)}, and"
                raise self._without_trace(which, redirected)
            if not is_last:
                first = reading
                yield Say(
                    f"{self.call} left no trace among the offer's submissions, and nothing new runs: sending "
                    "it once more.",
                    logging.WARNING,
                )
        yield self.intended("unclear", before)
        raise self.unclear(reading, "and twice no trace of it among the offer's submissions")

    def _first(self, asking: Procedure[T], not_done: str = "sent") -> Procedure[T]:
        """Ask what has to be known before the request is sent; an error of that says what wasn't done.

        :param not_done: `sent again`, where an earlier try may have sent it; `published`, where something else
            was sent before.
        """
        try:
            return (yield from asking)
        except OperationCanceled:
            raise
        except CppError as error:
            if str(self.call) in str(error):
                raise  # it tells of this call already, and not only of what was asked before it
            raise self._not_done(error, not_done) from None

    def _not_done(self, error: CppError, not_done: str) -> CppError:
        """Return the error of what has to be known first, as one of the request that wasn't sent because of it."""
        asked, failed, why = error.message.partition(" failed: ")
        first = f"Nothing was {not_done}: the offer's status has to be read first"
        if not failed or not asked.endswith(f" of {self.call.subject}"):
            return error.with_more(f"{first}.")
        action = asked.removesuffix(f" of {self.call.subject}")
        return error.saying(
            f"{self.call} wasn't {'sent' if not_done == 'published' else not_done}: {why} {first} ({action})."
        )

    # The request's answer

    def _accepted(self, reading: Reading) -> Procedure[Started | None]:
        """Return the operation that the answer names, if it names one that can be believed."""
        if not isinstance(reading, Answer) or not 200 <= reading.status < 300:
            return None
        header = location_header(reading.headers)
        if header is None:
            return None
        try:
            location = self.parse(header)
        except UntrustedLocation as error:
            yield Say(f"{self.call} was accepted, but its answer names a location not to trust. {error}", 30)
            return None
        return (yield from self.taken(location, How.POSTED))

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

    def _without_trace(self, which: str, error: CppError) -> CppError:
        """Return an error which doesn't say that a request may have been accepted, with what is known of that.

        :param which: begins the sentence that tells of it.
        """
        return error.with_more(
            f"{which} left no trace among the offer's submissions; a retry of this task looks for one again "
            "before it sends anything.",
        )

    # What the submissions tell

    def _before(self) -> Procedure[tuple[set[str] | None, Submission | None]]:
        """Return the ids of all submissions so far, and a publish that runs where one is wanted.

        The first is None where the service has no such list.
        """
        listed = yield from self.listed()
        if isinstance(listed, Listed):
            running = self.mine(listed.entries, None, or_running=True) if self.kind == PUBLISH else None
            return {submission.id for submission in listed.entries}, running
        if listed.may_pass:
            # Without the list an unclear outcome couldn't be cleared up: rather not begin.
            raise listed.error
        yield Say(
            f"{listed.call} isn't possible ({listed.why}); should the answer to {self.call} get lost, its outcome "
            "can't be found out."
        )
        return None, None

    def _reconcile(
        self, reading: Reading, before: set[str] | None, is_last: bool
    ) -> Procedure[Started | Submission | None]:
        """Find out from the submissions what became of the request.

        Returns the operation, or None if there is provably none: then the request may be sent again. A first
        publish that was refused because of another one returns that.

        :raises CppConflict: the service refused it, because another operation runs.
        :raises AmbiguousOutcome: the submissions can't be read, or don't fit the answer.
        """
        conflict = isinstance(reading, Answer) and reading.status == 409
        accepted = isinstance(reading, Answer) and 200 <= reading.status < 300
        if not conflict:
            yield from self._tell_unclear(reading, before, accepted)
        submissions: tuple[Submission, ...] | None = None
        unlisted = ""
        for pause in pauses():
            yield Wait(pause)
            listed = yield from self._listed_after(reading, is_last)
            if isinstance(listed, Unlisted):
                submissions, unlisted = None, listed.why
                continue
            submissions = listed.entries
            # What is new and has ended isn't what a first request met, nor did that start anything.
            known = None if conflict and not is_last else before
            # A publish that ran before the first request may be of an older draft.
            mine = self.mine(submissions, known, or_running=conflict and not (is_last and self.kind == PUBLISH))
            if mine is not None and conflict and not is_last and self.kind == PUBLISH:
                return mine
            if mine is not None:
                return (yield from self._found(reading, mine))
            if conflict and (not is_last or any(s.is_running for s in submissions)):
                break
        if conflict and (submissions is not None or not is_last):
            raise self._conflict(reading, submissions, unlisted)
        if submissions is None:
            # The last look counts: an earlier one may have come too soon to show it.
            raise self.unclear(reading, f"and the offer's submissions can't be read: {unlisted}")
        if before is None:
            raise self.unclear(reading, "and the offer's submissions couldn't be read before it")
        if accepted:
            raise self.unclear(reading, "but no submission came of it")
        if any(s.is_running and s.id not in before for s in submissions):
            raise self.unclear(reading, "and another operation has begun to run on the offer since")
        return None

    def _found(self, reading: Reading, mine: Submission) -> Procedure[Started]:
        """Take what is found among the submissions as what came of the request."""
        try:
            location = self.location_of(mine)
        except UntrustedLocation as untrusted:
            raise self.unclear(reading, f"and what came of it can't be located: {untrusted}") from None
        return (yield from self.taken(location, How.ADOPTED))

    def _tell_unclear(self, reading: Reading, before: set[str] | None, accepted: bool) -> Procedure[None]:
        if accepted:
            # A retry has to know it, should this try end before it finds what came of it.
            yield self.intended("unclear", before)
        yield Say(
            f"{self.call}: {describe(reading)}. It may have been accepted: looking for it among the offer's "
            "submissions before anything is sent again.",
            logging.WARNING,
        )

    def _conflict(self, refusal: Reading, submissions: tuple[Submission, ...] | None, unlisted: str) -> CppError:
        """Return the error of a 409, which names what runs, or says why it can't."""
        running = ", ".join(str(s) for s in submissions or () if s.is_running) or "none that the list names"
        if submissions is None:
            running = f"not known, as the offer's submissions can't be read: {unlisted.rstrip('.')}"
        return error_of(self.call, refusal).with_more(f"Running on it: {running}.")

    def _listed_after(self, reading: Reading, is_last: bool) -> Procedure[Listed[Submission] | Unlisted]:
        """List the offer's submissions after an answer that leaves open what became of the request."""
        try:
            return (yield from self.listed())
        except CppError as error:  # the login refuses by now, which says nothing of the request
            if isinstance(reading, Answer) and reading.status == 409 and not is_last:
                raise
            raise self.unclear(
                reading, f"and the offer's submissions can't be read: {error.message.rstrip('.')}"
            ) from None
