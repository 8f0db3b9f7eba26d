"""Watches an operation in the triggerer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_cpp.api import outcomes
from airflow_provider_cpp.api.locations import parse_location
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.api.watching import Watch
from airflow_provider_cpp.exceptions import CppError


class OperationTrigger(BaseTrigger):
    """Wait until an operation ends, its deadline passes, or its status can't be learned.

    Sends one event, a plain dict whose ``status`` is ``succeeded``, ``failed``, ``canceled``, ``timeout`` or
    ``unknown``. All arguments are JSON primitives, as they cross Airflow's database; none is a secret.

    :param operation_location: location of the operation.
    :param started_at: when it was started or first watched, in seconds since 1970 (UTC).
    :param deadline: when to give up, in seconds since 1970 (UTC): absolute, so that no restart moves it.
    :param cpp_conn_id: id of the connection.
    :param poke_interval: seconds between two polls at least.
    :param max_poke_interval: seconds between two polls at most.
    """

    def __init__(
        self,
        *,
        operation_location: str,
        started_at: float,
        deadline: float,
        cpp_conn_id: str = "cpp_default",
        poke_interval: float = 30.0,
        max_poke_interval: float = 600.0,
    ) -> None:
        super().__init__()
        self.operation_location = operation_location
        self.started_at = started_at
        self.deadline = deadline
        self.cpp_conn_id = cpp_conn_id
        self.poke_interval = poke_interval
        self.max_poke_interval = max_poke_interval

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
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch the operation and send the event of its end."""
        yield TriggerEvent(await self._watch())

    async def _watch(self) -> outcomes.Event:
        from airflow_provider_cpp.client.sharing import shared_client
        from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

        try:
            settings = await CloudPartnerPortalHook(self.cpp_conn_id).aget_settings()
            watch = Watch(
                parse_location(self.operation_location, origin=settings.origin),
                started_at=self.started_at,
                deadline=self.deadline,
                schedule=PollSchedule.between(self.poke_interval, self.max_poke_interval),
            )
            async with shared_client(settings) as client:
                return await client.run(watch.follow(at_once=False), say=self._say)
        except CppError as error:
            return outcomes.refused(self.operation_location, error)

    def _say(self, level: int, text: str) -> None:
        self.log.log(level, "%s", text)
