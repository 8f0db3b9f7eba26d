"""What a look at an operation came to, and how one exchange becomes that by HTTP's own rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.wire.answers import (
    Answer,
    Reading,
    Unanswered,
    describe,
    error_of,
    kind_of,
    retry_after,
    unreadable,
)
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.retries import is_failed_read

_ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Seen:
    """The operation was read.

    :param operation: how it is.
    :param mark: by which the service knows that the next look shows the same; empty for never.
    :param retry_after: seconds that the service asks to wait before the next look; None if it doesn't ask.
    """

    operation: Operation
    mark: bytes = b""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """It runs, and there is nothing to read of it yet.

    :param retry_after: as for `Seen`.
    """

    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """The service doesn't find it, which it may yet, or not any more.

    :param why: what the service says, in words.
    :param kind: what such failures have in common: no id, no time.
    :param error: the error that it means.
    :param is_gone: whether the service says that it is gone for good.
    :param retry_after: as for `Seen`.
    """

    why: str
    kind: str
    error: CppError
    is_gone: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """It couldn't be read; says nothing of the operation itself.

    :param why: the reason, in words.
    :param kind: what such failures have in common: no id, no time.
    :param error: the error that it means.
    :param is_hopeless: whether a wait that begins with it ends with it: nothing can be sent at all.
    :param retry_after: as for `Seen`.
    """

    why: str
    kind: str
    error: CppError
    is_hopeless: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The service won't let us read it.

    :param error: the error that it means.
    :param retry_after: as for `Seen`.
    """

    error: CppError
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Contradictory:
    """What the service says of it in two places doesn't fit, and hasn't for long enough: its outcome isn't known.

    :param why: what it says, in words.
    :param error: the error that it means.
    :param retry_after: as for `Seen`.
    """

    why: str
    error: CppError
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NeverBegan:
    """Its request was accepted, and refused after that, because of something else that runs.

    :param error: the error that it means.
    :param retry_after: as for `Seen`.
    """

    error: CppError
    retry_after: float | None = None


Look = Seen | Running | Missing | Unread | Refused | Contradictory | NeverBegan


@dataclass(frozen=True, slots=True)
class NotListed:
    """The list of operations doesn't name it.

    :param goes_by_other_id: whether the list knows it by another identifier, so that its absence says nothing.
    :param may_run: whether what runs on the offer may be it.
    """

    goes_by_other_id: bool = False
    may_run: bool = False


#: What the list says of an operation that isn't found by itself.
Found = Row | NotListed | Unlisted


@dataclass(frozen=True, slots=True)
class CustomerView:
    """What a message says of an offer besides what went wrong.

    :param live: what customers see, as a sentence; empty if nobody asked.
    :param page: where a person looks at the offer; empty for where one looks at all of them.
    """

    live: str = ""
    page: str = ""


NOT_ASKED = CustomerView()


def looked(
    call: Call, reading: Reading, read: Callable[[Answer], Operation | str], before: Seen | None = None
) -> Look:
    """Return what a look by one call came to.

    :param call: what was asked for.
    :param reading: what it came to.
    :param read: reads a status document, or says in words why it can't be read.
    :param before: what the last look saw.
    """
    if isinstance(reading, Unanswered):
        return Unread(describe(reading), kind_of(reading), error_of(call, reading), reading.is_untrusted)
    wait = retry_after(reading)
    if reading.status in {200, _ACCEPTED}:
        # A quiet operation sends the same bytes for hours; not parsing them again is most of a poll's cost.
        # By its digest, as the document itself would be most of what a watcher takes in memory.
        mark = blake2b(reading.body, digest_size=16).digest()
        if before is not None and mark == before.mark and not reading.damage:
            return before if wait == before.retry_after else Seen(before.operation, mark, wait)
        operation = read(reading)
        if isinstance(operation, Operation):
            return Seen(operation, mark, wait)
        if reading.status == _ACCEPTED:  # accepted and not ended, with or without a body
            return Running(wait)
        why = f"HTTP 200, but {operation}"
        return Unread(why, "200 unreadable", unreadable(call, reading, operation), retry_after=wait)
    return _failed(call, reading)


def unlisted_look(unlisted: Unlisted) -> Look:
    """Return what a look came to for which a list can't be read."""
    call, reading = unlisted.call, unlisted.reading
    if isinstance(reading, Answer) and reading.status == 200:
        return Unread(unlisted.why, "200 unreadable", unlisted.error, retry_after=retry_after(reading))
    if isinstance(reading, Unanswered):
        return Unread(describe(reading), kind_of(reading), error_of(call, reading), reading.is_untrusted)
    return _failed(call, reading)


def _failed(call: Call, reading: Answer) -> Look:
    """Return what a look came to whose answer is no success."""
    wait = retry_after(reading)
    if reading.is_missing:
        is_gone = reading.status != 404
        return Missing(describe(reading), kind_of(reading), error_of(call, reading), is_gone, wait)
    if reading.status < 400 or is_failed_read(reading):
        return Unread(describe(reading), kind_of(reading), error_of(call, reading), retry_after=wait)
    return Refused(error_of(call, reading), wait)
