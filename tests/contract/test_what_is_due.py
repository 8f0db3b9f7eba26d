"""What is asked before a request, and how an offer is said to be: on any service."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppAuthError, CppBadRequest, CppConflict, CppError, CppUnavailable
from airflow_provider_cpp.lro.prechecking import DryRun, NotStarted, Precheck
from airflow_provider_cpp.lro.records import How, Started
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.offers.status_goal import goal_of_offer
from tests.contract.stage import GOING_LIVE, PUBLISHING, Stage
from tests.runner import LOST, refused

CHECK = Precheck()


def test_what_waits_in_preview_is_due(stage: Stage) -> None:
    stage.ready()
    outcome, runner = stage.start(GOING_LIVE, check=CHECK)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.POSTED
    assert any("may be sent" in line for line in runner.lines())


def test_what_runs_already_is_taken_up_and_nothing_is_sent(stage: Stage) -> None:
    stage.ready()
    stage.somebody_goes_live()
    outcome, runner = stage.start(GOING_LIVE, check=CHECK)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.ADOPTED
    assert runner.posts == []
    assert any("runs already" in line for line in runner.lines())


def test_what_is_live_already_isnt_due(stage: Stage) -> None:
    stage.live()
    outcome, runner = stage.start(GOING_LIVE, check=CHECK)
    assert isinstance(outcome, CppBadRequest), outcome
    assert "is live already" in str(outcome)
    assert "skip_if_live=True" in str(outcome)
    assert runner.posts == []


@pytest.mark.parametrize("required", [True, False])
def test_and_skips_the_task_that_asks_for_it(stage: Stage, required: bool) -> None:
    stage.live()
    outcome, runner = stage.start(GOING_LIVE, check=Precheck(required=required, skip_if_live=True))
    assert isinstance(outcome, NotStarted), outcome
    assert outcome.is_live
    assert runner.posts == []


def test_what_is_due_isnt_skipped(stage: Stage) -> None:
    stage.ready()
    outcome, _ = stage.start(GOING_LIVE, check=Precheck(skip_if_live=True))
    assert isinstance(outcome, Started), outcome


@pytest.mark.parametrize(
    ("arrange", "error"),
    [("never_published", CppBadRequest), ("preview_failed", CppBadRequest)],
)
def test_nothing_else_is_due(stage: Stage, arrange: str, error: type[CppError]) -> None:
    getattr(stage, arrange)()
    outcome, runner = stage.start(GOING_LIVE, check=CHECK)
    assert isinstance(outcome, error), outcome
    assert "isn't due" in str(outcome)
    assert "Nothing was sent" in str(outcome)
    assert runner.posts == []


def test_while_a_publish_runs_it_isnt_either_and_that_is_named(stage: Stage) -> None:
    stage.ready()
    name = stage.somebody_publishes()
    outcome, runner = stage.start(GOING_LIVE, check=CHECK)
    assert isinstance(outcome, CppConflict), outcome
    assert name in str(outcome)
    assert runner.posts == []


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(401), refused(403)])
def test_what_cant_be_asked_sends_nothing(stage: Stage, reading: Any) -> None:
    stage.ready()
    stage.looks = stage.list_reads = reading
    outcome, runner = stage.start(GOING_LIVE, check=CHECK)
    assert isinstance(outcome, CppUnavailable | CppAuthError), outcome
    assert runner.posts == []


def test_a_dry_run_of_a_go_live_sends_nothing(stage: Stage) -> None:
    stage.ready()
    outcome, runner = stage.start(GOING_LIVE, check=Precheck(dry_run=True))
    assert isinstance(outcome, NotStarted), outcome
    assert not outcome.is_live
    assert outcome.message.startswith("Dry run: would send Go Live")
    assert runner.posts == []
    assert runner.kept == []


def test_a_dry_run_of_one_that_runs_says_that_it_would_be_taken_up(stage: Stage) -> None:
    stage.ready()
    stage.somebody_goes_live()
    outcome, runner = stage.start(GOING_LIVE, check=Precheck(dry_run=True))
    assert isinstance(outcome, NotStarted), outcome
    assert "would take up what runs" in outcome.message
    assert runner.posts == []


def test_a_dry_run_of_a_publish_sends_nothing(stage: Stage) -> None:
    stage.ready()
    outcome, runner = stage.start(PUBLISHING, check=DryRun())
    assert isinstance(outcome, NotStarted), outcome
    assert "would send Publish" in outcome.message
    assert runner.posts == []


def test_a_dry_run_fails_where_the_task_would(stage: Stage) -> None:
    stage.ready()
    name = stage.somebody_publishes()
    outcome, runner = stage.start(PUBLISHING, check=DryRun())
    assert isinstance(outcome, CppConflict), outcome
    assert name in str(outcome)
    stage.end("failed")
    assert runner.posts == []


# How an offer is


STATUSES = {
    "never_published": "neverPublished",
    "ready": "waitingForPublisherReview",
    "live": "succeeded",
    "preview_failed": "failed",
    "go_live_failed": "failed",
}


@pytest.mark.parametrize("arrange", STATUSES)
def test_an_offers_status_is_in_the_same_words(stage: Stage, arrange: str) -> None:
    getattr(stage, arrange)()
    status, _ = stage.run(stage.service.status(stage.offer))
    assert status.raw_status == STATUSES[arrange]
    assert status.waits_for_signoff == (arrange == "ready")


def test_and_so_while_something_runs(stage: Stage) -> None:
    stage.ready()
    stage.somebody_publishes()
    status, _ = stage.run(stage.service.status(stage.offer))
    assert status.status == status.raw_status == "running"


def test_a_watch_of_it_ends_at_its_goal(stage: Stage) -> None:
    stage.never_published()
    stage.at(7200.0, stage.ready)
    watched = stage.service.status_of(stage.offer)
    goal = goal_of_offer("waitingForPublisherReview", ["failed", "canceled"])
    end, _ = stage.run(Watch(watched, stage.now, stage.now + 86400.0, goal=goal).follow(at_once=True))
    assert end.status == "succeeded", end.message
