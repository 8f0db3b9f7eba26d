"""Decides which offers and operations there are, and which versions follow from them to be in which slot.

Time comes from an injected clock. What a call does to them is decided in ``portal``.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.operations import GO_LIVE, PUBLISH, Operation, View, reached_preview, view
from airflow_provider_cpp.emulator.refused import MISSING, Refused
from airflow_provider_cpp.emulator.states import RUNNING, SUCCEEDED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.settings import Settings


class Ledger:
    """Keep publishers, offers and operations; safe to use from any thread.

    :param clock: returns seconds since the epoch
    :param settings: how it behaves; ``configure`` changes it
    :param on_change: called after each change, with the lock held
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        settings: Settings,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.clock = clock
        self.settings = settings
        self.lock = threading.RLock()
        self.on_change = on_change
        #: Called with publisher, offer and document before PUT takes effect; what it raises is answered with 500.
        self.on_put: Callable[[str, str, Mapping[str, Any]], None] = lambda *_: None
        #: Called before anything is read, so that a service does what is due by now.
        self.settle: Callable[[], None] = lambda: None
        #: What else services keep over a restart: JSON values by service and id.
        self.records: dict[str, dict[str, Any]] = {}
        self.publishers: set[str] = set()
        self._offers: dict[tuple[str, str], Offer] = {}
        self._operations: dict[str, Operation] = {}

    # -- what there is

    def offers(self, publisher_id: str | None = None) -> list[Offer]:
        """Return the offers of a publisher, or all.

        :param publisher_id: whose
        :raises Refused: for an unknown publisher
        """
        with self.lock:
            self.settle()
            if publisher_id is not None and publisher_id not in self.publishers:
                raise Refused(MISSING, f"Publisher {publisher_id} does not exist.")
            return [offer for offer in self._offers.values() if publisher_id in (None, offer.publisher_id)]

    def offer(self, publisher_id: str, offer_id: str) -> Offer:
        """Return an offer.

        :raises Refused: for an unknown one
        """
        with self.lock:
            self.offers(publisher_id)
            if (publisher_id, offer_id) not in self._offers:
                raise Refused(MISSING, f"Offer {offer_id} of publisher {publisher_id} does not exist.")
            return self._offers[publisher_id, offer_id]

    def operations(self, publisher_id: str, offer_id: str) -> list[Operation]:
        """Return an offer's operations, oldest first.

        :raises Refused: for an unknown offer
        """
        with self.lock:
            self.offer(publisher_id, offer_id)
            return [
                operation
                for operation in self._operations.values()
                if (operation.publisher_id, operation.offer_id) == (publisher_id, offer_id)
            ]

    def view(self, operation: Operation) -> View:
        """Show an operation as it is now."""
        return view(operation, self.clock())

    def preview_version(self, offer: Offer) -> int | None:
        """Return the version that is in preview; None if none ever was."""
        now = self.clock()
        versions = [
            operation.offer_version
            for operation in self.operations(offer.publisher_id, offer.offer_id)
            if operation.kind == PUBLISH and reached_preview(operation, now)
        ]
        return versions[-1] if versions else None

    def live_version(self, offer: Offer) -> int | None:
        """Return the version that customers can buy; None if none ever went live."""
        versions = [
            operation.offer_version
            for operation in self.operations(offer.publisher_id, offer.offer_id)
            if operation.kind == GO_LIVE and self.view(operation).state == SUCCEEDED
        ]
        return versions[-1] if versions else None

    def running(self, offer: Offer) -> Operation | None:
        """Return the operation that runs on an offer; at most one does ("List operations" page)."""
        for operation in self.operations(offer.publisher_id, offer.offer_id):
            if self.view(operation).state == RUNNING:
                return operation
        return None

    # -- what is kept over a restart

    def restore(
        self,
        publishers: set[str],
        offers: list[Offer],
        operations: list[Operation],
        records: dict[str, dict[str, Any]],
    ) -> None:
        """Put back what was saved; replaces everything."""
        with self.lock:
            self.records = records
            self.publishers = set(publishers)
            self._offers = {(offer.publisher_id, offer.offer_id): offer for offer in offers}
            self._operations = {operation.id: operation for operation in operations}

    def operation(self, operation_id: str | None) -> Operation | None:
        """Return an operation of any offer; None for an unknown id.

        :param operation_id: its GUID
        """
        with self.lock:
            return None if operation_id is None else self._operations.get(operation_id)

    def all_operations(self) -> list[Operation]:
        """Return every offer's operations, oldest first."""
        with self.lock:
            return list(self._operations.values())
