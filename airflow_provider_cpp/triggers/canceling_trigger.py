"""Cancels the operation of a deferred task when a user ends the task: the triggerer's part of `cancel_on_kill`."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.cancelling import BY_HAND, Cancel, not_canceling
from airflow_provider_cpp.lro.schedule import CANCEL_TIMEOUT
from airflow_provider_cpp.triggers.ended_by_user import not_known, why_not_by_user_in_triggerer
from airflow_provider_cpp.triggers.stalled import pulse_of_loop
from airflow_provider_cpp.triggers.watching_trigger import WatchingTrigger
from airflow_provider_cpp.wire.arguments import checked_flag
from airflow_provider_cpp.wire.plain_text import said_by

if TYPE_CHECKING:
    from airflow_provider_cpp.client.settings import Settings
    from airflow_provider_cpp.lro.goals import Goal
    from airflow_provider_cpp.lro.seam import Watched

#: Seconds for all of a cancel, Airflow's own answers included, which take long on a busy machine.
KILL_LIMIT = CANCEL_TIMEOUT.total_seconds() + 120.0
#: Seconds of it that `on_kill` takes: Airflow grants it thirty, and calls more a time-out in the task's log.
ON_KILL_LIMIT = 10.0
#: Seconds that a cancel gets to say that it is broken off.
LAST_WORDS = 2.0


class CancelingTrigger(WatchingTrigger):
    """Watch an operation, and cancel it when a user ends the task, if that was asked for.

    :param cancel_on_kill: whether it was.
    :param arguments: those of :class:`~airflow_provider_cpp.triggers.watching_trigger.WatchingTrigger`.
    """

    def __init__(self, *, cancel_on_kill: bool = False, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.cancel_on_kill = checked_flag("cancel_on_kill", cancel_on_kill)
        self._killing: asyncio.Task[None] | None = None

    def what_to_watch(self, settings: Settings) -> tuple[Watched, Goal]:
        """Return the operation, and until what it is watched."""
        raise NotImplementedError

    def on_start(self) -> None:
        """Notice from now on when the triggerer stalls."""
        if self.cancel_on_kill:
            pulse_of_loop()

    async def on_kill(self) -> None:
        """Cancel the operation, if that was asked for and a user ended the task (Airflow 3.3 and later).

        Returns before the cancel is confirmed, if that takes long; `cleanup`, which Airflow calls next and
        without a limit of time, waits for it.
        """
        if self.cancel_on_kill:
            self._killing = asyncio.create_task(self._kill())
            await asyncio.wait([self._killing], timeout=ON_KILL_LIMIT)

    async def cleanup(self) -> None:
        """Let a cancel that is under way come to its end, unless the triggerer is being stopped.

        Airflow 3.3.0 to 3.3.2 cancel a killed trigger anew every second, with a message that says that it is a
        user's doing; a triggerer that is stopped cancels without one.
        """
        limit: float | None = None
        while self._killing is not None and not self._killing.done():
            try:
                await asyncio.wait([self._killing], timeout=limit)
            except asyncio.CancelledError as stopped:
                if stopped.args:
                    continue
                self._killing.cancel()
                limit = LAST_WORDS
            else:
                break
        await super().cleanup()

    async def _kill(self) -> None:
        cancel: Cancel | None = None
        try:
            async with asyncio.timeout(KILL_LIMIT):
                if (why := await self._why_not_by_user()) is not None:
                    self._say(logging.WARNING, not_canceling(self.where(), why))
                    return
                settings = await self._settings()
                location, _ = self.what_to_watch(settings)
                cancel = Cancel(location, again=BY_HAND)
                await self._run(settings, cancel.confirmed())
        except asyncio.CancelledError:
            self._say(logging.ERROR, self._broken_off(cancel, "the triggerer is being stopped"))
            raise
        except TimeoutError:
            self._say(logging.ERROR, self._broken_off(cancel, f"{KILL_LIMIT:g} s are over"))
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would log it
            said = str(error) if isinstance(error, CppError) else said_by(error)
            self._say(logging.ERROR, f"The cancel of {self.where()} isn't confirmed. {said}")

    def _broken_off(self, cancel: Cancel | None, why: str) -> str:
        return cancel.broken_off(why) if cancel else not_canceling(self.where(), why)

    async def _why_not_by_user(self) -> str | None:
        # Airflow 3.3.0 to 3.3.2 call on_kill also when a trigger merely moves to another triggerer, so the
        # task's own state decides, on later versions just as well.
        from asgiref.sync import sync_to_async

        stalled = pulse_of_loop().lately(time.time())
        try:
            return await sync_to_async(why_not_by_user_in_triggerer)(self.task_instance, stalled)
        except Exception as error:  # noqa: BLE001 - whatever it is, not knowing means not canceling
            return not_known(error)
