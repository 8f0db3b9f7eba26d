"""Decides what an operation looks like at a moment: a pure function of its record and the time.

Who starts, cancels or ends one is decided in ``portal``; how it is printed, by each service.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_cpp.emulator.states import CANCELED, FAILED, RUNNING, SUCCEEDED
from airflow_provider_cpp.emulator.steps import SIGNOFF, STEP_IDS, STEPS

PUBLISH = "publish"
GO_LIVE = "golive"

_ENDS = {"succeed": SUCCEEDED, "fail": FAILED, "cancel": CANCELED}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Record one publish or go-live. Times are seconds since the epoch.

    :param id: GUID, the same in the list of submissions and in the location
    :param kind: ``publish`` or ``golive``
    :param publisher_id: whose offer
    :param offer_id: which offer
    :param offer_version: the version that is published
    :param publishing_version: how many operations this offer has had, this one included
    :param started_at: when it was accepted
    :param schedule: seconds per step
    :param outcome: ``succeed``, ``fail``, ``cancel`` or ``stall``
    :param failed_step: where it ends unless it succeeds
    :param failure_messages: what the failed step says, as HTML
    :param stalled_word: status of the step at which it stalls
    :param emails: the address list that publish was given
    :param signed_off_at: when a go-live took over from this publish; None so far
    :param cancel_requested_at: when a cancel was accepted; None if none was
    :param cancel_at: when that cancel takes effect
    :param forced_at: when it was ended from outside, whatever the schedule says
    :param forced_outcome: and how
    :param previewed_at: when a publish that was ended from outside later had come to its sign-off
    """

    id: str
    kind: str
    publisher_id: str
    offer_id: str
    offer_version: int
    publishing_version: int
    started_at: float
    schedule: tuple[float, ...]
    outcome: str = "succeed"
    failed_step: str = "displaycertify"
    failure_messages: tuple[str, ...] = ()
    stalled_word: str = "inProgress"
    emails: str = ""
    signed_off_at: float | None = None
    cancel_requested_at: float | None = None
    cancel_at: float | None = None
    forced_at: float | None = None
    forced_outcome: str = "succeed"
    previewed_at: float | None = None


@dataclass(frozen=True)
class StepView:
    """Show one step at a moment.

    :param id: the step's id
    :param status: in camelCase
    :param progress: 0 to 100
    :param messages: ``(level, html)`` pairs
    :param changed_at: seconds since the epoch
    """

    id: str
    status: str
    progress: int
    messages: tuple[tuple[str, str], ...]
    changed_at: float


@dataclass(frozen=True)
class View:
    """Show an operation at a moment.

    :param state: one of ``states``
    :param steps: all six
    :param changed_at: when it changed last, seconds since the epoch
    :param waits_for_signoff: a publish has reached preview, and its publisher is to go live
    """

    state: str
    steps: tuple[StepView, ...]
    changed_at: float
    waits_for_signoff: bool


@dataclass(frozen=True)
class _End:
    at: float
    state: str
    step: str | None


def _own_end(operation: Operation) -> _End | None:
    """Tell how the operation ends by itself; a stalled one and a publish before its sign-off don't."""
    at = operation.started_at
    for step, seconds in zip(STEPS, operation.schedule, strict=True):
        at += seconds
        if operation.kind == PUBLISH and step.id == SIGNOFF:
            break
        if step.id == operation.failed_step and operation.outcome != "succeed":
            return None if operation.outcome == "stall" else _End(at, _ENDS[operation.outcome], step.id)
    return _End(at, SUCCEEDED, None) if operation.kind == GO_LIVE else None


def _signoff_from(operation: Operation) -> float | None:
    """Tell from when a publish waits for its sign-off, if it comes that far."""
    if operation.kind != PUBLISH:
        return None
    before = [step.id for step in STEPS[: STEP_IDS.index(SIGNOFF)]]
    times = []
    if operation.outcome == "succeed" or operation.failed_step not in before:
        times.append(operation.started_at + sum(operation.schedule))
    if operation.forced_at is not None and operation.forced_outcome == "succeed":
        times.append(operation.forced_at)
    if operation.previewed_at is not None:
        times.append(operation.previewed_at)
    return min(times, default=None)


