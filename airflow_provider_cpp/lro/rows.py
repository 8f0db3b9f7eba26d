"""What a service's list says of one operation on an offer, past or running."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, SUCCEEDED
from airflow_provider_cpp.wire.plain_text import one_line

#: States, the one first that has to be known before anything is sent.
_FIRST = (RUNNING, SUCCEEDED, CANCELED, FAILED)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the list.

    :param id: the operation's identifier.
    :param kind: what the operation does, by the service's own word, folded.
    :param state: `running`, `succeeded`, `failed` or `canceled`.
    :param state_word: the service's own word for it.
    :param changed_at: when it last changed, by the service's clock, in seconds since 1970 (UTC).
    """

    id: str
    kind: str
    state: str
    state_word: str
    changed_at: float | None = None

    @property
    def is_running(self) -> bool:
        """Return whether the operation hasn't ended."""
        return self.state == RUNNING

    def __str__(self) -> str:
        """Return the operation in words."""
        return f"{self.kind or 'operation'} {one_line(self.id)[:100]} ({self.state_word})"


AnyRow = TypeVar("AnyRow", bound=Row)


def latest(rows: Iterable[AnyRow]) -> tuple[AnyRow, ...]:
    """Return the row that changed last; several, where the list's times don't say which of them it was.

    That they are listed in some order says nothing: no page of a reference says in which.
    """
    found = tuple(rows)
    last = max((row.changed_at for row in found if row.changed_at is not None), default=None)
    return tuple(row for row in found if row.changed_at is None or row.changed_at == last)


def most_alive(rows: Iterable[AnyRow]) -> AnyRow | None:
    """Return the row that speaks most against another request, as one of them may be somebody else's."""
    return min(rows, key=lambda row: _FIRST.index(row.state), default=None)


def changed_since(ours: Sequence[AnyRow], since: float, *, cleared: bool) -> tuple[AnyRow | None, AnyRow | None]:
    """Return the row that counts, and the one that changed last, of those of one kind that changed since a time.

    One that runs is both. The two differ where a failure came after one that didn't fail: no try of a task
    that wasn't cleared starts one then, so that the failure is somebody else's. Which was the last isn't
    known where the times don't say. One that succeeded or was canceled at a time that isn't known may be any
    age.

    :param ours: the rows of that kind.
    :param since: seconds since 1970 (UTC), by the service's clock; infinity for what runs only.
    :param cleared: whether the task was cleared since then.
    """
    running = next((row for row in ours if row.is_running), None)
    if running is not None or math.isinf(since):
        return running, running
    undated = next((row for row in ours if row.changed_at is None and row.state != FAILED), None)
    if undated is not None:
        return undated, undated
    recent = [row for row in ours if row.changed_at is not None and row.changed_at >= since]
    # A failure at a time that isn't known may be the last, but where nothing else changed it is any age.
    candidates = latest(recent and [row for row in ours if row in recent or row.changed_at is None])
    last = candidates[0] if len(candidates) == 1 else None
    counts = last if cleared else next(iter(latest(row for row in recent if row.state != FAILED)), last)
    if counts is None and candidates:
        counts = min(candidates, key=lambda row: row.state == FAILED)
    return counts, last
