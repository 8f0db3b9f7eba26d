"""Takes snapshots of a publisher's go-lives, one after the other, for all watchers that look together."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.hooks.connection import ConnectionReader
from airflow_provider_cpp.lro.repeated_failures import RepeatedFailures
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.offers.gone_live import Look
from airflow_provider_cpp.offers.publisher_watch import PublisherWatch
from airflow_provider_cpp.services.by_connection_type import service_of
from airflow_provider_cpp.wire.confidential import without_secrets

if TYPE_CHECKING:
    from airflow_provider_cpp.client.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one look showed to all watchers of a publisher.

    :param settings: the connection.
    :param publisher_id: whose offers.
    :param look: the go-lives that completed, by offer.
    :param names: by offer, the identifiers by which somebody may name it.
    :param taken_at: when, in seconds since 1970 (UTC).
    :param once_stored: what is to be done once Airflow has stored the events that were made of it.
    """

    settings: Settings
    publisher_id: str
    look: Look
    names: Mapping[str, tuple[str, ...]]
    taken_at: float
    once_stored: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


async def snapshots(
    *, cpp_conn_id: str, publisher_id: str | None, poke_interval: float, max_poke_interval: float, **_others: Any
) -> AsyncGenerator[Snapshot]:
    """Look again and again, whatever happens.

    Takes the arguments of one of the watchers that look together; those that they needn't have in common don't
    count.

    :param cpp_conn_id: id of the connection.
    :param publisher_id: whose offers; None for the connection's publisher.
    :param poke_interval: seconds between two looks at least.
    :param max_poke_interval: seconds between two looks at most.
    """
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    from airflow_provider_cpp.client.shared_clients import shared_client
    from airflow_provider_cpp.hooks.connection import unreadable

    schedule = PollSchedule.between(poke_interval, max_poke_interval)
    troubles = RepeatedFailures()
    what = f"Watching for go-lives by connection {cpp_conn_id!r}"
    watched: tuple[Settings, PublisherWatch] | None = None
    while True:
        pause = schedule.longest
        try:
            settings = await _settings(cpp_conn_id)
            if watched is None or watched[0] != settings:
                service = service_of(settings)
                publisher = settings.publisher(publisher_id, is_needed=service.needs_publisher)
                watched = settings, PublisherWatch(publisher, service, schedule)
            watch = watched[1]
            async with shared_client(settings) as client:
                # Somebody may edit the connection, which is no trouble.
                while await _settings(cpp_conn_id) == settings:
                    look = await client.run(watch.look(), say=_say)
                    if failures := troubles.over(what):
                        _say(logging.INFO, f"{what} works again, after {failures} failures.")
                    if look is not None:
                        yield Snapshot(settings, watch.publisher_id, look, watch.names, time.time())
                    await asyncio.sleep(watch.pause())
            pause = 0.0
        except CppError as error:
            # A secret that has expired, a field that is missing: a person has to mend it.
            if troubles.again(what, type(error).__name__, now := time.time()):
                _say(logging.ERROR, f"{what} isn't possible, will try on{troubles.often(what, now)}: {error}")
        except AirflowNotFoundException as error:
            pause = schedule.shortest
            if troubles.again(what, type(error).__name__, now := time.time()):
                why = unreadable(cpp_conn_id, error)
                _say(logging.ERROR, f"{what} isn't possible, will try on{troubles.often(what, now)}: {why}")
        except Exception as error:  # noqa: BLE001 - whatever it is
            # A watcher that ends is one that nobody misses in time.
            pause = schedule.shortest
            if troubles.again(what, type(error).__name__, now := time.time()):
                trace = without_secrets(traceback.format_exc())
                log.warning("%s failed, will try on%s.\n%s", what, troubles.often(what, now), trace)
        await asyncio.sleep(pause)


async def _settings(cpp_conn_id: str) -> Settings:
    return await ConnectionReader(cpp_conn_id).aget_settings()


def _say(level: int, text: str) -> None:
    log.log(level, "%s", text)
