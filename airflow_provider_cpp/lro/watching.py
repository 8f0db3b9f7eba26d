"""How an operation, or an offer's status, is watched until what is waited for.

Only the service's own word ends the wait. A read that fails is read again; a word that nobody knows
means that it still runs.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

from airflow_provider_cpp.lro import ends
from airflow_provider_cpp.lro.ends import Event, duration_in_words, progress_of
from airflow_provider_cpp.lro.goals import COMPLETED, Goal
from airflow_provider_cpp.lro.log_lines import Told
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.lro.troubles import Trouble, kind_of, often
from airflow_provider_cpp.lro.words import SUCCEEDED
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.customers import UNSEEN, Seen, seen_by_customers
from airflow_provider_cpp.services.cloud_partner_portal.finding import NotListed, found_in_list
from airflow_provider_cpp.services.cloud_partner_portal.locations import OfferLocation, OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.wire.answers import (
    Answer,
    Loss,
    Reading,
    Unanswered,
    describe,
    error_of,
    retry_after,
)
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.plain_text import capitalized
from airflow_provider_cpp.wire.procedures import NOW, Count, Procedure, Say, Wait, sent
from airflow_provider_cpp.wire.retries import is_failed_read

#: Seconds after the start in which a 404 means that the service hasn't caught up with itself.
GRACE_FOR_NOT_FOUND = 300.0
NOT_FOUND_IN_A_ROW = 3

#: Both have to be exceeded before a status is given up as unreadable.
BAD_READS_IN_A_ROW = 10
BAD_READS_FOR = 900.0


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch, and for how long.

    :param location: the operation, or the offer whose status is watched.
    :param started_at: when it was started, or first watched, in seconds since 1970 (UTC).
    :param deadline: when to give up, in seconds since 1970 (UTC): absolute, so that no restart moves it.
    :param schedule: when to look.
    :param stuck_after: seconds without a change of step after which a warning is logged; None for never.
    :param goal: what is waited for; the operation's own end by default.
    """

    location: OperationLocation | OfferLocation
    started_at: float
    deadline: float
    schedule: PollSchedule = field(default_factory=PollSchedule)
    stuck_after: float | None = None
    goal: Goal = COMPLETED

    def told(self, earlier: object = None) -> Told:
        """Return what has been told of it so far.

        :param earlier: what a worker told before it handed the watch over, if it did.
        """
        return Told(self.location, self.deadline, earlier)

    def follow(
        self, *, at_once: bool, told: Told | None = None, draw: Callable[[], float] = random.random
    ) -> Procedure[Event]:
        """Watch until the goal is reached or missed, the time is over, or the status can't be learned.

        :param at_once: look at once, as a worker does; otherwise somewhere within the first delay.
        :param told: what has been told so far; it is carried on.
        :param draw: gives random numbers from 0 to 1.
        """
        return _Follower(self, self.told() if told is None else told, draw).follow(at_once)


