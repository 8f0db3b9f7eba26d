"""A retry settles what the tries before it did, wherever their worker died: on any service."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import AmbiguousOutcome, CppError, CppUnavailable, OperationCanceled
from airflow_provider_cpp.lro.records import How, Started
from tests.contract.stage import GOING_LIVE, Stage
from tests.runner import LOST, NOW, refused

#: More requests than a start takes, so that it is killed after each.
FOREVER = 60


@pytest.mark.parametrize("fate", ["answered", "lost answer", "no location"])
@pytest.mark.parametrize("lag", [0.0, 60.0])
def test_no_death_starts_a_second_one_and_each_leaves_a_record(
    make_stage: Any, act: str, fate: str, lag: float
) -> None:
    for dies_after in range(1, FOREVER):
        stage: Stage = make_stage()
        stage.ready()
        stage.posts(fate)
        stage.lags(lag)
        outcome, runner = stage.start(act, dies_after=dies_after, records_are_kept=True)
        record = runner.kept[-1] if runner.kept else None
        if outcome is not None:
            break
        if stage.started:
            assert record is not None
            assert record["state"] in {"intended", "unclear", "started"}, "what may have been sent is kept before"
        outcome, retry = stage.start(act, record=record, since=NOW, records_are_kept=True)
        if not (stage.started or stage.intent(act).may_repeat):
            # It may have been sent, for all that anybody knows.
            assert isinstance(outcome, AmbiguousOutcome), (dies_after, outcome)
            assert retry.posts == []
            continue
        assert len(stage.started) == 1, (dies_after, outcome)
        assert isinstance(outcome, Started), (dies_after, outcome)
        assert [stage.names(outcome.watched)] == stage.started
        assert retry.kept[-1]["location"] == outcome.location
    else:
        raise AssertionError("it never ended")
    assert dies_after > 5


@pytest.mark.parametrize("lag", [0.0, 60.0])
def test_nor_does_one_without_records(make_stage: Any, act: str, lag: float) -> None:
    """Below Airflow 3.3; lists are asked, which show what runs."""
    for dies_after in range(1, FOREVER):
        stage: Stage = make_stage()
        stage.ready()
        stage.lags(lag)
        outcome, _ = stage.start(act, dies_after=dies_after)
        if outcome is not None:
            break
        outcome, _ = stage.start(act, since=NOW)
        assert len(stage.started) <= 1, (dies_after, outcome)
        assert isinstance(outcome, Started | CppError), (dies_after, outcome)
        if isinstance(outcome, Started):
            assert [stage.names(outcome.watched)] == stage.started
    assert dies_after > 5


def test_what_never_got_that_far_is_sent_by_the_retry_if_that_can_do_no_harm(stage: Stage, act: str) -> None:
    stage.ready()
    prepared, _ = stage.run(stage.intent(act).prepared())
    record = {"of": stage.intent(act).subject, "state": "intended", **prepared.record}
    outcome, runner = stage.start(act, record=record, since=NOW)
    if stage.intent(act).may_repeat:
        assert isinstance(outcome, Started), outcome
        assert len(stage.started) == 1
    else:
        assert isinstance(outcome, AmbiguousOutcome), outcome
        assert runner.posts == []
        # Whoever clears the task has looked, and gets it.
        outcome, _ = stage.start(act, record=runner.kept[-1], since=float("inf"))
        assert isinstance(outcome, Started), outcome
        assert len(stage.started) == 1


def begun(stage: Stage, act: str) -> dict[str, Any]:
    """Start, and return the record of it."""
    stage.ready()
    outcome, runner = stage.start(act)
    assert isinstance(outcome, Started), outcome
    record: dict[str, Any] = runner.kept[-1]
    return record


def test_what_still_runs_is_taken_up(stage: Stage, act: str) -> None:
    record = begun(stage, act)
    outcome, runner = stage.start(act, record=record, since=NOW)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.REATTACHED
    assert outcome.location == record["location"]
    assert runner.posts == []


def test_what_went_through_isnt_repeated(stage: Stage) -> None:
    record = begun(stage, GOING_LIVE)
    stage.end()
    outcome, runner = stage.start(GOING_LIVE, record=record, since=NOW)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.FINISHED
    assert runner.posts == []


@pytest.mark.parametrize("lag", [0.0, 60.0])
@pytest.mark.parametrize("tries", [1, 3])
def test_what_was_canceled_while_the_list_lags_isnt_sent_again_where_its_location_is_known(
    stage: Stage, act: str, lag: float, tries: int
) -> None:
    stage.lags(lag)
    record = begun(stage, act)
    stage.end("canceled")
    for _ in range(tries):
        outcome, runner = stage.start(act, record=record, since=NOW, records_are_kept=True)
        assert isinstance(outcome, OperationCanceled), outcome
        assert runner.posts == []
        record = runner.kept[-1] if runner.kept else record
    assert len(stage.started) == 1


def test_what_failed_is_started_anew_if_the_service_lets_it(stage: Stage, act: str) -> None:
    record = begun(stage, act)
    stage.end("failed", "The logo is missing.")
    outcome, runner = stage.start(act, record=record, since=NOW)
    assert len(runner.posts) == 1
    assert any("failed: starting a new one" in line for line in runner.lines())
    # What is said to be started is a new one, and never the one that failed.
    if isinstance(outcome, Started):
        assert [stage.names(outcome.watched)] == stage.started[1:]
    else:
        assert "Nothing was started" in str(outcome), outcome
        assert len(stage.started) == 1


def test_what_somebody_canceled_isnt_started_again_until_the_task_is_cleared(stage: Stage, act: str) -> None:
    record = begun(stage, act)
    stage.end("canceled")
    outcome, runner = stage.start(act, record=record, since=NOW)
    assert isinstance(outcome, OperationCanceled), outcome
    assert runner.posts == []
    again, runner = stage.start(act, record=runner.kept[-1], since=NOW)
    assert isinstance(again, OperationCanceled), "the retry of a try that ended before it could say so"
    anew, _ = stage.start(act, record=runner.kept[-1] if runner.kept else None, since=float("inf"))
    assert isinstance(anew, Started | CppError), anew


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(503)])
def test_what_cant_be_read_just_now_is_asked_again_by_a_later_try(stage: Stage, act: str, reading: Any) -> None:
    record = begun(stage, act)
    stage.looks = stage.list_reads = reading
    outcome, runner = stage.start(act, record=record, since=NOW)
    assert isinstance(outcome, CppUnavailable), outcome
    assert "Nothing was sent again" in str(outcome)
    assert runner.posts == []
    assert runner.kept == [], "the record stays"


def test_what_is_found_by_the_list_alone_is_taken_up_too(stage: Stage, act: str) -> None:
    record = begun(stage, act)
    stage.forget()
    outcome, runner = stage.start(act, record=record, since=NOW)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.REATTACHED
    assert runner.posts == []


def test_what_nobody_knows_any_more_is_ambiguous(stage: Stage, act: str) -> None:
    record = begun(stage, act)
    stage.vanish()
    outcome, runner = stage.start(act, record=record, since=NOW)
    assert isinstance(outcome, AmbiguousOutcome), outcome
    assert runner.posts == []
    assert runner.kept[-1]["state"] == "unclear"


def test_a_record_about_something_else_is_left_aside_in_words(stage: Stage, act: str) -> None:
    stage.ready()
    record = {"of": "POST https://elsewhere.example/publishers/x/offers/y/golive", "state": "intended"}
    outcome, runner = stage.start(act, record=record, since=NOW, records_are_kept=True)
    assert isinstance(outcome, Started), outcome
    assert any("left aside" in line for line in runner.warnings())


def test_a_record_of_the_service_on_another_connection_is_left_aside_too(
    stage: Stage, other_stages: list[Stage], act: str
) -> None:
    """A connection that was switched between two tries."""
    for other in other_stages:
        record = begun(other, act)
        stage.ready()
        outcome, runner = stage.start(act, record=record, since=NOW, records_are_kept=True)
        assert isinstance(outcome, Started | CppError), outcome
        assert any("left aside" in line for line in runner.warnings())


@pytest.mark.parametrize("record", [7, "text", [], {}, {"state": 7}, {"state": "new"}, {"state": "begun"}])
def test_a_record_that_nobody_understands_starts_no_second_one(stage: Stage, act: str, record: Any) -> None:
    begun(stage, act)
    outcome, _ = stage.start(act, record=record, since=NOW, records_are_kept=True)
    assert isinstance(outcome, Started | CppError), outcome
    assert len(stage.started) == 1


def test_a_prepared_record_names_the_request_and_is_json(stage: Stage, act: str) -> None:
    stage.ready()
    prepared, _ = stage.run(stage.intent(act).prepared())
    intent = stage.intent(act)
    assert intent.is_known(prepared.record)
    assert not intent.is_known({})
    assert intent.subject.startswith("POST http")
    assert stage.intent(act).subject == intent.subject
