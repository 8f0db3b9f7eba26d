"""How an operation, or an offer's status, is watched until what is waited for.

Only the service's own word ends the wait. A read that fails is read again; a word that nobody knows
means that it still runs.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_cpp.lro import ends
from airflow_provider_cpp.lro.ends import End
from airflow_provider_cpp.lro.goals import COMPLETED, Goal
from airflow_provider_cpp.lro.log_lines import LogState, progress_in
from airflow_provider_cpp.lro.looks import (
    NOT_ASKED,
    Contradictory,
    CustomerView,
    Look,
    Missing,
    NeverBegan,
    NotListed,
    Refused,
    Running,
    Seen,
    Unread,
)
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.repeated_failures import RepeatedFailure, often
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.story import duration_in_words, progress_of
from airflow_provider_cpp.lro.words import SUCCEEDED
from airflow_provider_cpp.wire.answers import kind_of
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.plain_text import capitalized
from airflow_provider_cpp.wire.procedures import NOW, Count, Procedure, Say, Wait

#: Seconds after the start in which a 404 means that the service hasn't caught up with itself.
GRACE_FOR_NOT_FOUND = 300.0
NOT_FOUND_IN_A_ROW = 3

#: Both have to be exceeded before a status is given up as unreadable.
BAD_READS_IN_A_ROW = 10
BAD_READS_FOR = 900.0

_POLL = Count("polls")


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch, and for how long.

    :param watched: the operation, or the offer whose status is watched.
    :param started_at: when it was started, or first watched, in seconds since 1970 (UTC).
    :param deadline: when to give up, in seconds since 1970 (UTC): absolute, so that no restart moves it.
    :param schedule: when to look.
    :param stuck_after: seconds without a change of step after which a warning is logged; None for never.
    :param goal: what is waited for; the operation's own end by default.
    """

    watched: Watched
    started_at: float
    deadline: float
    schedule: PollSchedule = field(default_factory=PollSchedule)
    stuck_after: float | None = None
    goal: Goal = COMPLETED

    def log_state(self, earlier: object = None) -> LogState:
        """Return what has been logged of it so far.

        :param earlier: what a worker logged before it handed the watch over, if it did.
        """
        return LogState(self.watched, self.deadline, earlier)

    def follow(
        self, *, at_once: bool, log_state: LogState | None = None, draw: Callable[[], float] = random.random
    ) -> Procedure[End]:
        """Watch until the goal is reached or missed, the time is over, or the status can't be learned.

        :param at_once: look at once, as a worker does; otherwise somewhere within the first delay.
        :param log_state: what has been logged so far; it is carried on.
        :param draw: gives random numbers from 0 to 1.
        """
        state = self.log_state() if log_state is None else log_state
        return _Follower(self, state, draw).follow(at_once)


