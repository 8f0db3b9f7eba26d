"""Fifty offers at once in a real Airflow, by way of a service that loses answers, throttles and breaks down.

Its faults would meet others' requests, so it is alone: the first of these modules, before the others begin.
"""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_cpp.emulator import Fault
from dev.airflow_api import run_path
from tests.end_to_end.asking import answer, question
from tests.end_to_end.eventually import PATIENCE, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

DAG_ID, WAIT = "release_catalogue", "release.wait_until_live"
PUBLISHER = "northwind"
REFUSED = {f"offer-{number:02}" for number in (7, 23)}
STALE = {"offer-41"}
LIVE_ALREADY = {"offer-13"}


@pytest.fixture(scope="module")
def asked(local_airflow, portal):
    """A run that has everything looked at and asks whether to take it live: its id, and the question."""
    for number in range(50):
        offer = f"offer-{number:02}"
        state = "live" if offer in LIVE_ALREADY else "draft" if offer in STALE else "preview_ready"
        # Most end at once; those that don't are waited for in the triggerer.
        overrides = {"duration": 8.0 if number % 10 == 0 else 0.0}
        portal.add_offer(offer, PUBLISHER, state, **overrides, **({"outcome": "fail"} if offer in REFUSED else {}))
    portal.faults.add(Fault("error", action="offers", status=502))
    run_id = local_airflow.trigger(DAG_ID, {"publisher_id": PUBLISHER, "offer_ids": ["all"]}, timeout=PATIENCE)
    return run_id, question(local_airflow, DAG_ID, run_id)


@pytest.fixture(scope="module")
def run_id(asked, local_airflow, portal):
    """The run, approved and through; it has to fail, as not every offer is live."""
    run_id, _ = asked
    assert [post for post in portal.requests_for("golive") if post.publisher_id == PUBLISHER] == []
    portal.faults.add(
        Fault("lost-response", action="golive", offer_id="offer-03"),
        Fault("lost-response", action="golive", offer_id="offer-30"),
        Fault("reset-after", action="golive", offer_id="offer-19"),
        Fault("cut-body", action="golive", offer_id="offer-28"),
        Fault("throttled", action="golive", times=4, skip=8, retry_after="1"),
        Fault("throttled", action="submissions", times=6, skip=20, retry_after="1"),
        Fault("error", action="operation", times=8, skip=10, status=503),
        Fault("html", action="operation", times=3, skip=30, status=200),
        Fault("error", action="status", times=5, skip=5, status=500),
    )
    try:
        answer(local_airflow, DAG_ID, run_id, "Approve")
        waiting = eventually(lambda: names(local_airflow, run_id, WAIT, "deferred"), "a deferred wait", 300)
        assert [name for name in waiting if not name.startswith("offer-")] == []
        assert local_airflow.wait_for_run(DAG_ID, run_id, 600) == "failed"
    finally:
        portal.faults.clear()
    return run_id


def names(airflow, run_id, task_id, *states):
    """Return what Airflow calls a mapped task's instances, where it doesn't only count them."""
    path = run_path(DAG_ID, run_id, "taskInstances", task_id, "listMapped")
    found = airflow.api("GET", path, params={"limit": 100})["task_instances"]
    return {each["rendered_map_index"] for each in found if each["state"] in states}


@pytest.fixture(scope="module")
def outcomes(local_airflow, run_id):
    """What the run's report says of each offer."""
    return local_airflow.xcom(DAG_ID, run_id, "report", key="outcomes")


def test_the_question_says_of_each_offer_what_would_happen(asked):
    _, prompt = asked
    assert prompt["subject"] == f"Take 48 offers of {PUBLISHER} live?"
    for number in range(50):
        assert f"- **offer-{number:02}**: " in prompt["body"]


def test_each_mapped_task_has_its_offers_name(local_airflow, run_id, outcomes):
    for step in ("release.go_live", WAIT):
        assert names(local_airflow, run_id, step, "success", "failed") <= set(outcomes)
    waited = {offer for offer, outcome in outcomes.items() if outcome == "live"} | REFUSED
    assert names(local_airflow, run_id, WAIT, "success", "failed") == waited


def test_the_reports_lines_come_before_its_error(local_airflow, run_id, outcomes):
    log = local_airflow.logs(DAG_ID, run_id, "report")
    (error,) = (number for number, line in enumerate(log) if "Task failed with exception" in line)
    told = [number for number, line in enumerate(log) if " offer-" in line and ": " in line and number < error]
    assert len(told) == len(outcomes)


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
    acted = Counter(
        post.offer_id for post in portal.requests_for("golive") if post.publisher_id == PUBLISHER and post.accepted
    )
    started = {offer for offer in outcomes if offer not in LIVE_ALREADY | STALE}
    assert acted == Counter(started)
