"""The example DAGs in a real Airflow, with a connection of type ``product_ingestion``."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.end_to_end.asking import answer, question
from tests.end_to_end.eventually import PATIENCE

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

GO_LIVE, RELEASE = "go_live-newer", "release_offer-newer"
ALONE, RELEASED = "contoso-by-ingestion", "contoso-release-newer"

LISTING = {
    "$schema": "https://schema.mp.microsoft.com/schema/listing/2022-03-01-preview5",
    "product": {"externalId": RELEASED},
    "kind": "azureVM",
    "languageId": "en-us",
}


def begin(airflow, portal):
    """Take one offer live; of another release a text that is rejected, and then one that is approved."""
    portal.add_offer(ALONE, duration=30)
    portal.add_offer(RELEASED, "contoso", "live")
    portal.override(RELEASED, duration=0)
    conf = {"offer_id": ALONE, "publisher_id": portal.publisher_id, "connection": "ingestion"}
    run_id = airflow.trigger(GO_LIVE, conf, timeout=PATIENCE)
    observer = airflow.observe(GO_LIVE, run_id, 0.5)
    rejected = _released(airflow, portal, "Rejected", "Reject")
    approved = _released(airflow, portal, "Through the newer API", "Approve")
    return {
        "state": observer.wait(timeout=PATIENCE),
        "stories": observer.stories(),
        "result": airflow.xcom(GO_LIVE, run_id, "wait_until_live"),
        "rejected": rejected,
        "approved": approved,
    }


def _released(airflow, portal, title, option):
    """Run the release to its end; return what it asked, what became of its tasks, and what it sent."""
    before = _requests(portal)
    conf = {"connection": "ingestion", "definition": json.dumps({**LISTING, "title": title})}
    run_id = airflow.trigger(RELEASE, conf, timeout=PATIENCE)
    prompt = question(airflow, RELEASE, run_id)
    answer(airflow, RELEASE, run_id, option)
    state = airflow.wait_for_run(RELEASE, run_id, PATIENCE)
    states = {each["task_id"]: each["state"] for each in airflow.task_instances(RELEASE, run_id)}
    failed = [task for task, its_state in states.items() if its_state == "failed"]
    assert state == "success", "\n".join(line for task in failed for line in airflow.logs(RELEASE, run_id, task))
    canceled = airflow.xcom(RELEASE, run_id, "cancel") if states["cancel"] == "success" else None
    return {
        "body": prompt["body"],
        "states": states,
        "canceled": canceled,
        "requests": dict(_requests(portal) - before),
        "events": airflow.api("GET", "/assets/events", params={"source_dag_id": RELEASE})["total_entries"],
    }


def _requests(portal):
    kinds = ("configure", "publish", "golive", "cancel")
    return Counter({kind: len(portal.requests_for(kind, RELEASED)) for kind in kinds})


@pytest.fixture(scope="module")
def seen(side_by_side):
    """What came of it all."""
    return side_by_side.result(begin)


def test_it_goes_live_after_one_request_and_waits_without_a_worker(seen, portal):
    assert seen["state"] == "success"
    assert portal.portal.live_version(portal.offer(ALONE)) is not None
    (post,) = portal.requests_for("golive", ALONE)
    assert post.path == "/rp/product-ingestion/configure"
    assert dict(post.query) == {"$version": "2022-07-01"}
    assert post.status == 202
    waited = [each for each in seen["stories"]["wait_until_live"].names if each not in {"scheduled", "queued"}]
    assert waited[-4:] == ["running", "deferred", "running", "success"]


def test_the_sensor_returns_the_finished_operation(seen):
    assert seen["result"]["status"] == "succeeded"
    assert seen["result"]["steps"] == []


def test_rejected_it_stays_in_preview_as_nothing_can_take_it_back(seen):
    states = seen["rejected"]["states"]
    assert (states["cancel"], states["go_live"], states["announce"]) == ("success", "skipped", "skipped")
    assert seen["rejected"]["canceled"]["status"] == "nothing_running"
    assert seen["rejected"]["requests"] == {"configure": 1, "publish": 1}
    assert seen["rejected"]["events"] == 0


def test_approved_the_next_one_goes_live_in_its_place_after_one_request_of_each_kind(seen, portal):
    assert '"Rejected"' not in seen["approved"]["body"], "it is compared with what customers have"
    assert '"Through the newer API"' in seen["approved"]["body"]
    assert seen["approved"]["requests"] == {"configure": 1, "publish": 1, "golive": 1}
    assert seen["approved"]["events"] == 1
    assert portal.view(portal.operations(RELEASED)[-1]).state == "succeeded"