class _Follower:
    """What is known so far of what is watched."""

    __slots__ = (
        "bad_reads",
        "bad_since",
        "changed_at",
        "draw",
        "failing",
        "followed_since",
        "is_first_look",
        "last",
        "listed_as",
        "log_state",
        "missing",
        "operation",
        "trouble",
        "watch",
    )

    def __init__(self, watch: Watch, log_state: LogState, draw: Callable[[], float]) -> None:
        self.watch = watch
        self.log_state = log_state
        self.draw = draw
        self.changed_at = watch.started_at
        self.last: Seen | None = None
        self.operation: Operation | None = None
        self.listed_as = ""
        self.bad_reads = 0
        self.bad_since = 0.0
        self.missing = 0
        self.trouble = ""
        self.failing: RepeatedFailure | None = None
        self.followed_since = watch.started_at
        self.is_first_look = False

    def follow(self, at_once: bool) -> Procedure[End]:
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

    def _look(self) -> Procedure[End | float]:
        """Look once; return its end, or the seconds to the next look."""
        # A method of its own, so that no answer is kept in memory through the wait that follows.
        look = yield from self._watched.look(self.last)
        now = (yield _POLL).now
        end = yield from self._judge(look, now)
        self.log_state.may_give_up = self.bad_reads > 0 or self.missing > 0
        if end is not None:
            yield from self._count_end(end, now)
            return end
        if now >= self.watch.deadline:
            waited = now - self.watch.started_at
            yield Count("operation.duration.timeout", waited)
            seen = yield from self._watched.seen_by_customers()
            return ends.timed_out(self._watched, self.operation, waited, self.trouble, self.watch.goal, seen)
        yield from self._warn_if_stuck(now)
        return self._until_deadline(now, self._next_delay(look, now))

    def _count_end(self, end: End, now: float) -> Procedure[None]:
        if self.is_first_look:
            return  # it had ended before anybody watched
        yield Count(f"operation.duration.{end.status}", now - self.watch.started_at)

    @property
    def _watched(self) -> Watched:
        return self.watch.watched

    def _age(self, now: float) -> float:
        return max(0.0, now - self.changed_at)

    def _until_deadline(self, now: float, delay: float) -> float:
        return max(0.0, min(delay, self.watch.deadline - now))

    def _next_delay(self, look: Look, now: float) -> float:
        # After a failed read the shortest delay: what was missed may be the end.
        age = 0.0 if self.trouble else self._age(now)
        return self.watch.schedule.delay(age, self.draw(), at_least=look.retry_after)

    def _judge(self, look: Look, now: float) -> Procedure[End | None]:
        match look:
            case Seen(operation):
                self.last = look
                return (yield from self._good_read(operation, now))
            case Running():
                yield from self._readable_again()
                return None
            case Missing():
                return (yield from self._not_found(look, now))
            case Unread(why, kind, error, is_hopeless):
                if is_hopeless and self.is_first_look:
                    return ends.refused(self._watched.url, error, self._watched)
                return (yield from self._bad_read(why, kind, now))
            case Contradictory(why):
                return ends.unreadable(self._watched, self.operation, why)
            case Refused(error) | NeverBegan(error):
                return ends.refused(self._watched.url, error, self._watched)

    def _good_read(self, operation: Operation, now: float) -> Procedure[End | None]:
        yield from self._readable_again()
        before, self.operation = self.operation, operation
        if before is not None and operation.is_as_far_as(before):
            return None  # nothing to log, and it ended nothing then
        goal = self.watch.goal
        verdict = goal.verdict(operation)
        yield from self._log(operation, before, now, is_end=verdict is not None)
        if verdict is None:
            return None
        seen: CustomerView = NOT_ASKED
        if verdict != SUCCEEDED:
            seen = yield from self._watched.seen_by_customers()
        return ends.concluded(self._watched, operation, verdict, goal, seen)

    def _log(self, operation: Operation, before: Operation | None, now: float, *, is_end: bool) -> Procedure[None]:
        state = self.log_state
        progress = progress_in(operation)
        is_news = progress != state.progress
        if is_news:
            state.has_changed(now)  # of what changed while nobody watched this is all that is known
            if before is not None:
                self.changed_at = now
        elif before is None and state.since is not None:
            self.changed_at = state.since
        if is_news or is_end:
            for line in state.new_lines(operation, progress, is_end=is_end):  # noqa: UP028 - takes no replies
                yield line

    def _readable_again(self) -> Procedure[None]:
        if self.failing is not None and (failures := self.failing.over()):
            yield Say(f"The status of {self._watched.offer} can be read again, after {failures} failed reads.")
        self.bad_reads = self.missing = 0
        self.trouble = ""

    def _bad_read(self, why: str, kind: str, now: float) -> Procedure[End | None]:
        self.missing = 0
        if not self.bad_reads:
            self.bad_since = now
        self.bad_reads += 1
        yield Count("bad_reads")
        yield from self._troubled(why, kind, now)
        if self.bad_reads >= BAD_READS_IN_A_ROW and now - self.bad_since >= BAD_READS_FOR:
            minutes = (now - self.bad_since) / 60
            why = f"{self.bad_reads} reads in a row failed over {minutes:.0f} minutes, the last one with {why}"
            return ends.unreadable(self._watched, self.operation, why)
        return None

    def _troubled(self, why: str, kind: str, now: float) -> Procedure[None]:
        if self.failing is None:
            self.failing = RepeatedFailure()
        if self.failing.again(kind, now):
            yield Say(
                f"Couldn't read the status of {self._watched.offer} ({why}){often(self.failing, now)}; the "
                "operation itself goes on. Retrying.",
                logging.WARNING,
            )
        self.trouble = why

    def _not_found(self, look: Missing, now: float) -> Procedure[End | None]:
        watched = self._watched
        is_operation = bool(watched.operation_id)
        if not look.is_gone and is_operation and now - self.watch.started_at < GRACE_FOR_NOT_FOUND:
            # Not yet there, says the service, in so many words: an answer, and no trouble.
            self.bad_reads = self.missing = 0
            self.trouble = ""
            return None
        self.missing += 1
        if not look.is_gone and self.missing < NOT_FOUND_IN_A_ROW:
            yield from self._troubled(look.why, look.kind, now)
            return None
        if not is_operation:
            return ends.refused(watched.url, look.error, watched)
        missing = self.missing
        found = yield from watched.look_in_list()
        if isinstance(found, Unlisted):
            if missing >= NOT_FOUND_IN_A_ROW and found.reading.is_missing:
                why = f"{look.why}, and the service doesn't know its offer either: {found.why}"
                return ends.unreadable(watched, self.operation, why)
            end = yield from self._bad_read(
                f"{look.why}, and {watched.list_in_words} can't be read: {found.why}",
                f"{look.kind}, {kind_of(found.reading)}",
                now,
            )
            self.missing = missing
            return end
        if isinstance(found, NotListed):
            if found.may_run:
                self.missing = 0
                yield from self._troubled(look.why, look.kind, now)
                return None
            why = f"{look.why}, and {watched.list_in_words} don't list it"
            return ends.unreadable(watched, self.operation, why)
        return (yield from self._listed(look, found, now))

    def _listed(self, look: Missing, row: Row, now: float) -> Procedure[End | None]:
        if row.state_word != self.listed_as:
            self.listed_as = row.state_word
            yield Say(
                f"The service doesn't find {self._watched} ({look.why}), but lists it among "
                f"{self._watched.list_in_words} as {row.state_word!r}; that is taken as its status.",
                logging.WARNING,
            )
        steps = self.operation.steps if self.operation else ()
        return (yield from self._good_read(Operation(row.state, row.state_word, steps), now))

    def _warn_if_stuck(self, now: float) -> Procedure[None]:
        limit = self.watch.stuck_after
        still_for = now - self._still_since
        if limit is None or self.log_state.stuck or still_for < limit:
            return
        self.log_state.stuck = True
        step = self.operation.current_step if self.operation else None
        ids = f" {self._watched.ids}" if self._watched.ids else ""
        what = "no step" if self.operation and self.operation.steps else "nothing"
        yield Say(
            f"{capitalized(self._watched.offer)} may be stuck: {what} has changed for "
            f"{duration_in_words(still_for)}{f' ({progress_of(step)})' if step else ''}. It is still "
            f"watched; look at {self._watched.portal} and ask {self._watched.support} if it stays so.{ids}",
            logging.WARNING,
        )

    @property
    def _still_since(self) -> float:
        # What was logged before says nothing of now, as long as nothing could be read.
        since = self.log_state.since if self.operation is not None else None
        return self.followed_since if since is None else since
