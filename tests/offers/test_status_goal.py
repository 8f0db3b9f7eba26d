"""Which words of an offer's status reach what is waited for."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.lro.goals import Goal
from airflow_provider_cpp.lro.operations import Operation, Step
from airflow_provider_cpp.lro.words import state_of
from airflow_provider_cpp.offers.status_goal import STATUSES, goal_of_offer


def read(word: str, *steps: Step) -> Operation:
    return Operation(state_of(word), word, steps)


@pytest.mark.parametrize(
    ("goal", "status", "verdict"),
    [
        (goal_of_offer({"succeeded"}, ()), "Completed", "succeeded"),
        (goal_of_offer({"succeeded"}, ()), "failed", None),
        (goal_of_offer("NeverPublished", ("failed",)), "neverPublished", "succeeded"),
        (goal_of_offer("succeeded", ("neverPublished",)), "neverPublished", "failed"),
        (goal_of_offer("succeeded", ("canceled",)), "cancelled", "canceled"),
        (goal_of_offer({"failed"}, ("canceled",)), "failed", "succeeded"),
        # An end by its other word
        (goal_of_offer("Completed", ()), "succeeded", "succeeded"),
        (goal_of_offer("cancelled", ("failed",)), "canceled", "succeeded"),
        (goal_of_offer("succeeded", ("cancelled",)), "canceled", "canceled"),
        # What doesn't run isn't running
        (goal_of_offer("running", ()), "running", "succeeded"),
        (goal_of_offer("running", ()), "wordOfTomorrow", "succeeded"),
        (goal_of_offer("running", ()), "neverPublished", None),
        (goal_of_offer("running", ()), "not started", None),
        (goal_of_offer("running", ()), "waitingForPublisherReview", None),
    ],
)
def test_the_words_decide(goal: Goal, status: str, verdict: str | None) -> None:
    assert goal.verdict(read(status)) == verdict


def test_the_step_tells_of_the_signoff_while_the_operation_still_runs() -> None:
    due = read("running", Step("publisher-signoff", "", "waitingForPublisherReview"))
    assert goal_of_offer(["waitingForPublisherReview"], ()).verdict(due) == "succeeded"


@pytest.mark.parametrize("word", STATUSES)
def test_each_status_that_an_error_names_can_be_waited_for(word: str) -> None:
    assert goal_of_offer(word, ()).verdict(read(word)) == "succeeded"


@pytest.mark.parametrize(
    ("target", "failed"),
    [
        ([], ()),
        ("reticulating", ()),
        ("published", "succeeded"),
        ({"succeeded"}, "succeeded"),
        ("succeeded", "Completed"),
        (3, ()),
        ([None], ()),
        ("succeeded", ["gone"]),
    ],
)
def test_a_status_that_no_offer_has_is_refused(target: object, failed: object) -> None:
    with pytest.raises(CppConfigurationError):
        goal_of_offer(target, failed)
