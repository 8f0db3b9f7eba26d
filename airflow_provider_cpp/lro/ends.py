"""How a watch ended, and the result or error that it means.

The same serves the sensor and the operator, deferred or not, so that one operation has one outcome and one message
everywhere. An end becomes an event, a dict of JSON primitives, only where it crosses Airflow's database.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from airflow_provider_cpp import exceptions
from airflow_provider_cpp.exceptions import (
    CppError,
    CppUnavailable,
    OperationCanceled,
    OperationFailed,
    OperationStatusUnknown,
    OperationTimeout,
    WatchedOperationFailed,
)
from airflow_provider_cpp.lro import words
from airflow_provider_cpp.lro.goals import COMPLETED, SIGNOFF, Goal
from airflow_provider_cpp.lro.looks import NOT_ASKED, CustomerView
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.story import (
    IS_IN_PREVIEW,
    SIGNED_OFF,
    alarms,
    duration_in_words,
    ended_badly,
    joined,
    links_in_words,
    names_reason,
    where,
)
from airflow_provider_cpp.wire.arguments import is_missing
from airflow_provider_cpp.wire.confidential import without_secrets
from airflow_provider_cpp.wire.plain_text import capitalized, one_line

TIMEOUT = "timeout"
UNKNOWN = "unknown"

_STATUSES = frozenset({words.SUCCEEDED, words.FAILED, words.CANCELED, TIMEOUT, UNKNOWN})


@dataclass(frozen=True, slots=True)
class End:
    """How a watch ended.

    :param status: `succeeded`, `failed`, `canceled`, `timeout` or `unknown`.
    :param location: the operation's, or the offer's; empty if there is none.
    :param message: what happened, in words.
    :param operation: its last reading; None if there was none.
    :param error: of an unknown end, the error that it means; None for that its status can't be learned. Of a
        failed one, the error where no retry can mend it; None where one may.
    :param goal: what was waited for, where that wasn't the operation's own end.
    """

    status: str
    location: str
    message: str
    operation: Operation | None = None
    error: type[CppError] | None = None
    goal: str = ""

    def to_event(self) -> dict[str, object]:
        """Return it as JSON primitives, as it crosses Airflow's database."""
        return {
            "status": self.status,
            "location": without_secrets(self.location),
            "operation": self.operation.to_dict() if self.operation else None,
            "message": self.message,
            "error": self.error.__name__ if self.error else None,
            **({"goal": self.goal} if self.goal else {}),
        }

    @classmethod
    def read(cls, event: object) -> End:
        """Return the end that an event says, of this version or of one before it; an unknown one if it says none.

        :param event: what the trigger sent.
        """
        if not isinstance(event, dict) or not isinstance(event.get("message"), str):
            return cls(
                UNKNOWN,
                "",
                f"The task was resumed with {_brief(event)}, which is no event of OperationTrigger, so the "
                "operation's outcome isn't known. Were the provider's versions on worker and triggerer mixed? "
                "Clear this task to watch the operation again.",
            )
        status, location, goal = event.get("status"), event.get("location"), event.get("goal")
        end = cls(
            str(status),
            location if isinstance(location, str) else "",
            event["message"],
            Operation.read(event.get("operation")),
            _error_named(event.get("error")),
            goal if isinstance(goal, str) and goal != COMPLETED.words else "",
        )
        if isinstance(status, str) and status in _STATUSES and (status != words.SUCCEEDED or end._is_success):
            return end
        return replace(
            end,
            status=UNKNOWN,
            message=f"The task was resumed with status {_brief(status)}, which this version doesn't know, so the "
            "operation's outcome isn't known. Clear this task to watch the operation again.",
            error=None,
        )

    @property
    def _is_success(self) -> bool:
        # A publish that waits for its sign-off still runs.
        has_ended = self.operation is not None and (bool(self.goal) or self.operation.status == words.SUCCEEDED)
        return has_ended and bool(self.location)

    def error_class(self, *, by_sensor: bool) -> type[CppError] | None:
        """Return the error that it means; None for a success.

        :param by_sensor: whether a sensor asks, whose retry can't mend a failed operation.
        """
        match self.status:
            case words.SUCCEEDED:
                return None
            case words.FAILED:
                return (
                    WatchedOperationFailed
                    if by_sensor or self.error is WatchedOperationFailed
                    else OperationFailed
                )
            case words.CANCELED:
                return OperationCanceled
            case "timeout":
                return OperationTimeout
        return self.error or OperationStatusUnknown

    def result(self, *, by_sensor: bool) -> dict[str, object]:
        """Return the finished operation as JSON primitives, or raise what the end means.

        :param by_sensor: as for `error_class`.
        :raises OperationFailed: the operation failed (as `WatchedOperationFailed` for a sensor).
        :raises OperationCanceled: it was canceled.
        :raises OperationTimeout: it didn't end in time.
        :raises OperationStatusUnknown: its status can't be learned.
        :raises CppError: the error that kept the watch from going on, such as `CppAuthError`.
        """
        error = self.error_class(by_sensor=by_sensor)
        if error is not None:
            raise error(self.message)
        assert self.operation is not None  # noqa: S101 - a success has one
        return self.operation.to_dict()


