"""What earlier tries of the same task did: whether there is an operation to take up, or one to start."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import NoReturn, TypedDict

from airflow_provider_cpp.lro.looks import Contradictory, Look, Missing, NeverBegan, Running, Seen
from airflow_provider_cpp.lro.records import (
    How,
    Started,
    canceled,
    keep,
    not_known,
    of_unknown_age,
    pauses,
    prepared_in,
    taken,
)
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.running import met, restart
from airflow_provider_cpp.lro.seam import Intent, Watched
from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, SUCCEEDED
from airflow_provider_cpp.wire.answers import clock_ahead, describe
from airflow_provider_cpp.wire.arguments import FAIL, RESTART
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.plain_text import capitalized
from airflow_provider_cpp.wire.procedures import Keep, Procedure, Say, Wait


class Memory(TypedDict, total=False):
    """What a task knows of its earlier tries: the fields of `EarlierTries` but for what they were to start."""

    record: object
    since: float | None
    cleared: bool
    records_are_kept: bool


#: States of a record that say all by themselves.
_STATES = frozenset({"begun", "intended", "refused", "canceled", "unclear"})


def is_restart(record: object) -> bool:
    """Return whether a record is of a try that was canceling what runs, to start it anew."""
    if not isinstance(record, dict) or record.get("state") != "restarting":
        return False
    return isinstance(record.get("canceling"), str)


def is_anew(record: dict[str, object]) -> bool:
    """Return whether a record says that a person, and no retry, wants the operation once more."""
    return record.get("anew") is True


def _is_understood(record: dict[str, object]) -> bool:
    if is_restart(record):
        return True
    return isinstance(record.get("location"), str) or record.get("state") in _STATES


@dataclass(frozen=True, slots=True)
class EarlierTries:
    """What is known of a task's earlier tries before the service is asked.

    :param intent: what they were to start.
    :param record: what the last one kept, if one did.
    :param since: since when they may have posted, in seconds since 1970 (UTC), for where nothing was kept; None
        if there was none. Infinity for the first try after a clear: of what was before only what still runs
        counts.
    :param cleared: whether the task was cleared, or may have been, at a time that isn't known: what ended
        since `since` may be older than the clear, or be what a try after it started.
    :param records_are_kept: whether they could keep a record, so that one without was through.
    :param if_running: what becomes of one that runs already and isn't known to be the same.
    """

    intent: Intent
    record: object = None
    since: float | None = None
    cleared: bool = False
    records_are_kept: bool = False
    if_running: str = FAIL

    @property
    def is_wanted_anew(self) -> bool:
        """Return whether a person, and no retry, wants the operation once more."""
        return self.since is not None and math.isinf(self.since)

    @property
    def _is_repeated(self) -> bool:
        """Return whether somebody may want the operation once more, though it went through."""
        return self.is_wanted_anew or self.cleared

    def settle(self) -> Procedure[Started | None]:
        """Return the operation that an earlier try started, or None if one has to be started.

        :raises CppError: what they did can't be found out just now.
        :raises AmbiguousOutcome: it can't be found out at all.
        :raises OperationCanceled: somebody canceled what they started.
        """
        if isinstance(self.record, dict) and _is_understood(self.record):
            return (yield from self._by_record(self.record))
        if self.since is None:
            return None
        if self.record is not None:
            yield Say("What the last try kept can't be read: asking the service instead.", logging.WARNING)
        return (yield from self._by_time(self.since))

    def _by_record(self, record: dict[str, object]) -> Procedure[Started | None]:
        intent = self.intent
        if record.get("of", intent.subject) != intent.subject:
            yield Say(f"What the last try kept is about {record['of']}: it is left aside.", logging.WARNING)
            return None
        if self.is_wanted_anew and intent.meets_others and not is_anew(record):
            record = {**record, "anew": True}  # so that a retry compares as well, should it not be taken up now
            yield Keep(record)
        if isinstance(record.get("location"), str):
            watched = intent.located(record["location"])
            state = yield from self._state_at(watched)
            return (yield from self._resumed(watched, state, anew=is_anew(record)))
        if is_restart(record):
            # Nothing was published since; what that cancel came to is looked at, and nothing else is canceled.
            if self.if_running != RESTART:
                return None
            may_be_ours = record.get("may_be_ours") is True and not self._is_repeated and not is_anew(record)
            watched = intent.located(record["canceling"])
            return (yield from restart(intent, watched, may_be_ours=may_be_ours, was_begun=True))
        if record.get("state") == "canceled" and self.since is not None and not self.is_wanted_anew:
            raise canceled(intent, "An operation")  # a retry: the last try ended before it could report it
        if record.get("state") in {"intended", "unclear"}:
            return (yield from self._by_rows(record, is_unclear=record["state"] == "unclear"))
        return None

    def _by_rows(self, record: dict[str, object], *, is_unclear: bool) -> Procedure[Started | None]:
        """Return what came of a request, by what there was before it.

        :param is_unclear: whether it may have been accepted without a trace, which is for a person to look at.
        """
        intent = self.intent
        prepared = prepared_in(record)
        is_known = intent.is_known(prepared)
        has_looked = is_unclear and (self.is_wanted_anew or self.since is None)
        anew = is_anew(record)
        if has_looked:  # so that a retry of this try needn't ask again
            more = {**prepared, "anew": True} if anew else prepared
            yield keep(intent, "intended", **more) if is_known else keep(intent, "begun")
        if is_unclear and not is_known:
            if has_looked:
                return None
            raise not_known(intent, "what an earlier try of this task did isn't known")
        for pause in pauses():  # its request may still be on the way
            yield Wait(pause)
            listed = yield from intent.rows()
            ours = intent.ours(listed.entries, prepared) if isinstance(listed, Listed) else None
            if ours is not None:
                return (yield from self._resumed(intent.at(ours), ours.state, anew=anew))
        if isinstance(listed, Unlisted) and listed.may_pass:
            raise listed.error
        if has_looked:
            return None
        if is_unclear:
            raise not_known(
                intent, f"an earlier try of this task had no clear answer, and no {intent.row_in_words} came of it"
            )
        if isinstance(listed, Unlisted):
            yield from self._unsettled(listed.why, prepared)
        elif not is_known:
            yield from self._unsettled(describe(listed.answer), prepared)
        elif not intent.may_repeat:
            # It may have got that far, and its row lag behind.
            yield from self._unsettled(f"no {intent.row_in_words} came of it so far", prepared)
        return None

    def _by_time(self, since: float) -> Procedure[Started | None]:
        """Return what earlier tries started, by the list alone, which says when each of its rows last changed.

        :raises AmbiguousOutcome: one ended well or was canceled that may be theirs, or older than a clear.
        """
        intent = self.intent
        ours = last = None
        for pause in pauses(patient=not self.records_are_kept or self.record is not None):
            yield Wait(pause)
            listed = yield from intent.rows()
            if isinstance(listed, Unlisted):
                if listed.may_pass:
                    raise listed.error
                if self.is_wanted_anew:
                    return None  # somebody has looked
                raise not_known(
                    intent,
                    f"{listed.call}: {listed.why}, so that what an earlier try of this task did isn't known",
                )
            when = since + clock_ahead(listed.answer)
            ours, last = intent.since(listed.entries, when, cleared=self.cleared)
            if ours is not None and ours.state != FAILED:  # after a failure a later one may still be on the way
                break
        if ours is None:
            return None
        if ours.state in {SUCCEEDED, CANCELED} and (self.cleared or ours.changed_at is None or ours is not last):
            raise of_unknown_age(intent, ours)
        return (yield from self._resumed(intent.at(ours), ours.state, is_known=False))

    def _state_at(self, watched: Watched) -> Procedure[str]:
        why = ""
        for pause in pauses():  # the service may not have caught up with itself yet
            yield Wait(pause)
            look = yield from watched.look(patient=True)
            if isinstance(look, Contradictory):
                return (yield from self._unsettled(look.why, {}))
            if not isinstance(look, Missing):
                return _state_of(look)
            why = look.why
            found = yield from watched.look_in_list(patient=True)
            if isinstance(found, Row):
                return found.state
            if isinstance(found, Unlisted):
                raise found.error if found.may_pass else look.error
            if found.goes_by_other_id:
                break  # so that its absence says nothing
        # It was accepted, and may have gone through before the service lost it.
        return (yield from self._unsettled(why, {}))

    def _resumed(
        self, watched: Watched, state: str, *, is_known: bool = True, anew: bool = False
    ) -> Procedure[Started | None]:
        """Return the operation, or None if one has to be started anew.

        :param is_known: whether it is known to be of an earlier try. Of a task that was cleared it may be from
            before that, and the draft be another since.
        :param anew: whether a person wants it once more, as the record says.
        """
        intent = self.intent
        is_repeated = self._is_repeated or anew
        if state == RUNNING:
            if intent.meets_others and (not is_known or is_repeated):
                return (
                    yield from met(intent, self.if_running, watched, How.REATTACHED, may_be_ours=not is_repeated)
                )
            return (yield from taken(intent, watched, How.REATTACHED))
        if state == SUCCEEDED:
            return (yield from taken(intent, watched, How.FINISHED))
        if state == CANCELED:
            # Raised once; whoever clears the task after this wants another.
            yield keep(intent, "canceled")
            raise canceled(intent, capitalized(str(watched)))
        yield Say(f"The last try's {watched} {state}: starting a new one.")
        return None

    def _unsettled(self, why: str, prepared: dict[str, object]) -> Procedure[NoReturn]:
        """Raise, as what the last try did isn't known: nothing may be sent before it is."""
        yield keep(self.intent, "unclear", **prepared)  # whoever clears the task after this has looked
        raise not_known(self.intent, f"{why}, and what the last try of this task did isn't known")


def _state_of(look: Look) -> str:
    match look:
        case Seen(operation):
            return operation.status
        case Running():
            return RUNNING
        case NeverBegan():
            return FAILED
    raise look.error
