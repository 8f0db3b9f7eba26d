"""Operators that act on an offer."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.api.cancelling import error_of_cancel
from airflow_provider_cpp.api.outcomes import result_of
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.exceptions import CppConfigurationError, OperationCanceled
from airflow_provider_cpp.links.operation import push_links
from airflow_provider_cpp.operators.definition import GetOfferOperator, ListOffersOperator, PutOfferOperator
from airflow_provider_cpp.operators.waiting import (
    DEFAULT_INTERVAL,
    DEFAULT_MAX_INTERVAL,
    DEFAULT_TIMEOUT,
    WaitsForOperation,
    look_once,
    optional_seconds,
    seconds,
    time_limit,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

__all__ = ["CancelOperator", "GetOfferOperator", "GoLiveOperator", "ListOffersOperator", "PutOfferOperator"]

#: Key of the record in Airflow's task state store. Deployed tasks in flight depend on it: never rename.
RECORD_KEY = "airflow_provider_cpp.go_live"

#: How long a record is kept beyond the time that the operation may take.
RECORD_SLACK = timedelta(days=30)


class GoLiveOperator(WaitsForOperation, BaseOperator):
    """Take an offer live, and return the operation's location.

    Sends one POST and no second one, whatever happens to its answer. The work behind it takes hours to
    days: watch it with :class:`~airflow_provider_cpp.sensors.operation.OperationSensor`, or let this task
    wait itself.

    A retry of the task first settles what the last try did: an operation that still runs is taken up
    again, one that succeeded isn't repeated, after one that failed a new one is started.

    :param offer_id: the offer's identifier. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :param wait_for_completion: succeed when the offer is live, not when the request was accepted.
    :param deferrable: wait in the triggerer; otherwise on the worker.
    :param poll_interval: seconds, or a ``timedelta``, between two looks at the operation at least.
    :param max_poll_interval: the same, at most: in between, a tenth of the time since the last change.
    :param timeout: seconds, or a ``timedelta``, after which waiting is given up; 14 days by default.
    :param cancel_on_kill: cancel the operation when a user marks the task failed or succeeded while it
        waits. Deferred tasks can do so from Airflow 3.3 on. A task that is cleared takes it up again.
    :param stuck_after: seconds, or a ``timedelta``, without a change of step after which a warning is
        logged, once; off by default.
    :raises OperationFailed: the operation failed; a retry goes live anew.
    :raises OperationCanceled: somebody canceled it.
    :raises OperationTimeout: it didn't end in time.
    :raises OperationStatusUnknown: its status couldn't be read for too long.
    :raises CppError: what the hook's ``go_live`` raises.
    """

    template_fields: Sequence[str] = ("offer_id", "publisher_id", "cpp_conn_id")

    def __init__(
        self,
        *,
        offer_id: str,
        publisher_id: str | None = None,
        cpp_conn_id: str = "cpp_default",
        wait_for_completion: bool = False,
        deferrable: bool = True,
        poll_interval: float | timedelta = DEFAULT_INTERVAL,
        max_poll_interval: float | timedelta = DEFAULT_MAX_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        cancel_on_kill: bool = False,
        stuck_after: float | timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.offer_id = offer_id
        self.publisher_id = publisher_id
        self.cpp_conn_id = cpp_conn_id
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = seconds(poll_interval)
        self.max_poll_interval = seconds(max_poll_interval)
        self.timeout = seconds(timeout)
        self.cancel_on_kill = cancel_on_kill
        self.stuck_after = optional_seconds(stuck_after)
        self._check_waiting()

    def execute(self, context: Context) -> str:
        """Go live, unless an earlier try of this task did, and wait if asked to."""
        store = context.get("task_state_store")
        if store is None:
            airflow_versions.TASK_STATE.warn_if_missing(self.log, logging.INFO)
        started = self.hook.start_go_live(
            self.offer_id,
            self.publisher_id,
            record=store.get(RECORD_KEY) if store is not None else None,
            since=_earlier_tries_since(context),
            records_are_kept=store is not None,
            keep=lambda record: self._keep(store, record),
        )
        location = started.location.url
        if self.wait_for_completion:
            self._wait(context, location)
        else:
            push_links(context, started.location)
            self._forget(context)
        return location

    def execute_complete(self, context: Context, event: Any) -> str:
        """Resume after the triggerer saw the operation's end."""
        self._conclude(context, event)
        return str(event["location"])

    def _wait(self, context: Context, location: str) -> None:
        steps = self._begin(context, location)
        while isinstance(outcome := look_once(steps), float):
            if self.deferrable:
                self._hand_over()
            time.sleep(outcome)
        self._conclude(context, outcome)

    def _conclude(self, context: Context, event: Any) -> None:
        try:
            result_of(event, by_sensor=False)
        except OperationCanceled:
            self._forget(context)  # whoever clears the task after this wants another go-live
            raise
        self._forget(context)

    def _keep(self, store: Any, record: dict[str, object]) -> None:
        if store is not None:
            store.set(RECORD_KEY, record, retention=self._retention())

    def _schedule(self) -> PollSchedule:
        return PollSchedule.between(self.poll_interval, self.max_poll_interval)

    def _retention(self) -> timedelta:
        return timedelta(seconds=self.timeout) + RECORD_SLACK

    def _forget(self, context: Context) -> None:
        # The last act of a success: a cleared green task goes live again, a crashed one doesn't.
        store = context.get("task_state_store")
        if store is not None:
            store.delete(RECORD_KEY)


