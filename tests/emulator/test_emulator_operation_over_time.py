"""An operation is a function of its record and the time: what holds for every record at every moment."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_cpp.emulator import Operation
from airflow_provider_cpp.emulator.operations import reached_preview, view
from airflow_provider_cpp.emulator.settings import OUTCOMES
from airflow_provider_cpp.emulator.states import TERMINAL
from airflow_provider_cpp.emulator.steps import STEP_IDS, schedule

START = 1_700_000_000.0
# A busy machine is no failure.
unhurried = settings(deadline=None)
seconds = st.floats(0, 100)
moments = st.floats(0, 300).map(lambda after: START + after)


@st.composite
def operations(draw):
    kind = draw(st.sampled_from(["publish", "golive"]))
    cancel_at = draw(st.none() | moments)
    return Operation(
        id="x",
        kind=kind,
        publisher_id="contoso",
        offer_id="offer",
        offer_version=1,
        publishing_version=1,
        started_at=START,
        schedule=schedule(kind, draw(seconds), draw(st.dictionaries(st.sampled_from(STEP_IDS), seconds))),
        outcome=draw(st.sampled_from(OUTCOMES)),
        failed_step=draw(st.sampled_from(STEP_IDS)),
        failure_messages=("why",),
        cancel_requested_at=cancel_at,
        cancel_at=cancel_at,
        forced_at=draw(st.none() | moments),
        forced_outcome=draw(st.sampled_from(["succeed", "fail", "cancel"])),
    )


@unhurried
@given(operations(), moments, st.floats(0, 300))
def test_an_operation_that_has_ended_stays_as_it_ended(operation, at, later):
    before = view(operation, at)
    if before.state in TERMINAL:
        assert view(operation, at + later) == before


@unhurried
@given(operations(), moments)
def test_steps_are_complete_up_to_one_and_not_started_after_it(operation, at):
    statuses = [step.status for step in view(operation, at).steps]
    rest = statuses[len([status for status in statuses if status == "complete"]) :]
    assert "complete" not in rest
    assert set(rest[1:]) <= {"notStarted"}


@unhurried
@given(operations(), moments)
def test_the_state_agrees_with_the_steps(operation, at):
    shown = view(operation, at)
    statuses = {step.status for step in shown.steps}
    failed = [step for step in shown.steps if step.status in ("rejected", "blocked")]
    match shown.state:
        case "succeeded":
            assert operation.kind == "golive"
            assert statuses == {"complete"}
        case "failed":
            assert [step.messages for step in failed] == [(("error", "why"),)]
        case "canceled":
            assert "canceled" in statuses
        case state:
            assert state == "running"
            assert not statuses & {"canceled", "rejected", "blocked"}
    assert bool(failed) == (shown.state == "failed")


@unhurried
@given(operations(), moments, st.floats(0, 300))
def test_progress_never_goes_back_while_an_operation_runs(operation, at, later):
    before, after = view(operation, at), view(operation, at + later)
    for earlier, then in zip(before.steps, after.steps, strict=True):
        assert 0 <= earlier.progress <= 100
        if after.state not in TERMINAL:
            assert then.progress >= earlier.progress


@unhurried
@given(operations(), moments)
def test_only_a_publish_in_preview_waits_for_its_sign_off(operation, at):
    shown = view(operation, at)
    if shown.waits_for_signoff:
        assert operation.kind == "publish"
        assert reached_preview(operation, at)
        assert shown.state == "running"
        assert shown.steps[4].status == "waitingForPublisherReview"


@unhurried
@given(st.sampled_from(["publish", "golive"]), seconds, st.dictionaries(st.sampled_from(STEP_IDS), seconds))
def test_a_schedule_takes_the_duration_or_as_long_as_its_steps(kind, duration, given_steps):
    spread = schedule(kind, duration, given_steps)
    walked = STEP_IDS if kind == "golive" else STEP_IDS[:4]
    for step, length in zip(STEP_IDS, spread, strict=True):
        assert length >= 0
        if step in given_steps and step in walked:
            assert length == given_steps[step]
        if step not in walked:
            assert length == 0
    assert sum(spread) <= max(duration, sum(given_steps.values())) + 1e-9
