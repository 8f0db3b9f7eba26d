"""What the list of an offer's submissions says: which operations there were, and which one runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from airflow_provider_cpp.api.answers import NEXT_PAGE, Answer, Reading, Unanswered, parsed_body
from airflow_provider_cpp.api.locations import OperationLocation
from airflow_provider_cpp.api.operations import RUNNING, folded, state_of
from airflow_provider_cpp.api.plain_text import one_line, plain_text
from airflow_provider_cpp.api.retries import is_failed_read

GO_LIVE = "golive"
PUBLISH = "publish"

#: .NET writes its first year, or its last, for a time that isn't set.
_YEARS = range(2000, 9999)


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


def read_submissions(reading: Reading) -> tuple[Submission, ...] | None:
    """Return the submissions of an answer, or None if it holds no list that can be read."""
    if not isinstance(reading, Answer) or reading.status != 200:
        return None
    body = parsed_body(reading)
    if isinstance(body, dict) and isinstance(body.get("value"), list):
        if any(body.get(name) for name in NEXT_PAGE):
            return None
        body = body["value"]
    if not isinstance(body, list):
        return None
    found = []
    for entry in body:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            return None  # a list that is half understood could hide the one that matters
        word = entry.get("submissionState") or entry.get("status")
        if not isinstance(word, str):
            return None
        found.append(
            Submission(
                entry["id"],
                _kind(entry),
                state_of(word),
                plain_text(word),
                _time(entry.get("changedTime")),
                _number(entry.get("offerVersion")),
            )
        )
    return tuple(found)


def may_be_listed_later(reading: Reading) -> bool:
    """Tell whether a list that couldn't be read may be had at another time, or after a correction."""
    if isinstance(reading, Unanswered) or is_failed_read(reading) or reading.status in {401, 403}:
        return True
    return 300 <= reading.status < 400 or (reading.status == 200 and parsed_body(reading) is None)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(text: object) -> float | None:
    if not isinstance(text, str) or len(text) <= len("YYYY-MM-DD"):  # a day alone is no time
        return None
    try:
        moment = datetime.fromisoformat(text)
        # Migrated offers leave out the "Z"; what they mean is UTC all the same.
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment.timestamp() if moment.year in _YEARS else None


def _kind(entry: dict[str, object]) -> str:
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
