"""Which offer is meant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OfferRef:
    """An offer, by its names.

    :param publisher_id: its publisher's identifier; empty where the service doesn't ask for one, and nobody gave
        one.
    :param offer_id: its own.
    """

    publisher_id: str
    offer_id: str

    def __str__(self) -> str:
        """Return the offer in words."""
        return f"offer {self.publisher_id}/{self.offer_id}" if self.publisher_id else f"offer {self.offer_id}"