def _earlier_tries_since(context: Context) -> float | None:
    """Return since when earlier tries of this task may have posted, or None if this is the first one.

    For a task that left no record: on Airflow before 3.3, which keeps none, and after a success that Airflow
    never heard of. A task that was cleared is to go live again, so that of what was before only an operation
    that still runs counts; it is told from one that is retried by `max_tries`, which a clear raises.
    """
    task_instance: Any = context["ti"]
    if task_instance.try_number <= 1:
        return None
    started = getattr(context.get("dag_run"), "start_date", None)
    if started is None or getattr(task_instance, "max_tries", None) != context["task"].retries:
        return float("inf")
    return float(started.timestamp())


class CancelOperator(BaseOperator):
    """Cancel whatever operation runs on an offer, and confirm it.

    Asks first which operation runs, and sends nothing where none does. Then it watches that one to its end,
    on the worker: a cancel takes one to three minutes.

    XCom ``return_value``: a ``dict`` of ``status``, ``location`` (of the operation, or None) and ``message``.
    The task succeeds with status ``canceled``; with ``nothing_running``; and with ``failed``, for an operation
    that failed before the cancel came. With any other one the cancel had no effect, and the task fails.

    :param offer_id: the offer's identifier. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :param notification_emails: whom the service tells; ignored for offers migrated to Partner Center. (templated)
    :param timeout: seconds, or a ``timedelta``, in which the cancel has to be confirmed; 5 minutes by default.
    :param fail_if_not_canceled: fail where the cancel had no effect. If False, the task succeeds, and its
        XCom tells: ``succeeded``, ``not_cancelable``, ``timeout`` or ``unknown``.
    :raises NotCanceled: the operation succeeded before the cancel came, or can't be canceled any more.
    :raises OperationTimeout: the cancel wasn't confirmed in time.
    :raises OperationStatusUnknown: what became of the operation can't be learned.
    :raises CppError: what the hook's ``cancel`` raises.
    """

    template_fields: Sequence[str] = ("offer_id", "publisher_id", "cpp_conn_id", "notification_emails")

    def __init__(
        self,
        *,
        offer_id: str,
        publisher_id: str | None = None,
        cpp_conn_id: str = "cpp_default",
        notification_emails: Sequence[str] = (),
        timeout: float | timedelta = timedelta(minutes=5),
        fail_if_not_canceled: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.offer_id = offer_id
        self.publisher_id = publisher_id
        self.cpp_conn_id = cpp_conn_id
        self.notification_emails = notification_emails
        self.timeout = seconds(timeout)
        self.fail_if_not_canceled = fail_if_not_canceled
        if self.timeout <= 0:
            raise CppConfigurationError(f"timeout is {self.timeout:g} s; it has to be above 0.")

    def execute(self, context: Context) -> dict[str, object]:
        """Cancel what runs, and watch it to its end."""
        from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

        result = CloudPartnerPortalHook(self.cpp_conn_id).cancel(
            self.offer_id,
            self.publisher_id,
            self.notification_emails,
            within=time_limit(self.timeout, self.execution_timeout),
        )
        error = error_of_cancel(result)
        if error is not None and self.fail_if_not_canceled:
            raise error
        return result
