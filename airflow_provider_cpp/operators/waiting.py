"""How a task waits for an operation: its deadline, its first look, the hand-over to the triggerer, its end.

Shared by the sensor and the operator, so that both wait and end alike.
"""

from __future__ import annotations

import time
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.api.outcomes import PORTAL, Event
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.api.watching import Watch
from airflow_provider_cpp.exceptions import CppConfigurationError, OperationTimeout
from airflow_provider_cpp.links.operation import OPERATION_LINKS, push_links
from airflow_provider_cpp.operators.task_state import was_ended_by_user

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

    from airflow.providers.common.compat.sdk import BaseOperatorLink, Context

    from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

#: The service's own estimates for one publication add up to 16 days; most take less than 14.
DEFAULT_TIMEOUT = timedelta(days=14)
DEFAULT_INTERVAL = 30.0
DEFAULT_MAX_INTERVAL = 600.0

#: Seconds by which our timeout, which can say what still runs where, comes before Airflow's wordless one.
MARGIN = 600.0
#: The same before `execution_timeout`, of which it takes a tenth at most.
EXECUTION_MARGIN = 30.0

#: Seconds to cancel an operation in a task that is being killed: Airflow gives it five.
KILL_BUDGET = 3.0


def seconds(value: float | timedelta) -> float:
    """Return an interval, given in seconds or as a `timedelta`, in seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def optional_seconds(value: float | timedelta | None) -> float | None:
    """Return an interval in seconds, or None for none."""
    return None if value is None else seconds(value)


def time_limit(timeout: float, execution_timeout: timedelta | None) -> float:
    """Return for how many seconds a task may wait.

    :param timeout: the task's own limit, in seconds.
    :param execution_timeout: Airflow's limit for the task, which Airflow 3 doesn't enforce while it is
        deferred; so the wait ends a little before it, with an error that tells more than Airflow's.
    """
    if execution_timeout is None:
        return timeout
    limit = execution_timeout.total_seconds()
    return min(timeout, limit - min(EXECUTION_MARGIN, 0.1 * limit))


class WaitsForOperation:
    """What a task needs to wait for an operation; mixed into an operator or a sensor."""

    cpp_conn_id: str
    cancel_on_kill: bool
    stuck_after: float | None
    timeout: float
    execution_timeout: timedelta | None

    operator_extra_links: Collection[BaseOperatorLink] = OPERATION_LINKS

    #: What is being watched on this worker, for whoever kills the task.
    _watch: Watch | None = None
    _task_instance: Any = None

    def _schedule(self) -> PollSchedule:
        raise NotImplementedError

    def _check_waiting(self) -> None:
        """Refuse intervals that can't work, while the DAG is parsed.

        :raises CppConfigurationError: if so; it names the argument.
        """
        self._schedule()
        if self.timeout <= 0:
            raise CppConfigurationError(f"timeout is {self.timeout:g} s; it has to be above 0.")
        if self.stuck_after is not None and self.stuck_after <= 0:
            raise CppConfigurationError(f"stuck_after is {self.stuck_after:g} s; it has to be above 0.")

    @cached_property
    def hook(self) -> CloudPartnerPortalHook:
        """The hook of the task's connection."""
        from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

        return CloudPartnerPortalHook(self.cpp_conn_id)

    def _begin(self, context: Context, operation_location: str) -> Generator[float, None, Event]:
        """Begin to watch an operation on the worker: yields seconds until each further look.

        :raises UntrustedLocation: if the location isn't one on the connection's own host.
        """
        now = time.time()
        self._task_instance = context.get("ti")
        self._watch = Watch(
            self.hook.location(operation_location),
            started_at=now,
            deadline=now + time_limit(self.timeout, self.execution_timeout),
            schedule=self._schedule(),
            stuck_after=self.stuck_after,
        )
        push_links(context, self._watch.location)
        return self.hook.client.steps(self._watch.follow(at_once=True), say=self.hook.say)

    def _hand_over(self, ending: dict[str, Any] | None = None) -> NoReturn:
        """Free the worker: let the triggerer go on watching, and resume the task in `execute_complete`.

        :param ending: how the triggerer may end the task itself; None to resume it in any case.
        """
        from airflow_provider_cpp.triggers.operation import OperationTrigger

        watch = self._watch
        assert watch is not None  # noqa: S101 - handed over is what was begun
        if self.cancel_on_kill:
            airflow_versions.CANCEL_WHILE_DEFERRED.warn_if_missing(self.hook.log)
        trigger = OperationTrigger(
            operation_location=watch.location.url,
            started_at=watch.started_at,
            deadline=watch.deadline,
            cpp_conn_id=self.cpp_conn_id,
            poke_interval=watch.schedule.shortest,
            max_poke_interval=watch.schedule.longest,
            stuck_after=watch.stuck_after,
            cancel_on_kill=self.cancel_on_kill,
            ending=ending,
        )
        remaining = max(0.0, watch.deadline - time.time())
        self.defer(  # type: ignore[attr-defined]
            trigger=trigger,
            method_name="execute_complete",
            timeout=timedelta(seconds=remaining + watch.schedule.shortest + MARGIN),
        )
        raise AssertionError("defer() has to raise")

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume after the triggerer's event, or tell what Airflow's own timeout means where there was none."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)  # type: ignore[misc]
        except AirflowSkipException:
            raise
        except AirflowException as error:
            told = error
            if airflow_versions.wait_ran_out(error) and not isinstance(error, OperationTimeout):
                told = OperationTimeout(
                    f"Airflow ended the wait of task {getattr(self, 'task_id', '')!r} before the triggerer did, "
                    "so that its operation's outcome isn't known. It may still be running: nothing was canceled. "
                    f"Check that a triggerer runs, look at {PORTAL}, and clear this task to go on watching."
                )
            # Airflow 3.1 and later have skipped already; before them not every deferred sensor does.
            if getattr(self, "soft_fail", False) or getattr(self, "never_fail", False):
                raise AirflowSkipException(str(told)) from error
            raise told from (error.__cause__ if told is error else error)

    def on_kill(self) -> None:
        """Cancel the operation, if that was asked for and a user ended the task.

        Airflow calls this also when a worker is shut down, loses its heartbeat, or the task exceeds its
        `execution_timeout`; none of them is a reason to stop a release.
        """
        if not self.cancel_on_kill or self._watch is None:
            return
        log = self.hook.log
        location = self._watch.location
        ended = was_ended_by_user(self._task_instance)
        if not ended:
            why = (
                "nobody ended the task" if ended is False else "Airflow doesn't say whether a user ended the task"
            )
            log.warning("Not canceling %s: %s. It runs on.", location, why)
            return
        self.hook.cancel_operation(location.url, within=KILL_BUDGET)


def look_once(steps: Generator[float, None, Event]) -> Event | float:
    """Go on to the next wait: return its seconds, or the event if the watch is over."""
    try:
        return next(steps)
    except StopIteration as end:
        event: Event = end.value
        return event
