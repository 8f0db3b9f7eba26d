"""One task, over all of its tries: what Airflow does with it, and what a person does who was asked to look."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

from airflow_provider_cpp.exceptions import AmbiguousOutcome, CppError, OperationCanceled, is_retried
from airflow_provider_cpp.lro.prechecking import NotStarted, Precheck
from airflow_provider_cpp.lro.records import How
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.starting import Start, Started
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import NOW, Runner, WorkerDied

#: What becomes of a task whose try started an operation: Airflow hears of it; or not, as its worker dies before
#: the record is deleted, or after; or it waits until the operation ends.
AFTER_START = ("told", "died", "died without record", "waited")
AFTER_FAILURE = ("retried", "cleared", "cleared, and its run begins anew", "died untold")


class World(Protocol):
    """A service with one offer, and somebody else who works on it."""

    #: What becomes of a publication that was canceled: whether the service's list shows it.
    shows_canceled: bool
    #: Names of what a cancel ended, and of what ran when one came in.
    canceled: list[str]
    asked_to_cancel: list[str]

    def __call__(self, call: Call, now: float) -> Reading:
        """Answer."""

    @property
    def started(self) -> list[tuple[str, float]]:
        """Name and start of all that this task's requests began."""

    @property
    def taken(self) -> int:
        """How many of its requests began something, or may yet."""

    @property
    def lasts(self) -> float:
        """Seconds that an operation takes."""

    def go_on_to(self, now: float) -> None:
        """Let happen what happens until a time."""

    def to_start(self, if_running: str) -> Start:
        """Return what the task is to start."""

    def state_of(self, name: str, now: float) -> str:
        """Return how an operation was at a time: `running`, `succeeded`, `failed`, `canceled`."""

    def name_of(self, watched: Watched) -> str:
        """Return the name of what a location leads to; empty if it hasn't begun."""

    def all_states(self, now: float) -> list[str]:
        """Return how all operations are, whoever began them."""

    def may_be_taken(self, name: str, now: float) -> bool:
        """Tell whether somebody else's operation may be taken for the task's."""

    def was_begun_meanwhile(self, name: str) -> bool:
        """Tell whether somebody else's operation began while this task was at it."""

    def has_draft(self, name: str) -> bool:
        """Tell whether an operation has the draft as it is now, if that matters to it."""

    def redraft(self) -> None:
        """Change the draft."""

    def was_before(self, record: dict[str, Any], name: str) -> bool:
        """Tell whether a record says that an operation was there before the request."""


