"""The release of an image in a real Airflow: the build's event begins it, a person approves or rejects it."""

from __future__ import annotations

from collections import Counter

import pytest

from dev.airflow_api import run_path
from dev.scene import SIGNATURE, add_catalogue, images_of
from tests.end_to_end.asking import answer, question
from tests.end_to_end.eventually import PATIENCE, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

OFFER_ID = "contoso-release"
PLANS = [f"{OFFER_ID}-plan", f"{OFFER_ID}-plan-2", f"{OFFER_ID}-plan-3"]
RELEASE, AFTER = "release_image", "after_live"
BUILT = "https://contosoimages.blob.core.windows.net/vhds/contoso-release"


class Release:
    """One run of the release, with what the portal saw of it: first as far as the person's decision."""

    def __init__(self, airflow, portal, begin, **given):
        self.airflow, self.portal = airflow, portal
        self.before = self._counts()
        self.events_before = self._events()
        portal.override(OFFER_ID, duration=0)
        self.run_id = begin(airflow, given)
        self.prompt = question(airflow, RELEASE, self.run_id)

    def answer(self, option):
        answer(self.airflow, RELEASE, self.run_id, option)
        state = self.airflow.wait_for_run(RELEASE, self.run_id, PATIENCE)
        failed = [task for task, its_state in self.states().items() if its_state == "failed"]
        assert state == "success", "\n".join(
            line for task in failed for line in self.airflow.logs(RELEASE, self.run_id, task)
        )
        self.note()
        return self

    def end(self):
        """End the run while it waits for its answer."""
        self.airflow.api("PATCH", run_path(RELEASE, self.run_id), {"state": "failed"})
        self.note()

    def note(self):
        self.requests = self._counts() - self.before
        self.events = self._events() - self.events_before
        self.live_version = self.portal.portal.live_version(self.portal.offer(OFFER_ID))
        self.operation = self.portal.operations(OFFER_ID)[-1]

    def _counts(self):
        """How many requests of each kind have come that change anything."""
        kinds = ("put-offer", "publish", "golive", "cancel")
        return Counter({kind: len(self.portal.requests_for(kind, OFFER_ID)) for kind in kinds})

    def _events(self):
        """How many events of assets tasks of this DAG have sent."""
        return self.airflow.api("GET", "/assets/events", params={"source_dag_id": RELEASE})["total_entries"]

    def states(self):
        return {each["task_id"]: each["state"] for each in self.airflow.task_instances(RELEASE, self.run_id)}


def by_hand(airflow, given):
    """Trigger a run with params."""
    return airflow.trigger(RELEASE, given, timeout=PATIENCE)


def by_the_build(airflow, given):
    """Send the event that the build's DAG sends; return the run that it begins."""
    airflow.wait_for_dag(RELEASE, PATIENCE)
    airflow.api("PATCH", f"/dags/{RELEASE}", {"is_paused": False}, {"update_mask": "is_paused"})

    def asset():
        found = airflow.api("GET", "/assets", params={"uri_pattern": BUILT, "limit": 100})["assets"]
        return next((each["id"] for each in found if each["uri"] == BUILT), None)

    asset_id = eventually(asset, "the asset of the build")
    airflow.api("POST", "/assets/events", {"asset_id": asset_id, "extra": given})

    def begun():
        runs = airflow.api("GET", f"/dags/{RELEASE}/dagRuns")["dag_runs"]
        return next((run["dag_run_id"] for run in runs if run["run_type"] == "asset_triggered"), None)

    return eventually(begun, "the run that the build's event begins")


def begin(airflow, portal):
    """Release an image of three plans, and approve; reject the next; leave others without an answer."""
    add_catalogue(portal)
    airflow.wait_for_dag(AFTER, PATIENCE)
    airflow.api("PATCH", f"/dags/{AFTER}", {"is_paused": False}, {"update_mask": "is_paused"})
    approved = Release(airflow, portal, by_the_build, **images_of("1.0.1"))
    assert portal.requests_for("golive", OFFER_ID) == []
    approved.answer("Approve")
    rejected = Release(airflow, portal, by_hand, **images_of("1.0.2", plans=1)).answer("Reject")
    unanswered = Release(airflow, portal, by_hand, **images_of("1.0.3", plans=1))
    unanswered.end()
    again = Release(airflow, portal, by_hand, **images_of("1.0.3", plans=1))
    again.end()
    newer = Release(airflow, portal, by_hand, **images_of("1.0.4", plans=1)).answer("Approve")
    return {
        "approved": approved,
        "rejected": rejected,
        "unanswered": unanswered,
        "again": again,
        "newer": newer,
    }


@pytest.fixture(scope="module")
def releases(side_by_side):
    """The releases, in their order."""
    return side_by_side.result(begin)


@pytest.fixture
def approved(releases):
    """The one that was approved."""
    return releases["approved"]


