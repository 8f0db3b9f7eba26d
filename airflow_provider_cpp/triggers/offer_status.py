"""Watches an offer's status in the triggerer."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.lro.goals import Goal
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.offers.status_goal import goal_of_offer
from airflow_provider_cpp.services.by_connection_type import offer_of, service_of
from airflow_provider_cpp.triggers.watching_trigger import WatchingTrigger
from airflow_provider_cpp.wire.arguments import listed

if TYPE_CHECKING:
    from airflow_provider_cpp.client.settings import Settings


class OfferStatusTrigger(WatchingTrigger):
    """Wait until an offer has a status, its deadline passes, or its status can't be learned.

    Sends one event like :class:`~airflow_provider_cpp.triggers.operation.OperationTrigger`.

    :param offer_id: the offer's identifier.
    :param publisher_id: its publisher's; None for the connection's.
    :param target: status words, any of which is waited for; or one of them.
    :param failed_states: status words at which the wait is given up; or one of them.
    :param arguments: those of :class:`~airflow_provider_cpp.triggers.watching_trigger.WatchingTrigger`.
    """

    def __init__(
        self,
        *,
        offer_id: str,
        target: str | Collection[str],
        failed_states: str | Collection[str] = (),
        publisher_id: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.offer_id = offer_id
        self.publisher_id = publisher_id
        self.target = list(listed("target", target))
        self.failed_states = list(listed("failed_states", failed_states))
        goal_of_offer(self.target, self.failed_states)  # an unknown word is refused at once

    def what_to_watch(self, settings: Settings) -> tuple[Watched, Goal]:
        """Return the offer, and which status of it is waited for.

        :raises CppConfigurationError: if an identifier can't be one, or a word is no status.
        """
        location = service_of(settings).status_of(offer_of(settings, self.publisher_id, self.offer_id))
        return location, goal_of_offer(self.target, self.failed_states)

    def what_it_is_for(self) -> dict[str, Any]:
        """Return the arguments besides those that every watch has."""
        return {
            "offer_id": self.offer_id,
            "publisher_id": self.publisher_id,
            "target": self.target,
            "failed_states": self.failed_states,
        }

    def where(self) -> str:
        """Return the offer's identifier."""
        return self.offer_id