class _Follower:
    """What is known so far of what is watched."""

    __slots__ = (
        "bad_reads",
        "bad_since",
        "call",
        "changed_at",
        "draw",
        "failing",
        "followed_since",
        "is_first_look",
        "last",
        "last_digest",
        "listed_as",
        "missing",
        "told",
        "trouble",
        "watch",
    )

    def __init__(self, watch: Watch, told: Told, draw: Callable[[], float]) -> None:
        self.watch = watch
        self.told = told
        self.draw = draw
        self.call = calls.get_status(watch.location)
        self.changed_at = watch.started_at
        self.last: Operation | None = None
        self.last_digest = b""
        self.listed_as = ""
        self.bad_reads = 0
        self.bad_since = 0.0
        self.missing = 0
        self.trouble = ""
        self.failing: Trouble | None = None
        self.followed_since = watch.started_at
        self.is_first_look = False

    def follow(self, at_once: bool) -> Procedure[Event]:
        now = self.followed_since = (yield NOW).now
        self.is_first_look = at_once
        if not at_once:
            delay = self.watch.schedule.first_delay(self._age(now), self.draw())
            yield Wait(self._until_deadline(now, delay))
        while True:
            outcome = yield from self._look()
            self.is_first_look = False
            if not isinstance(outcome, float):
                return outcome
            yield Wait(outcome)

    def _look(self) -> Procedure[Event | float]:
        """Read the status once; return the event that ends the watch, or the seconds to the next look."""
        # A method of its own, so that no answer is kept in memory through the wait that follows.
        reading, now = yield from sent(self.call, patient=False)
        yield Count("polls")
        event = yield from self._judge(reading, now)
        self.told.in_doubt = self.bad_reads > 0 or self.missing > 0
        if event is not None:
            yield from self._count_end(event, now)
            return event
        if now >= self.watch.deadline:
            waited = now - self.watch.started_at
            yield Count("operation.duration.timeout", waited)
            seen = yield from self._seen_by_customers()
            return ends.timed_out(self._where, self.last, waited, self.trouble, self.watch.goal, seen)
        yield from self._tell_if_stuck(now)
        return self._until_deadline(now, self._next_delay(reading, now))

    def _count_end(self, event: Event, now: float) -> Procedure[None]:
        if self.is_first_look:
            return  # it had ended before anybody watched
        yield Count(f"operation.duration.{event['status']}", now - self.watch.started_at)

    @property
    def _where(self) -> OperationLocation | OfferLocation:
        return self.watch.location

    def _seen_by_customers(self) -> Procedure[Seen]:
        return (yield from seen_by_customers(self._where.publisher_id, self._where.offer_id))

    def _age(self, now: float) -> float:
        return max(0.0, now - self.changed_at)

    def _until_deadline(self, now: float, delay: float) -> float:
        return max(0.0, min(delay, self.watch.deadline - now))

    def _next_delay(self, reading: Reading, now: float) -> float:
        asked = retry_after(reading) if isinstance(reading, Answer) else None
        # After a failed read the shortest delay: what was missed may be the end.
        age = 0.0 if self.trouble else self._age(now)
        return self.watch.schedule.delay(age, self.draw(), at_least=asked)

    def _judge(self, reading: Reading, now: float) -> Procedure[Event | None]:
        if isinstance(reading, Unanswered):
            if reading.loss is Loss.UNTRUSTED_PEER and self.is_first_look:
                return ends.refused(self._where.url, error_of(self.call, reading), self._where)
            return (yield from self._bad_read(describe(reading), kind_of(reading), now))
        match reading.status:
            case 200:
                operation = self._read(reading)
                if isinstance(operation, str):
                    return (yield from self._bad_read(f"HTTP 200, but {operation}", "200 unreadable", now))
                return (yield from self._good_read(operation, now))
            case 202:  # accepted and not ended, with or without a body
                operation = self._read(reading)
                if isinstance(operation, Operation):
                    return (yield from self._good_read(operation, now))
                yield from self._readable_again()
                return None
            case 404 | 410:
                return (yield from self._not_found(reading, now))
            case status if status < 400 or is_failed_read(reading):
                return (yield from self._bad_read(describe(reading), kind_of(reading), now))
        return ends.refused(self._where.url, error_of(self.call, reading), self._where)

    def _read(self, answer: Answer) -> Operation | str:
        # A quiet operation sends the same bytes for hours; not parsing them again is most of a poll's cost.
        # By its digest, as the document itself would be most of what a watcher takes in memory.
        digest = blake2b(answer.body, digest_size=16).digest()
        if self.last is not None and digest == self.last_digest and not answer.damage:
            return self.last
        operation = read_operation(answer)
        if isinstance(operation, Operation):
            self.last_digest = digest
        return operation

    def _good_read(self, operation: Operation, now: float) -> Procedure[Event | None]:
        yield from self._readable_again()
        if operation is not self.last:
            yield from self._tell(operation, now)
            self.last = operation
        goal = self.watch.goal
        verdict = goal.verdict(operation)
        if verdict is None:
            return None
        seen = UNSEEN if verdict == SUCCEEDED else (yield from self._seen_by_customers())
        return ends.concluded(self._where, operation, verdict, goal, seen)

    def _tell(self, operation: Operation, now: float) -> Procedure[None]:
        told = self.told
        if told.changes(operation):
            told.stands(now)  # of what changed while nobody watched this is all that is known
            if self.last is not None:
                self.changed_at = now
        elif self.last is None and told.since is not None:
            self.changed_at = told.since
        is_end = self.watch.goal.verdict(operation) is not None
        for line in told.news(operation, is_end=is_end):  # noqa: UP028 - an iterator takes no replies
            yield line

    def _readable_again(self) -> Procedure[None]:
        if self.failing is not None and (failures := self.failing.over()):
            yield Say(f"The status of {self._where.offer} can be read again, after {failures} failed reads.")
        self.bad_reads = self.missing = 0
        self.trouble = ""

    def _bad_read(self, why: str, kind: str, now: float) -> Procedure[Event | None]:
        self.missing = 0
        if not self.bad_reads:
            self.bad_since = now
        self.bad_reads += 1
        yield Count("bad_reads")
        yield from self._troubled(why, kind, now)
        if self.bad_reads >= BAD_READS_IN_A_ROW and now - self.bad_since >= BAD_READS_FOR:
            minutes = (now - self.bad_since) / 60
            why = f"{self.bad_reads} reads in a row failed over {minutes:.0f} minutes, the last one with {why}"
            return ends.unreadable(self._where, self.last, why)
        return None

    def _troubled(self, why: str, kind: str, now: float) -> Procedure[None]:
        if self.failing is None:
            self.failing = Trouble()
        if self.failing.again(kind, now):
            yield Say(
                f"Couldn't read the status of {self._where.offer} ({why}){often(self.failing, now)}; the "
                "operation itself goes on. Retrying.",
                logging.WARNING,
            )
        self.trouble = why

    def _not_found(self, answer: Answer, now: float) -> Procedure[Event | None]:
        location = self.watch.location
        is_operation = isinstance(location, OperationLocation)
        if answer.status == 404 and is_operation and now - self.watch.started_at < GRACE_FOR_NOT_FOUND:
            # Not yet there, says the service, in so many words: an answer, and no trouble.
            self.bad_reads = self.missing = 0
            self.trouble = ""
            return None
        self.missing += 1
        if answer.status == 404 and self.missing < NOT_FOUND_IN_A_ROW:
            yield from self._troubled(describe(answer), kind_of(answer), now)
            return None
        if not isinstance(location, OperationLocation):
            return ends.refused(self._where.url, error_of(self.call, answer), self._where)
        missing = self.missing
        submission = yield from found_in_list(location, patient=False)
        if isinstance(submission, Unlisted):
            listed = submission.reading
            if self.missing >= NOT_FOUND_IN_A_ROW and isinstance(listed, Answer) and listed.status in (404, 410):
                why = f"{describe(answer)}, and the service doesn't know its offer either: {submission.why}"
                return ends.unreadable(self._where, self.last, why)
            event = yield from self._bad_read(
                f"{describe(answer)}, and the offer's submissions can't be read: {submission.why}",
                f"{kind_of(answer)}, {kind_of(listed)}",
                now,
            )
            self.missing = missing
            return event
        if isinstance(submission, NotListed):
            if submission.may_run:
                self.missing = 0
                yield from self._troubled(describe(answer), kind_of(answer), now)
                return None
            why = f"{describe(answer)}, and the offer's submissions don't list it"
            return ends.unreadable(self._where, self.last, why)
        if submission.state_word != self.listed_as:
            self.listed_as = submission.state_word
            yield Say(
                f"The service doesn't find {self._where} ({describe(answer)}), but lists it among the offer's "
                f"submissions as {submission.state_word!r}; that is taken as its status.",
                logging.WARNING,
            )
        operation = Operation(submission.state, submission.state_word, self.last.steps if self.last else ())
        return (yield from self._good_read(operation, now))

    def _tell_if_stuck(self, now: float) -> Procedure[None]:
        limit = self.watch.stuck_after
        still_for = now - self._still_since
        if limit is None or self.told.stuck or still_for < limit:
            return
        self.told.stuck = True
        step = self.last.current_step if self.last else None
        ids = f" {self._where.ids}" if self._where.ids else ""
        yield Say(
            f"{capitalized(self._where.offer)} may be stuck: no step has changed for "
            f"{duration_in_words(still_for)}{f' ({progress_of(step)})' if step else ''}. It is still "
            f"watched; look at {PORTAL} and ask Partner Center's support if it stays so.{ids}",
            logging.WARNING,
        )

    @property
    def _still_since(self) -> float:
        # What was told before says nothing of now, as long as nothing could be read.
        since = self.told.since if self.last is not None else None
        return self.followed_since if since is None else since
