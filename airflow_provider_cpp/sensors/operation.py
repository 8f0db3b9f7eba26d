"""Waits for an operation without holding a worker."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSensorTimeout, BaseSensorOperator, PokeReturnValue

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.api.outcomes import Event, result_of
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.exceptions import OperationTimeout
from airflow_provider_cpp.operators.waiting import (
    DEFAULT_INTERVAL,
    DEFAULT_MAX_INTERVAL,
    DEFAULT_TIMEOUT,
    WaitsForOperation,
    look_once,
    optional_seconds,
    seconds,
)
from airflow_provider_cpp.sensors.without_worker import ending_of, start_trigger_args

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class OperationSensor(WaitsForOperation, BaseSensorOperator):
    """Wait until an operation ends, for hours or days, and return the finished operation.

    Looks once on the worker, then waits in the triggerer. Only the service's own word ends the wait: a
    status that can't be read is read again, and a word that nobody knows means that it still runs.

    With ``deferrable=False`` it pokes on the worker (or reschedules, with ``mode="reschedule"``), with the
    same outcomes and messages.

    :param operation_location: the operation's location, as GoLiveOperator returns it. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :param deferrable: wait in the triggerer.
    :param poke_interval: seconds, or a ``timedelta``, between two looks at least.
    :param max_poke_interval: the same, at most: in between, a tenth of the time since the last change.
    :param timeout: seconds, or a ``timedelta``, after which the wait is given up; 14 days by default.
    :param cancel_on_kill: cancel the operation when a user marks the task failed or succeeded while it
        waits. Deferred tasks can do so from Airflow 3.3 on. A task that is cleared takes it up again.
    :param stuck_after: seconds, or a ``timedelta``, without a change of step after which a warning is
        logged, once; off by default.
    :param start_from_trigger: let the scheduler hand the task straight to the triggerer (Airflow 3.3 and
        later; a mapped sensor starts on a worker all the same). The location has to be a text, a template or
        the output of a task that isn't mapped.
    :param end_from_trigger: let the triggerer end the task (Airflow 3.3 and later). Where it can't end it as
        a worker would, the task resumes on one: on success if it has outlets, and on a failure that isn't to
        be retried if it has retries.
    :raises WatchedOperationFailed: the operation failed. An ``OperationFailed`` that isn't retried.
    :raises OperationCanceled: somebody canceled it.
    :raises OperationTimeout: it didn't end in time.
    :raises OperationStatusUnknown: its status couldn't be read for too long.
    :raises UntrustedLocation: the location isn't on the connection's own host; nothing was sent there.
    :raises CppError: what else keeps the status from being read, such as ``CppAuthError``.
    """

    template_fields: Sequence[str] = ("operation_location", "cpp_conn_id")

    def __init__(
        self,
        *,
        operation_location: str,
        cpp_conn_id: str = "cpp_default",
        deferrable: bool = True,
        poke_interval: float | timedelta = DEFAULT_INTERVAL,
        max_poke_interval: float | timedelta = DEFAULT_MAX_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        cancel_on_kill: bool = False,
        stuck_after: float | timedelta | None = None,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, timeout=timeout, **kwargs)
        self.operation_location = operation_location
        self.cpp_conn_id = cpp_conn_id
        self.deferrable = deferrable
        self.max_poke_interval = seconds(max_poke_interval)
        self.cancel_on_kill = cancel_on_kill
        self.stuck_after = optional_seconds(stuck_after)
        self._check_waiting()
        self._without_worker = start_from_trigger or end_from_trigger
        possible = airflow_versions.WITHOUT_WORKER.is_here
        self.start_from_trigger = start_from_trigger and possible
        self.end_from_trigger = end_from_trigger and possible
        if start_from_trigger:
            # Made on every Airflow, so that what one refuses no other accepts.
            arguments = start_trigger_args(self)
            self.start_trigger_args = arguments if possible else None
        self._steps: Generator[float, None, Event] | None = None
        self._pause = 0.0

    def execute(self, context: Context) -> Any:
        """Look once, then wait where `deferrable` says."""
        if self._without_worker and self.deferrable:  # then it gets here once a try; poking may get here often
            airflow_versions.WITHOUT_WORKER.warn_if_missing(self.log)
        if self.start_from_trigger:
            self.log.warning("Airflow starts mapped tasks on a worker, whatever start_from_trigger says.")
        try:
            # Airflow's own loop also for the one look before a deferral: it knows soft_fail and never_fail.
            return super().execute(context)
        except OperationTimeout:
            raise
        except AirflowSensorTimeout as error:  # in reschedule mode Airflow alone knows when it began
            raise OperationTimeout(
                f"The operation at {self.operation_location} didn't end within {self.timeout:g} s. It may "
                "still be running: nothing was canceled. To go on watching, clear this task or raise its "
                "timeout."
            ) from error

    def poke(self, context: Context) -> PokeReturnValue | bool:
        """Look once; then the triggerer takes over, or Airflow sleeps as long as the schedule says."""
        if self._steps is None:
            self._steps = self._begin(context, self.operation_location)
        outcome = look_once(self._steps)
        if isinstance(outcome, float):
            if self.deferrable:
                self._hand_over(ending_of(self))
            self._pause = outcome
            return False
        self._steps = None  # with silent_fail Airflow pokes again after an error
        return PokeReturnValue(is_done=True, xcom_value=result_of(outcome, by_sensor=True))

    def execute_complete(self, context: Context, event: Any) -> dict[str, object]:
        """Resume after the triggerer saw the operation's end."""
        return result_of(event, by_sensor=True)

    def _schedule(self) -> PollSchedule:
        return PollSchedule.between(self.poke_interval, self.max_poke_interval)

    def _get_next_poke_interval(
        self, started_at: datetime | float, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        # Airflow's own hook for the pause between two pokes: the schedule replaces its fixed interval.
        return self._pause