def versions(definition):
    """Return the numbers of the image versions of each plan, one list for each generation."""
    key = "microsoft-azure-virtualmachines.vmImages"
    return {
        plan["planId"]: [sorted(sku[key]) for sku in (plan, *plan["diskGenerations"])]
        for plan in definition["plans"]
    }


def test_the_person_sees_image_version_difference_and_preview(approved):
    assert approved.prompt["subject"] == f"Take {OFFER_ID} live?"
    assert approved.prompt["options"] == ["Approve", "Reject"]
    body = approved.prompt["body"]
    assert f"Image **1.0.1** of {', '.join(PLANS)} is in\npreview, as version 2 of the offer:" in body
    assert f"https://azuremarketplace.example/marketplace/apps/contoso.{OFFER_ID}-preview" in body
    assert "customers, who have version 1" in body
    for plan in PLANS:
        assert f"`plans/{plan}/microsoft-azure-virtualmachines.vmImages/1.0.1`: `nothing` becomes" in body
    assert SIGNATURE["AIRFLOW_VAR_IMAGES_SAS_TOKEN"].rpartition("=")[2] not in body


def test_three_plans_with_two_generations_each_take_one_publish_and_one_go_live(approved, portal):
    assert approved.requests == {"put-offer": 3, "publish": 1, "golive": 1}
    assert approved.live_version == 2
    live = portal.offer(OFFER_ID).published[approved.live_version]
    assert versions(live) == {plan: [["1.0.0", "1.0.1"], ["1.0.0", "1.0.1"]] for plan in PLANS}
    assert approved.states()["cancel"] == "skipped"
    disk = live["plans"][0]["microsoft-azure-virtualmachines.vmImages"]["1.0.1"]["osVhdUrl"]
    assert disk.endswith(f"?{SIGNATURE['AIRFLOW_VAR_IMAGES_SAS_TOKEN']}")


def test_the_signature_is_shown_nowhere(approved, local_airflow):
    signature = SIGNATURE["AIRFLOW_VAR_IMAGES_SAS_TOKEN"].rpartition("=")[2]
    fields = local_airflow.api("GET", run_path(RELEASE, approved.run_id, "taskInstances", "add_images", "0"))
    assert "1.0.1/" in str(fields["rendered_fields"]["images"])
    assert signature not in str(fields)
    for index in range(3):
        log = "\n".join(local_airflow.logs(RELEASE, approved.run_id, "add_images", map_index=index))
        assert "gets image version 1.0.1" in log
        assert signature not in log


def test_the_offers_asset_says_so_and_the_dag_that_follows_runs(approved, local_airflow, portal):
    assert approved.events == 1

    location = f"{portal.url}/api/publishers/contoso/offers/{OFFER_ID}/operations/{approved.operation.id}"

    def following():
        runs = local_airflow.api("GET", f"/dags/{AFTER}/dagRuns")["dag_runs"]
        ended = [run["dag_run_id"] for run in runs if run["state"] == "success"]
        told = [news for run_id in ended for news in local_airflow.xcom(AFTER, run_id, "tell_people")]
        return [news for news in told if news["operation_location"].startswith(location)]

    (news,) = eventually(following, "a run of after_live")
    news.pop("operation_location")
    link = {"text": "Live", "url": f"https://azuremarketplace.example/marketplace/apps/contoso.{OFFER_ID}"}
    assert news == {
        "publisher_id": "contoso",
        "offer_id": OFFER_ID,
        "image_version": "1.0.1",
        "plan_ids": PLANS,
        "version": 2,
        "live_links": [link],
    }


def test_rejected_the_publish_is_canceled_and_nothing_goes_live(releases, local_airflow, portal):
    rejected = releases["rejected"]
    states = rejected.states()
    assert (states["cancel"], states["go_live"], states["announce"]) == ("success", "skipped", "skipped")
    assert local_airflow.xcom(RELEASE, rejected.run_id, "cancel")["status"] == "canceled"
    assert portal.view(rejected.operation).state == "canceled"
    assert rejected.requests == {"put-offer": 1, "publish": 1, "cancel": 1}
    assert rejected.live_version == 2
    assert rejected.events == 0


def test_a_run_that_ended_at_its_approval_is_taken_up_by_the_same_release_and_replaced_by_a_newer_one(
    releases, portal
):
    assert releases["unanswered"].requests == {"put-offer": 1, "publish": 1}
    assert releases["again"].requests == {}
    assert releases["again"].prompt["body"] == releases["unanswered"].prompt["body"]
    newer = releases["newer"]
    assert newer.requests == {"put-offer": 1, "publish": 1, "cancel": 1, "golive": 1}
    live = versions(portal.offer(OFFER_ID).published[newer.live_version])
    assert live[PLANS[0]][0][-1] == "1.0.4"
