"""Watches an operation in the triggerer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.lro.goals import UNTIL_COMPLETED, Goal, goal_until
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.services.by_connection_type import service_of
from airflow_provider_cpp.triggers.canceling_trigger import CancelingTrigger
from airflow_provider_cpp.wire.arguments import Until

if TYPE_CHECKING:
    from airflow_provider_cpp.client.settings import Settings


class OperationTrigger(CancelingTrigger):
    """Wait until an operation ends, its deadline passes, or its status can't be learned.

    Sends one event, a plain dict whose ``status`` is ``succeeded``, ``failed``, ``canceled``, ``timeout`` or
    ``unknown``. All arguments are JSON primitives, as they cross Airflow's database; none is a secret.

    :param operation_location: location of the operation.
    :param until: ``completed`` for its end; ``signoff`` for a publish that is ready for sign-off, too.
    :param cancel_on_kill: cancel the operation when a user ends the task.
    :param arguments: those of :class:`~airflow_provider_cpp.triggers.watching_trigger.WatchingTrigger`.
    """

    def __init__(
        self,
        *,
        operation_location: str,
        until: Until = UNTIL_COMPLETED,
        cancel_on_kill: bool = False,
        **arguments: Any,
    ) -> None:
        super().__init__(cancel_on_kill=cancel_on_kill, **arguments)
        self.operation_location = operation_location
        goal_until(until)  # an unknown word is refused at once
        self.until = until

    def what_to_watch(self, settings: Settings) -> tuple[Watched, Goal]:
        """Return the operation, and until what it is watched.

        :raises UntrustedLocation: if the location isn't one on the connection's own host.
        """
        return service_of(settings).located(self.operation_location), goal_until(self.until)

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
