"""What earlier tries of the same task did: whether there is an operation to take up, or one to start."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import NoReturn, TypedDict

from airflow_provider_cpp.exceptions import CppUnavailable, OperationCanceled
from airflow_provider_cpp.lro.intents import How, Intent, Started, pauses
from airflow_provider_cpp.lro.running import met, restart
from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, SUCCEEDED
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.finding import found_in_list
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.services.cloud_partner_portal.submissions import PUBLISH, Submission, latest
from airflow_provider_cpp.wire.answers import Answer, Reading, clock_ahead, describe, error_of
from airflow_provider_cpp.wire.arguments import RESTART
from airflow_provider_cpp.wire.calls import Call
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say, Wait, sent


class Memory(TypedDict, total=False):
    """What a task knows of its earlier tries: the fields of `EarlierTries` but for what they were to start."""

    record: object
    since: float | None
    cleared: bool
    records_are_kept: bool


#: States of a record that say all by themselves.
_STATES = frozenset({"begun", "intended", "refused", "canceled", "unclear"})


def _is_understood(record: dict[str, object]) -> bool:
    if record.get("state") == "restarting":
        return isinstance(record.get("canceling"), str)
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
    """

    intent: Intent
    record: object = None
    since: float | None = None
    cleared: bool = False
    records_are_kept: bool = False

    @property
    def is_wanted_anew(self) -> bool:
        """Tell whether a person, and no retry, wants the operation once more."""
        return self.since is not None and math.isinf(self.since)

    def settle(self) -> Procedure[Started | None]:
        """Return the operation that an earlier try started, or None if one has to be started.

        :raises CppError: what they did can't be told now.
        :raises AmbiguousOutcome: it can't be told at all.
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
        if isinstance(record.get("location"), str):
            location = intent.parse(record["location"])
            state = yield from self._state_at(location)
            return (yield from self._resumed(location, state))
        if record.get("state") == "restarting":
            # Nothing was published since; what that cancel came to is looked at, and nothing else is canceled.
            if intent.if_running == RESTART:
                yield from restart(intent, intent.parse(record["canceling"]))
            return None
        if record.get("state") == "canceled" and self.since is not None and not self.is_wanted_anew:
            raise self._canceled("An operation")  # a retry: the last try ended before it could tell
        if record.get("state") in {"intended", "unclear"}:
            return (yield from self._by_ids(record, is_unclear=record["state"] == "unclear"))
        return None

    def _by_ids(self, record: dict[str, object], *, is_unclear: bool) -> Procedure[Started | None]:
        """Return what came of a request, by the ids of the submissions before it.

        :param is_unclear: whether it may have been accepted without a trace, which is for a person to look at.
        """
        intent = self.intent
        ids = record.get("before")
        before = {str(identifier) for identifier in ids} if isinstance(ids, list) else None
        has_looked = is_unclear and (self.is_wanted_anew or self.since is None)
        if has_looked:  # so that a retry of this try needn't ask again
            yield intent.keep("begun") if before is None else intent.intended("intended", before)
        if is_unclear and before is None:
            if has_looked:
                return None
            raise intent.not_known("what an earlier try of this task did can't be told")
        for pause in pauses():  # its request may still be on the way
            yield Wait(pause)
            listed = yield from intent.listed()
            mine = intent.mine(listed.entries, before) if isinstance(listed, Listed) else None
            if mine is not None:
                return (yield from self._resumed(intent.location_of(mine), mine.state))
        if isinstance(listed, Unlisted) and listed.may_pass:
            raise listed.error
        if has_looked:
            return None
        if is_unclear:
            raise intent.not_known("an earlier try of this task had no clear answer, and no submission came of it")
        if isinstance(listed, Unlisted):
            yield from self._unsettled(listed.why, before)
        elif before is None:
            yield from self._unsettled(describe(listed.answer))
        return None

    def _by_time(self, since: float) -> Procedure[Started | None]:
        """Return what earlier tries started, by the submissions alone, which tell when each last changed.

        :raises AmbiguousOutcome: one ended well or was canceled that may be theirs, or older than a clear.
        """
        intent = self.intent
        mine = last = None
        for pause in pauses(patient=not self.records_are_kept or self.record is not None):
            yield Wait(pause)
            listed = yield from intent.listed()
            if isinstance(listed, Unlisted):
                if listed.may_pass:
                    raise listed.error
                if self.is_wanted_anew:
                    return None  # somebody has looked
                raise intent.not_known(
                    f"{listed.call}: {listed.why}, so that what an earlier try of this task did can't be told"
                )
            mine, last = self._changed_since(listed.entries, since + clock_ahead(listed.answer))
            if mine is not None and mine.state != FAILED:  # after a failure a later one may still be on the way
                break
        if mine is None:
            return None
        if mine.state in {SUCCEEDED, CANCELED} and (self.cleared or mine.changed_at is None or mine is not last):
            raise intent.of_unknown_age(mine)
        return (yield from self._resumed(intent.location_of(mine), mine.state, is_known=False))

    def _changed_since(
        self, submissions: tuple[Submission, ...], since: float
    ) -> tuple[Submission | None, Submission | None]:
        """Return the submission that counts, and the one that changed last, of those that changed since a time.

        One that runs is both. The two differ where a failure came after one that didn't fail: no try of a task
        that wasn't cleared starts one then, so that the failure is somebody else's. Which was the last isn't
        known where the times don't tell. One that succeeded or was canceled at a time that isn't told may be any
        age.
        """
        ours = [s for s in submissions if s.kind == self.intent.kind]
        running = next((s for s in ours if s.is_running), None)
        if running is not None or math.isinf(since):
            return running, running
        undated = next((s for s in ours if s.changed_at is None and s.state != FAILED), None)
        if undated is not None:
            return undated, undated
        recent = [s for s in ours if s.changed_at is not None and s.changed_at >= since]
        # A failure at a time that isn't told may be the last, but where nothing else changed it is any age.
        candidates = latest(recent and [s for s in ours if s in recent or s.changed_at is None])
        last = candidates[0] if len(candidates) == 1 else None
        mine = last if self.cleared else next(iter(latest(s for s in recent if s.state != FAILED)), last)
        if mine is None and candidates:
            mine = min(candidates, key=lambda s: s.state == FAILED)
        return mine, last

    def _state_at(self, location: OperationLocation) -> Procedure[str]:
        call = calls.get_operation(location)
        for pause in pauses():  # the service may not have caught up with itself yet
            yield Wait(pause)
            reading, _ = yield from sent(call)
            if not isinstance(reading, Answer) or reading.status not in {404, 410}:
                return self._state_of(call, reading)
            found = yield from found_in_list(location)
            if isinstance(found, Submission):
                return found.state
            if isinstance(found, Unlisted):
                raise found.error if found.may_pass else error_of(call, reading)
            if found.goes_by_other_id:
                break  # so that its absence says nothing
        # It was accepted, and may have gone through before the service lost it.
        return (yield from self._unsettled(describe(reading)))

    @staticmethod
    def _state_of(call: Call, reading: Reading) -> str:
        if not isinstance(reading, Answer) or reading.status not in {200, 202}:
            raise error_of(call, reading)
        operation = read_operation(reading)
        if isinstance(operation, str):
            if reading.status == 202:
                return RUNNING
            raise CppUnavailable(
                f"{call}: HTTP 200, but {operation}; what the last try did can't be told yet.", http_status=200
            )
        return operation.status

    def _resumed(
        self, location: OperationLocation, state: str, *, is_known: bool = True
    ) -> Procedure[Started | None]:
        """Return the operation, or None if one has to be started anew.

        :param is_known: whether it is known to be of an earlier try. Of a task that was cleared it may be from
            before that, and the draft be another since.
        """
        if state == RUNNING:
            if self.intent.kind == PUBLISH and (not is_known or self.is_wanted_anew or self.cleared):
                return (yield from met(self.intent, location, How.REATTACHED))
            return (yield from self.intent.taken(location, How.REATTACHED))
        if state == SUCCEEDED:
            return (yield from self.intent.taken(location, How.FINISHED))
        if state == CANCELED:
            # Told once; whoever clears the task after this wants another.
            yield self.intent.keep("canceled")
            raise self._canceled(f"O{str(location)[1:]}")
        yield Say(f"The last try's {location} {state}: starting a new one.")
        return None

    def _canceled(self, what: str) -> OperationCanceled:
        return OperationCanceled(
            f"{what}, which the last try of this task started, was canceled. Somebody decided so: ask who, and "
            f"see {PORTAL}; {self.intent.to_do()} all the same, clear this task."
        )

    def _unsettled(self, why: str, before: set[str] | None = None) -> Procedure[NoReturn]:
        """Raise, as what the last try did can't be told: nothing may be sent before it can be."""
        yield self.intent.intended("unclear", before)  # whoever clears the task after this has looked
        raise self.intent.not_known(f"{why}, and what the last try of this task did can't be told")
