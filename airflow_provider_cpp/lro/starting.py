"""How an operation is started exactly once, though the service has no idempotency key.

What there is on the offer is noted before the request. Whatever happens to the request then, the list of
operations has the last word on what came of it. A record, kept before the request and again right after its
answer, lets a later try of the same task settle what this one did.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppConflict,
    CppError,
    OperationCanceled,
)
from airflow_provider_cpp.lro.prechecking import DryRun, NotStarted, Precheck
from airflow_provider_cpp.lro.reconciling import NO_TRACE, after_conflict, after_silence
from airflow_provider_cpp.lro.records import How, Started, keep, keep_started, logged, unclear
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.running import met
from airflow_provider_cpp.lro.seam import Accepted, Conflict, Intent, Prepared, Rejected, Unclear, Watched
from airflow_provider_cpp.lro.settling import EarlierTries, is_restart
from airflow_provider_cpp.wire.answers import Reading, describe
from airflow_provider_cpp.wire.arguments import FAIL, RESTART
from airflow_provider_cpp.wire.procedures import Procedure, Say, T, sent

_BEFORE = "The request before it came to"


@dataclass(frozen=True, slots=True)
class Start:
    """An operation to start.

    :param intent: the operation.
    :param if_running: what becomes of one that runs already and isn't known to be the same: `fail`, `adopt` or
        `restart`.
    """

    intent: Intent
    if_running: str = FAIL

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
        intent = self.intent
        if check is None or not check.dry_run:
            tries = EarlierTries(intent, record, since, cleared, records_are_kept, self.if_running)
            earlier = yield from self._first(tries.settle(), "sent again")
            if earlier is not None:
                return earlier
            if record is None:
                # A success leaves no record: from here on a try that leaves none was one.
                yield keep(intent, "begun")
        if check is not None:
            decided = yield from self._first(
                check.before(intent, self.if_running) if isinstance(check, DryRun) else check.before(intent)
            )
            if decided is not None:
                return decided
        was_restarted = was_refused = False
        # An earlier try's restart may have been finished just now.
        may_have_canceled = self.if_running == RESTART and is_restart(record)
        while True:
            not_done = "published" if was_restarted or may_have_canceled else "sent"
            prepared = yield from self._first(intent.prepared(), not_done)
            running = prepared.running
            if running is None:
                if isinstance(record, dict) and not cleared and not (since is not None and math.isinf(since)):
                    self._refuse_other(prepared, record)
                outcome = yield from self._sent(prepared)
                if isinstance(outcome, Started):
                    return outcome
                # Nothing was started: what runs isn't this task's.
                yield keep(intent, "refused", **prepared.record)
                running, was_refused = outcome, True
            if was_restarted:
                raise CppConflict(
                    f"{intent} wasn't sent again: {running} runs on the offer, although what ran before was "
                    "canceled for this one. Somebody else publishes it, too."
                )
            meeting = met(intent, self.if_running, running, How.ADOPTED, was_refused=was_refused)
            adopted = yield from self._first(meeting, "published")
            if adopted is not None:
                return adopted
            was_restarted = True

    def _refuse_other(self, prepared: Prepared, record: dict[str, object]) -> None:
        """Refuse a request by a retry that would start something else than the try before it wanted.

        :param prepared: what the request would be about.
        :param record: what that try kept.
        :raises CppConflict: if so.
        """
        intent = self.intent
        if record.get("of") == intent.subject and (why := intent.is_other(prepared, record)):
            raise CppConflict(
                f"{intent} wasn't sent: {why}. Nothing was sent. Look at it, and if it is meant, clear this task."
            )

    def _sent(self, prepared: Prepared) -> Procedure[Started | Row]:
        """Send the request; return what it started, or an operation of its kind because of which it was refused.

        :param prepared: what there was before it.
        """
        intent, call = self.intent, self.intent.call(prepared)
        yield keep(intent, "intended", **prepared.record)
        first: Reading | None = None
        for is_last in (False, True):
            try:
                reading, _ = yield from sent(call)
                verdict = intent.verdict(prepared, call, reading)
                if isinstance(verdict, Accepted):
                    confirmed = yield from self._confirmed(verdict.watched)
                    if isinstance(confirmed, Started):
                        return confirmed
                    verdict = confirmed
                if isinstance(verdict, Rejected):
                    raise verdict.error
                found: Started | Row | None
                if isinstance(verdict, Conflict):
                    found = yield from after_conflict(intent, reading, prepared, verdict, is_last=is_last)
                else:
                    found = yield from after_silence(intent, reading, prepared, verdict)
            except AmbiguousOutcome:
                yield keep(intent, "unclear", **prepared.record)
                raise
            except CppError as error:
                if first is not None:
                    raise self._without_trace(f"{_BEFORE} {describe(first)}, and", error) from None
                # Nothing was started: what others start later isn't this task's.
                yield keep(intent, "refused", **prepared.record)
                raise error.with_more("Nothing was started.") from None
            if found is not None:
                return found  # one of somebody else's only after a first request
            if isinstance(verdict, Unclear) and verdict.error is not None:
                which = "It" if first is None else f"{_BEFORE} {describe(first)}, and"
                raise self._without_trace(which, verdict.error)
            if not is_last:
                first = reading
                yield Say(
                    f"{intent} {NO_TRACE} {intent.list_in_words}, and nothing new runs: sending it once more.",
                    logging.WARNING,
                )
        yield keep(intent, "unclear", **prepared.record)
        raise unclear(intent, reading, f"and twice no trace of it among {intent.list_in_words}")

    def _confirmed(self, accepted: Watched) -> Procedure[Started | Conflict]:
        """Take an operation that was accepted, unless it meets a conflict after that."""
        yield keep_started(self.intent, accepted)
        try:
            confirmed = yield from self.intent.confirmed(accepted)
        except CppError as error:  # it was accepted, and what can't be read now says nothing of it
            yield Say(f"Whether {accepted} has met a conflict can't be told now: {error}", logging.WARNING)
            confirmed = accepted
        if isinstance(confirmed, Conflict):
            return confirmed
        if confirmed != accepted:
            yield keep_started(self.intent, confirmed)
        return (yield from logged(self.intent, confirmed, How.POSTED))

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
            if str(self.intent) in str(error):
                raise  # it is about this request already, and not only about what was asked before it
            raise self._not_done(error, not_done) from None

    def _not_done(self, error: CppError, not_done: str) -> CppError:
        """Return the error of what has to be known first, as one of the request that wasn't sent because of it."""
        first = f"Nothing was {not_done}: the offer's status has to be read first"
        if error.failed_call is None or error.failed_call[1] != self.intent.offer:
            return error.with_more(f"{first}.")
        action, _, came_back = error.failed_call
        not_sent = "sent" if not_done == "published" else not_done
        return error.saying(f"{self.intent} wasn't {not_sent}: {came_back} {first} ({action}).")

    def _without_trace(self, which: str, error: CppError) -> CppError:
        """Return an error which doesn't say that a request may have been accepted, with what is known of that.

        :param which: begins the sentence on it.
        """
        return error.with_more(
            f"{which} {NO_TRACE} {self.intent.list_in_words}; a retry of this task looks for one again before it "
            "sends anything.",
        )
