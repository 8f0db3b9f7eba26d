"""What a watch waits for: an end, a sign-off, a status of an offer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppConfigurationError,
    CppNotFound,
    OperationCanceled,
    OperationFailed,
    OperationTimeout,
)
from airflow_provider_cpp.lro.ends import result_of
from airflow_provider_cpp.lro.goals import COMPLETED, SIGNOFF, Goal, goal_until
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.offers.status_goal import goal_of_offer
from airflow_provider_cpp.services.cloud_partner_portal.locations import OfferLocation
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from tests.runner import Runner, forever, refused
from tests.services.cloud_partner_portal.scripted import OFFER, ORIGIN, PUBLISHER, operation, step
from tests.services.cloud_partner_portal.watched import follow, watch

SIGNOFF_DUE = operation(
    "running",
    step("displaycertify", "complete"),
    step("publisher-signoff", "waitingForPublisherReview"),
    previewLinks=[{"DisplayText": "Preview", "URI": "https://preview.example/vm"}],
)


def read(status: str, *steps: dict[str, Any]) -> Operation:
    found = read_operation(operation(status, *steps))
    assert isinstance(found, Operation)
    return found


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
    due = read("running", step("publisher-signoff", "waitingForPublisherReview"))
    assert SIGNOFF.verdict(due) == "succeeded"
    assert goal_of_offer(["waitingForPublisherReview"], ()).verdict(due) == "succeeded"
    assert COMPLETED.verdict(due) is None


def test_a_step_left_over_from_what_has_failed_is_no_signoff() -> None:
    over = read("failed", step("publisher-signoff", "waitingForPublisherReview"))
    assert SIGNOFF.verdict(over) == "failed"


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


def test_until_takes_two_words() -> None:
    assert (goal_until("completed"), goal_until("signoff")) == (COMPLETED, SIGNOFF)
    with pytest.raises(CppConfigurationError, match=r"'sign-off'.*'signoff'"):
        goal_until("sign-off")


# Watching for it


def test_a_watch_until_signoff_ends_there_with_the_preview() -> None:
    event, _ = follow([operation("running"), SIGNOFF_DUE], goal=SIGNOFF)

    assert event["status"] == "succeeded"
    assert event["operation"]["status"] == "running"
    assert event["message"].startswith(f"Offer {PUBLISHER}/{OFFER} is in preview and waits for your sign-off. ")
    assert "https://preview.example/vm" in event["message"]
    assert result_of(json.loads(json.dumps(event)), by_sensor=False)["raw_status"] == "running"


def test_without_that_goal_it_is_watched_on() -> None:
    event, runner = follow([SIGNOFF_DUE, SIGNOFF_DUE, operation("completed")])
    assert event["operation"]["raw_status"] == "completed"
    assert len(runner.sent) == 3


def test_a_running_operation_is_a_success_only_where_that_was_waited_for() -> None:
    event, _ = follow([SIGNOFF_DUE], goal=SIGNOFF)
    forged = {**event, "goal": COMPLETED.words}
    with pytest.raises(Exception, match="doesn't know"):
        result_of(forged, by_sensor=False)


def test_a_missed_signoff_fails_as_any_operation_does() -> None:
    event, _ = follow([operation("failed", step("displaycertify", "rejected"))], goal=SIGNOFF)
    with pytest.raises(OperationFailed, match="displaycertify"):
        result_of(event, by_sensor=False)
    event, _ = follow([operation("canceled")], goal=SIGNOFF)
    with pytest.raises(OperationCanceled):
        result_of(event, by_sensor=True)


def test_a_timeout_says_what_was_waited_for() -> None:
    event, _ = follow(lambda call, now: operation("running"), goal=SIGNOFF, deadline=watch().started_at + 100)
    with pytest.raises(OperationTimeout, match="ready for sign-off"):
        result_of(event, by_sensor=False)


# An offer's status

HERE = OfferLocation(ORIGIN, PUBLISHER, OFFER)
DUE = goal_of_offer("waitingForPublisherReview", ("failed", "canceled"))


def follow_offer(script: Any, **more: Any) -> tuple[Any, Runner]:
    return follow(script, watched=HERE, goal=more.pop("goal", DUE), **more)


def test_an_offers_status_is_watched_by_its_own_call() -> None:
    before = operation("succeeded", step("live", "complete"))
    event, runner = follow_offer([before, operation("running"), SIGNOFF_DUE])
    assert event["status"] == "succeeded"
    told = "\n".join(runner.lines())
    assert "ended" not in told, "what ended was another operation"
    assert "All steps" not in told
    assert event["location"] == HERE.url
    assert {call.path for call in runner.sent} == {f"/api/publishers/{PUBLISHER}/offers/{OFFER}/status"}
    assert f"Offer {PUBLISHER}/{OFFER} is in preview and waits for your sign-off" in event["message"]


def test_an_offer_that_failed_ends_the_wait_unless_that_is_waited_for() -> None:
    event, _ = follow_offer([operation("failed", step("displaycertify", "rejected"))])
    assert event["status"] == "failed"
    event, _ = follow_offer([operation("failed")], goal=goal_of_offer("failed", ()))
    assert event["status"] == "succeeded"
    assert result_of(event, by_sensor=True)["status"] == "failed"


def test_a_missing_offer_is_refused_after_three_looks_at_it() -> None:
    event, runner = follow_offer(forever(refused(404)))
    assert len(runner.sent) == 3
    with pytest.raises(CppNotFound, match=f"{PUBLISHER}/{OFFER}"):
        result_of(event, by_sensor=True)


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", "a\nb"])
def test_an_offer_that_cant_be_one_is_refused_before_anything_is_sent(name: str) -> None:
    with pytest.raises(CppConfigurationError):
        OfferLocation(ORIGIN, PUBLISHER, name)
