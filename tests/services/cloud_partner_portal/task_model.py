"""One task, over all of its tries: what Airflow does with it, and what a person does who was asked to look."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from airflow_provider_cpp.exceptions import AmbiguousOutcome, CppError, OperationCanceled, is_retried
from airflow_provider_cpp.lro.prechecking import NotStarted, Precheck
from airflow_provider_cpp.lro.records import How
from airflow_provider_cpp.lro.starting import Started
from tests.runner import NOW, Runner, WorkerDied
from tests.services.cloud_partner_portal.model_service import ModelService
from tests.services.cloud_partner_portal.starting import START_OF

#: What becomes of a task whose try started an operation: Airflow hears of it; or not, as its worker dies before
#: the record is deleted, or after; or it waits until the operation ends.
AFTER_START = ("told", "died", "died without record", "waited")
AFTER_FAILURE = ("retried", "cleared", "cleared, and its run begins anew", "died untold")


@dataclass
class Task:
    """A task that starts an operation.

    :param keeps: whether there is a task state store.
    :param pause: seconds between two tries.
    """

    service: ModelService
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
    #: Whether a person was asked to look after the last try.
    asked: bool = False
    log: list[str] = field(default_factory=list)

    def go(self, dies_after: int | None, after_start: str, after_failure: str) -> bool:
        """Do one try; return whether there is another one."""
        service, kind = self.service, self.service.kind
        since = None if self.number == 0 else math.inf if self.is_wanted_anew else self.began
        runner = Runner(service, now=self.now, dies_after=dies_after, latency=0.05)
        runner.kept = [self.record] if self.keeps and self.record is not None else []
        before = len(service.started)
        had_none = self.number > 0 and self.record is None
        told: Any = None
        procedure = replace(START_OF[kind], if_running=self.if_running).once(
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
            canceled = [*service.canceled, *service.asked_to_cancel]
            is_over = first in canceled and service.state(first, at) == "canceled"
            is_over |= service.state(first, at) == "failed"
            assert is_over, "the first one provably failed, or was canceled for the second"
        if isinstance(told, Started):
            self._check_started(told, before)
        elif isinstance(told, OperationCanceled):
            states = [service.state(name, self.now) for name, _ in service.started]
            states += [other.state(self.now) for other in service.others if other.begun is not None]
            assert "canceled" in states or any("cancel" in entry["submissionState"] for entry in service.old)
        elif told is not None and not isinstance(told, AmbiguousOutcome):
            is_told = "left no trace" in str(told)
            assert is_told or len(service.started) == before, f"{type(told).__name__}: nothing was started"
        if isinstance(told, CppError | NotStarted):
            message = str(told) if isinstance(told, CppError) else told.message
            if re.search(r"Nothing was sent(?! to it| again)", message):
                assert not runner.posts or "The request before it" in message or "certificate" in message
        if self.keeps and started and not (self.excused and len(service.started) == before):
            name, at = started[-1]
            # A try without a record has yet to find out, by the time alone.
            is_due = not isinstance(told, NotStarted) and not (had_none and self.record is None)
            if is_due and service.state(name, self.now) != "failed" and name not in service.canceled:
                self._check_record(name)

    def _check_started(self, told: Started, before: int) -> None:
        service, name = self.service, told.watched.operation_id
        ours = dict(service.started)
        others = {f"other-{number}": other for number, other in enumerate(service.others)}
        if told.how is How.POSTED:
            assert name == service.started[-1][0]
            assert len(service.started) > before
        elif name in others:
            assert others[name].begun is not None
            assert others[name].kind == service.kind
            self.excused = len(service.started)  # that one is this task's from here on
            if told.how is How.FINISHED:
                assert others[name].state(self.now) == "succeeded"
        elif name in ours:
            if told.how is How.FINISHED:
                assert service.state(name, self.now) == "succeeded"
        else:
            entry = next(entry for entry in service.old if entry["id"] == name)
            assert entry["submissionState"] == "running"
        if told.how is not How.FINISHED and name in service.of and self.if_running != "adopt":
            assert service.of[name] == service.draft, "what is told to be published is the draft as it is now"
        if self.keeps:
            assert self.record is not None
            assert self.record["location"] == told.location

    def _check_record(self, name: str) -> None:
        assert self.record is not None, "the record was lost"
        state = self.record["state"]
        known = {"intended", "started", "unclear", "canceled", "restarting"}
        assert state in known, f"the record says {state} of {name}"
        if state == "intended":
            assert name not in (self.record["before"] or ())

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
            self.now += (self.service.ends_after or 0.0) + 1.0
            ours = dict(self.service.started)
            name = told.watched.operation_id
            state = self.service.state(name, self.now) if name in ours else "running"
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
            at = dict(self.service.started).get(told.watched.operation_id)
            if at is not None and at < self.began:
                # A limit that docs/reliability.md names: it is older than the run, and nothing tells of it.
                self.excused = len(self.service.started)
            return True
        self.asked = True  # a success, after which whoever clears the task wants another one
        if after_failure.startswith("cleared"):
            self._clear(after_failure)
            return True
        return False

    def _clear(self, how: str) -> None:
        self.service.draft += self.redrafts
        self.is_wanted_anew, self.cleared = True, "anew" not in how
        if "anew" in how:
            self.began = self.now
        if self.asked or self.record is None:  # without a record a clear always asks for another one
            self.excused = len(self.service.started)
