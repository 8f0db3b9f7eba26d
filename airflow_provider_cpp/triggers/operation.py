"""Watches an operation in the triggerer, and cancels it where a user ended the task and that was asked for."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.airflow_versions import current_state
from airflow_provider_cpp.api.cancelling import Cancel
from airflow_provider_cpp.api.goals import UNTIL_COMPLETED, Goal, goal_until
from airflow_provider_cpp.api.locations import OperationLocation, parse_location
from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.triggers.task_state import ended_by_user
from airflow_provider_cpp.triggers.watching import WatchingTrigger

if TYPE_CHECKING:
    from airflow_provider_cpp.client.settings import Settings

#: Seconds in which a cancel has to be confirmed: Airflow gives `on_kill` thirty.
KILL_BUDGET = 20.0
#: Seconds for all of it, Airflow's own answers included, which take long on a busy machine.
KILL_LIMIT = 60.0


class OperationTrigger(WatchingTrigger):
    """Wait until an operation ends, its deadline passes, or its status can't be learned.

    Sends one event, a plain dict whose ``status`` is ``succeeded``, ``failed``, ``canceled``, ``timeout`` or
    ``unknown``. All arguments are JSON primitives, as they cross Airflow's database; none is a secret.

    :param operation_location: location of the operation.
    :param until: ``completed`` for its end; ``signoff`` for a publish that is ready for sign-off, too.
    :param cancel_on_kill: cancel the operation when a user ends the task.
    :param arguments: those of :class:`~airflow_provider_cpp.triggers.watching.WatchingTrigger`.
    """

    def __init__(
        self,
        *,
        operation_location: str,
        until: str = UNTIL_COMPLETED,
        cancel_on_kill: bool = False,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.operation_location = operation_location
        self.until = until
        self.cancel_on_kill = cancel_on_kill
        self._killing: asyncio.Task[None] | None = None

    def what_to_watch(self, settings: Settings) -> tuple[OperationLocation, Goal]:
        """Return the operation, and until what it is watched.

        :raises UntrustedLocation: if the location isn't one on the connection's own host.
        """
        return parse_location(self.operation_location, origin=settings.origin), goal_until(self.until)

    def what_it_is_for(self) -> dict[str, Any]:
        """Return the arguments besides those that every watch has."""
        return {
            "operation_location": self.operation_location,
            "until": self.until,
            "cancel_on_kill": self.cancel_on_kill,
        }

    def where(self) -> str:
        """Return the operation's location."""
        return self.operation_location

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
            self._say(
                logging.WARNING, f"Not canceling {self.operation_location}: no user ended the task. It runs on."
            )
            return
        settings = await self._settings()
        cancel = Cancel(parse_location(self.operation_location, origin=settings.origin), KILL_BUDGET)
        await self._run(settings, cancel.confirmed())

    async def _ended_by_user(self) -> bool:
        # Airflow 3.3.0 to 3.3.2 call on_kill also when a trigger merely moves to another triggerer, so the
        # task's own state decides, on later versions just as well.
        from asgiref.sync import sync_to_async

        try:
            return ended_by_user(await sync_to_async(current_state)(self.task_instance))
        except Exception as error:  # noqa: BLE001 - whatever it is, not knowing means not canceling
            self._say(logging.WARNING, f"Airflow doesn't tell the task's state ({type(error).__name__}: {error}).")
            return False
