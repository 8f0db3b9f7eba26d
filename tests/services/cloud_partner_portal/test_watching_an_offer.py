"""An offer's status is watched as an operation is, by a call of its own."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError, CppNotFound
from airflow_provider_cpp.lro.ends import result_of
from airflow_provider_cpp.offers.status_goal import goal_of_offer
from airflow_provider_cpp.services.cloud_partner_portal.locations import OfferLocation
from tests.runner import Runner, forever, refused
from tests.services.cloud_partner_portal.scripted import OFFER, ORIGIN, PUBLISHER, operation, step
from tests.services.cloud_partner_portal.watched import follow

SIGNOFF_DUE = operation("running", step("publisher-signoff", "waitingForPublisherReview"))
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


def test_an_offer_on_its_way_to_customers_has_been_through_its_signoff() -> None:
    going_live = operation("running", step("publisher-signoff", "complete"), step("live", "inProgress"))
    event, runner = follow_offer([operation("running", step("live", "notStarted")), going_live])
    assert event["status"] == "succeeded"
    assert "is on its way to customers: it has been through its sign-off" in event["message"]
    assert len(runner.sent) == 2
    # What is live may be from before: the next sign-off is waited for.
    event, _ = follow_offer([operation("succeeded", step("live", "complete")), SIGNOFF_DUE])
    assert "waits for your sign-off" in event["message"]
    # Nor has a step counted that is left over.
    event, _ = follow_offer([operation("running", step("live", "complete")), SIGNOFF_DUE])
    assert "waits for your sign-off" in event["message"]
    event, _ = follow_offer([going_live, operation("succeeded")], goal=goal_of_offer("succeeded", ()))
    assert "sign-off" not in event["message"]


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
