"""Decides which submissions of a product are active at a moment: a pure function of its operations and the time.

A publish is a submission to preview, which keeps its id when a go-live takes it to live. What ran its course is
no more among them: there is no history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_cpp.emulator.operations import GO_LIVE, PUBLISH, Operation, work_ended
from airflow_provider_cpp.emulator.product_ingestion.ids import submission_number
from airflow_provider_cpp.emulator.states import CANCELED, FAILED, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREVIEW = "preview"
LIVE = "live"

RUNNING_ROW = ("running", "pending")
_ENDED = {SUCCEEDED: ("completed", "succeeded"), FAILED: ("completed", "failed")}


@dataclass(frozen=True)
class Lag:
    """Say how far a row is behind the operation that it shows.

    :param begin: seconds from the operation's start until the row shows it
    :param end: seconds from its end until the row says so
    """

    begin: float = 0.0
    end: float = 0.0


@dataclass(frozen=True)
class Row:
    """Show an active submission.

    :param publish: the operation that began it
    :param target: ``preview`` or ``live``
    :param status: ``running`` or ``completed``
    :param result: ``pending``, ``succeeded`` or ``failed``
    """

    publish: Operation
    target: str
    status: str
    result: str

    @property
    def number(self) -> str:
        """The submission's own number."""
        return submission_number(self.publish)

    @property
    def is_ready(self) -> bool:
        """It is completed, and succeeded."""
        return (self.status, self.result) == _ENDED[SUCCEEDED]


def rows(
    operations: Sequence[Operation], now: float, lags: Mapping[str, Lag], *, preview_after_live: bool = False
) -> list[Row]:
    """Return the active submissions besides the draft, those that are live first, the older before the newer.

    :param operations: of one product, oldest first
    :param now: seconds since the epoch
    :param lags: of operations that rows are behind of, by id
    :param preview_after_live: whether a submission is listed as a preview, too, once it is live
    """
    none = Lag()
    seen = [each for each in operations if each.started_at + lags.get(each.id, none).begin <= now]
    begun = {each.offer_version: each for each in seen if each.kind == PUBLISH}

    def state(operation: Operation) -> tuple[str, str] | None:
        """Return status and result; None of one that was canceled."""
        end = work_ended(operation, now)
        if end is None or end[1] + lags.get(operation.id, none).end > now:
            return RUNNING_ROW
        return None if end[0] == CANCELED else _ENDED[end[0]]

    go_lives = [each for each in seen if each.kind == GO_LIVE and each.offer_version in begun]
    found = []
    serving = [each for each in go_lives if state(each) == _ENDED[SUCCEEDED]]
    if serving:
        found.append(Row(begun[serving[-1].offer_version], LIVE, *_ENDED[SUCCEEDED]))
    latest = go_lives[-1] if go_lives else None
    latest_state = state(latest) if latest is not None else None
    if latest is not None and latest_state not in (None, _ENDED[SUCCEEDED]):
        replaced = latest_state != RUNNING_ROW and seen.index(latest) < len(seen) - 1
        if latest_state is not None and not replaced:
            found.append(Row(begun[latest.offer_version], LIVE, *latest_state))
    if begun:
        publish = list(begun.values())[-1]
        shown = state(publish)
        taken = [each for each in go_lives if each.offer_version == publish.offer_version]
        is_taken = bool(taken) and state(taken[-1]) is not None
        stays = preview_after_live and bool(serving) and taken[-1:] == serving[-1:]
        if shown is not None and (not is_taken or stays):
            found.append(Row(publish, PREVIEW, *shown))
    return found
