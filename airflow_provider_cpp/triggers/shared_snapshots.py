"""Hands a publisher's snapshots to all of its watchers, and learns when Airflow has stored what they made of one.

Airflow 3.3 and later; imported only there.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from airflow.triggers.shared_stream import AdvanceItem, SharedStreamProducer

from airflow_provider_cpp.triggers.snapshots import Snapshot


class SharedSnapshots(SharedStreamProducer):
    """Airflow's side of snapshots that several watchers share.

    :param snapshots: the snapshots.
    """

    def __init__(self, snapshots: AsyncGenerator[Snapshot]) -> None:
        self._snapshots = snapshots

    async def open_stream(self) -> AsyncIterator[tuple[Any, Any]]:
        """Give each snapshot to the watchers, and have it handed back to `advance`."""
        async with aclosing(self._snapshots):
            async for snapshot in self._snapshots:
                yield snapshot, snapshot

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Do what the watchers want done once their events of these snapshots are stored.

        A watcher that fell out takes that of the others along: they ask again at the next look.
        """
        for item in batch:
            if item.outcome.is_clean:
                for act in item.broker_payload.once_stored:
                    await act()
