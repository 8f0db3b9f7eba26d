"""What one exchange shows of an operation, by HTTP's own rules."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.seam import Look, Missing, Refused, Running, Seen, Unread
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
