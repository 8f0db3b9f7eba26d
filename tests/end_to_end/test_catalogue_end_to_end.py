"""Fifty offers at once in a real Airflow, by way of a service that loses answers, throttles and breaks down."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_cpp.emulator import Fault

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(700)]

DAG_ID = "release_catalogue"
PUBLISHER = "northwind"
REFUSED = {f"offer-{number:02}" for number in (7, 23)}
STALE = {"offer-41"}
LIVE_ALREADY = {"offer-13"}


@pytest.fixture(scope="module")
def outcomes(local_airflow, portal):
    """What the run's report says of each offer; the DAG's run has to fail, as not every offer is live."""
    for number in range(50):
        offer = f"offer-{number:02}"
        state = "live" if offer in LIVE_ALREADY else "draft" if offer in STALE else "preview_ready"
        # Most end at once; those that don't are waited for in the triggerer.
        overrides = {"duration": 8.0 if number % 10 == 0 else 0.0}
        portal.add_offer(offer, PUBLISHER, state, **overrides, **({"outcome": "fail"} if offer in REFUSED else {}))
    portal.clear_requests()
    portal.faults.add(
        Fault("lost-response", action="golive", offer_id="offer-03"),
        Fault("lost-response", action="golive", offer_id="offer-30"),
        Fault("reset-after", action="golive", offer_id="offer-19"),
        Fault("cut-body", action="golive", offer_id="offer-28"),
        Fault("throttled", action="golive", times=4, skip=8, retry_after="1"),
        Fault("throttled", action="submissions", times=6, skip=20, retry_after="1"),
        Fault("error", action="operation", times=8, skip=10, status=503),
        Fault("error", action="offers", status=502),
        Fault("html", action="operation", times=3, skip=30, status=200),
        Fault("error", action="status", times=5, skip=5, status=500),
    )
    run_id = local_airflow.trigger(DAG_ID, {"publisher_id": PUBLISHER})
    try:
        assert local_airflow.wait_for_run(DAG_ID, run_id, 600) == "failed"
    finally:
        portal.faults.clear()
    return local_airflow.xcom(DAG_ID, run_id, "report", key="outcomes")


def test_every_offer_is_reported(outcomes):
    assert set(outcomes) == {f"offer-{number:02}" for number in range(50)}
    not_live = {offer for offer, outcome in outcomes.items() if not outcome.startswith("live")}
    assert not_live == REFUSED | STALE
    assert {offer for offer, outcome in outcomes.items() if "already" in outcome} == LIVE_ALREADY


def test_the_report_says_why_an_offer_is_not_live(outcomes):
    for offer in REFUSED:
        assert "Certification failed" in outcomes[offer]
    for offer in STALE:
        assert outcomes[offer].startswith("not live: ")
        assert "nobody knows" not in outcomes[offer]


def test_the_portal_agrees(outcomes, portal):
    live = {offer for offer in outcomes if portal.portal.live_version(portal.offer(offer, PUBLISHER)) is not None}
    assert live == {offer for offer, outcome in outcomes.items() if outcome.startswith("live")}


def test_each_offer_is_taken_live_by_exactly_one_request_that_was_acted_upon(outcomes, portal):
    acted = Counter(post.offer_id for post in portal.requests_for("golive") if post.accepted)
    started = {offer for offer in outcomes if offer not in LIVE_ALREADY | STALE}
    assert acted == Counter(started)
