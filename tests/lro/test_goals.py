"""What a watch waits for: an end, or a sign-off."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.exceptions import (
    CppConfigurationError,
    OperationCanceled,
    OperationFailed,
    OperationTimeout,
)
from airflow_provider_cpp.lro.ends import result_of
from airflow_provider_cpp.lro.goals import COMPLETED, SIGNOFF, Goal, goal_until
from tests.lro.followed import follow, job, looks, seen, step, watch

SIGNOFF_DUE = job(
    "running",
    step("sorting", "complete"),
    step("publisher-signoff", "waitingForPublisherReview"),
    preview_links=[{"text": "Preview", "url": "https://preview.example/vm"}],
)


# Which words reach which goal


@pytest.mark.parametrize(
    ("goal", "status", "verdict"),
    [
        (COMPLETED, "running", None),
        (COMPLETED, "waitingForPublisherReview", None),
        (COMPLETED, "complete", "succeeded"),
        (COMPLETED, "Failed", "failed"),
        (COMPLETED, "cancelled", "canceled"),
        (SIGNOFF, "running", None),
        (SIGNOFF, "WaitingForPublisherReview", "succeeded"),
        (SIGNOFF, "succeeded", "succeeded"),
        (SIGNOFF, "failed", "failed"),
    ],
)
def test_the_words_decide(goal: Goal, status: str, verdict: str | None) -> None:
    assert goal.verdict(seen(status)) == verdict


def test_the_step_tells_of_the_signoff_while_the_operation_still_runs() -> None:
    due = seen("running", step("publisher-signoff", "waitingForPublisherReview"))
    assert SIGNOFF.verdict(due) == "succeeded"
    assert COMPLETED.verdict(due) is None


def test_a_step_left_over_from_what_has_failed_is_no_signoff() -> None:
    over = seen("failed", step("publisher-signoff", "waitingForPublisherReview"))
    assert SIGNOFF.verdict(over) == "failed"


def test_until_takes_two_words() -> None:
    assert (goal_until("completed"), goal_until("signoff")) == (COMPLETED, SIGNOFF)
    with pytest.raises(CppConfigurationError, match=r"'sign-off'.*'signoff'"):
        goal_until("sign-off")


# Watching for it


def test_a_watch_until_signoff_ends_there_with_the_preview() -> None:
    event, _ = follow([job("running"), SIGNOFF_DUE], goal=SIGNOFF)

    assert event["status"] == "succeeded"
    assert event["operation"]["status"] == "running"
    assert event["message"].startswith("Shelf 7 is in preview and waits for your sign-off. ")
    assert "https://preview.example/vm" in event["message"]
    assert result_of(json.loads(json.dumps(event)), by_sensor=False)["raw_status"] == "running"


def test_without_that_goal_it_is_watched_on() -> None:
    event, runner = follow([SIGNOFF_DUE, SIGNOFF_DUE, job("completed")])
    assert event["operation"]["raw_status"] == "completed"
    assert looks(runner) == 3


def test_a_running_operation_is_a_success_only_where_that_was_waited_for() -> None:
    event, _ = follow([SIGNOFF_DUE], goal=SIGNOFF)
    forged = {**event, "goal": COMPLETED.words}
    with pytest.raises(Exception, match="doesn't know"):
        result_of(forged, by_sensor=False)


def test_a_missed_signoff_fails_as_any_operation_does() -> None:
    event, _ = follow([job("failed", step("sorting", "rejected"))], goal=SIGNOFF)
    with pytest.raises(OperationFailed, match="sorting"):
        result_of(event, by_sensor=False)
    event, _ = follow([job("canceled")], goal=SIGNOFF)
    with pytest.raises(OperationCanceled):
        result_of(event, by_sensor=True)


def test_a_timeout_says_what_was_waited_for() -> None:
    event, _ = follow(lambda call, now: job("running"), goal=SIGNOFF, deadline=watch().started_at + 100)
    with pytest.raises(OperationTimeout, match="ready for sign-off"):
        result_of(event, by_sensor=False)
