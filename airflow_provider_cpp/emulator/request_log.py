"""Decides what is remembered of each request; what the request does is decided elsewhere.

Headers and bodies are kept whole, tokens and secrets included, because tests assert on them. For tests only.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, kw_only=True)
class RecordedRequest:
    """Remember a request.

    :param number: counts from 1, over both listeners, in order of arrival
    :param at: when it arrived, seconds since the epoch
    :param method: in capitals
    :param path: decoded, without the query
    :param query: the last value of each parameter
    :param headers: names in lower case; the token is in there
    :param body: as text
    :param action: what was asked for, e.g. ``golive`` or ``token``; ``unknown`` if the path means nothing
    :param publisher_id: from the path
    :param offer_id: from the path
    :param status: the answer's status code; None while it isn't known, or if none was sent
    :param fault: the kind of the fault that it met; None if it met none
    :param accepted: the portal acted upon it: a 2xx was decided, even if the client never saw it
    """

    number: int
    at: float
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str
    action: str
    publisher_id: str | None = None
    offer_id: str | None = None
    status: int | None = None
    fault: str | None = None
    accepted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON values."""
        return asdict(self)


class RequestLog:
    """Keep the requests in order; safe to read from any thread.

    :param on_finish: called with each record once its answer is decided
    """

    def __init__(self, on_finish: Callable[[RecordedRequest], None] | None = None) -> None:
        self._on_finish = on_finish
        self._lock = threading.Lock()
        self._records: dict[int, RecordedRequest] = {}
        self._count = 0

    def begin(self, **values: Any) -> int:
        """Record an arrival, before anything is decided, and return its number.

        :param values: the record's fields, ``number`` excepted
        """
        with self._lock:
            self._count += 1
            self._records[self._count] = RecordedRequest(number=self._count, **values)
            return self._count

    def finish(self, number: int, **values: Any) -> None:
        """Complete a record; a no-op if the log was cleared meanwhile.

        :param number: what ``begin`` returned
        :param values: fields that are known now
        """
        with self._lock:
            if number not in self._records:
                return
            record = self._records[number] = replace(self._records[number], **values)
        if self._on_finish is not None:
            self._on_finish(record)

    def all(self) -> list[RecordedRequest]:
        """Return the records, oldest first."""
        with self._lock:
            return list(self._records.values())

    def clear(self) -> None:
        """Forget the records; the numbers go on."""
        with self._lock:
            self._records.clear()
