"""What a model of the Product Ingestion API holds: its submissions, its jobs, and what somebody else begins."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH

KINDS = {"live": GO_LIVE, "preview": PUBLISH}


def stamp(moment: float) -> str:
    """Return a time as the service writes it, with seven digits."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def error(code: str, message: str = "", details: Any = (), **more: Any) -> dict[str, Any]:
    return {"code": code, "message": message, "details": list(details) if details == () else details, **more}


@dataclass
class Row:
    """A submission as it is; how the list shows it is said by `Portal.row`."""

    number: str
    target: str
    created: float
    status: str = "completed"
    result: str = "succeeded"


@dataclass
class Other:
    """A publication that somebody else begins, unless another runs at that time.

    :param at: seconds after the first request at which it begins.
    :param lasts: seconds until it ends; None for never.
    """

    at: float
    lasts: float | None
    kind: str
    outcome: str


@dataclass
class Job:
    """A job: what it is to do, and how it goes.

    :param wanted: the submission that it was posted with.
    :param begun: when it was posted.
    :param begins: when it begins to do something.
    :param takes: seconds that its publication takes; None to end it by hand.
    :param by: who posted it: `us`, or who else.
    """

    id: str
    submission: Row | None
    begun: float
    status: str = "running"
    result: str = "pending"
    errors: list[dict[str, Any]] = field(default_factory=list)
    wanted: dict[str, Any] = field(default_factory=dict)
    begins: float = 0.0
    takes: float | None = None
    outcome: str = "succeeded"
    by: str = "us"
    name: str = ""
    ended: float | None = None

    def end(self, result: str, *errors: dict[str, Any], now: float | None = None) -> None:
        self.status, self.result, self.errors = "completed", result, list(errors)
        self.ended = self.begins if now is None else now

    @property
    def kind(self) -> str:
        return KINDS[self.wanted["target"]["targetType"]]

    @property
    def next_event(self) -> float:
        if self.status == "notStarted":
            return self.begins
        is_timed = self.status == "running" and self.takes is not None
        return self.begins + (self.takes or 0.0) if is_timed else math.inf
