"""Watches an operation in the triggerer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_cpp.airflow_versions import current_state
from airflow_provider_cpp.api import outcomes
from airflow_provider_cpp.api.cancelling import Cancel
from airflow_provider_cpp.api.locations import parse_location
from airflow_provider_cpp.api.outcomes import TaskEnd
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.api.watching import Watch
from airflow_provider_cpp.exceptions import CppAuthError, CppConfigurationError, CppError, CppUnavailable
from airflow_provider_cpp.operators.task_state import ended_by_user
from airflow_provider_cpp.operators.waiting import DEFAULT_TIMEOUT

if TYPE_CHECKING:
    from airflow_provider_cpp.client.settings import Settings

#: Seconds between tries to read the connection from Airflow, whose own parts may be restarting.
CONNECTION_PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)

#: Seconds in which a cancel has to be confirmed: Airflow gives `on_kill` thirty.
KILL_BUDGET = 20.0
#: Seconds for all of it, Airflow's own answers included, which take long on a busy machine.
KILL_LIMIT = 60.0


class OperationTrigger(BaseTrigger):
    """Wait until an operation ends, its deadline passes, or its status can't be learned.

    Sends one event, a plain dict whose ``status`` is ``succeeded``, ``failed``, ``canceled``, ``timeout`` or
    ``unknown``. All arguments are JSON primitives, as they cross Airflow's database; none is a secret.

    :param operation_location: location of the operation.
    :param started_at: when it was started or first watched, in seconds since 1970 (UTC); None where the
        scheduler made the trigger, which then counts from its own start.
    :param deadline: when to give up, in seconds since 1970 (UTC): absolute, so that no restart moves it;
        None where the scheduler made the trigger.
    :param cpp_conn_id: id of the connection.
    :param poke_interval: seconds between two polls at least.
    :param max_poke_interval: seconds between two polls at most.
    :param stuck_after: seconds without a change of step after which a warning is logged; None for never.
    :param cancel_on_kill: cancel the operation when a user ends the task.
    :param limit: seconds to watch, where there is no deadline.
    :param hard_limit: seconds after which Airflow itself ends the wait, where there is no deadline.
    :param ending: what `sensors.without_worker.ending_of` says of the task, for ending it here; None to
        resume it on a worker.
    """

    def __init__(
        self,
        *,
        operation_location: str,
        started_at: float | None = None,
        deadline: float | None = None,
        cpp_conn_id: str = "cpp_default",
        poke_interval: float = 30.0,
        max_poke_interval: float = 600.0,
        stuck_after: float | None = None,
        cancel_on_kill: bool = False,
        limit: float = DEFAULT_TIMEOUT.total_seconds(),
        hard_limit: float = DEFAULT_TIMEOUT.total_seconds(),
        ending: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.operation_location = operation_location
        self.started_at = started_at
        self.deadline = deadline
        self.cpp_conn_id = cpp_conn_id
        self.poke_interval = poke_interval
        self.max_poke_interval = max_poke_interval
        self.stuck_after = stuck_after
        self.cancel_on_kill = cancel_on_kill
        self.limit = limit
        self.hard_limit = hard_limit
        self.ending = ending
        self._killing: asyncio.Task[None] | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments that make the trigger anew."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "operation_location": self.operation_location,
                "started_at": self.started_at,
                "deadline": self.deadline,
                "cpp_conn_id": self.cpp_conn_id,
                "poke_interval": self.poke_interval,
                "max_poke_interval": self.max_poke_interval,
                "stuck_after": self.stuck_after,
                "cancel_on_kill": self.cancel_on_kill,
                "limit": self.limit,
                "hard_limit": self.hard_limit,
                "ending": self.ending,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch the operation and send the event of its end.

        Being canceled touches nothing remote: Airflow cancels triggers that merely move.
        """
        try:
            settings = await self._settings()
            event = await self._watch(settings)
            while event["error"] == CppAuthError.__name__:
                # Somebody may have renewed the secret in Airflow since this watch began.
                edited = await self._settings()
                if edited == settings:
                    break
                self._say(20, f"Connection {self.cpp_conn_id!r} was edited: going on with what it says now.")
                settings = edited
                event = await self._watch(settings)
        except CppError as error:
            event = outcomes.refused(self.operation_location, error)
        yield await self._end(event)

    async def _end(self, event: outcomes.Event) -> TriggerEvent:
        """Return Airflow's event: one that ends the task here, or one that resumes it on a worker."""
        if self.ending is None:
            return TriggerEvent(event)
        task = dict(self.ending)
        push = task.pop("push")
        end = outcomes.end_without_worker(event, **task)
        if end is None or (end is TaskEnd.SUCCESS and push and not await self._push(event["operation"])):
            return TriggerEvent(event)
        from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent

        self._say(logging.INFO if end is TaskEnd.SUCCESS else logging.ERROR, str(event["message"]))
        if end is TaskEnd.SUCCESS:
            return TaskSuccessEvent()
        return TaskSkippedEvent() if end is TaskEnd.SKIPPED else TaskFailedEvent()

    async def _push(self, result: object) -> bool:
        """Push the task's result as a worker would, and tell whether that worked.

        Not through the event: what is pushed by it arrives as JSON text, not as a dict (seen with 3.3.2).
        """
        from asgiref.sync import sync_to_async

        task: Any = self.task_instance
        try:
            from airflow.providers.common.compat.sdk import XCom

            await sync_to_async(XCom.set)(
                "return_value",
                result,
                dag_id=task.dag_id,
                task_id=task.task_id,
                run_id=task.run_id,
                map_index=-1 if task.map_index is None else task.map_index,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, a worker can do it
            self._say(logging.WARNING, f"A worker has to push the result ({type(error).__name__}: {error}).")
            return False
        return True

    async def on_kill(self) -> None:
        """Cancel the operation, if that was asked for and a user ended the task (Airflow 3.3 and later)."""
        if self.cancel_on_kill:
            self._killing = asyncio.create_task(self._kill())
            await asyncio.shield(self._killing)

    async def cleanup(self) -> None:
        """Let a cancel that is under way come to its end.

        Airflow 3.3.0 to 3.3.2 cancel a killed trigger anew every second, and so break off `on_kill` in its midst.
        """
        while self._killing is not None and not self._killing.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([self._killing])
        await super().cleanup()

    async def _kill(self) -> None:
        try:
            async with asyncio.timeout(KILL_LIMIT):
                await self._cancel_if_ended()
        except (CppError, TimeoutError) as error:
            said = str(error) or f"No end of it within {KILL_LIMIT:g} s."
            self._say(logging.ERROR, f"The cancel of {self.operation_location} isn't confirmed. {said}")

    async def _cancel_if_ended(self) -> None:
        if not await self._ended_by_user():
            self._say(30, f"Not canceling {self.operation_location}: no user ended the task. It runs on.")
            return
        settings = await self._settings()
        cancel = Cancel(parse_location(self.operation_location, origin=settings.origin), KILL_BUDGET)
        await self._run(settings, cancel.confirmed())

    async def _watch(self, settings: Settings) -> outcomes.Event:
        started_at, deadline = self._times()
        watch = Watch(
            parse_location(self.operation_location, origin=settings.origin),
            started_at=started_at,
            deadline=deadline,
            schedule=PollSchedule.between(self.poke_interval, self.max_poke_interval),
            stuck_after=self.stuck_after,
        )
        try:
            return await self._run(settings, watch.follow(at_once=False))
        except CppAuthError as error:  # the login's refusal, where the service's own comes as an event
            return outcomes.refused(self.operation_location, error)

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

    async def _run(self, settings: Settings, procedure: Any) -> outcomes.Event:
        from airflow_provider_cpp.client.sharing import shared_client

        async with shared_client(settings) as client:
            return await client.run(procedure, say=self._say)

    async def _settings(self) -> Settings:
        from airflow.providers.common.compat.sdk import AirflowNotFoundException

        from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

        hook = CloudPartnerPortalHook(self.cpp_conn_id)
        for pause in chain(CONNECTION_PAUSES, repeat(CONNECTION_PAUSES[-1])):
            try:
                return await hook.aget_settings()
            except AirflowNotFoundException as error:
                raise CppConfigurationError(f"{error}. Create it in Airflow, then clear this task.") from None
            except CppError:
                raise
            except Exception as error:  # noqa: BLE001 - Airflow's own trouble, of whatever kind, may pass
                self._say(
                    30, f"Connection {self.cpp_conn_id!r} can't be read yet: {type(error).__name__}: {error}"
                )
                if time.time() >= self._times()[1]:
                    raise CppUnavailable(
                        f"Airflow gave no connection {self.cpp_conn_id!r} in time: {error}"
                    ) from None
                await asyncio.sleep(pause)
        raise AssertionError("repeat() doesn't end")

    async def _ended_by_user(self) -> bool:
        # Airflow 3.3.0 to 3.3.2 call on_kill also when a trigger merely moves to another triggerer, so the
        # task's own state decides, on later versions just as well.
        from asgiref.sync import sync_to_async

        try:
            return ended_by_user(await sync_to_async(current_state)(self.task_instance))
        except Exception as error:  # noqa: BLE001 - whatever it is, not knowing means not canceling
            self._say(30, f"Airflow doesn't tell the task's state ({type(error).__name__}: {error}).")
            return False

    def _say(self, level: int, text: str) -> None:
        self.log.log(level, "%s", text)
