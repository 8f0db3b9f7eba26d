"""The example DAGs in a real Airflow, with a connection of type ``product_ingestion``."""

from __future__ import annotations

from collections import Counter

import pytest

from dev.scene import images_of
from tests.end_to_end.asking import answer, question
from tests.end_to_end.eventually import PATIENCE

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

GO_LIVE, RELEASE = "go_live-newer", "release_image-newer"
ALONE, RELEASED = "contoso-by-ingestion", "contoso-release-newer"


def begin(airflow, portal):
    """Take one offer live; of another release an image that is rejected, one that is approved, and that again."""
    portal.add_offer(ALONE, duration=30)
    portal.add_offer(RELEASED, "contoso", "live", plans=3)
    portal.override(RELEASED, duration=0)
    conf = {"offer_id": ALONE, "publisher_id": portal.publisher_id, "connection": "ingestion"}
    run_id = airflow.trigger(GO_LIVE, conf, timeout=PATIENCE)
    observer = airflow.observe(GO_LIVE, run_id, 0.5)
    rejected = _released(airflow, portal, images_of("1.0.1", 1, RELEASED), "Reject")
    approved = _released(airflow, portal, images_of("1.0.2", 3, RELEASED), "Approve")
    again = _released(airflow, portal, images_of("1.0.2", 3, RELEASED))
    return {
        "state": observer.wait(timeout=PATIENCE),
        "stories": observer.stories(),
        "result": airflow.xcom(GO_LIVE, run_id, "wait_until_live"),
        "rejected": rejected,
        "approved": approved,
        "again": again,
    }


def _released(airflow, portal, images, option=None):
    """Run the release to its end; return what it asked, what became of its tasks, and what it sent."""
    before = _requests(portal)
    run_id = airflow.trigger(RELEASE, {"connection": "ingestion", **images}, timeout=PATIENCE)
    prompt = {"body": ""}
    if option is not None:
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


def test_approved_three_plans_with_two_generations_each_take_one_publish_and_one_go_live(seen, portal):
    body = seen["approved"]["body"]
    assert f"Image **1.0.2** of {RELEASED}-plan, {RELEASED}-plan-2, {RELEASED}-plan-3 is in\npreview:" in body
    for plan in ("plan", "plan-2", "plan-3"):
        assert f"{RELEASED}-{plan}/vmImageVersions/1.0.2`: `nothing` becomes" in body
    assert "vmImageVersions/1.0.1`: `nothing` becomes" in body, "what was rejected is in the draft still"
    assert seen["approved"]["requests"] == {"configure": 3, "publish": 1, "golive": 1}
    assert seen["approved"]["events"] == 1
    assert portal.view(portal.operations(RELEASED)[-1]).state == "succeeded"


def test_triggered_again_nothing_is_sent_and_nothing_told_once_more(seen):
    states = seen["again"]["states"]
    assert (states["found_live"], states["publish"], states["announce"]) == ("success", "skipped", "skipped")
    assert seen["again"]["requests"] == {}
    assert seen["again"]["events"] == 1
