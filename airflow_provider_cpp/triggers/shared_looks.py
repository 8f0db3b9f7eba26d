"""Hands one publisher's looks to all of its watchers, and says when Airflow has stored what they made of one.

Airflow 3.3 and later; imported only there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from airflow.triggers.shared_stream import AdvanceItem, SharedStreamProducer

if TYPE_CHECKING:
    from airflow_provider_cpp.triggers.offer_live import Sight


class SharedLooks(SharedStreamProducer):
    """Airflow's side of looks that several watchers share.

    :param looks: the looks.
    """

    def __init__(self, looks: AsyncGenerator[Sight]) -> None:
        self._looks = looks

    async def open_stream(self) -> AsyncIterator[tuple[Any, Any]]:
        """Give each look to the watchers, and have it handed back to `advance`."""
        async with aclosing(self._looks):
            async for sight in self._looks:
                yield sight, sight

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Do what the watchers want done once their events of these looks are stored.

        A watcher that fell out takes that of the others along: they ask again at the next look.
        """
        for item in batch:
            if item.outcome.is_clean:
                for act in item.broker_payload.once_stored:
                    await act()