def ended(watched: Watched, operation: Operation, seen: CustomerView = NOT_ASKED) -> End:
    """Return the end of an operation that the service says has ended.

    :param watched: the operation.
    :param operation: its last reading.
    :param seen: what customers see now.
    """
    message = _told(watched, operation, operation.status, seen)
    return End(operation.status, watched.url, message, operation, _for_good(operation, operation.status))


def concluded(
    watched: Watched, operation: Operation, verdict: str, goal: Goal = COMPLETED, seen: CustomerView = NOT_ASKED
) -> End:
    """Return the end of a watch whose goal is reached or missed.

    :param watched: the operation, or the offer.
    :param operation: its last reading.
    :param verdict: what the goal says of it.
    :param goal: what is waited for.
    :param seen: what customers see now.
    """
    if verdict == operation.status and goal is COMPLETED:
        return ended(watched, operation, seen)
    is_reached = verdict == words.SUCCEEDED
    message = _reached(watched, operation, goal) if is_reached else _told(watched, operation, verdict, seen)
    return End(verdict, watched.url, message, operation, _for_good(operation, verdict), goal=goal.words)


def _for_good(operation: Operation, verdict: str) -> type[CppError] | None:
    """Return the error of a failure that no retry can mend; None if it is none."""
    return WatchedOperationFailed if verdict == words.FAILED and operation.is_refused else None


def timed_out(
    watched: Watched,
    operation: Operation | None,
    waited: float,
    trouble: str,
    goal: Goal = COMPLETED,
    seen: CustomerView = NOT_ASKED,
) -> End:
    """Return the end of a watch whose time is over.

    :param watched: the operation, or the offer.
    :param operation: its last reading; None if there was none.
    :param waited: seconds since the watch began.
    :param trouble: what the last read came to, if it failed.
    :param goal: what was waited for.
    :param seen: what customers see now.
    """
    state = f"was last seen {where(operation)}" if operation else "could not be read even once"
    last_read = f"The last read failed: {trouble}." if trouble else ""
    return End(
        TIMEOUT,
        watched.url,
        joined(
            f"{capitalized(watched.offer)} {_not_yet(goal)} within {duration_in_words(waited)}; it {state}.",
            alarms(operation),
            last_read,
            seen.live,
            "It may still be running: nothing was canceled.",
            f"Look at {seen.page or watched.portal}; to go on watching, clear this task; to wait longer, raise "
            "its timeout or execution_timeout.",
            watched.ids,
        ),
        operation,
    )


def unreadable(watched: Watched, operation: Operation | None, why: str) -> End:
    """Return the end of an operation whose status can't be learned.

    :param watched: the operation, or the offer.
    :param operation: its last reading; None if there was none.
    :param why: the reason, in words.
    """
    last_seen = f"It was last seen {where(operation)}." if operation else ""
    return End(
        UNKNOWN,
        watched.url,
        joined(
            f"The status of {watched.offer} can't be learned: {why}.",
            last_seen,
            alarms(operation),
            "This says nothing about the operation itself, which may run on or have ended.",
            f"Look at {watched.portal}; clear this task to watch it again.",
            watched.ids,
        ),
        operation,
        OperationStatusUnknown,
    )


def refused(location: str, error: CppError, what: Watched | None = None) -> End:
    """Return the end of a watch that can't go on, because the service won't let us read.

    :param what: what was watched, where it is known.
    """
    message = str(error)
    if what is not None and what.operation_id:
        more = (
            f"This says nothing about the operation on {what.offer} itself, which may run on. Once this is "
            "mended, clear this task to watch it again."
        )
        extended = error.with_more(more)
        extended.operation_id = what.operation_id
        message = str(extended)
    return End(UNKNOWN, location, message, error=type(error))