@dataclass
class Task:
    """A task that starts an operation.

    :param keeps: whether there is a task state store.
    :param pause: seconds between two tries.
    """

    service: World
    check: Precheck | None
    keeps: bool
    pause: float
    if_running: str = "fail"
    #: Whether the draft is changed before the task is cleared.
    redrafts: bool = False
    record: dict[str, Any] | None = None
    now: float = NOW
    began: float = NOW
    number: int = 0
    cleared: bool = False
    is_wanted_anew: bool = False
    #: Operations that are none of the next one's business: somebody has looked since, or wanted another.
    excused: int = 0
    #: Whether all that has begun by the next try is none of its business either.
    excuses: bool = False
    #: Whether a person was asked to look after the last try.
    asked: bool = False
    log: list[str] = field(default_factory=list)

    def go(self, dies_after: int | None, after_start: str, after_failure: str) -> bool:
        """Do one try; return whether there is another one."""
        service = self.service
        service.go_on_to(self.now)
        if self.excuses:
            self.excused, self.excuses = len(service.started), False
        since = None if self.number == 0 else math.inf if self.is_wanted_anew else self.began
        runner = Runner(service, now=self.now, dies_after=dies_after, latency=0.05)
        runner.kept = [self.record] if self.keeps and self.record is not None else []
        before = service.taken
        had_none = self.number > 0 and self.record is None
        told: Any = None
        procedure = service.to_start(self.if_running).once(
            self.record,
            since,
            cleared=self.cleared and not self.is_wanted_anew,
            records_are_kept=self.keeps,
            check=self.check,
        )
        try:
            told = runner.run(procedure)
        except WorkerDied:
            pass
        except CppError as error:
            told = error
        began = self.now
        self.number += 1
        self.now = runner.now
        if self.keeps:
            self.record = runner.kept[-1] if runner.kept else None
        self.log.append(f"{self.number}: {told!r} {self.record}")
        assert runner.now - began < 2 * 3600, "it ends"
        self._check(told, runner, before, had_none)
        self.is_wanted_anew = False
        goes_on = self._after(told, after_start, after_failure)
        self.now += self.pause
        return goes_on

    # What has to hold

    def _check(self, told: Any, runner: Runner, before: int, had_none: bool) -> None:
        service, started = self.service, self.service.started[self.excused :]
        for (first, _), (_, at) in pairwise(started):
            # Where a cancel was sent, somebody else's may have been quicker, and nobody can know.
            may_be_ours = first in [*service.canceled, *service.asked_to_cancel] or not service.shows_canceled
            is_over = may_be_ours and service.state_of(first, at) == "canceled"
            is_over |= service.state_of(first, at) == "failed"
            # Somebody else's ran after it, and a restart is asked to publish the draft anew in that one's place.
            is_over |= self.if_running == "restart" and any(
                name not in dict(service.started) for name in service.canceled
            )
            assert is_over, "the first one provably failed, or was canceled for the second"
        if isinstance(told, Started):
            self._check_started(told, before)
        elif isinstance(told, OperationCanceled):
            assert "canceled" in service.all_states(self.now)
        elif told is not None and not isinstance(told, AmbiguousOutcome):
            is_told = "left no trace" in str(told)
            assert is_told or service.taken <= before, f"{type(told).__name__}: nothing was started"
        if isinstance(told, CppError | NotStarted):
            message = str(told) if isinstance(told, CppError) else told.message
            if re.search(r"Nothing was sent(?! to it| again)", message):
                assert not runner.posts or "The request before it" in message or "certificate" in message
        if self.keeps and started and not (self.excused and service.taken == before):
            name, at = started[-1]
            # A try without a record has yet to find out, by the time alone.
            is_due = not isinstance(told, NotStarted) and not (had_none and self.record is None)
            state = service.state_of(name, self.now)
            has_left_no_trace = state == "canceled" and not service.shows_canceled
            if is_due and state != "failed" and not has_left_no_trace and name not in service.canceled:
                self._check_record(name)

    def _check_started(self, told: Started, before: int) -> None:
        service, name = self.service, self.service.name_of(told.watched)
        if not name:
            pass  # what hasn't begun yet, or was refused after it was accepted, is for whoever watches it
        elif told.how is How.POSTED:
            assert name == service.started[-1][0]
            assert service.taken > before
        elif name in dict(service.started):
            if told.how is How.FINISHED:
                assert service.state_of(name, self.now) == "succeeded"
        else:
            assert service.may_be_taken(name, self.now)
            if service.was_begun_meanwhile(name):
                self.excused = len(service.started)  # that one is this task's from here on
                if told.how is How.FINISHED:
                    assert service.state_of(name, self.now) == "succeeded"
        # Where a publish ends at its sign-off, a retry of a try that told so takes it up as one that waits.
        waits = told.how is How.REATTACHED and name and service.state_of(name, self.now) == "succeeded"
        if not (told.how is How.FINISHED or waits) and name and self.if_running != "adopt":
            assert service.has_draft(name), "what is told to be published is the draft as it is now"
        if self.keeps:
            assert self.record is not None
            assert self.record["location"] == told.location

    def _check_record(self, name: str) -> None:
        assert self.record is not None, "the record was lost"
        state = self.record["state"]
        known = {"intended", "started", "unclear", "canceled", "restarting"}
        assert state in known, f"the record says {state} of {name}"
        if state == "intended":
            assert not self.service.was_before(self.record, name)

    # What comes next

    def _after(self, told: Any, after_start: str, after_failure: str) -> bool:
        if isinstance(told, NotStarted):
            self.record = None
            return False
        if isinstance(told, Started):
            return self._after_start(told, after_start, after_failure)
        if told is None or is_retried(told):
            self.asked = False
        else:
            self.asked = isinstance(told, AmbiguousOutcome | OperationCanceled)
            if after_failure == "retried":
                return False
        if told is not None and after_failure.startswith("cleared"):
            self._clear(after_failure)
        # "died untold": the worker dies before Airflow hears of the error, so that it is no verdict
        return True

    def _after_start(self, told: Started, after_start: str, after_failure: str) -> bool:
        if after_start == "died":
            return True
        if after_start == "waited":
            self.now += self.service.lasts + 1.0
            state = "running"
            if (name := self.service.name_of(told.watched)) in dict(self.service.started):
                state = self.service.state_of(name, self.now)
            if state == "failed":
                return True
            if state == "running":
                return True  # it timed out
            if state == "canceled":
                self.record, self.asked = None, True
                if after_failure.startswith("cleared"):
                    self._clear(after_failure)
                    return True
                return after_failure == "died untold"
        self.record = None
        if after_start == "died without record":
            at = dict(self.service.started).get(self.service.name_of(told.watched))
            if at is not None and at < self.began:
                # A limit that docs/reliability.md names: it is older than the run, and nothing tells of it.
                self.excuses = True
            return True
        self.asked = True  # a success, after which whoever clears the task wants another one
        if after_failure.startswith("cleared"):
            self._clear(after_failure)
            return True
        return False

    def _clear(self, how: str) -> None:
        if self.redrafts:
            self.service.redraft()
        self.is_wanted_anew, self.cleared = True, "anew" not in how
        if "anew" in how:
            self.began = self.now
        if self.asked or self.record is None:  # without a record a clear always asks for another one
            self.excuses = True
