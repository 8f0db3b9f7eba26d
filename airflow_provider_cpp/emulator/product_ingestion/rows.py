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

_State = tuple[str, str]

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

    def state(operation: Operation) -> _State | None:
        end = work_ended(operation, now)
        if end is None or end[1] + lags.get(operation.id, none).end > now:
            return RUNNING_ROW
        return None if end[0] == CANCELED else _ENDED[end[0]]

    # With status and result; what was canceled is as if it had never been.
    shown = [(each, found) for each in seen if (found := state(each)) is not None]
    go_lives = [(each, found) for each, found in shown if each.kind == GO_LIVE and each.offer_version in begun]
    live = [
        Row(begun[each.offer_version], LIVE, *found)
        for each, found in _beside_each_other(go_lives, after=seen[-1] if seen else None)
    ]
    newest = list(begun.values())[-1:]
    preview = [Row(each, PREVIEW, *found) for each, found in shown if each in newest]
    taken = {each.offer_version for each, _ in go_lives}
    stays = preview_after_live and [row.is_ready for row in live] == [True]
    return [*live, *(row for row in preview if stays or row.publish.offer_version not in taken)]


def _beside_each_other(
    go_lives: Sequence[tuple[Operation, _State]], after: Operation | None
) -> list[tuple[Operation, _State]]:
    """Return what customers have, and the latest go-live beside it, if that runs or was the last that failed.

    One that takes live anew what is live already, which Cloud Partner Portal allows, stands in its place.

    :param go_lives: those that weren't canceled, each with its state, oldest first
    :param after: the latest operation of all
    """
    served = [each for each in go_lives if each[1] == _ENDED[SUCCEEDED]][-1:]
    latest = [
        each for each in go_lives[-1:] if each not in served and (each[1] == RUNNING_ROW or each[0] is after)
    ]
    if served and latest and served[0][0].offer_version == latest[0][0].offer_version:
        return latest if latest[0][1] == RUNNING_ROW else served
    return served + latest
