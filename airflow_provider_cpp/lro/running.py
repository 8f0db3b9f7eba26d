"""What becomes of a publish that is wanted, where one runs already which this task didn't start.

One that has the draft as it is now is as good as another. One that hasn't, or of which that isn't known, isn't:
what it brings into preview may be something else. Then `if_running` decides.
"""

from __future__ import annotations

import logging

from airflow_provider_cpp.exceptions import CppConflict, CppError, UntrustedLocation
from airflow_provider_cpp.lro.cancelling import Cancel
from airflow_provider_cpp.lro.records import How, Started, keep, taken
from airflow_provider_cpp.lro.records import canceled as somebody_canceled
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.seam import HasDraft, Intent, Watched
from airflow_provider_cpp.lro.words import CANCELED, FAILED, SUCCEEDED
from airflow_provider_cpp.wire.arguments import ADOPT, RESTART
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.plain_text import capitalized
from airflow_provider_cpp.wire.procedures import Procedure, Say


def met(
    intent: Intent,
    if_running: str,
    running: Row | Watched,
    how: How,
    *,
    was_refused: bool = False,
    may_be_ours: bool = False,
) -> Procedure[Started | None]:
    """Take up a publish that runs, or cancel it; return it as this task's, or None if it doesn't run any more.

    :param intent: the publish that is wanted.
    :param if_running: what becomes of one that hasn't the draft as it is now, or of which that isn't known.
    :param running: the one that runs.
    :param how: how it came to be this task's.
    :param was_refused: whether the publish that is wanted was sent, and refused because of it.
    :param may_be_ours: as for `restart`.
    :raises CppConflict: it isn't to be taken up, or can't be canceled; nothing was published.
    :raises CppUnavailable: that can't be found out just now.
    """
    watched = _located(intent, running, was_refused)
    draft = yield from intent.has_draft(watched)
    if draft.is_so:
        yield Say(
            f"A publish of this offer {_how_far(running)} already, and has the draft as it is now: {running}. "
            "It is taken for this one."
        )
        return (yield from taken(intent, watched, how))
    if if_running == ADOPT:
        yield Say(
            f"A publish of this offer runs already, {running}, and is taken for this one, as if_running='adopt': "
            f"{_verdict(draft)}",
            logging.WARNING,
        )
        return (yield from taken(intent, watched, how))
    if if_running == RESTART:
        yield Say(f"A publish of this offer runs already, {running}: {_verdict(draft)}")
        return (yield from restart(intent, watched, was_refused=was_refused, may_be_ours=may_be_ours))
    raise (yield from _conflict(intent, watched, running, draft, was_refused))


def would(intent: Intent, if_running: str, running: Row) -> Procedure[str]:
    """Return in words what would become of a publish that runs; nothing is sent.

    :param intent: the publish that is wanted.
    :param if_running: as for `met`.
    :param running: the one that runs.
    :raises CppConflict: it wouldn't be taken up, or can't be canceled.
    """
    watched = _located(intent, running, was_refused=False)
    draft = yield from intent.has_draft(watched)
    what = f"{intent}: it {_how_far(running)} already, as {running}"
    if draft.is_so:
        there = "runs" if _how_far(running) == "runs" else "is in preview"
        return f"Dry run: would take up what {there}. {what}, and has the draft as it is now."
    if if_running == ADOPT:
        return f"Dry run: would take up what runs. {what}; {_verdict(draft)}"
    if if_running == RESTART and not isinstance(watched.to_cancel(), str):
        return f"Dry run: would cancel what runs, and publish anew. {what}; {_verdict(draft)} Nothing was sent."
    raise (yield from _conflict(intent, watched, running, draft, was_refused=False))


