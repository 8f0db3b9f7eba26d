"""Waits for an operation without holding a worker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.lro.schedule import DEFAULT_INTERVAL, DEFAULT_MAX_INTERVAL, DEFAULT_TIMEOUT
from airflow_provider_cpp.tasks.killed.canceling import CancelsWhenKilled
from airflow_provider_cpp.tasks.wait_arguments import Waiting
from airflow_provider_cpp.tasks.watching_sensor import WatchingSensor
from airflow_provider_cpp.wire.arguments import is_missing

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_cpp.lro.seam import Watched


class OperationSensor(CancelsWhenKilled, WatchingSensor):
    """Wait until an operation ends, for hours or days, and return the finished operation.

    Looks once on the worker, then waits in the triggerer. Only the service's own word ends the wait: a
    status that can't be read is read again, and a word that nobody knows means that it still runs.

    With ``deferrable=False`` it pokes on the worker (or reschedules, with ``mode="reschedule"``), with the
    same outcomes and messages.

    Where the task before it did a dry run, or found the version live already, there is nothing to wait for: the
    task is skipped, and says so.

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
        waiting = Waiting.of(
            "poke",
            deferrable=deferrable,
            interval=poke_interval,
            max_interval=max_poke_interval,
            timeout=timeout,
            cancel_on_kill=cancel_on_kill,
            stuck_after=stuck_after,
            start_from_trigger=start_from_trigger,
            end_from_trigger=end_from_trigger,
        )
        super().__init__(waiting=waiting, **kwargs)
        self.operation_location = operation_location
        self.cpp_conn_id = cpp_conn_id
        self.cancel_on_kill = waiting.cancel_on_kill
        self._hand_straight_to_the_triggerer(
            waiting,
            "airflow_provider_cpp.triggers.operation.OperationTrigger",
            {"operation_location": operation_location},
            cancel_on_kill=waiting.cancel_on_kill,
        )

    def _locate(self, context: Context) -> Watched:
        if is_missing(self.operation_location):
            self._skip_if_nothing_was_started(context)
        return self.hook.location(self.operation_location)

    def execute_complete(self, context: Context, event: Any) -> dict[str, object]:
        """Resume after the triggerer saw the end, or found nothing to watch."""
        if isinstance(event, dict) and is_missing(event.get("location")):
            self._skip_if_nothing_was_started(context)
        return super().execute_complete(context, event)

    def _subject(self) -> str:
        return f"the operation at {self.operation_location}"
