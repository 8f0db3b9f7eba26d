"""Watches, for an asset, a publisher's offers for those that go live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Hashable
from contextlib import aclosing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import TriggerEvent

try:
    from airflow.triggers.base import BaseEventTrigger
except ImportError:
    from airflow.providers.common.compat.sdk import AirflowOptionalProviderFeatureException

    raise AirflowOptionalProviderFeatureException(
        "OfferLiveTrigger needs asset watchers, which came with Airflow 3.0. In earlier versions wait for the "
        "operation with OperationSensor."
    ) from None

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.exceptions import CppConfigurationError, CppError
from airflow_provider_cpp.lro.looks import Refused, Running, Seen
from airflow_provider_cpp.lro.schedule import PollSchedule, seconds
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.offers.gone_live import GoneLive, Look, Reported, read_reported
from airflow_provider_cpp.services.by_connection_type import service_of
from airflow_provider_cpp.triggers.snapshots import Snapshot, snapshots
from airflow_provider_cpp.wire.identifiers import checked_identifier, checked_name
from airflow_provider_cpp.wire.plain_text import one_line, said_by

if TYPE_CHECKING:
    from airflow.triggers.shared_stream import SharedStreamProducer

    from airflow_provider_cpp.client.settings import Settings


#: How a durable id begins; what follows, the connection's service knows.
_DURABLE = "product/"


def _checked_offer(offer_id: object) -> str:
    """Return an offer's identifier, or its durable id.

    :raises CppConfigurationError: if it can be neither.
    """
    if isinstance(offer_id, str) and offer_id.startswith(_DURABLE):
        return _DURABLE + checked_identifier("offer_id", offer_id.removeprefix(_DURABLE))
    return checked_identifier("offer_id", offer_id)


class OfferLiveTrigger(BaseEventTrigger):
    """Send an event for each go-live that completes, whoever started it.

    For an asset's watcher (Airflow 3.0 and later): DAGs that are scheduled by the asset run when an offer has
    gone live, by a DAG, another client or a person in Partner Center.

    >>> live = AssetWatcher(name="live", trigger=OfferLiveTrigger(offer_id="vm"))  # doctest: +SKIP
    >>> offer = Asset("cpp://contoso/vm", watchers=[live])  # doctest: +SKIP

    The event is a dict of JSON primitives, which the DAG finds in its asset event's ``extra["payload"]``:
    ``publisher_id``, ``offer_id``, ``version``, ``operation_location``, ``changed_time`` (when the go-live
    completed, ISO 8601) and ``live_links`` (each a ``text`` and a ``url``). What the service doesn't say is
    None.

    What had gone live before the first look is no news. From Airflow 3.3 on, what was reported is kept in the
    asset's state store, as soon as Airflow has stored the event: a restart of the triggerer loses no event,
    and repeats one only if it comes in the second between the two, or while a second triggerer runs the same
    watcher; ``operation_location`` shows repetitions.
    Airflow 3.0 to 3.2 keep no state for a trigger: there, every start of the triggerer begins with a first
    look, and `lookback` says how far it goes back: 0 may lose what went live meanwhile, more may repeat.

    Nothing ends it. A read that fails is no event, and is tried again; a refused login or a missing
    permission too, once in `max_poke_interval`, with an error in the triggerer's log.

    :param publisher_id: whose offers; the connection's publisher by default.
    :param offer_id: the one offer to report; all of the publisher's by default. On the Product Ingestion API also
        by its durable id, ``product/<guid>``; a connection of the other type refuses that in the triggerer's log,
        and reports nothing.
    :param cpp_conn_id: id of the connection.
    :param poke_interval: seconds, or a timedelta, between two looks at least; 60. From Airflow 3.3 on, all
        watchers of a publisher with the same connection and intervals look together.
    :param max_poke_interval: seconds, or a timedelta, between two looks at most; 600. In between, it looks in
        proportion to how long nothing has changed.
    :param lookback: seconds, or a timedelta, before the first look: what went live since is reported as well; 0.
        The Product Ingestion API doesn't say when something went live: there it has no effect.
    :raises CppConfigurationError: an identifier or an interval can't be one.
    """

    def __init__(
        self,
        *,
        publisher_id: str | None = None,
        offer_id: str | None = None,
        cpp_conn_id: str = "cpp_default",
        poke_interval: float | timedelta = 60.0,
        max_poke_interval: float | timedelta = 600.0,
        lookback: float | timedelta = 0.0,
    ) -> None:
        super().__init__()
        self.publisher_id = None if publisher_id is None else checked_identifier("publisher_id", publisher_id)
        self.offer_id = None if offer_id is None else _checked_offer(offer_id)
        self.cpp_conn_id = checked_name("cpp_conn_id", cpp_conn_id)
        schedule = PollSchedule.between(
            seconds("poke_interval", poke_interval), seconds("max_poke_interval", max_poke_interval)
        )
        self.poke_interval, self.max_poke_interval = schedule.shortest, schedule.longest
        self.lookback = seconds("lookback", lookback, or_zero=True)
        self._key = ""
        self._is_refused = False
        self._reported: Reported | None = None
        self._kept: Reported | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class's path and the arguments that make the trigger anew."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "publisher_id": self.publisher_id,
                "offer_id": self.offer_id,
                "cpp_conn_id": self.cpp_conn_id,
                "poke_interval": self.poke_interval,
                "max_poke_interval": self.max_poke_interval,
                "lookback": self.lookback,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look on its own, on Airflow before 3.3."""
        airflow_versions.WATCHERS_MEMORY.warn_if_missing(self.log, logging.INFO)
        async with aclosing(snapshots(**self.serialize()[1])) as taken:
            async for snapshot in taken:
                async for event in self._events(snapshot):
                    yield event
                for keep in snapshot.once_stored:
                    await keep()

    # How watchers of one publisher look together (Airflow 3.3 and later)

    def shared_stream_key(self) -> Hashable | None:
        """Return what watchers have to have in common to look together."""
        return (
            type(self).__qualname__,
            self.cpp_conn_id,
            self.publisher_id,
            self.poke_interval,
            self.max_poke_interval,
        )

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> SharedStreamProducer:
        """Return what looks for all of them, and learns when their events are stored."""
        from airflow_provider_cpp.triggers.shared_snapshots import SharedSnapshots

        return SharedSnapshots(snapshots(**kwargs))

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Turn what all watchers see into this one's events."""
        async for snapshot in shared_stream:
            async for event in self._events(snapshot):
                yield event

    # Reporting

    async def _events(self, snapshot: Snapshot) -> AsyncIterator[TriggerEvent]:
        key = f"offers live: {snapshot.settings.origin} {snapshot.publisher_id}/{self.offer_id or '*'}"
        if key != self._key:  # at first, and of an edited connection: nothing was reported of that publisher
            self._key, self._reported, self._kept = key, None, None
            self._is_refused = self._refuses(snapshot)
        if self._is_refused:
            return
        look = self._of_interest(snapshot)
        if self._reported is None:
            try:
                self._reported = self._kept = await self._recall(key)
            except Exception as error:  # noqa: BLE001 - whatever it is, not knowing isn't knowing nothing
                self._say(
                    logging.WARNING, f"Airflow doesn't say what was reported ({said_by(error)}); will ask again."
                )
                return
        reported = self._reported or Reported.before(look, snapshot.taken_at - self.lookback)
        news = reported.news(look)
        # All at once, as Airflow gives a watcher a limited time for what it makes of a look.
        for event in await asyncio.gather(*(self._event(snapshot, go_live) for go_live in news)):
            self._say(logging.INFO, f"Offer {event['publisher_id']}/{event['offer_id']} has gone live.")
            yield TriggerEvent(event)
        self._reported = reported.after(look)
        if self._reported != self._kept:
            snapshot.once_stored.append(partial(self._remember, key, self._reported))

    def _refuses(self, snapshot: Snapshot) -> bool:
        """Log in words, once, that the connection's service can't have such an offer; return whether it can't."""
        if self.offer_id is None:
            return False
        try:
            service_of(snapshot.settings).offer(snapshot.publisher_id, self.offer_id)
        except CppConfigurationError as error:
            self._say(logging.ERROR, f"Nothing is reported by connection {self.cpp_conn_id!r}: {error}")
            return True
        return False

    def _of_interest(self, snapshot: Snapshot) -> Look:
        if self.offer_id is None:
            return snapshot.look
        # The service isn't consistent about the case of identifiers.
        wanted = self.offer_id.casefold()
        return {
            offer_id: go_lives
            for offer_id, go_lives in snapshot.look.items()
            if wanted in map(str.casefold, snapshot.names.get(offer_id, (offer_id,)))
        }

    async def _event(self, snapshot: Snapshot, go_live: GoneLive) -> dict[str, Any]:
        watched = service_of(snapshot.settings).located(go_live.location) if go_live.location else None
        if watched is None:
            operation = one_line(go_live.operation_id)[:100]
            self._say(logging.WARNING, f"What took offer {go_live.offer_id} live can't be located: {operation!r}.")
        return {
            "publisher_id": snapshot.publisher_id,
            "offer_id": go_live.offer_id,
            "version": go_live.version,
            # Without the version of the API that a service may name in it: an event is kept for long.
            "operation_location": watched.url.partition("?")[0] if watched else None,
            "changed_time": go_live.changed_time,
            "live_links": await self._live_links(snapshot.settings, watched) if watched else [],
        }

    async def _live_links(self, settings: Settings, watched: Watched) -> list[dict[str, str]]:
        """Return where customers see the offer; a service that won't say delays no event."""
        from airflow_provider_cpp.client.shared_clients import shared_client

        try:
            async with shared_client(settings) as client:
                look = await client.run(watched.look(), say=self._say)
        except CppError as error:
            look = Refused(error)
        if isinstance(look, Seen):
            return [{"text": text, "url": url} for text, url in look.operation.live_links]
        why = "it says nothing yet" if isinstance(look, Running) else look.error
        self._say(logging.WARNING, f"The links of {watched} can't be read ({why}): reported without.")
        return []

    # Remembering

    def _stores(self) -> list[Any]:
        """Return the state stores of the assets that this trigger watches; none before Airflow 3.3."""
        stores: Any = getattr(self, "asset_state_store", None)
        # Several assets may share one trigger, and Airflow has no public way to all of their stores (3.3.2).
        return [] if stores is None else [*stores._by_name.values(), *stores._by_uri.values()]

    async def _recall(self, key: str) -> Reported | None:
        from asgiref.sync import sync_to_async

        for store in self._stores():
            if (reported := read_reported(await sync_to_async(store.get)(key))) is not None:
                return reported
        return None

    async def _remember(self, key: str, reported: Reported) -> None:
        from asgiref.sync import sync_to_async

        try:
            for store in self._stores():
                await sync_to_async(store.set)(key, reported.to_dict())
        except Exception as error:  # noqa: BLE001 - a watcher goes on; the next look tries again
            self._say(
                logging.WARNING, f"Airflow doesn't keep what was reported ({said_by(error)}); will try again."
            )
        else:
            self._kept = reported

    def _say(self, level: int, text: str) -> None:
        self.log.log(level, "%s", text)
