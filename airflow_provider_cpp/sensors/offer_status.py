"""Waits until an offer as a whole has a status, without holding a worker."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.lro.schedule import DEFAULT_INTERVAL, DEFAULT_MAX_INTERVAL, DEFAULT_TIMEOUT
from airflow_provider_cpp.tasks.wait_arguments import Waiting
from airflow_provider_cpp.tasks.watching_sensor import WatchingSensor
from airflow_provider_cpp.wire.arguments import listed

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_cpp.lro.goals import Goal
    from airflow_provider_cpp.lro.seam import Watched
    from airflow_provider_cpp.lro.watching import Watch
    from airflow_provider_cpp.triggers.watching_trigger import WatchingTrigger


class OfferStatusSensor(WatchingSensor):
    """Wait until an offer has one of these statuses, and return its status document.

    By default it waits for the sign-off: the moment when the offer is in preview and its publisher may go
    live. The operation that brought it there says ``running`` all the while; the offer's status, or its step
    ``publisher-signoff``, says ``waitingForPublisherReview`` (retrieve-offer-status page). Both count.

    Waits like :class:`~airflow_provider_cpp.sensors.operation.OperationSensor`, with the same arguments. An
    offer that the service doesn't find in three looks is an error.

    Where a task before it did a dry run of this offer, nothing will come about: the task is skipped, and says so.

    :param offer_id: the offer's identifier. (templated)
    :param publisher_id: its publisher's identifier; the connection's by default. (templated)
    :param target: the statuses, in any spelling, any of which is waited for: ``neverPublished``,
        ``notStarted``, ``waitingForPublisherReview``, ``running``, ``succeeded`` or ``published`` (both: it is
        live), ``canceled``, ``failed``.
    :param failed_states: the statuses that fail the task at once; ``failed`` and ``canceled`` by default, but
        for those in `target`. An offer keeps its last status until its next operation begins.
    :param cpp_conn_id: id of the connection. (templated)
    :param deferrable: wait in the triggerer.
    :param poke_interval: seconds, or a ``timedelta``, between two looks at least.
    :param max_poke_interval: the same, at most: in between, a tenth of the time since the last change.
    :param timeout: seconds, or a ``timedelta``, after which the wait is given up; 14 days by default.
    :param stuck_after: seconds, or a ``timedelta``, without a change of step after which a warning is
        logged, once; off by default.
    :param start_from_trigger: let the scheduler hand the task straight to the triggerer (Airflow 3.3 and later).
    :param end_from_trigger: let the triggerer end the task (Airflow 3.3 and later).
    :raises WatchedOperationFailed: the offer got one of `failed_states`.
    :raises OperationCanceled: it is ``canceled``, and that is one of `failed_states`.
    :raises OperationTimeout: it got none of `target` in time.
    :raises OperationStatusUnknown: its status couldn't be read for too long.
    :raises CppConfigurationError: a status that no offer has, or an identifier that can't be one.
    :raises CppNotFound: there is no such offer.
    :raises CppError: what else keeps the status from being read, such as ``CppAuthError``.
    """

    template_fields: Sequence[str] = ("offer_id", "publisher_id", "cpp_conn_id")

    def __init__(
        self,
        *,
        offer_id: str,
        publisher_id: str | None = None,
        target: str | Collection[str] = ("waitingForPublisherReview",),
        failed_states: str | Collection[str] | None = None,
        cpp_conn_id: str = "cpp_default",
        deferrable: bool = True,
        poke_interval: float | timedelta = DEFAULT_INTERVAL,
        max_poke_interval: float | timedelta = DEFAULT_MAX_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        stuck_after: float | timedelta | None = None,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
        **kwargs: Any,
    ) -> None:
        from airflow_provider_cpp.offers.status_goal import goal_of_offer

        waiting = Waiting.of(
            "poke",
            deferrable=deferrable,
            interval=poke_interval,
            max_interval=max_poke_interval,
            timeout=timeout,
            stuck_after=stuck_after,
            start_from_trigger=start_from_trigger,
            end_from_trigger=end_from_trigger,
        )
        super().__init__(waiting=waiting, **kwargs)
        self.offer_id = offer_id
        self.publisher_id = publisher_id
        self.target = sorted(listed("target", target))
        given = goal_of_offer(self.target, ()).reached
        self.failed_states = (
            [word for word in ("failed", "canceled") if word not in given]
            if failed_states is None
            else sorted(listed("failed_states", failed_states))
        )
        self._goal()
        self.cpp_conn_id = cpp_conn_id
        self._hand_straight_to_the_triggerer(
            waiting,
            "airflow_provider_cpp.triggers.offer_status.OfferStatusTrigger",
            {"offer_id": offer_id} | ({} if publisher_id is None else {"publisher_id": publisher_id}),
            target=self.target,
            failed_states=self.failed_states,
        )

    def _locate(self, context: Context) -> Watched:
        offer = self.hook.offer_location(self.offer_id, self.publisher_id)
        self._skip_if_nothing_was_started(context, offer)
        return offer

    def _goal(self) -> Goal:
        from airflow_provider_cpp.offers.status_goal import goal_of_offer

        return goal_of_offer(self.target, self.failed_states)

    def _subject(self) -> str:
        return f"offer {self.offer_id}"

    def _trigger(self, watch: Watch, **arguments: Any) -> WatchingTrigger:
        from airflow_provider_cpp.triggers.offer_status import OfferStatusTrigger

        return OfferStatusTrigger(
            offer_id=self.offer_id,
            publisher_id=self.publisher_id,
            target=self.target,
            failed_states=self.failed_states,
            **arguments,
        )
