"""Which offers an overview reads, and when it asks no more: one that fails loses no other, none goes unnamed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from airflow_provider_cpp.exceptions import CppConfigurationError, CppError, CppUnavailable
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.overview import OfferOverview, ReleaseState, row_of
from airflow_provider_cpp.wire.arguments import digits_of, shown
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.plain_text import one_line
from airflow_provider_cpp.wire.procedures import Procedure, Say, Send

T = TypeVar("T")

#: Requests of one overview: the list and 499 offers on the Product Ingestion API, 249 on Cloud Partner Portal.
MAX_REQUESTS = 500

#: Offers in a row of which the service says nothing, after each request was repeated as usual: then it is down.
GIVES_UP_AFTER = 3


class ListsOffers(Protocol):
    """A service that lists offers, and says what of each is live, in preview or running."""

    def offers(self, publisher_id: str, *, patient: bool = True) -> Procedure[Listed[Offer] | Unlisted]:
        """List a publisher's offers."""

    def release_state(self, listed: Offer, publisher_id: str) -> Procedure[ReleaseState]:
        """Find out what of a listed offer is live, in preview or running.

        :raises CppError: the error that the answer means.
        """


def checked_max_requests(value: object) -> int:
    """Return how many requests an overview may take.

    :raises CppConfigurationError: if it is no whole number, or less than one.
    """
    digits = digits_of(value)
    if digits is None or digits == "0":
        raise CppConfigurationError(
            f"max_requests={shown(value)}: it takes a whole number, 1 or more. Nothing was sent."
        )
    return int(digits)


@dataclass(slots=True)
class Overview:
    """Reads the state of a publisher's offers, one after the other.

    :param service: lists them, and says what of each is live, in preview or running.
    :param publisher_id: whose offers; empty if the service asks for none.
    :param offer_ids: the offers that are wanted, in any case; all by default.
    :param max_requests: requests at most. Repetitions of one that failed aren't counted.
    """

    service: ListsOffers
    publisher_id: str
    offer_ids: Sequence[str] = ()
    max_requests: int = MAX_REQUESTS
    _asked: int = field(default=0, init=False)
    _failed_in_a_row: int = field(default=0, init=False)

    def rows(self) -> Procedure[list[OfferOverview]]:
        """Return one row for each offer, in the list's order; or in that of `offer_ids`, each once.

        :raises CppConfigurationError: not even the list can be had by so few requests.
        :raises CppError: the offers can't be listed.
        """
        try:
            found = yield from self._counted(self.service.offers(self.publisher_id))
        except _NotAskedError:
            raise CppConfigurationError(
                f"The list of offers has more pages than max_requests={self.max_requests} lets read. Raise it."
            ) from None
        if isinstance(found, Unlisted):
            raise found.error
        if not found.entries:
            yield Say(
                f"The list of offers of {self._whose} is empty. If there should be some, this connection's "
                "principal doesn't see them.",
                logging.WARNING,
            )
        rows = []
        for wanted in self._wanted(found.entries):
            if isinstance(wanted, OfferOverview):
                rows.append(wanted)
                continue
            release_state = yield from self._release_state(wanted)
            rows.append(row_of(wanted, self.publisher_id, release_state))
        if unread := [row.offer_id for row in rows if row.problem]:
            names = ", ".join(unread[:20]) + (f" and {len(unread) - 20} more" if len(unread) > 20 else "")
            yield Say(
                f"{len(unread)} of {len(rows)} offers couldn't be read as a whole: {names}. Each row says why.",
                logging.WARNING,
            )
        return rows

    def _wanted(self, listed: Sequence[Offer]) -> list[Offer | OfferOverview]:
        """Return the offers to read, and rows for those that aren't listed."""
        if not self.offer_ids:
            return list(listed)
        # By its name; the Product Ingestion API's documents have another id, by which it may be meant, too.
        there = {str(name).casefold(): offer for offer in listed for name in (offer.document.get("id"), offer.id)}
        return [
            there.get(folded) or self._not_listed(name)
            for folded, name in {name.casefold(): name for name in self.offer_ids}.items()
        ]

    @property
    def _whose(self) -> str:
        return f"publisher {self.publisher_id}" if self.publisher_id else "this principal's account"

    def _not_listed(self, offer_id: str) -> OfferOverview:
        problem = (
            f"The list of offers of {self._whose} has no offer {one_line(offer_id)[:100]!r}. Check the offer's id "
            "(not its name), and that this connection's principal sees it."
        )
        return OfferOverview(one_line(offer_id)[:100], self.publisher_id, problem=problem)

    def _release_state(self, listed: Offer) -> Procedure[ReleaseState]:
        try:
            release_state = yield from self._counted(self.service.release_state(listed, self.publisher_id))
        except CppError as error:
            release_state = ReleaseState(error=error)
        if not isinstance(release_state.error, _NotAskedError):
            is_down = isinstance(release_state.error, CppUnavailable)
            self._failed_in_a_row = self._failed_in_a_row + 1 if is_down else 0
        return release_state

    def _counted(self, procedure: Procedure[T]) -> Procedure[T]:
        """Run a procedure whose requests are counted, and refused where there are too many."""
        try:
            request = next(procedure)
            while True:
                try:
                    if isinstance(request, Send):
                        self._refuse_more()
                        self._asked += 1
                    reply = yield request
                except CppError as error:
                    request = procedure.throw(error)
                else:
                    request = procedure.send(reply)
        except StopIteration as end:
            value: T = end.value
            return value

    def _refuse_more(self) -> None:
        if self._asked >= self.max_requests:
            raise _NotAskedError(
                f"Not asked: max_requests={self.max_requests} are used up. Raise it, or name fewer offers in "
                "offer_ids."
            )
        if self._failed_in_a_row >= GIVES_UP_AFTER:
            raise _NotAskedError(
                f"Not asked: {GIVES_UP_AFTER} offers in a row couldn't be had, so that the service seems to be "
                "down. A later run may succeed."
            )


class _NotAskedError(CppUnavailable):
    """A request wasn't sent."""