def restart(
    intent: Intent,
    watched: Watched,
    *,
    was_refused: bool = False,
    may_be_ours: bool = False,
    was_begun: bool = False,
) -> Procedure[Started | None]:
    """Cancel a publish, and confirm it, so that it can be sent anew; return it if it ended well before that.

    Whoever retries finds in the record which one is being canceled, and doesn't ask again whether it should be.

    :param intent: the publish that is wanted.
    :param watched: the one that runs.
    :param was_refused: as for `met`.
    :param may_be_ours: whether an earlier try of this task may have started it, and nobody wants it anew since:
        once it has ended well, it isn't repeated.
    :param was_begun: whether an earlier try was at this already, so that its cancel may have been sent.
    :raises CppConflict: something else runs on the offer, a go-live above all; or the cancel can't be confirmed.
    :raises OperationCanceled: somebody else canceled what may be ours.
    """
    listed = yield from intent.rows()
    if isinstance(listed, Unlisted):
        raise listed.error
    its_row = intent.row_of(listed.entries, watched)
    if its_row is not None and not its_row.is_running:
        if its_row.state == SUCCEEDED:
            return (yield from _ended_well(intent, watched, may_be_ours))
        if its_row.state == CANCELED and may_be_ours and not was_begun:
            yield keep(intent, "canceled")
            raise somebody_canceled(intent, capitalized(str(watched)))
        return None
    other = next((row for row in listed.entries if row.is_running and row is not its_row), None)
    if other is not None or (yield from intent.goes_live(watched)):
        raise CppConflict(
            f"{intent}: {other or f'{watched}, which is going live,'} runs on the offer. "
            f"{_came_to(was_refused)} Nothing was canceled, as a restart cancels publishes only. Wait for its end."
        )
    yield keep(intent, "restarting", canceling=watched.url, may_be_ours=may_be_ours)
    yield Say(f"Canceling {watched}, to publish the draft as it is now.")
    cancel = Cancel(watched, warns=False, again="a retry of this task cancels it again")
    try:
        canceled = yield from cancel.confirmed()
    except CppError as error:
        raise error.with_more(f"{intent} wasn't sent: what runs has to be canceled first.") from None
    if canceled.status == SUCCEEDED:
        return (yield from _ended_well(intent, watched, may_be_ours))
    if canceled.status not in {CANCELED, FAILED}:
        raise CppConflict(f"{intent} wasn't sent: what runs has to be canceled first. {canceled.message}")
    return None


def _ended_well(intent: Intent, watched: Watched, may_be_ours: bool) -> Procedure[Started | None]:
    """Return a publish as this task's that was to be canceled, and ended well before that; None to publish anew.

    :raises CppUnavailable: whether it had the draft can't be asked just now.
    """
    if may_be_ours:
        yield Say(f"{capitalized(str(watched))} has ended well before it could be canceled: it isn't repeated.")
        return (yield from taken(intent, watched, How.FINISHED))
    draft = yield from intent.has_draft(watched)
    ended = f"{capitalized(str(watched))} has ended well before it could be canceled"
    if draft.is_so:
        yield Say(f"{ended}, and has the draft as it is now: it is taken for this one.")
        return (yield from taken(intent, watched, How.ADOPTED))
    yield Say(f"{ended}, and the draft is published anew: {_verdict(draft)}", logging.WARNING)
    return None


def _located(intent: Intent, running: Row | Watched, was_refused: bool) -> Watched:
    if not isinstance(running, Row):
        return running
    try:
        return intent.at(running)
    except UntrustedLocation as error:
        raise CppConflict(f"{intent}: {running} runs on the offer. {_came_to(was_refused)} {error}") from None


def _how_far(running: Row | Watched) -> str:
    if isinstance(running, Row) and not running.is_running:
        return "waits for its sign-off"
    return "runs"


def _verdict(draft: HasDraft) -> str:
    if draft.is_so is None:
        return f"whether it has the draft as it is now isn't known ({draft.why.rstrip('.')})."
    return f"it doesn't have the draft as it is now ({draft.why})."


def _came_to(was_refused: bool) -> str:
    return "The service refused it because of that." if was_refused else "Nothing was sent."


def _conflict(
    intent: Intent, watched: Watched, running: object, draft: HasDraft, was_refused: bool
) -> Procedure[CppConflict]:
    seen = yield from intent.seen_by_customers()
    return CppConflict(
        f"{intent}: a publish runs already, and {_verdict(draft)} "
        f"{_came_to(was_refused)} {seen.live} {_what_can_be_done(intent, watched)} What runs: {running}."
    )


def _what_can_be_done(intent: Intent, watched: Watched) -> str:
    """Return what can be done about a publish that runs: whether a restart can, depends on what is known of it."""
    why_not = watched.to_cancel()
    if isinstance(why_not, str):
        return (
            "Wait for its end, or say what to do: if_running='adopt' takes it up without such changes; 'fail' is "
            f"the default. A restart can't cancel it: {why_not}. To have it canceled, do so by hand at "
            f"{intent.portal}, and run this task again."
        )
    return (
        "Wait for its end, or say what to do: if_running='restart' cancels it and publishes the draft as it is "
        "now, 'adopt' takes it up without such changes; 'fail' is the default."
    )
