"""Cancels the operation that a task waits for on a worker when a user ends the task."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.tasks.waiting import WaitsForOperation

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_cpp.lro.seam import Watched
    from airflow_provider_cpp.lro.watching import Watch
    from airflow_provider_cpp.triggers.stalled import Pulse
    from airflow_provider_cpp.triggers.watching_trigger import WatchingTrigger

#: Seconds of those that Airflow leaves a task that is being killed, at least, in which it asks for the task's
#: state and logs how far the cancel got; a tenth where they are many.
LAST_WORDS = 2.0


def kill_budget() -> float:
    """Return for how many seconds a task that is being killed may watch its cancel."""
    grace = airflow_versions.kill_grace()
    return max(1.0, grace - max(LAST_WORDS, 0.1 * grace))


class CancelsWhenKilled(WaitsForOperation):
    """What a task needs to cancel what it waits for, where its argument `cancel_on_kill` asks for that."""

    cancel_on_kill: bool

    #: Knows for how long this process stalled.
    _pulse: Pulse | None = None
    _task_instance: Any = None

    def _begin(self, context: Context, location: Watched) -> None:
        if self.cancel_on_kill and not self.deferrable:
            from airflow_provider_cpp.tasks.killed.stalled_process import pulse_of_process

            self._pulse = pulse_of_process()
        self._task_instance = context.get("ti")
        super()._begin(context, location)

    def _trigger(self, watch: Watch, **arguments: Any) -> WatchingTrigger:
        if self.cancel_on_kill:
            airflow_versions.CANCEL_WHILE_DEFERRED.warn_if_missing(self.hook.log)
        return super()._trigger(watch, cancel_on_kill=self.cancel_on_kill, **arguments)

    def on_kill(self) -> None:
        """Cancel the operation, if that was asked for and a user ended the task.

        Airflow calls this also when a worker is shut down, loses its heartbeat, or the task exceeds its
        `execution_timeout`; none of them is a reason to stop a release.
        """
        if not self.cancel_on_kill or self._watch is None:
            return
        from airflow_provider_cpp.lro.cancelling import BY_HAND, Cancel, not_canceling
        from airflow_provider_cpp.tasks.killed.asking_airflow import why_not_by_user_on_worker

        location = self._watch.watched
        stalled = self._pulse.lately(time.time()) if self._pulse else 0.0
        why = why_not_by_user_on_worker(self._task_instance, stalled)
        if why is not None:
            self.hook.say(logging.WARNING, not_canceling(str(location), why))
            return
        cancel = Cancel(self.hook.location(location.url), kill_budget(), again=BY_HAND)
        self.hook.client.run(cancel.confirmed(), say=self.hook.say)
