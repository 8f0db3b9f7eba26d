"""How what runs on an offer is canceled, and the cancel watched to its end.

The service cancels whatever runs on the offer, and answers 202 whether or not anything does. So it is
asked first which operation runs and whether it still does, and afterwards what became of that one.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from airflow_provider_cpp.exceptions import CppConfigurationError, CppError, CppUnavailable
from airflow_provider_cpp.lro import ends
from airflow_provider_cpp.lro.canceled import DRY_RUN, NOT_CANCELABLE, NOTHING_RUNNING, Canceled
from airflow_provider_cpp.lro.ends import TIMEOUT, UNKNOWN, End
from airflow_provider_cpp.lro.looks import Contradictory, Missing, Running, Seen, Unread
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.rows import Row, latest
from airflow_provider_cpp.lro.schedule import CANCEL_TIMEOUT, PollSchedule
from airflow_provider_cpp.lro.seam import OperationsOf, Watched
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.lro.words import CANCELED, FAILED, SUCCEEDED, cant_be_canceled
from airflow_provider_cpp.wire.answers import Reading, describe, error_of
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.procedures import NOW, Procedure, Say, sent
from airflow_provider_cpp.wire.retries import was_refused_unread

#: A cancel takes one to three minutes (seen by clients).
SCHEDULE = PollSchedule(2.0, 10.0)

#: Seconds after which a cancel without a clear answer is sent again, if the operation still runs. It cancels
#: no more than the first one would have.
SEND_AGAIN_AFTER = 30.0
MAX_CANCELS = 3

#: Refusals after which the operation may have ended: whoever cancels what is over is refused.
_OVER = frozenset({400, 404, 409, 410, 412, 422, 423})

#: Why a publish can't be canceled that somebody has taken live.
_WENT_ON = (
    "the publish has ended, and somebody has taken live what it brought into preview. That runs on, and nothing "
    "was sent; the location of that go-live cancels it, if anything does"
)

#: What to do about an operation that goes on although its task has ended.
BY_HAND = "to cancel it by hand, run CancelOperator"


def not_canceling(where: str, why: str, portal: str = "") -> str:
    """Return the line that says that an operation is left alone, and how to cancel it all the same.

    :param where: the operation.
    :param why: the reason.
    :param portal: where a person looks at offers; empty if it isn't known.
    """
    look = f"Look at {portal}; {BY_HAND}." if portal else f"{BY_HAND[:1].upper()}{BY_HAND[1:]}."
    return f"Not canceling {where}: {why}. It runs on. {look}"


@dataclass(frozen=True, slots=True)
class CancelOffer:
    """An offer on which nothing is to run.

    :param operations: the operations on it.
    :param notification_emails: whom the service notifies.
    :param within: seconds in which the cancel has to be confirmed.
    :param dry_run: only report which operation would be canceled.
    """

    operations: OperationsOf
    notification_emails: tuple[str, ...] = ()
    within: float = CANCEL_TIMEOUT.total_seconds()
    dry_run: bool = False

    def confirmed(self, *, draw: Callable[[], float] = random.random) -> Procedure[Canceled]:
        """Cancel the operation that runs on the offer, and watch it to its end.

        Returns what became of it, as `Cancel.confirmed` does, or `nothing_running` if
        nothing runs; then nothing was sent.

        :param draw: gives random numbers from 0 to 1.
        :raises CppConfigurationError: the service can't cancel by the offer's name alone; nothing was sent.
        :raises CppError: the error that the service's refusal means, or the list of operations can't be read.
        """
        offer = self.operations.offer
        if self.operations.why_not_canceled:
            raise CppConfigurationError(
                f"Cancel of {offer} can't be: {self.operations.why_not_canceled}. Nothing was sent."
            )
        listed = yield from self.operations.rows()
        if isinstance(listed, Unlisted):
            raise listed.error  # which operation the cancel would hit isn't known
        candidates = latest(row for row in listed.entries if row.is_running)
        if not candidates:
            message = f"Nothing runs on {offer}: there was nothing to cancel."
            last = latest(listed.entries)
            if len(last) == 1:
                message += f" The last operation was {last[0]}."
            yield Say(message)
            return Canceled(NOTHING_RUNNING, None, message)
        running = candidates[0]
        if len(candidates) > 1:
            yield Say(
                f"Several operations run on {offer}, by the service's list: "
                f"{', '.join(map(str, candidates))}. Which of them is canceled isn't known, as the list gives no "
                "times that say so; the first one is watched.",
                logging.WARNING,
            )
        watched = self.operations.at(running)
        if self.dry_run:
            message = f"Dry run: would cancel {running}, on {offer}. Nothing was sent."
            yield Say(message)
            return Canceled(DRY_RUN, watched.url, message)
        yield Say(f"Running on {offer}: {running}.")
        cancel = Cancel(watched, self.within, self.notification_emails, warns=False)
        return (yield from cancel.confirmed(draw=draw))


@dataclass(slots=True)
class Cancel:
    """An operation to cancel.

    :param watched: the operation.
    :param within: seconds in which the cancel has to be confirmed.
    :param notification_emails: whom the service notifies of it.
    :param warns: log why it had no effect; otherwise only the event says so.
    :param again: what to do about a cancel that isn't confirmed.
    :param dry_run: only report whether it would be canceled.
    """

    watched: Watched
    within: float = CANCEL_TIMEOUT.total_seconds()
    notification_emails: tuple[str, ...] = ()
    warns: bool = True
    again: str = "clear this task to cancel it again"
    dry_run: bool = False

    #: Whether the service may have done something about any of the cancels.
    was_taken: bool = field(default=False, init=False)

    #: How the operation was seen last while it ran, and what refused a cancel of it in the service's words.
    _seen: Operation | None = field(default=None, init=False)
    _refusal: str = field(default="", init=False)

    def confirmed(self, *, draw: Callable[[], float] = random.random) -> Procedure[Canceled]:
        """Cancel the operation if it still runs, and watch it to its end.

        Returns what became of it: `canceled`, but also `succeeded` or `failed` if the cancel came too late,
        `not_cancelable` if the service says that it can't be canceled, `timeout` if the cancel wasn't confirmed
        in time, or `unknown` if the operation's status can't be learned.

        :param draw: gives random numbers from 0 to 1.
        :raises CppUnavailable: no cancel reached the service; nothing was canceled.
        :raises CppError: the error that the service's refusal means.
        """
        call = self.watched.to_cancel(self.notification_emails)
        if isinstance(call, str):
            return (yield from self._left_alone(call))
        try:
            return (yield from self._canceled(call, draw))
        except CppError as error:
            if not self.was_taken:
                raise
            # What refuses now, the service or the login, says nothing of a cancel that was sent before.
            end = ends.refused(self.watched.url, error, self.watched)
            return (yield from self._came_to(call, end))

    def _left_alone(self, why: str) -> Procedure[Canceled]:
        """Return what becomes of something that no call cancels: it may have ended, and runs on otherwise.

        :param why: why there is no call.
        """
        over: End | None = None
        if self.watched.operation_id:
            try:
                over = yield from self._over()
            except CppError as error:
                why = f"{why}; whether it runs can't be read ({error.message.rstrip('.')})"
        if over is not None and over.status != UNKNOWN:
            return _canceled(over)
        runs = " It runs on." if self._seen is not None else ""
        ids = f" {self.watched.ids}" if self.watched.ids else ""
        message = (
            f"Not canceling {self.watched}: {why}.{runs} Look at {self.watched.portal} to cancel it by hand.{ids}"
        )
        if self.warns:
            yield Say(message, logging.WARNING)
        return Canceled(NOT_CANCELABLE, self.watched.url, message)

    def _canceled(self, call: Call, draw: Callable[[], float]) -> Procedure[Canceled]:
        deadline = 0.0
        reading: Reading | None = None
        for attempt in range(1, MAX_CANCELS + 1):
            if (over := (yield from self._over())) is not None:
                if reading is None:
                    return _canceled(over)
                if over.status == UNKNOWN and not self.was_taken:
                    raise self._never_taken(call, reading)
                return (yield from self._came_to(call, over))
            if self.dry_run:
                message = f"Dry run: would cancel {self.watched}. Nothing was sent. {self.watched.ids}"
                yield Say(message)
                return Canceled(DRY_RUN, self.watched.url, message)
            was_taken, self.was_taken = self.was_taken, True  # until there is an answer
            try:
                reading, now = yield from sent(call)
            except CppError:  # the login refuses
                self.was_taken = was_taken
                raise
            if reading.is_refusal and reading.code != 408:
                self.was_taken = was_taken
                return (yield from self._refused(call, reading, deadline or now + self.within, draw))
            self.was_taken = was_taken or not was_refused_unread(call, reading)
            deadline = deadline or now + self.within
            is_clear = reading.is_success
            is_last = is_clear or attempt == MAX_CANCELS or now + SEND_AGAIN_AFTER >= deadline
            if is_last and not self.was_taken:
                raise self._never_taken(call, reading)  # there is nothing to watch for
            yield Say(f"{call}: {describe(reading)}. Watching {self.watched} to see whether it is canceled.")
            until = deadline if is_last else now + SEND_AGAIN_AFTER
            watch = Watch(self.watched, started_at=now, deadline=until, schedule=SCHEDULE)
            end = yield from watch.follow(at_once=True, draw=draw)
            if end.status != TIMEOUT or is_last:
                return (yield from self._came_to(call, end))
            came_to = "had no clear answer" if self.was_taken else "didn't get through"
            yield Say(f"{self.watched} still runs, and the cancel {came_to}: sending it again.", logging.WARNING)
        raise AssertionError("the last cancel is the last")

    def _never_taken(self, call: Call, reading: Reading) -> CppError:
        """Return the error of a cancel that the service provably did nothing about, however often it was sent."""
        error = error_of(call, reading)
        return CppUnavailable(
            f"{error.message} Nothing was canceled: what runs on the offer did so when it was last read.",
            http_status=error.http_status,
            code=error.code,
            request_id=error.request_id,
            operation_id=self.watched.operation_id,
        )

    def broken_off(self, why: str) -> str:
        """Return what to report of a cancel that isn't watched to its end.

        :param why: what breaks it off, such as ``the triggerer is being stopped``.
        """
        if not self.was_taken:
            return not_canceling(str(self.watched), why, self.watched.portal)
        return (
            f"The cancel of {self.watched} was sent, but isn't confirmed: {why}. It may be canceled yet, or go "
            f"on to its end. Look at {self.watched.portal}; {self.again}."
        )

    def _over(self) -> Procedure[End | None]:
        """Return the end of an operation that there is no use or no way to cancel, or None if it runs."""
        operation = yield from self._read()
        if isinstance(operation, str):
            # The cancel would hit whatever runs on the offer now.
            yield Say(f"Not canceling {self.watched}, as its status can't be read: {operation}.", logging.WARNING)
            return ends.unreadable(self.watched, None, operation)
        if operation.is_terminal:
            yield Say(f"Nothing to cancel: {self.watched} has ended ({operation.raw_status}).")
            end = ends.ended(self.watched, operation)
            return replace(end, message=f"There was nothing to cancel any more. {end.message}")
        if operation.waits_for_signoff and self.watched.ends_at_signoff:
            message = (
                f"Nothing runs on {self.watched.offer}, so that there was nothing to cancel: what was published "
                "is in preview, and stays there until somebody takes it live or publishes anew; the service can't "
                f"take it back. {self.watched.ids}"
            )
            yield Say(message)
            return End(NOTHING_RUNNING, self.watched.url, message)
        if operation.is_signed_off and self.watched.ends_at_signoff:
            return (yield from self._too_far_on(_WENT_ON))
        if cant_be_canceled(operation.cancellation):
            said = f"the service says {operation.cancellation!r}. It runs on, and nothing was sent"
            return (yield from self._too_far_on(said))
        self._seen = operation
        return None

    def _too_far_on(self, said: str) -> Procedure[End]:
        """Return the end of a cancel of what runs, and can't be canceled any more.

        :param said: why, and what follows from it.
        """
        message = (
            f"What runs on {self.watched.offer} can't be canceled any more: {said}. Look at "
            f"{self.watched.portal}; to see how it ends, watch it with OperationSensor. {self.watched.ids}"
        )
        if self.warns:
            yield Say(message, logging.WARNING)
        return End(NOT_CANCELABLE, self.watched.url, message)

    def _read(self) -> Procedure[Operation | str]:
        """Return the operation, or in words why its status can't be read.

        :raises CppError: the service refuses to read it, or doesn't know it: a cancel would hit something else.
        """
        look = yield from self.watched.look(patient=True)
        match look:
            case Seen(operation):
                return operation
            case Running():
                return "the service says no more than that it was accepted"
            case Unread(why) | Contradictory(why):
                return why
            case Missing(why):
                found = yield from self.watched.look_in_list(patient=True)
                if isinstance(found, Unlisted):
                    raise found.error  # nothing is known of it
                if isinstance(found, Row):
                    return Operation(found.state, found.state_word)
                if found.may_run:
                    return f"{why}, and {self.watched.list_in_words} go by another kind of identifier"
        raise look.error

    def _refused(
        self, call: Call, refusal: Reading, deadline: float, draw: Callable[[], float]
    ) -> Procedure[Canceled]:
        """Return what becomes of an operation that ends without this cancel, or raise what the refusal means.

        It may have ended before its cancel came, or be on its way to an end, as somebody canceled it already.
        """
        if refusal.code not in _OVER:
            raise error_of(call, refusal)
        yield Say(f"{call}: {describe(refusal)}. Looking whether {self.watched} still runs.", logging.WARNING)
        over: End | None = None
        runs = False
        try:
            over = yield from self._over()
            runs = over is None
        except CppError as error:
            yield Say(f"That can't be read: {error}", logging.WARNING)
        if over is not None and over.status != UNKNOWN:
            return _canceled(over)
        is_being_canceled = self._seen is not None and self._seen.is_being_canceled
        if not (is_being_canceled or self.watched.needs_no_cancel(refusal)):
            if runs and not self.was_taken and self.watched.is_too_far_on(refusal):
                return _canceled(
                    (yield from self._too_far_on(f"the service says {describe(refusal)}; it runs on"))
                )
            raise error_of(call, refusal)
        self.was_taken = True  # if not this one, then one before it, whoever sent that
        self._refusal = describe(refusal).rstrip(".")
        yield Say(f"Watching {self.watched}, as it needs no cancel any more by the service's word.")
        now = (yield NOW).now
        watch = Watch(self.watched, started_at=now, deadline=deadline, schedule=SCHEDULE)
        return (yield from self._came_to(call, (yield from watch.follow(at_once=True, draw=draw))))

    def _came_to(self, call: Call, end: End) -> Procedure[Canceled]:
        """Return what came of the cancel, by how the operation's watch ended."""
        if end.status == CANCELED:
            message = f"Confirmed: what ran on {self.watched.offer} is canceled. {self.watched.ids}"
            yield Say(message)
            return Canceled(end.status, end.location, message)
        if end.status == TIMEOUT:
            where = f"; it was last seen {end.operation.raw_status!r}" if end.operation else ""
            message = (
                f"{call} isn't confirmed: what runs on it didn't end within {self.within:g} s{where}. It may "
                f"be canceled yet, or go on to its end. Look at {self.watched.portal}; {self.again}."
            )
            if self._refusal:
                message += f" The answer to the cancel was {self._refusal}."
            message += f" {self.watched.ids}"
        elif end.status in {SUCCEEDED, FAILED}:
            message = f"{call} came too late. {end.message}"
        else:
            message = f"{call} isn't confirmed. {end.message}"
        if self.warns:
            yield Say(message, logging.WARNING)
        return Canceled(end.status, end.location, message)


def _canceled(end: End) -> Canceled:
    return Canceled(end.status, end.location, end.message)
