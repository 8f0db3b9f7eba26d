"""How a task waits: its deadline, its first look, the hand-over to the triggerer, its end.

Shared by sensors and operators, so that all wait and end alike.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException, AirflowTaskTimeout

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.exceptions import CppAuthError, CppUnavailable, OperationTimeout
from airflow_provider_cpp.links.operation import TASK_LINKS, push_link
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.tasks.calling import CallsPortal

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator

    from airflow.providers.common.compat.sdk import BaseOperatorLink, Context

    from airflow_provider_cpp.lro.ends import End
    from airflow_provider_cpp.lro.goals import Goal
    from airflow_provider_cpp.lro.log_lines import LogState
    from airflow_provider_cpp.lro.seam import Watched
    from airflow_provider_cpp.lro.watching import Watch
    from airflow_provider_cpp.triggers.watching_trigger import WatchingTrigger
    from airflow_provider_cpp.wire.arguments import Until

#: Seconds by which our timeout, which says what still runs where, comes before Airflow's wordless one.
MARGIN = 600.0
#: The same before `execution_timeout`, of which it takes a tenth at most.
EXECUTION_MARGIN = 30.0


def time_limit(timeout: float, execution_timeout: timedelta | None, spent: float = 0.0) -> float:
    """Return for how many seconds a task may wait.

    :param timeout: the task's own limit, in seconds.
    :param execution_timeout: Airflow's limit for the task, which Airflow 3 doesn't enforce while it is
        deferred; so the wait ends a little before it, with an error that says more than Airflow's.
    :param spent: seconds of it that were spent before the wait.
    """
    if execution_timeout is None:
        return timeout
    limit = execution_timeout.total_seconds()
    return min(timeout, limit - min(EXECUTION_MARGIN, 0.1 * limit) - spent)


class Waits(CallsPortal):
    """What a task needs to wait; mixed into an operator or a sensor."""

    deferrable: bool
    stuck_after: float | None
    timeout: float
    execution_timeout: timedelta | None

    operator_extra_links: Collection[BaseOperatorLink] = TASK_LINKS

    #: What is being watched on this worker.
    _watch: Watch | None = None
    #: What of it was logged so far.
    _log_state: LogState | None = None
    #: How it goes on; None before it has begun, and after it has ended.
    _steps: Generator[float, None, End] | None = None

    def _schedule(self, usual: float) -> PollSchedule:
        """Return when to look.

        :param usual: seconds between two looks at least, where the task's author chose none.
        """
        raise NotImplementedError

    def _goal(self) -> Goal:
        raise NotImplementedError

    def _subject(self) -> str:
        """Return what is waited for in words, as far as the task's arguments say."""
        raise NotImplementedError

    def _trigger(self, watch: Watch, **arguments: Any) -> WatchingTrigger:
        """Return the trigger that goes on watching."""
        raise NotImplementedError

    @property
    def _is_rescheduled(self) -> bool:
        """Whether each look is a process of its own, which begins the wait anew."""
        return False

    def _begin(self, context: Context, location: Watched) -> None:
        """Begin to watch on the worker."""
        from airflow_provider_cpp.lro.watching import Watch

        started_at = self._waits_since(context)
        self._watch = Watch(
            location,
            started_at=started_at,
            deadline=started_at + self._limit(),
            schedule=self._schedule(location.usual_interval),
            stuck_after=self.stuck_after,
            goal=self._goal(),
        )
        self._log_state = self._watch.log_state()
        push_link(context, location, None if self._is_rescheduled else self.hook)
        self._follow()

    def _waits_since(self, context: Context) -> float:
        """Return when this task began to wait, in seconds since 1970 (UTC)."""
        return time.time()

    def _limit(self) -> float:
        """Return for how many seconds it may wait."""
        return time_limit(self.timeout, self.execution_timeout)

    def _follow(self) -> None:
        assert self._watch is not None  # noqa: S101 - followed is what was begun
        procedure = self._watch.follow(at_once=True, log_state=self._log_state)
        self._steps = self.hook.client.steps(procedure, say=self.hook.say)

    def _look(self) -> End | float:
        """Look at what is watched; return its end, or the seconds until the next look."""
        from airflow_provider_cpp import metrics
        from airflow_provider_cpp.lro.ends import connection_was_edited, not_read_anew, refused

        assert self._watch is not None  # noqa: S101 - looked at is what was begun
        assert self._steps is not None  # noqa: S101
        steps, self._steps = self._steps, None  # whatever ends it, it can't be asked again
        outcome: End | float
        try:
            outcome = next(steps)
            self._steps = steps
        except StopIteration as end:
            outcome = end.value
        except CppAuthError as error:  # the login's refusal, where the service's own comes as an end
            outcome = refused(self._watch.watched.url, error, self._watch.watched)
        metrics.report()
        if isinstance(outcome, float) or outcome.error is not CppAuthError:
            return outcome
        # Somebody may have renewed the secret in Airflow since this wait began.
        edited = self._new_hook()
        try:
            if edited.settings == self.hook.settings:
                return outcome
        except CppUnavailable as error:
            raise not_read_anew(outcome, error) from error
        self.hook = edited
        edited.say(logging.INFO, connection_was_edited(self.cpp_conn_id))
        self._follow()
        return self._look()

    def _hand_over(self, ending: dict[str, Any] | None = None) -> NoReturn:
        """Free the worker: let the triggerer go on watching, and resume the task in `execute_complete`.

        :param ending: how the triggerer may end the task itself; None to resume it in any case.
        """
        watch = self._watch
        assert watch is not None  # noqa: S101 - handed over is what was begun
        trigger = self._trigger(
            watch,
            started_at=watch.started_at,
            deadline=watch.deadline,
            cpp_conn_id=self.cpp_conn_id,
            poke_interval=watch.schedule.shortest,
            max_poke_interval=watch.schedule.longest,
            stuck_after=watch.stuck_after,
            ending=ending,
            told=self._log_state.to_dict() if self._log_state else None,
        )
        remaining = max(0.0, watch.deadline - time.time())
        self.defer(  # type: ignore[attr-defined]
            trigger=trigger,
            method_name="execute_complete",
            timeout=timedelta(seconds=remaining + watch.schedule.shortest + MARGIN),
        )
        raise AssertionError("defer() has to raise")

    def _wait(self, context: Context, location: Watched) -> End:
        """Watch to the end, on the worker or in the triggerer, as `deferrable` says; return how it ended."""
        self._begin(context, location)
        with self._airflows_timeout_explained():
            while isinstance(outcome := self._look(), float):
                if self.deferrable:
                    self._hand_over()
                time.sleep(outcome)
        return outcome

    @contextmanager
    def _airflows_timeout_explained(self) -> Iterator[None]:
        try:
            yield
        except AirflowTaskTimeout as error:
            if self._watch is None:
                raise
            raise self._ended_by_airflow("at its execution_timeout") from error

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume after the triggerer's event, or say what Airflow's own timeout means where there was none."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)  # type: ignore[misc]
        except AirflowSkipException:
            raise
        except AirflowException as error:
            shown = error
            if airflow_versions.wait_ran_out(error) and not isinstance(error, OperationTimeout):
                shown = self._ended_by_airflow("before the triggerer did; check that one runs")
            # Airflow 3.1 and later have skipped already; before them not every deferred sensor does.
            if getattr(self, "soft_fail", False) or getattr(self, "never_fail", False):
                raise AirflowSkipException(str(shown)) from error
            raise shown from (error.__cause__ if shown is error else error)

    def _ended_by_airflow(self, when: str) -> OperationTimeout:
        return OperationTimeout(
            f"Airflow ended the wait for {self._subject()} {when}. What became of it isn't known. It may still be "
            f"running: nothing was canceled. Look at {PORTAL}, and clear this task to go on watching."
        )


class WaitsForOperation(Waits):
    """What a task needs to wait for an operation."""

    #: Until what an operation is watched, as `lro.goals.goal_until` has it.
    until: Until = "completed"

    def _goal(self) -> Goal:
        from airflow_provider_cpp.lro.goals import goal_until

        return goal_until(self.until)

    def _trigger(self, watch: Watch, **arguments: Any) -> WatchingTrigger:
        from airflow_provider_cpp.triggers.operation import OperationTrigger

        return OperationTrigger(operation_location=watch.watched.url, until=self.until, **arguments)
