"""What the list of an offer's submissions says: which operations there were, and which one runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from airflow_provider_cpp.lro.words import RUNNING, folded, state_of
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.wire.plain_text import one_line, plain_text

GO_LIVE = "golive"
PUBLISH = "publish"

#: .NET writes its first year, or its last, for a time that isn't set.
_YEARS = range(2000, 9999)

#: Seconds or milliseconds since 1970, as a number or in the JSON of older .NET services.
_SINCE_1970 = re.compile(r"(?:/Date\()?(\d{9,16}(?:\.\d+)?)(?:[+-]\d{4})?(?:\)/)?")
_MILLISECONDS = 1e11

#: How a time says that it is in UTC.
_UTC = re.compile(r"\s*(?:z|utc|gmt)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Submission:
    """One entry of the list (retrieve-operations page).

    :param id: the operation's identifier.
    :param kind: `golive`, `publish`, or what else the service says, folded.
    :param state: `running`, `succeeded`, `failed` or `canceled`.
    :param state_word: the service's own word for it.
    :param changed_at: when it last changed, by the service's clock, in seconds since 1970 (UTC).
    :param offer_version: the offer's version that it publishes; None if the service doesn't say.
    """

    id: str
    kind: str
    state: str
    state_word: str
    changed_at: float | None = None
    offer_version: int | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether the operation hasn't ended."""
        return self.state == RUNNING

    def to_dict(self) -> dict[str, object]:
        """Return the submission as JSON primitives."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "state_word": self.state_word,
            "changed_at": self.changed_at,
        }

    def __str__(self) -> str:
        """Return the submission in words."""
        return f"{self.kind or 'operation'} {one_line(self.id)[:100]} ({self.state_word})"


def read_submission(entry: Mapping[str, object]) -> Submission | str:
    """Return the submission that an entry of the list describes, or in words why it describes none."""
    word = entry.get("submissionState") or entry.get("status")
    if not isinstance(word, str):
        return "has no state"
    times = (_time(entry.get(name)) for name in ("changedTime", "lastActionDateTime"))
    return Submission(
        str(entry["id"]),
        _kind(entry),
        state_of(word),
        plain_text(word),
        next((time for time in times if time is not None), None),
        _number(entry.get("offerVersion")),
    )


def latest(submissions: Iterable[Submission]) -> tuple[Submission, ...]:
    """Return the submission that changed last; several, where the list's times don't tell which of them it was.

    That they are listed in some order tells nothing: no page of the reference says in which.
    """
    found = tuple(submissions)
    last = max((s.changed_at for s in found if s.changed_at is not None), default=None)
    return tuple(s for s in found if s.changed_at is None or s.changed_at == last)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: object) -> float | None:
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


def find_submission(submissions: tuple[Submission, ...], location: OperationLocation) -> Submission | None:
    """Return the submission of an operation, if it is listed."""
    wanted = location.operation_id.casefold()
    return next((s for s in submissions if s.id.casefold() == wanted), None)
