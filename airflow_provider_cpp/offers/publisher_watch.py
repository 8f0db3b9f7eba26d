"""Which offers of a publisher to look at and when, so that a completed go-live is seen soon and costs little.

One request lists all offers. An offer's submissions are read when the list shows a change of it, while a
go-live runs on it, and once in a while, as no page promises that the list shows every change. Where a service's
list shows none, a few offers are read at each look, those first that weren't read for longest. A read that
fails says nothing about the offer: what was known of it stays.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from airflow_provider_cpp.exceptions import CppConfigurationError, UntrustedLocation
from airflow_provider_cpp.lro.repeated_failures import RepeatedFailures
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.gone_live import GoneLive, Look, completed_go_lives
from airflow_provider_cpp.offers.submission import GO_LIVE, Submission
from airflow_provider_cpp.wire.answers import Answer, Reading, Unanswered, kind_of, retry_after
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say
from airflow_provider_cpp.wire.retries import is_failed_read, was_refused_unread

#: Seconds after which an offer's submissions are read even if the list shows no change of it.
SWEEP = 3600.0

#: Offers that are read at one look, where the list shows no change of them: with the list ten requests a look.
READS_PER_LOOK = 9

#: What the list of offers is kept under, where its failures are counted; no offer's identifier is empty.
_LIST = ""


class Operations(Protocol):
    """The operations on an offer."""

    def rows(self, *, patient: bool = True) -> Procedure[Listed[Submission] | Unlisted]:
        """List them.

        :raises CppConfigurationError: the offer's identifier can't be one.
        """

    def at(self, row: Row) -> Watched:
        """Return the operation of a row.

        :raises UntrustedLocation: if its id is none that leads to one.
        """


class Offers(Protocol):
    """A service that lists offers, and the operations on each."""

    def offers(self, publisher_id: str, *, patient: bool = True) -> Procedure[Listed[Offer] | Unlisted]:
        """List a publisher's offers."""

    def operations_on(self, listed: Offer, publisher_id: str) -> Operations:
        """Return the operations on an offer of the list."""

    def names_of(self, listed: Offer) -> tuple[str, ...]:
        """Return by which identifiers somebody may name an offer of the list."""

    @property
    def list_shows_changes(self) -> bool:
        """Whether the list of offers shows that an offer was published or went live."""


@dataclass(slots=True)
class _OfferState:
    """What is known of an offer."""

    entry: object = None  # how the list showed it when its submissions were read last
    go_lives: tuple[GoneLive, ...] | None = None
    is_going_live: bool = False
    read_at: float = 0.0
    tried_at: float = 0.0


