"""How the triggerer watches: which connection it takes, how long it goes on, and how it ends the task.

What is watched, and until what, each trigger says for itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_cpp import metrics
from airflow_provider_cpp.exceptions import CppAuthError, CppError, CppUnavailable
from airflow_provider_cpp.hooks import connection
from airflow_provider_cpp.links.operation import cant_show_link, shown
from airflow_provider_cpp.lro import ends
from airflow_provider_cpp.lro.ends import TaskEnd
from airflow_provider_cpp.lro.goals import Goal
from airflow_provider_cpp.lro.schedule import (
    DEFAULT_INTERVAL,
    DEFAULT_MAX_INTERVAL,
    DEFAULT_TIMEOUT,
    LONGEST_WAIT,
    PollSchedule,
    optional_seconds,
    seconds,
)
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.services.by_connection_type import service_of
from airflow_provider_cpp.triggers.task_xcom import TaskXCom
from airflow_provider_cpp.wire.plain_text import said_by

if TYPE_CHECKING:
    from airflow_provider_cpp.client.settings import Settings
    from airflow_provider_cpp.wire.procedures import Procedure

T = TypeVar("T")


class WatchingTrigger(BaseTrigger):
    """Wait until a goal is reached, a deadline passes, or the status can't be learned.

    Sends one event, a plain dict whose ``status`` is ``succeeded``, ``failed``, ``canceled``, ``timeout`` or
    ``unknown``. All arguments are JSON primitives, as they cross Airflow's database; none is a secret.

    :param started_at: when it was started or first watched, in seconds since 1970 (UTC); None where the
        scheduler made the trigger, which then counts from its own start.
    :param deadline: when to give up, in seconds since 1970 (UTC): absolute, so that no restart moves it;
        None where the scheduler made the trigger.
    :param cpp_conn_id: id of the connection.
    :param poke_interval: seconds between two polls at least; None for the service's own.
    :param max_poke_interval: seconds between two polls at most.
    :param stuck_after: seconds without a change of step after which a warning is logged; None for never.
    :param limit: seconds to watch, where there is no deadline.
    :param hard_limit: seconds after which Airflow itself ends the wait, where there is no deadline.
    :param ending: what `tasks.without_worker.ending_of` says of the task, for ending it here; None to
        resume it on a worker.
    :param told: what the worker has logged already, as `lro.log_lines.LogState.to_dict` returns it. Triggers
        in flight name it so.
    """

    def __init__(
        self,
        *,
        started_at: float | None = None,
        deadline: float | None = None,
        cpp_conn_id: str = "cpp_default",
        poke_interval: float | None = None,
        max_poke_interval: float = DEFAULT_MAX_INTERVAL,
        stuck_after: float | None = None,
        limit: float = DEFAULT_TIMEOUT.total_seconds(),
        hard_limit: float = DEFAULT_TIMEOUT.total_seconds(),
        ending: dict[str, Any] | None = None,
        told: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.started_at = started_at
        self.deadline = deadline
        self.cpp_conn_id = cpp_conn_id
        self.poke_interval = optional_seconds("poke_interval", poke_interval)
        self.max_poke_interval = seconds("max_poke_interval", max_poke_interval)
        self.stuck_after = optional_seconds("stuck_after", stuck_after)
        self.limit = seconds("limit", limit)
        self.hard_limit = seconds("hard_limit", hard_limit, longest=2 * LONGEST_WAIT)
        self.ending = ending
        self.told = told

    def what_to_watch(self, settings: Settings) -> tuple[Watched, Goal]:
        """Return what is watched, and until what.

        :param settings: the connection.
        :raises CppError: if it can't be watched.
        """
        raise NotImplementedError

    def what_it_is_for(self) -> dict[str, Any]:
        """Return the arguments besides those that every watch has."""
        raise NotImplementedError

    def where(self) -> str:
        """Return what is watched as its argument names it, before the connection is known."""
        raise NotImplementedError

    def on_start(self) -> None:
        """Do what is due before the watch."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments that make the trigger anew."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                **self.what_it_is_for(),
                "started_at": self.started_at,
                "deadline": self.deadline,
                "cpp_conn_id": self.cpp_conn_id,
                "poke_interval": self.poke_interval,
                "max_poke_interval": self.max_poke_interval,
                "stuck_after": self.stuck_after,
                "limit": self.limit,
                "hard_limit": self.hard_limit,
                "ending": self.ending,
                "told": self.told,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch, and send the event of the end.

        Being canceled touches nothing remote: Airflow cancels triggers that merely move.
        """
        self.on_start()
        try:
            settings = await self._settings()
            end = await self._watch(settings)
            while end.error is CppAuthError:
                # Somebody may have renewed the secret in Airflow since this watch began.
                try:
                    edited = await self._settings()
                except CppUnavailable as error:
                    raise ends.not_read_anew(end, error) from error
                if edited == settings:
                    break
                self._say(logging.INFO, ends.connection_was_edited(self.cpp_conn_id))
                settings = edited
                end = await self._watch(settings)
        except CppError as error:
            end = ends.refused(self.where(), error)
        yield await self._end(end)

    async def _end(self, end: ends.End) -> TriggerEvent:
        """Return Airflow's event: one that ends the task here, or one that resumes it on a worker."""
        event = TriggerEvent(end.to_event())
        if self.ending is None:
            return event
        task = dict(self.ending)
        push = task.pop("push")
        of_task = ends.end_without_worker(end, **task)
        if of_task is None:
            return event
        if of_task is TaskEnd.SUCCESS and push and not await self._push(end.result(by_sensor=True)):
            return event
        from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent

        self._say(logging.INFO if of_task is TaskEnd.SUCCESS else logging.ERROR, end.message)
        if of_task is TaskEnd.SUCCESS:
            return TaskSuccessEvent()
        return TaskSkippedEvent() if of_task is TaskEnd.SKIPPED else TaskFailedEvent()

    async def _push(self, result: object) -> bool:
        """Push the task's result as a worker would, and return whether that worked.

        Not through the event: what is pushed by it arrives as JSON text, not as a dict (seen with 3.3.2).
        """
        xcom = TaskXCom.of(self)
        try:
            if xcom is None:
                raise LookupError("this trigger can't write XComs")
            await xcom.set_result(result)
        except Exception as error:  # noqa: BLE001 - whatever it is, a worker can do it
            self._say(logging.WARNING, f"A worker has to push the result ({said_by(error)}).")
            return False
        return True

    async def _watch(self, settings: Settings) -> ends.End:
        started_at, deadline = self._times()
        location, goal = self.what_to_watch(settings)
        watch = Watch(
            location,
            started_at=started_at,
            deadline=deadline,
            schedule=PollSchedule.between(
                DEFAULT_INTERVAL if self.poke_interval is None else self.poke_interval,
                self.max_poke_interval,
                location.usual_interval,
            ),
            stuck_after=self.stuck_after,
            goal=goal,
        )
        xcom = TaskXCom.of(self)
        if xcom is not None and self.deadline is None:  # no worker has been there to show it
            await self._show_link(settings, xcom, location)
        try:
            return await self._run(settings, watch.follow(at_once=False, log_state=watch.log_state(self.told)))
        except CppAuthError as error:  # the login's refusal, where the service's own comes as an end
            return ends.refused(self.where(), error, location)

    async def _show_link(self, settings: Settings, xcom: TaskXCom, location: Watched) -> None:
        try:
            # Anew after each restart of the triggerer: asking whether it is shown would put an error into
            # Airflow's log wherever it isn't.
            page = await self._run(settings, service_of(settings).page_of(location))
            await xcom.set_link(shown(page))
        except Exception as error:  # noqa: BLE001 - a link that isn't shown ends no watch of a release
            self._say(logging.WARNING, cant_show_link(error))

    def _times(self) -> tuple[float, float]:
        """Return when the watch began and when it ends, the same after every restart."""
        if self.started_at is not None and self.deadline is not None:
            return self.started_at, self.deadline
        # The scheduler made this trigger, and wrote down when Airflow's own patience ends.
        hard_deadline: datetime | None = getattr(self, "timeout_after", None)
        if hard_deadline is None:
            started_at = time.time()
        else:
            aware = hard_deadline if hard_deadline.tzinfo else hard_deadline.replace(tzinfo=UTC)
            started_at = aware.timestamp() - self.hard_limit
        return started_at, started_at + self.limit

    async def _run(self, settings: Settings, procedure: Procedure[T]) -> T:
        from airflow_provider_cpp.client.shared_clients import shared_client

        async with metrics.watching(), shared_client(settings) as client:
            return await client.run(procedure, say=self._say)

    async def _settings(self) -> Settings:
        hook = connection.ConnectionReader(self.cpp_conn_id)
        reading_on = connection.ReadingOn(
            self.cpp_conn_id, self._say, connection.PATIENCE_IN_TRIGGERER, self._times()[1]
        )
        while True:
            try:
                settings = await hook.aget_settings()
            except CppError:
                raise
            except Exception as error:  # noqa: BLE001 - Airflow's own trouble, of whatever kind, may pass
                await asyncio.sleep(reading_on.pause(error, time.time()))
            else:
                reading_on.done()
                return settings

    def _say(self, level: int, text: str) -> None:
        # The class's logger: one for each trigger would be a tenth of the memory that a watcher takes.
        self.logger().log(level, "%s", text)