def connection_was_edited(cpp_conn_id: str) -> str:
    """Return the line that reports a watch which goes on with another secret."""
    return f"Connection {cpp_conn_id!r} was edited: going on with what it says now."


def not_read_anew(refusal: End, error: CppUnavailable) -> CppUnavailable:
    """Return the error of a watch that was refused, where it can't be learned whether the secret was renewed.

    :param refusal: how the watch ended.
    :param error: why the connection can't be read.
    """
    return CppUnavailable(f"{refusal.message} Whether it was mended since isn't known: {error}")


def result_of(event: object, *, by_sensor: bool) -> dict[str, object]:
    """Return the finished operation of an event, or raise what the event means.

    :param event: what the trigger sent.
    :param by_sensor: whether a sensor asks, whose retry can't mend a failed operation.
    :raises CppError: as `End.result`.
    """
    return End.read(event).result(by_sensor=by_sensor)


class TaskEnd(Enum):
    """How a task ends that no worker resumes."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


def end_without_worker(
    end: End,
    *,
    retries: int,
    skip_on_failure: bool,
    resume_on_success: bool,
) -> TaskEnd | None:
    """Return how a sensor's task ends in the triggerer, or None if only a worker can end it rightly.

    :param end: how the watch ended.
    :param retries: how many retries the task has: Airflow retries whatever fails in the triggerer, also what
        a worker would fail for good.
    :param skip_on_failure: whether the task is skipped where it would fail.
    :param resume_on_success: whether a success has to be reported by a worker.
    """
    if is_missing(end.location):
        return None  # only a worker can ask why the task before it pushed none
    error = end.error_class(by_sensor=True)
    if error is None:
        return None if resume_on_success else TaskEnd.SUCCESS
    if skip_on_failure:
        return TaskEnd.SKIPPED
    return TaskEnd.FAILED if retries == 0 or exceptions.is_retried(error) else None


def _error_named(name: object) -> type[CppError] | None:
    found = getattr(exceptions, name, None) if isinstance(name, str) else None
    if isinstance(found, type) and issubclass(found, CppError):
        return found
    return None


def _brief(value: object) -> str:
    return one_line(repr(value))[:200]


def _reached(watched: Watched, operation: Operation, goal: Goal) -> str:
    offer = capitalized(watched.offer)
    if operation.status == words.SUCCEEDED and goal is SIGNOFF:
        links = links_in_words("Live", operation.live_links)
        return joined(f"{offer} succeeded: {SIGNED_OFF}.", links, watched.ids)
    if operation.status == words.SUCCEEDED:
        return _told(watched, operation, operation.status)
    if operation.waits_for_signoff:
        links = links_in_words("Preview", operation.preview_links)
        return joined(f"{offer} {IS_IN_PREVIEW}.", links, watched.ids)
    if goal.is_behind(operation):
        return joined(f"{offer} is on its way to customers: {SIGNED_OFF}.", watched.ids)
    return joined(f"{offer} {goal.words}; the service says {operation.raw_status!r}.", watched.ids)


def _not_yet(goal: Goal) -> str:
    return "didn't end" if goal is COMPLETED else f"wasn't yet what is waited for ({goal.words})"


def _told(watched: Watched, operation: Operation, verdict: str, seen: CustomerView = NOT_ASKED) -> str:
    """Return what became of an operation: first the offer and why, then what customers see, last its id.

    :param verdict: `succeeded`, `failed` or `canceled`: what the operation's end means for who waits.
    """
    offer = capitalized(watched.offer)
    if verdict == words.SUCCEEDED:
        return joined(f"{offer} succeeded.", links_in_words("Live", operation.live_links), watched.ids)
    return joined(
        ended_badly(offer, operation, verdict),
        seen.live,
        _advice(operation, verdict, seen.page or watched.portal, watched.support),
        watched.ids,
    )


def _advice(operation: Operation, verdict: str, page: str, support: str) -> str:
    if verdict == words.CANCELED:
        return f"Somebody canceled it: ask who before going live again; see {page}."
    if names_reason(operation):
        return f"Correct what is named in the offer, publish it again, and look at {page}."
    return (
        f"The service names no reason: look for the reports on the offer at {page}, and ask {support} "
        "if there are none; once it is mended, publish it again."
    )
