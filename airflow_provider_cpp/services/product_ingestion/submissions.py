"""What the rows of a product's submissions say: what is in preview, what is live, and what runs.

The list holds the draft, and of what was published only what counts now: no history. What is in preview keeps its
id when it goes live. Rows are picked by their id, as two of them may be live: the one that customers have, and the
one that is on its way to them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, SUCCEEDED, state_of
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH, Submission
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.wire.listing import Listed, Unlisted, listed
from airflow_provider_cpp.wire.plain_text import one_line, plain_text
from airflow_provider_cpp.wire.procedures import Procedure

PREVIEW = "preview"
LIVE = "live"

#: The id of the draft, which is listed among the submissions.
DRAFT_ID = "0"

_ID = re.compile(r"submission/([0-9A-Fa-f-]{36})/(\d{1,20})")

_KINDS = {PREVIEW: PUBLISH, LIVE: GO_LIVE}

#: Words of a row that runs, in preview and live.
_RUNNING_ROWS = frozenset(
    f"{target} {words}"
    for target in (PREVIEW, LIVE)
    for words in ("notStarted, pending", "running, pending", "running", "notStarted", "completed, pending")
)


@dataclass(frozen=True, slots=True)
class SubmissionRow(Submission):
    """One row of a product's submissions.

    :param id: the submission's number, as a text.
    :param kind: `publish` in preview, `golive` once it is on its way to customers, or what else its target is.
    :param state: `running`, `succeeded` or `failed`.
    :param state_word: the service's own words for it.
    :param changed_at: when it was created, for one in preview; None for one that went live since, as the service
        doesn't say when.
    :param target: `preview`, `live`, or another word of the service.
    :param created_at: when it was created, in seconds since 1970 (UTC).
    :param beside: the submissions that are listed beside it.
    :param product: the product's GUID.
    """

    target: str = ""
    created_at: float | None = None
    beside: tuple[str, ...] = ()
    product: str = ""

    @property
    def is_live(self) -> bool:
        """Whether customers have it."""
        return self.target == LIVE and self.state == SUCCEEDED

    @property
    def operation(self) -> Operation:
        """The row as an operation: with the service's own words, if nobody knows them."""
        words = {RUNNING: "running", SUCCEEDED: "succeeded", FAILED: "failed", CANCELED: "cancelled"}
        is_known = self.state != RUNNING or self.state_word in _RUNNING_ROWS
        return Operation(self.state, words[self.state] if is_known else self.state_word)

    @property
    def as_published(self) -> Operation:
        """The row as the publish that it is, or was before somebody took it live."""
        return replace(self.operation, is_signed_off=self.target == LIVE and self.state == RUNNING)

    @property
    def in_words(self) -> str:
        """The submission, with the time of its creation."""
        if self.created_at is None:
            return f"submission {self.id}"
        return f"submission {self.id} (created {datetime.fromtimestamp(self.created_at, UTC):%Y-%m-%d %H:%M} UTC)"


def rows_of(
    offer: str, product: str, origin: str, *, patient: bool = True, within: float = math.inf
) -> Procedure[Listed[SubmissionRow] | Unlisted]:
    """List a product's submissions to the last page, without its draft.

    :param offer: the offer in words.
    :param product: the product's GUID.
    :param origin: scheme, host and port of the API.
    :param patient: as in `Send`.
    :param within: seconds that the answer may take.
    """
    call = replace(calls.list_submissions(offer, product), seconds=within)
    found = yield from listed(call, origin, read_row, patient=patient, follows_any_host=True)
    if isinstance(found, Unlisted):
        return found
    rows = [row for row in found.entries if row.id != DRAFT_ID]
    ids = tuple(dict.fromkeys(row.id for row in rows))
    named = (replace(row, beside=tuple(each for each in ids if each != row.id)) for row in rows)
    return Listed(tuple(named), found.answer, found.now)


def read_row(entry: Mapping[str, Any]) -> SubmissionRow | str:
    """Return the submission that an entry of the list describes, or in words why it describes none."""
    match = _ID.fullmatch(str(entry["id"]))
    if match is None:
        return f"has an id that isn't a submission's: {one_line(str(entry['id']))[:100]!r}"
    number = match[2]
    target = entry.get("target")
    kind = target.get("targetType") if isinstance(target, Mapping) else None
    if not isinstance(kind, str):
        return "has no target"
    kind = kind.strip().casefold()
    if number == DRAFT_ID:
        return SubmissionRow(number, "draft", SUCCEEDED, "draft", target="draft", product=match[1].lower())
    status, result = (_text(entry, name) for name in ("status", "result"))
    if not status:
        return "has no status"
    created = _time(entry.get("created"))
    return SubmissionRow(
        number,
        _KINDS.get(kind, kind),
        _state(status, result),
        f"{kind} {status}, {result}" if result else f"{kind} {status}",
        # That something went live leaves no time behind: what is kept is when it came into preview.
        None if kind == LIVE else created,
        target=kind,
        created_at=created,
        product=match[1].lower(),
    )


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return plain_text(value)[:100] if isinstance(value, str) else ""


def _state(status: str, result: str) -> str:
    """Return which of the engine's states a row is in: completed says only that it is over."""
    of_status = state_of(status)
    if of_status != SUCCEEDED:
        return of_status
    return state_of(result)


def _time(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.timestamp() if moment.year > 1 else None


def row_with(rows: Iterable[SubmissionRow], submission_id: str, target: str = "") -> SubmissionRow | None:
    """Return the row of a submission, one that is on its way to customers or there before one in preview.

    :param rows: the rows.
    :param submission_id: the submission.
    :param target: `preview` or `live`; either by default.
    """
    same = [row for row in rows if row.id == submission_id and (not target or row.target == target)]
    return next((row for row in same if row.target == LIVE), same[0] if same else None)


def newest(rows: Iterable[SubmissionRow]) -> SubmissionRow | None:
    """Return the row that was created last; by their numbers nothing is known of their order."""
    return max(rows, key=lambda row: (row.created_at or 0.0, row.target == LIVE), default=None)


def in_preview(rows: Iterable[SubmissionRow]) -> SubmissionRow | None:
    """Return what is in preview, or on its way there, and not live; None if nothing is."""
    found = tuple(rows)
    live = {row.id for row in found if row.target == LIVE}
    return newest(row for row in found if row.target == PREVIEW and row.id not in live)


def running(rows: Iterable[SubmissionRow]) -> SubmissionRow | None:
    """Return the submission that runs; None if none does."""
    return next((row for row in rows if row.state == RUNNING), None)


def waits_for_signoff(rows: Iterable[SubmissionRow]) -> SubmissionRow | None:
    """Return what is ready in preview, and waits for its publisher to go live; None if nothing does."""
    row = in_preview(rows)
    return row if row is not None and row.state == SUCCEEDED else None
