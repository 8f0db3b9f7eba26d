"""What the list of an offer's submissions says: which operations there were, and which one runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.words import folded, state_of
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH, Submission
from airflow_provider_cpp.wire.plain_text import one_line, plain_text

#: .NET writes its first year, or its last, for a time that isn't set.
_YEARS = range(2000, 9999)

#: Seconds or milliseconds since 1970, as a number or in the JSON of older .NET services.
_SINCE_1970 = re.compile(r"(?:/Date\()?(\d{9,16}(?:\.\d+)?)(?:[+-]\d{4})?(?:\)/)?")
_MILLISECONDS = 1e11

#: How a time says that it is in UTC.
_UTC = re.compile(r"\s*(?:z|utc|gmt)$", re.IGNORECASE)


def read_submission(entry: Mapping[str, object]) -> Submission | str:
    """Return the submission that an entry of the list describes, or in words why it describes none."""
    word = entry.get("submissionState") or entry.get("status")
    if not isinstance(word, str):
        return "has no state"
    times = (read_time(entry.get(name)) for name in ("changedTime", "lastActionDateTime"))
    return Submission(
        str(entry["id"]),
        _kind(entry),
        state_of(word),
        plain_text(word),
        next((time for time in times if time is not None), None),
        _number(entry.get("offerVersion")),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_time(value: object) -> float | None:
    """Return a time as any .NET service may write it, in seconds since 1970 (UTC), or None if it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()
    try:
        if (since_1970 := _SINCE_1970.fullmatch(text)) is not None:
            seconds = float(since_1970[1])
            moment = datetime.fromtimestamp(seconds / 1000 if seconds >= _MILLISECONDS else seconds, UTC)
        elif text[:3].isalpha():
            moment = parsedate_to_datetime(text)
        elif len(text) <= len("YYYY-MM-DD"):  # a day alone is no time
            return None
        else:
            moment = datetime.fromisoformat(_UTC.sub("+00:00", text))
        # Migrated offers leave out the "Z"; what they mean is UTC all the same.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    return moment.timestamp() if moment.year in _YEARS else None


def _kind(entry: Mapping[str, object]) -> str:
    # The slot decides: the reference's sample calls the type "publish" whatever it is, and the one client
    # that reads this list goes by the slot.
    slot, kind = (folded(str(entry.get(name) or "")) for name in ("slot", "submissionType"))
    if slot == "production" or kind == GO_LIVE:
        return GO_LIVE
    return PUBLISH if slot in {"staging", "preview"} else one_line(kind)


AnyRow = TypeVar("AnyRow", bound=Row)


def find_submission(submissions: Sequence[AnyRow], operation_id: str) -> AnyRow | None:
    """Return the submission of an operation, if it is listed."""
    wanted = operation_id.casefold()
    return next((s for s in submissions if s.id.casefold() == wanted), None)
