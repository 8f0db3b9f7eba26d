"""What a try of a task keeps for the next one, and what it says where that isn't known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from airflow_provider_cpp.exceptions import AmbiguousOutcome, OperationCanceled
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.seam import Intent, Watched
from airflow_provider_cpp.wire.answers import Answer, Reading, describe, request_id
from airflow_provider_cpp.wire.procedures import Keep, Procedure, Say

#: Seconds between looks at the list after an unclear outcome: two minutes in all.
RECONCILE_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)

#: Fields of a record that are the engine's own; all others are what the service's intent prepared.
_OWN = frozenset({"of", "state", "anew"})


class How(Enum):
    """How an operation came to be the one of this task."""

    POSTED = "started"
    ADOPTED = "adopted"  # found in the list instead of in an answer
    REATTACHED = "reattached"  # started by an earlier try, and still running
    FINISHED = "finished"  # started by an earlier try, and succeeded since


@dataclass(frozen=True, slots=True)
class Started:
    """An operation that runs, or ran to its success, for this task.

    :param watched: the operation.
    :param how: how it came to be this task's.
    """

    watched: Watched
    how: How

    @property
    def location(self) -> str:
        """The operation's absolute location."""
        return self.watched.url


def keep(intent: Intent, state: str, **more: object) -> Keep:
    """Return the request to keep a record.

    :param intent: what the task wants started.
    :param state: how far the try has come.
    :param more: what a later try has to know besides.
    """
    return Keep({"of": intent.subject, "state": state, **more})


def prepared_in(record: dict[str, object]) -> dict[str, object]:
    """Return what a record says of what there was before its request."""
    return {name: value for name, value in record.items() if name not in _OWN}


def taken(intent: Intent, watched: Watched, how: How) -> Procedure[Started]:
    """Take an operation as this task's: keep a record of it, and log it.

    :param intent: what the task wants started.
    :param watched: the operation.
    :param how: how it came to be this task's.
    """
    yield keep_started(intent, watched)
    return (yield from logged(intent, watched, how))


def keep_started(intent: Intent, watched: Watched) -> Keep:
    """Return the request to keep that an operation runs for this task."""
    return keep(intent, "started", location=watched.url)


def logged(intent: Intent, watched: Watched, how: How) -> Procedure[Started]:
    """Log an operation as this task's, of which there is a record already."""
    yield Say(f"{intent}: {how.value} {watched}, {watched.url}")
    return Started(watched, how)


def unclear(intent: Intent, reading: Reading, why: str) -> AmbiguousOutcome:
    """Return the error of a request of which nobody knows whether it was accepted."""
    request = request_id(reading) if isinstance(reading, Answer) else None
    return not_known(intent, f"{describe(reading, with_id=False)}, {why}", request)


def not_known(intent: Intent, why: str, request_id: str | None = None) -> AmbiguousOutcome:
    """Return the error of an outcome that isn't known, for a reason.

    :param request_id: the service's id of the request, if it gave one.
    """
    return AmbiguousOutcome(
        f"{intent} may or may not have been accepted: {why}. Nothing was sent again, and Airflow won't retry. "
        f"Look at {intent.portal} whether the offer {intent.happening}; if it is, watch that operation with "
        "OperationSensor; if it isn't, clear this task.",
        request_id=request_id,
    )


def of_unknown_age(intent: Intent, ended: Row) -> AmbiguousOutcome:
    """Return the error of a retry that can't know whether an operation that ended is this task's.

    :param ended: that operation.
    """
    when = "at a time that the service doesn't say"
    if ended.changed_at is not None:
        when = f"at {datetime.fromtimestamp(ended.changed_at, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return AmbiguousOutcome(
        f"{intent}: {ended}, which ended {when}, may be what an earlier try of this task started, or from "
        "before the task was cleared, or somebody else's; which, isn't known. Nothing was sent, and Airflow "
        "won't retry. "
        f"Look at {intent.portal} whether that is what was wanted; if it is, mark this task a success; "
        f"{intent.to_do} once more, clear this task."
    )


def canceled(intent: Intent, what: str) -> OperationCanceled:
    """Return the error of a task whose operation somebody canceled: it isn't started anew by a retry.

    :param intent: what the task wants started.
    :param what: the operation, in words that begin a sentence.
    """
    return OperationCanceled(
        f"{what}, which the last try of this task started, was canceled. Somebody decided so: ask who, and "
        f"see {intent.portal}; {intent.to_do} all the same, clear this task."
    )


def pauses(*, patient: bool = True) -> tuple[float, ...]:
    """Return the seconds to wait before each look at what isn't to be seen at once.

    :param patient: False for one look only.
    """
    return (0.0, *RECONCILE_PAUSES) if patient else (0.0,)
