"""Operators that act on an offer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_cpp.api.outcomes import result_of
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.operators.waiting import (
    DEFAULT_INTERVAL,
    DEFAULT_MAX_INTERVAL,
    DEFAULT_TIMEOUT,
    hand_over,
    look_once,
    looks,
    plan_watch,
    seconds,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

#: Key of the record in Airflow's task state store. Deployed tasks in flight depend on it: never rename.
RECORD_KEY = "airflow_provider_cpp.go_live"


class GoLiveOperator(BaseOperator):
    """Take an offer live, and return the operation's location.

    Sends one POST and no second one, whatever happens to its answer. The work behind it takes hours to
    days: watch it with :class:`~airflow_provider_cpp.sensors.operation.OperationSensor`, or let this task
    wait itself.

    :param offer_id: the offer's identifier. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param cpp_conn_id: id of the connection. (templated)
    :param wait_for_completion: succeed when the offer is live, not when the request was accepted.
    :param deferrable: wait in the triggerer; otherwise on the worker.
    :param poll_interval: seconds, or a ``timedelta``, between two looks at the operation at least.
    :param max_poll_interval: the same, at most.
    :param timeout: seconds, or a ``timedelta``, after which waiting is given up; 14 days by default.
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
        self._schedule()  # refuses crossed bounds while the DAG is parsed

    def execute(self, context: Context) -> str:
        """Go live, unless an earlier try of this task did, and wait if asked to."""
        store = context.get("task_state_store")
        started = self.hook.start_go_live(
            self.offer_id,
            self.publisher_id,
            record=store.get(RECORD_KEY) if store is not None else None,
            keep=lambda record: store.set(RECORD_KEY, cast("Any", record)) if store is not None else None,
        )
        location = started.location.url
        if self.wait_for_completion:
            self._wait(location)
        self._forget(context)
        return location

    def execute_complete(self, context: Context, event: Any) -> str:
        """Resume after the triggerer saw the operation's end."""
        result_of(event, by_sensor=False)
        self._forget(context)
        return str(event["location"])

    @cached_property
    def hook(self) -> CloudPartnerPortalHook:
        """The hook of the task's connection."""
        from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

        return CloudPartnerPortalHook(self.cpp_conn_id)

    def _wait(self, location: str) -> None:
        hook = self.hook
        watch = plan_watch(hook, location, self._schedule(), self.timeout, self.execution_timeout)
        steps = looks(hook, watch)
        while isinstance(outcome := look_once(steps), float):
            if self.deferrable:
                hand_over(self, watch, self.cpp_conn_id)
            time.sleep(outcome)
        result_of(outcome, by_sensor=False)

    def _schedule(self) -> PollSchedule:
        return PollSchedule.between(self.poll_interval, self.max_poll_interval)

    def _forget(self, context: Context) -> None:
        # The last act of a success: a cleared green task goes live again, a crashed one doesn't.
        store = context.get("task_state_store")
        if store is not None:
            store.delete(RECORD_KEY)
