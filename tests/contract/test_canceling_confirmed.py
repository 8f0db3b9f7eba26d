"""What is said of a cancel is what became of the operation: on any service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppUnavailable,
    NotCanceled,
    OperationTimeout,
)
from airflow_provider_cpp.lro.canceled import Canceled
from airflow_provider_cpp.lro.records import Started
from airflow_provider_cpp.lro.seam import Watched
from tests.contract.stage import GOING_LIVE, PUBLISHING, Stage
from tests.runner import LOST, Runner, refused


def publishing(stage: Stage) -> Watched:
    """Publish, and return what is watched."""
    stage.ready()
    outcome, _ = stage.start(PUBLISHING)
    assert isinstance(outcome, Started), outcome
    return outcome.watched


def test_it_is_sent_once_and_confirmed(stage: Stage) -> None:
    watched = publishing(stage)
    canceled, runner = stage.cancel(watched)
    assert isinstance(canceled, Canceled), canceled
    assert canceled.status == "canceled"
    assert canceled.error is None
    assert canceled.location == watched.url
    assert canceled.message.startswith("Confirmed")
    assert str(stage.offer) in canceled.message
    assert len(runner.posts) == 1
    assert json.loads(json.dumps(canceled.to_dict())) == canceled.to_dict()
    end, _ = stage.watch(watched)
    assert end.status == "canceled"


@pytest.mark.parametrize("fate", ["lost answer", "500, acted", "502, acted", "408, acted", "200 in HTML, acted"])
def test_a_lost_answer_to_it_is_settled_by_looking(stage: Stage, fate: str) -> None:
    watched = publishing(stage)
    stage.cancels(fate)
    canceled, runner = stage.cancel(watched)
    assert canceled.status == "canceled", canceled
    assert len(runner.posts) == 1


@pytest.mark.parametrize("fate", ["lost request", "500", "408"])
def test_without_an_effect_it_is_sent_again_as_it_cancels_no_more_than_the_first(stage: Stage, fate: str) -> None:
    watched = publishing(stage)
    stage.cancels(fate)
    canceled, runner = stage.cancel(watched)
    assert canceled.status == "canceled", canceled
    assert len(runner.posts) == 2


def test_one_that_is_never_confirmed_says_so_in_time(stage: Stage) -> None:
    watched = publishing(stage)
    stage.cancels(*["lost request"] * 9)
    canceled, _ = stage.cancel(watched)
    assert canceled.status == "timeout", canceled
    assert isinstance(canceled.error, OperationTimeout)
    assert "isn't confirmed" in canceled.message


def test_one_that_never_got_through_is_an_error(stage: Stage) -> None:
    watched = publishing(stage)
    stage.cancels(*["refused connection"] * 20)
    canceled, _ = stage.cancel(watched)
    assert isinstance(canceled, CppUnavailable), canceled
    assert "Nothing was canceled" in str(canceled)


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_what_has_ended_isnt_sent_one(stage: Stage, outcome: str) -> None:
    stage.ready()
    started, _ = stage.start(GOING_LIVE)
    stage.end(outcome)
    canceled, runner = stage.cancel(started.watched)
    assert canceled.status == outcome, canceled
    assert runner.posts == []
    assert "nothing to cancel any more" in canceled.message


def test_one_that_comes_too_late_is_settled_by_looking(stage: Stage) -> None:
    stage.ready()
    started, _ = stage.start(GOING_LIVE)
    stage.refuse_cancels()
    canceled, runner = stage.cancel(started.watched)
    assert canceled.status == "succeeded", canceled
    assert isinstance(canceled.error, NotCanceled)
    assert len(runner.posts) == 1


def test_what_is_too_far_on_cant_be_canceled_any_more_and_runs_on(stage: Stage, act: str) -> None:
    stage.ready()
    started, _ = stage.start(act)
    stage.go_too_far()
    canceled, runner = stage.cancel(started.watched)
    assert isinstance(canceled, Canceled), canceled
    assert canceled.status == "not_cancelable"
    assert isinstance(canceled.error, NotCanceled)
    assert canceled.location == started.location
    assert canceled.message.startswith(f"What runs on {stage.offer} can't be canceled any more: the service says")
    assert "t runs on" in canceled.message
    assert "OperationSensor" in canceled.message
    assert canceled.message in runner.warnings()
    assert canceled.message.endswith(started.watched.ids)
    stage.end()
    end, _ = stage.watch(started.watched)
    assert end.status == "succeeded" or act == PUBLISHING, end


def test_a_publish_that_somebody_has_taken_live_has_ended_and_its_go_live_isnt_canceled(stage: Stage) -> None:
    watched = publishing(stage)
    stage.reach_preview()
    stage.somebody_goes_live()
    canceled, runner = stage.cancel(watched)
    if watched.ends_at_signoff:
        assert canceled.status == "not_cancelable", canceled
        assert "somebody has taken live what it brought into preview" in canceled.message
        assert runner.posts == []


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(404)])
def test_what_cant_be_read_after_a_refusal_isnt_said_to_run_on(stage: Stage, reading: Any) -> None:
    watched = publishing(stage)
    stage.cancels("400")
    stage.before_the_next_post = lambda: (setattr(stage, "looks", reading), setattr(stage, "list_reads", reading))
    canceled, _ = stage.cancel(watched)
    assert isinstance(canceled, CppBadRequest), canceled


@pytest.mark.parametrize("fate", ["401", "403"])
def test_a_refusal_is_an_error(stage: Stage, fate: str) -> None:
    watched = publishing(stage)
    stage.cancels(fate)
    canceled, _ = stage.cancel(watched)
    assert isinstance(canceled, CppAuthError), canceled


@pytest.mark.parametrize("reading", [LOST, refused(500)])
def test_nothing_is_canceled_whose_status_cant_be_read(stage: Stage, reading: Any) -> None:
    watched = publishing(stage)
    stage.looks = stage.list_reads = reading
    canceled, runner = stage.cancel(watched)
    assert canceled.status == "unknown", canceled
    assert runner.posts == []


# By the offer alone


def by_offer(stage: Stage, **more: Any) -> tuple[Any, Runner]:
    """Cancel what runs on the offer; return None of it where the service can't do so by the offer's name."""
    canceled, runner = stage.cancel(**more)
    why_not = stage.service.operations_of(stage.offer).why_not_canceled
    if why_not:
        assert isinstance(canceled, CppConfigurationError), canceled
        assert why_not in str(canceled)
        assert "operation_location" in why_not
        assert runner.sent == []
        return None, runner
    return canceled, runner


def test_nothing_is_sent_where_nothing_runs(stage: Stage) -> None:
    stage.ready()
    canceled, runner = by_offer(stage)
    assert canceled is None or (canceled.status, canceled.error, canceled.location) == (
        "nothing_running",
        None,
        None,
    )
    assert runner.posts == []


def test_what_runs_on_the_offer_is_canceled(stage: Stage) -> None:
    watched = publishing(stage)
    canceled, runner = by_offer(stage)
    assert canceled is None or (canceled.status, canceled.location) == ("canceled", watched.url)
    assert len(runner.posts) == (canceled is not None)


def test_which_of_them_runs_has_to_be_known_before_anything_is_canceled(stage: Stage) -> None:
    publishing(stage)
    stage.list_reads = refused(500)
    canceled, runner = by_offer(stage)
    assert canceled is None or isinstance(canceled, CppUnavailable)
    assert runner.posts == []


@pytest.mark.parametrize("by", ["operation", "offer"])
def test_a_dry_run_sends_nothing(stage: Stage, by: str) -> None:
    watched = publishing(stage)
    canceled, runner = stage.cancel(watched, dry_run=True) if by == "operation" else by_offer(stage, dry_run=True)
    assert canceled is None or (canceled.status, canceled.location) == ("dry_run", watched.url)
    assert runner.posts == []


def test_a_dry_run_on_what_has_ended_says_how(stage: Stage) -> None:
    stage.ready()
    started, _ = stage.start(GOING_LIVE)
    stage.end()
    canceled, runner = stage.cancel(started.watched, dry_run=True)
    assert canceled.status == "succeeded"
    assert runner.posts == []