def _end(operation: Operation) -> _End | None:
    # What comes first ends it; at the same moment, its own end.
    ends = []
    own = _own_end(operation)
    if own is not None and (operation.forced_at is None or own.at <= operation.forced_at):
        ends.append(own)
    if operation.signed_off_at is not None:
        # That golive completes the publish operation is an inference: at most one operation may be running
        # ("List operations" page), and publish is still running when it waits for the sign-off.
        ends.append(_End(operation.signed_off_at, SUCCEEDED, None))
    if operation.cancel_at is not None:
        ends.append(_End(operation.cancel_at, CANCELED, None))
    if operation.forced_at is not None and (operation.kind, operation.forced_outcome) != (PUBLISH, "succeed"):
        step = operation.failed_step if operation.forced_outcome == "fail" else None
        ends.append(_End(operation.forced_at, _ENDS[operation.forced_outcome], step))
    return min(ends, key=lambda end: end.at, default=None)


def reached_preview(operation: Operation, at: float) -> bool:
    """Return whether a publish had put its version into preview.

    :param operation: any operation
    :param at: seconds since the epoch
    """
    since = preview_since(operation)
    return since is not None and since <= at


def preview_since(operation: Operation) -> float | None:
    """Tell from when on a publish's version is in preview, in seconds since the epoch; None if it never is.

    :param operation: any operation
    """
    since = _signoff_from(operation)
    end = _end(operation)
    return since if since is not None and (end is None or since <= end.at) else None


def work_ended(operation: Operation, at: float) -> tuple[str, float] | None:
    """Tell how and when the service's own work ended: a publish's, once its version is in preview.

    :param operation: any operation
    :param at: seconds since the epoch
    :return: one of ``states``, and seconds since the epoch; None if it goes on
    """
    since = preview_since(operation)
    if since is not None:
        return (SUCCEEDED, since) if since <= at else None
    end = _end(operation)
    return (end.state, end.at) if end is not None and end.at <= at else None


def view(operation: Operation, at: float) -> View:
    """Show an operation as it is at a moment.

    :param operation: its record
    :param at: seconds since the epoch
    """
    end = _end(operation)
    if end is not None and end.at > at:
        end = None
    moment = at if end is None else end.at
    waits = end is None and reached_preview(operation, at)
    state = RUNNING if end is None else end.state
    steps = _steps(operation, moment, end, reached_preview(operation, at))
    return View(
        state=state,
        steps=steps,
        changed_at=max([operation.started_at, *(step.changed_at for step in steps)]) if end is None else end.at,
        waits_for_signoff=waits,
    )


def _steps(operation: Operation, moment: float, end: _End | None, in_preview: bool) -> tuple[StepView, ...]:
    views: list[StepView] = []
    begins = operation.started_at
    # Set once a step isn't complete: no later one has begun.
    halted = False
    succeeded = end is not None and end.state == SUCCEEDED
    for step, seconds in zip(STEPS, operation.schedule, strict=True):
        ends = begins + seconds
        done = succeeded if operation.kind == GO_LIVE or step.id == SIGNOFF else in_preview
        if halted or (operation.kind == PUBLISH and step.id == "live"):
            views.append(StepView(step.id, "notStarted", 0, (), operation.started_at))
        elif done:
            views.append(StepView(step.id, "complete", 100, (), min(ends, moment)))
        else:
            current = _step(operation, step.id, (begins, ends), moment, end)
            views.append(current)
            halted = current.status != "complete"
        begins = ends
    return tuple(views)


def _step(
    operation: Operation, step_id: str, span: tuple[float, float], moment: float, end: _End | None
) -> StepView:
    begins, ends = span
    stops_here = operation.outcome == "stall" and operation.failed_step == step_id
    waits_here = operation.kind == PUBLISH and step_id == SIGNOFF
    # A publish that was brought to its sign-off from outside is there before its schedule says so.
    begins = min(begins, moment)
    progress = 100 if ends <= moment else int(100 * (moment - begins) / (ends - begins))
    ended_here = end is not None and (end.step == step_id or ends > moment or stops_here or waits_here)
    if end is not None and ended_here:
        if end.state == FAILED:
            # The pages name both words for a step that failed, and don't say which is used when.
            status = "rejected" if step_id == "displaycertify" else "blocked"
            messages = tuple(("error", message) for message in operation.failure_messages)
            return StepView(step_id, status, min(progress, 99), messages, moment)
        return StepView(step_id, "canceled", min(progress, 99), (), moment)
    if waits_here:
        return StepView(step_id, "waitingForPublisherReview", 0, (), begins)
    if stops_here:
        html = () if operation.stalled_word == "inProgress" else operation.failure_messages
        said = tuple(("error", message) for message in html)
        return StepView(step_id, operation.stalled_word, min(progress, 99), said, begins)
    if ends <= moment:
        return StepView(step_id, "complete", 100, (), ends)
    return StepView(step_id, "inProgress", max(progress, 0), (), begins)