class PublisherWatch:
    """Looks at a publisher's offers again and again; remembers what it saw.

    :param publisher_id: whose offers.
    :param service: lists them.
    :param schedule: when to look: in proportion to how long nothing has changed.
    :param draw: gives random numbers from 0 to 1.
    """

    def __init__(
        self,
        publisher_id: str,
        service: Offers,
        schedule: PollSchedule,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.publisher_id = publisher_id
        self._service = service
        self._schedule = schedule
        self._draw = draw
        self._offers: dict[str, _OfferState] = {}
        #: By offer, the identifiers by which somebody may name it, as the last list had them.
        self.names: dict[str, tuple[str, ...]] = {}
        self._troubles = RepeatedFailures()
        self._failed: dict[str, str] = {}
        self._changed_at: float | None = None
        self._now = 0.0
        self._asked_to_wait = 0.0
        self._unread = self._refused = False

    def look(self) -> Procedure[Look | None]:
        """Look once; return what can be seen by now, or None if not even the offers can be listed."""
        self._asked_to_wait, self._unread, self._refused = 0.0, False, False
        offers = yield from self._service.offers(self.publisher_id, patient=False)
        self._now = offers.now
        if isinstance(offers, Unlisted):
            reading = offers.reading
            self._note(reading)
            self._unread = True
            answered = isinstance(reading, Answer) and reading.status == 200
            self._refused = not answered and not is_failed_read(reading)
            # What a refusal means, and what to do about it, is logged as an operator would.
            why = str(offers.error) if self._refused else offers.why
            level = logging.ERROR if self._refused else logging.WARNING
            yield from self._log_failure(_LIST, str(offers.call), kind_of(reading), why, level)
            return None
        listed = {offer.id: offer for offer in offers.entries}
        entries = {offer_id: offer.document for offer_id, offer in listed.items()}
        self.names = {offer_id: self._service.names_of(offer) for offer_id, offer in listed.items()}
        yield from self._readable_again(_LIST)
        if self._changed_at is None:
            self._changed_at = self._now
        for gone in self._offers.keys() - entries.keys():
            del self._offers[gone]
        for offer_id, entry in entries.items():
            if entry != self._offers.setdefault(offer_id, _OfferState()).entry:
                self._changed_at = self._now
        # Those that were tried longest ago first: one that always times out must not hide the others.
        due = [offer_id for offer_id in entries if self._is_due(self._offers[offer_id], entries[offer_id])]
        due.sort(key=lambda offer_id: self._offers[offer_id].tried_at)
        if not self._service.list_shows_changes:
            due.sort(key=lambda offer_id: not self._offers[offer_id].is_going_live)
            del due[READS_PER_LOOK:]
        for offer_id in due:
            if not (yield from self._read(offer_id, listed[offer_id])):
                break
        return {offer_id: offer.go_lives for offer_id, offer in self._offers.items()}

    def pause(self) -> float:
        """Return the seconds until the next look."""
        if self._refused:
            return max(self._schedule.longest, self._asked_to_wait)
        # After a failed read the shortest delay: what was missed may be news.
        still_for = 0.0 if self._unread or self._changed_at is None else self._now - self._changed_at
        return self._schedule.delay(still_for, self._draw(), at_least=self._asked_to_wait)

    def _is_due(self, offer: _OfferState, entry: object) -> bool:
        unread = offer.go_lives is None or entry != offer.entry or not self._service.list_shows_changes
        return unread or offer.is_going_live or self._now - offer.read_at >= SWEEP

    def _read(self, offer_id: str, listed: Offer) -> Procedure[bool]:
        """Read an offer's submissions; return whether it makes sense to go on with others."""
        offer = self._offers[offer_id]
        try:
            operations = self._service.operations_on(listed, self.publisher_id)
            found = yield from operations.rows(patient=False)
        except CppConfigurationError as error:
            yield from self._log_failure(offer_id, f"Offer {offer_id!r}", type(error).__name__, str(error))
            offer.tried_at = self._now
            return True
        offer.tried_at = self._now = found.now
        if isinstance(found, Unlisted):
            reading = found.reading
            self._note(reading)
            yield from self._log_failure(offer_id, str(found.call), kind_of(reading), found.why)
            return not (isinstance(reading, Unanswered) or was_refused_unread(found.call, reading))
        submissions = found.entries
        yield from self._readable_again(offer_id)
        go_lives = completed_go_lives(offer_id, submissions, lambda submission: _location(operations, submission))
        is_going_live = any(each.kind == GO_LIVE and each.is_running for each in submissions)
        if (go_lives, is_going_live) != (offer.go_lives, offer.is_going_live):
            self._changed_at = self._now
        offer.entry, offer.read_at = listed.document, self._now
        offer.go_lives, offer.is_going_live = go_lives, is_going_live
        return True

    def _note(self, reading: Reading) -> None:
        if isinstance(reading, Answer):
            self._asked_to_wait = max(self._asked_to_wait, retry_after(reading) or 0.0)

    def _log_failure(
        self, of: str, call: str, kind: str, why: str, level: int = logging.WARNING
    ) -> Procedure[None]:
        if self._troubles.again(of, kind, self._now):
            self._failed[of] = call
            said = why if why.startswith(call) else f"{call} failed: {why}"
            often = self._troubles.often(of, self._now)
            yield Say(f"{said} Go-lives are watched on; it will be read again{often}.", level)

    def _readable_again(self, of: str) -> Procedure[None]:
        if failures := self._troubles.over(of):
            yield Say(f"{self._failed[of]} works again, after {failures} failures.")


def _location(operations: Operations, submission: Submission) -> str:
    try:
        return operations.at(submission).url
    except UntrustedLocation:
        return ""
