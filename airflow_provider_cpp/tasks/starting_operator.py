"""How a task starts an operation once, over all of its tries, and waits for it if asked to."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.exceptions import OperationCanceled
from airflow_provider_cpp.links.operation import push_link
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.tasks.killed.canceling import CancelsWhenKilled
from airflow_provider_cpp.tasks.wait_arguments import Waiting
from airflow_provider_cpp.tasks.waiting import time_limit
from airflow_provider_cpp.wire.arguments import checked_flag, flag_or_template, rendered_flag

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_cpp.lro.ends import End
    from airflow_provider_cpp.lro.prechecking import NotStarted
    from airflow_provider_cpp.lro.records import Started
    from airflow_provider_cpp.lro.settling import Memory

#: How long a record is kept beyond the time that the operation may take.
RECORD_SLACK = timedelta(days=30)


#: Key of the XCom in which a task that started nothing says why; `return_value` is None then.
NOT_STARTED_KEY = "not_started"


class StartsOperation(CancelsWhenKilled, BaseOperator):
    """What the operators that start an operation share.

    A retry of the task first settles what the last try did: an operation that still runs is taken up again,
    one that succeeded isn't repeated, after one that failed a new one is started.
    """

    #: Key of the record in Airflow's task state store.
    record_key: ClassVar[str]

    _executed_since: float

    template_fields: Sequence[str] = ("offer_id", "publisher_id", "cpp_conn_id", "is_dry_run")

    def __init__(
        self,
        *,
        offer_id: str,
        publisher_id: str | None,
        cpp_conn_id: str,
        waiting: Waiting,
        wait_for_completion: bool,
        dry_run: bool | str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.offer_id = offer_id
        self.publisher_id = publisher_id
        self.cpp_conn_id = cpp_conn_id
        self.wait_for_completion = checked_flag("wait_for_completion", wait_for_completion)
        self.deferrable = waiting.deferrable
        self.poll_interval = waiting.interval
        self.max_poll_interval = waiting.max_interval
        self.timeout = waiting.timeout
        self.cancel_on_kill = waiting.cancel_on_kill
        self.stuck_after = waiting.stuck_after
        self.is_dry_run = flag_or_template("dry_run", dry_run)  # `dry_run` is a method of Airflow's own

    def _start(
        self, keep: Callable[[dict[str, object]], object], **memory: Unpack[Memory]
    ) -> Started | NotStarted:
        raise NotImplementedError

    def execute(self, context: Context) -> str | None:
        """Start the operation, unless an earlier try of this task did, and wait if asked to."""
        from airflow_provider_cpp import metrics
        from airflow_provider_cpp.lro.records import Started

        self._executed_since = time.time()
        self.is_dry_run = rendered_flag("dry_run", self.is_dry_run)
        store = context.get("task_state_store")
        if store is None:
            airflow_versions.TASK_STATE.warn_if_missing(self.log, logging.INFO)
        memory = _earlier_tries(context)
        if store is not None:
            memory |= {"record": store.get(self.record_key), "records_are_kept": True}
        started = self._start(lambda record: self._keep(store, record), **memory)
        metrics.report()
        if not isinstance(started, Started):
            if not self.is_dry_run:  # which leaves what was done before as it was
                self._forget(context)
            offer = self.hook.offer_location(self.offer_id, self.publisher_id)
            note = {"dry_run": self.is_dry_run, "message": started.message, "offer": offer.url}
            context["ti"].xcom_push(key=NOT_STARTED_KEY, value=note)
            if started.is_live:
                raise AirflowSkipException(started.message)
            self.log.info("%s", started.message)
            return None
        location = started.location
        if self.wait_for_completion:
            self._conclude(context, self._wait(context, started.watched))
        else:
            push_link(context, started.watched, self.hook)
            self._forget(context)
        return location

    def execute_complete(self, context: Context, event: Any) -> str:
        """Resume after the triggerer saw the operation's end."""
        from airflow_provider_cpp.lro.ends import End

        end = End.read(event)
        self._conclude(context, end)
        return end.location

    def _conclude(self, context: Context, end: End) -> None:
        try:
            end.result(by_sensor=False)
        except OperationCanceled:
            self._forget(context)  # whoever clears the task after this wants another operation
            raise
        self.log.info("%s", end.message)
        self._forget(context)

    def _keep(self, store: Any, record: dict[str, object]) -> None:
        if store is not None:
            store.set(self.record_key, record, retention=self._retention())

    def _limit(self) -> float:
        # Starting may have taken minutes, if it wasn't clear at once what came of it.
        return time_limit(self.timeout, self.execution_timeout, time.time() - self._executed_since)

    def _schedule(self, usual: float) -> PollSchedule:
        return PollSchedule.between(self.poll_interval, self.max_poll_interval, usual)

    def _retention(self) -> timedelta:
        return timedelta(seconds=self.timeout) + RECORD_SLACK

    def _forget(self, context: Context) -> None:
        # The last act of a success: a cleared green task starts anew, a crashed one doesn't.
        store = context.get("task_state_store")
        if store is not None:
            store.delete(self.record_key)


def _earlier_tries(context: Context) -> Memory:
    """Return since when earlier tries of this task may have posted, and whether it was cleared since.

    For a task that left no record: on Airflow before 3.3, which keeps none, and after a success that Airflow
    never heard of. No worker learns when the tries before began. But a clear raises `max_tries` to the tries
    so far and `retries`, and a DAG run that had ended begins anew with it.
    """
    task_instance: Any = context["ti"]
    if task_instance.try_number <= 1:
        return {"since": None}
    tries_before_clear = task_instance.max_tries - (context["task"].retries or 0)
    if tries_before_clear == task_instance.try_number - 1:
        return {"since": float("inf")}
    began = getattr(context.get("dag_run"), "start_date", None)
    # Other numbers than these two come of a clear, or of other `retries` in the DAG than when the run began.
    return {
        "since": float(began.timestamp()) if began is not None else 0.0,
        "cleared": tries_before_clear != 0 or began is None,
    }
