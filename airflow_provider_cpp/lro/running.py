"""What becomes of a publish that is wanted, where one runs already which this task didn't start.

One that has the draft as it is now is as good as another. One that hasn't, or of which that can't be told, isn't:
what it brings into preview may be something else. Then `if_running` decides.
"""

from __future__ import annotations

import logging

from airflow_provider_cpp.exceptions import CppConflict, CppError, UntrustedLocation
from airflow_provider_cpp.lro.cancelling import Cancel
from airflow_provider_cpp.lro.intents import How, Intent, Started
from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, SUCCEEDED, folded, state_of
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.customers import seen_by_customers
from airflow_provider_cpp.services.cloud_partner_portal.drafts import DraftCheck, has_draft, listed_changes
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.services.cloud_partner_portal.submissions import PUBLISH, Submission, find_submission
from airflow_provider_cpp.wire.answers import Answer
from airflow_provider_cpp.wire.arguments import ADOPT, RESTART
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say, sent

#: The step at which customers get a version.
_LIVE = "live"


def met(
    intent: Intent, running: Submission | OperationLocation, how: How, *, was_refused: bool = False
) -> Procedure[Started | None]:
    """Take up a publish that runs, or cancel it; return it as this task's, or None if it doesn't run any more.

    :param intent: the publish that is wanted.
    :param running: the one that runs.
    :param how: how it was come by.
    :param was_refused: whether the publish that is wanted was sent, and refused because of it.
    :raises CppConflict: it isn't to be taken up, or can't be canceled; nothing was published.
    :raises CppUnavailable: that can't be told just now.
    """
    location = _located(intent, running, was_refused)
    told = yield from has_draft(location)
    if told.has_draft:
        yield Say(
            f"A publish of this offer runs already, and has the draft as it is now: {running}. It is taken for "
            "this one."
        )
        return (yield from intent.taken(location, how))
    if intent.if_running == ADOPT:
        yield Say(
            f"A publish of this offer runs already, {running}, and is taken for this one, as if_running='adopt': "
            f"{_verdict(told)}",
            logging.WARNING,
        )
        return (yield from intent.taken(location, how))
    if intent.if_running == RESTART:
        yield Say(f"A publish of this offer runs already, {running}: {_verdict(told)}")
        yield from restart(intent, location, was_refused=was_refused)
        return None
    raise (yield from _conflict(intent, running, told, was_refused))


def would(intent: Intent, running: Submission) -> Procedure[str]:
    """Return in words what would become of a publish that runs; nothing is sent.

    :param intent: the publish that is wanted.
    :param running: the one that runs.
    :raises CppConflict: it wouldn't be taken up.
    """
    told = yield from has_draft(_located(intent, running, was_refused=False))
    what = f"{intent.call}: it runs already, as {running}"
    if told.has_draft:
        return f"Dry run: would take up what runs. {what}, and has the draft as it is now."
    if intent.if_running == ADOPT:
        return f"Dry run: would take up what runs. {what}; {_verdict(told)}"
    if intent.if_running == RESTART:
        return f"Dry run: would cancel what runs, and publish anew. {what}; {_verdict(told)} Nothing was sent."
    raise (yield from _conflict(intent, running, told, was_refused=False))


def restart(intent: Intent, location: OperationLocation, *, was_refused: bool = False) -> Procedure[None]:
    """Cancel a publish, and confirm it, so that it can be sent anew.

    Whoever retries finds in the record which one is being canceled, and doesn't ask again whether it should be.

    :param intent: the publish that is wanted.
    :param location: the one that runs.
    :param was_refused: as for `met`.
    :raises CppConflict: something else runs on the offer, a go-live above all; or the cancel can't be confirmed.
    """
    listed = yield from intent.listed()
    if isinstance(listed, Unlisted):
        raise listed.error
    mine = find_submission(listed.entries, location)
    if mine is not None and not mine.is_running:
        return
    running = [s for s in listed.entries if s.is_running]
    if mine is None and not location.is_offer_scoped and len(running) == 1 and running[0].kind == PUBLISH:
        mine = running[0]  # it goes by another identifier there
    other = next((s for s in running if s is not mine), None)
    if other is not None or (yield from _goes_live(location)):
        raise CppConflict(
            f"{intent.call}: {other or f'{location}, which is going live,'} runs on the offer. "
            f"{_came_to(was_refused)} Nothing was canceled, as a restart cancels publishes only. Wait for its end."
        )
    yield intent.keep("restarting", canceling=location.url)
    yield Say(f"Canceling {location}, to publish the draft as it is now.")
    cancel = Cancel(location, warns=False, again="a retry of this task cancels it again")
    try:
        event = yield from cancel.confirmed()
    except CppError as error:
        raise error.with_more(f"{intent.call} wasn't sent: what runs has to be canceled first.") from None
    if event["status"] not in {CANCELED, FAILED, SUCCEEDED}:
        raise CppConflict(f"{intent.call} wasn't sent: what runs has to be canceled first. {event['message']}")


def _located(intent: Intent, running: Submission | OperationLocation, was_refused: bool) -> OperationLocation:
    if isinstance(running, OperationLocation):
        return running
    try:
        return intent.location_of(running)
    except UntrustedLocation as error:
        raise CppConflict(f"{intent.call}: {running} runs on the offer. {_came_to(was_refused)} {error}") from None


def _goes_live(location: OperationLocation) -> Procedure[bool]:
    """Tell whether an operation has come to the step at which customers get the version."""
    reading, _ = yield from sent(calls.get_operation(location))
    seen = read_operation(reading) if isinstance(reading, Answer) and reading.status == 200 else None
    if seen is None or isinstance(seen, str) or seen.is_terminal:
        return False  # whoever cancels it looks again
    words = [folded(step.status) for step in seen.steps if folded(step.id) == _LIVE]
    return any(state_of(word) == RUNNING and word not in {"", "notstarted"} for word in words)


def _verdict(told: DraftCheck) -> str:
    if told.has_draft is None:
        return f"whether it has the draft as it is now can't be told ({told.why.rstrip('.')})."
    return f"it doesn't have the draft as it is now ({listed_changes(told.differences)})."


def _came_to(was_refused: bool) -> str:
    return "The service refused it because of that." if was_refused else "Nothing was sent."


def _conflict(intent: Intent, running: object, told: DraftCheck, was_refused: bool) -> Procedure[CppConflict]:
    seen = yield from seen_by_customers(intent.publisher_id, intent.offer_id)
    return CppConflict(
        f"{intent.call}: a publish runs already, and {_verdict(told)} "
        f"{_came_to(was_refused)} {seen.live} Wait for its end, or say what to do: if_running='restart' cancels "
        "it and publishes the draft as it is now, 'adopt' takes it up without such changes; 'fail' is the "
        f"default. What runs: {running}."
    )
