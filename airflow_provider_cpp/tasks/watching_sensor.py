"""How a sensor waits: by poking on a worker or in the triggerer, with one outcome either way."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
)

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.exceptions import OperationTimeout
from airflow_provider_cpp.lro.schedule import (
    PollSchedule,
)
from airflow_provider_cpp.tasks.wait_arguments import Waiting
from airflow_provider_cpp.tasks.waiting import Waits
from airflow_provider_cpp.tasks.without_worker import ending_of, start_trigger_args, why_on_a_worker

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_cpp.lro.ends import End
    from airflow_provider_cpp.lro.seam import Watched


class WatchingSensor(Waits, BaseSensorOperator):
    """Wait for what a subclass names, and return the document that ended the wait.

    :param waiting: how.
    """

    def __init__(self, *, waiting: Waiting, **kwargs: Any) -> None:
        super().__init__(poke_interval=waiting.interval, timeout=waiting.timeout, **kwargs)
        self.deferrable = waiting.deferrable
        self._interval = waiting.interval
        self.max_poke_interval = waiting.max_interval
        self.stuck_after = waiting.stuck_after
        self._wants_no_worker = waiting.start_from_trigger or waiting.end_from_trigger
        possible = airflow_versions.WITHOUT_WORKER.is_here
        self.start_from_trigger = waiting.start_from_trigger and possible
        self.end_from_trigger = waiting.end_from_trigger and possible
        self._why_on_a_worker: str | None = None
        self._pause = 0.0

    def _locate(self, context: Context) -> Watched:
        """Return what is watched.

        :raises AirflowSkipException: if there is nothing, as a task before this one started nothing.
        :raises CppError: if it can't be.
        """
        raise NotImplementedError

    def _skip_if_nothing_was_started(self, context: Context, dry_run_of: Watched | None = None) -> None:
        from airflow_provider_cpp.tasks.not_started import why_nothing_was_started

        why = why_nothing_was_started(self, context, dry_run_of)
        if why is not None:
            raise AirflowSkipException(f"There is nothing to wait for: {why}")

    def _hand_straight_to_the_triggerer(
        self, waiting: Waiting, trigger: str, templates: dict[str, Any], **arguments: Any
    ) -> None:
        """Let the scheduler make the trigger, where that was asked for.

        :param waiting: how this sensor waits.
        :param trigger: the trigger's class, as a dotted path.
        :param templates: its arguments that are template fields.
        :param arguments: its other arguments that say what is watched.
        :raises CppConfigurationError: if they can't be rendered in the triggerer.
        """
        if not waiting.start_from_trigger:
            return
        templates = {**templates, "cpp_conn_id": self.cpp_conn_id}
        if self.has_dag():  # type: ignore[no-untyped-call]
            self._why_on_a_worker = why_on_a_worker(self.dag, templates.values())
        if self._why_on_a_worker:
            self.start_from_trigger = False
            return
        # Made on every Airflow, so that what one refuses no other accepts.
        made = start_trigger_args(
            trigger, templates, arguments, waiting, self._ending(), execution_timeout=self.execution_timeout
        )
        self.start_trigger_args = made if self.start_from_trigger else None

    def _ending(self) -> dict[str, Any] | None:
        """Return how the triggerer may end this task itself, or None where a worker does."""
        return ending_of(self) if self.end_from_trigger else None

    def execute(self, context: Context) -> Any:
        """Look once, then wait where `deferrable` says."""
        self._log_why_on_a_worker(context)
        self._log_what_goes_unnoticed(context)
        try:
            with self._airflows_timeout_explained():
                return self._poke_on(context)
        except OperationTimeout:
            raise
        except AirflowSensorTimeout as error:  # with silent_fail, where no look came to anything
            raise OperationTimeout(
                f"The wait for {self._subject()} didn't end within {self.timeout:g} s. It may still be running: "
                "nothing was canceled. To go on watching, clear this task or raise its timeout."
            ) from error

    def _poke_on(self, context: Context) -> Any:
        # Airflow's own loop also for the one look before a deferral: it knows soft_fail and never_fail.
        # Unwrapped, as Airflow 2 takes a class's call of its base for one from outside a task: it warns,
        # or fails the task where allow_nested_operators is False.
        poke_on = inspect.unwrap(BaseSensorOperator.execute)
        try:
            return poke_on(self, context)
        except (AirflowSensorTimeout, AirflowSkipException):
            if self._steps is None or self._watch is None:
                raise
            # The time is over by Airflow's clock, which started moments earlier than ours, or this process
            # stalled after its last look. One more look: it may have ended, or our error says where it is.
            time.sleep(max(0.0, self._watch.deadline - time.time()))
            return poke_on(self, context)

    def _log_why_on_a_worker(self, context: Context) -> None:
        """Log why a worker does what the triggerer was asked to do."""
        if self._wants_no_worker and self.deferrable:  # then it gets here once a try; poking may get here often
            airflow_versions.WITHOUT_WORKER.warn_if_missing(self.log)
        if self._why_on_a_worker:
            self.log.warning(
                "A worker starts this wait, whatever start_from_trigger says: the triggerer doesn't know the "
                "DAG's %s, by which its templates are rendered.",
                self._why_on_a_worker,
            )
        if self.start_from_trigger and getattr(context.get("ti"), "map_index", -1) >= 0:
            self.log.warning("Airflow starts mapped tasks on a worker, whatever start_from_trigger says.")

    def _log_what_goes_unnoticed(self, context: Context) -> None:
        """Log at the first look that `stuck_after` has no effect, where that is so."""
        feature = airflow_versions.STUCK_WHILE_RESCHEDULED
        if self.stuck_after is None or not self._is_rescheduled or feature.is_here:
            return
        if airflow_versions.rescheduled_since(context) is None:
            feature.warn_if_missing(self.log)

    def poke(self, context: Context) -> PokeReturnValue | bool:
        """Look once; then the triggerer takes over, or Airflow sleeps as long as the schedule says.

        With ``mode="reschedule"`` a look that fails is repeated here, until it is clear what that means.
        """
        if self._steps is None:  # also where silent_fail makes Airflow poke again after an error
            self._begin(context, self._locate(context))
            self._go_on_in_log(context)
        while isinstance(outcome := self._look(), float):
            if self.deferrable:
                self._hand_over(self._ending())
            if self._is_rescheduled and self._log_state is not None and self._log_state.may_give_up:
                # How many reads in a row have failed only this process knows: it stays until that is over.
                time.sleep(outcome)
                continue
            self._keep_log_state(context)
            self._pause = outcome
            return False
        return PokeReturnValue(is_done=True, xcom_value=self._conclude(outcome))

    @property
    def _is_rescheduled(self) -> bool:
        return self.reschedule and not self.deferrable

    def _waits_since(self, context: Context) -> float:
        since = airflow_versions.rescheduled_since(context) if self._is_rescheduled else None
        return super()._waits_since(context) if since is None else since.timestamp()

    def _limit(self) -> float:
        # What Airflow counts for `execution_timeout` is how long each look of a rescheduled sensor takes.
        return self.timeout if self._is_rescheduled else super()._limit()

    def _go_on_in_log(self, context: Context) -> None:
        """Log only what the process didn't that looked before this one, if Airflow keeps what it logged (3.3)."""
        store = context.get("task_state_store")
        if not self._is_rescheduled or store is None or self._log_state is None:
            return
        from airflow_provider_cpp.lro.log_lines import LOG_KEY, logged_by

        self._log_state.go_on_from(logged_by(store.get(LOG_KEY), self._watch_id(context)))

    def _keep_log_state(self, context: Context) -> None:
        """Keep what was logged for the process that looks next."""
        store = context.get("task_state_store")
        logged = self._log_state.to_dict() if self._log_state else None
        if not self._is_rescheduled or store is None or logged is None:
            return
        from airflow_provider_cpp.lro.log_lines import LOG_KEY, note_of

        note: Any = note_of(self._watch_id(context), logged)
        store.set(LOG_KEY, note)

    def _watch_id(self, context: Context) -> str:
        return f"{self._watch.watched.url if self._watch else ''} {context['ti'].try_number}"

    def execute_complete(self, context: Context, event: Any) -> dict[str, object]:
        """Resume after the triggerer saw the end."""
        from airflow_provider_cpp.lro.ends import End

        return self._conclude(End.read(event))

    def _conclude(self, end: End) -> dict[str, object]:
        result = end.result(by_sensor=True)
        self.log.info("%s", end.message)
        return result

    def _schedule(self, usual: float) -> PollSchedule:
        # Airflow's own attribute is a plain number, which may have been set since.
        chosen = self.poke_interval
        given = self._interval if chosen == self._interval else chosen
        return PollSchedule.between(given, self.max_poke_interval, usual)

    def _get_next_poke_interval(
        self, started_at: datetime | float, run_duration: Callable[[], float], poke_count: int
    ) -> float:
        # Airflow's own hook for the pause between two pokes: the schedule replaces its fixed interval.
        return self._pause
