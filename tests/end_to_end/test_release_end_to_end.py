"""The example DAGs of a release in a real Airflow: a person approves or rejects through Airflow's own API."""

from __future__ import annotations

import json
import time

import pytest

from dev.airflow_api import run_path
from dev.scene import add_catalogue
from tests.end_to_end.eventually import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

OFFER_ID = "contoso-release"
RELEASE, AFTER = "release_offer", "after_live"


@pytest.fixture(scope="module", autouse=True)
def ready(local_airflow, portal):
    """The offer is live with an older text, and the DAG that follows is on."""
    add_catalogue(portal)
    local_airflow.wait_for_dag(AFTER)
    for paused in (False, True):
        local_airflow.api("PATCH", f"/dags/{AFTER}", {"is_paused": paused}, {"update_mask": "is_paused"})
        if not paused:
            yield


class Release:
    """One run of the release, as far as the person's decision."""

    def __init__(self, airflow, portal, **conf):
        self.airflow, self.portal = airflow, portal
        portal.override(OFFER_ID, duration=0)
        self.run_id = airflow.trigger(RELEASE, conf)
        self.details = run_path(RELEASE, self.run_id, "hitlDetails")
        self.prompt = eventually(self._asked, "the question", 120)

    def _asked(self):
        self.airflow.check()
        state = self.airflow.api("GET", run_path(RELEASE, self.run_id))["state"]
        assert state not in {"failed", "success"}, self.states()
        found = self.airflow.api("GET", self.details)["hitl_details"]
        return found[0] if found else None

    def answer(self, option):
        eventually(lambda: self.states()["approve"] in {"awaiting_input", "deferred"}, "the task's wait")
        # Nobody answers within a second. Airflow 3.3.2 fails a task that resumes before its scheduler has seen
        # that the worker's process which asked is gone ("state mismatch" in its audit log).
        time.sleep(5)
        path = run_path(RELEASE, self.run_id, "taskInstances", "approve", "-1", "hitlDetails")
        self.airflow.api("PATCH", path, {"chosen_options": [option], "params_input": {}})
        state = self.airflow.wait_for_run(RELEASE, self.run_id, 120)
        failed = [task for task, its_state in self.states().items() if its_state == "failed"]
        assert state == "success", "\n".join(
            line for task in failed for line in self.airflow.logs(RELEASE, self.run_id, task)
        )

    def states(self):
        return {each["task_id"]: each["state"] for each in self.airflow.task_instances(RELEASE, self.run_id)}


@pytest.fixture(scope="module")
def approved(local_airflow, portal):
    """A release that was approved, with its states."""
    portal.clear_requests()
    release = Release(local_airflow, portal)
    assert portal.requests_for("golive", OFFER_ID) == []
    release.answer("Approve")
    return release


def test_the_person_sees_version_difference_and_preview(approved):
    assert approved.prompt["subject"] == f"Take {OFFER_ID} live?"
    assert approved.prompt["options"] == ["Approve", "Reject"]
    body = approved.prompt["body"]
    assert "**Version 2**" in body
    assert f"https://azuremarketplace.example/marketplace/apps/contoso.{OFFER_ID}-preview" in body
    assert "customers, who have version 1" in body
    assert '- `displayText`: `"Contoso Release, as it was"` becomes `"Contoso Release"`' in body


def test_approved_the_new_version_goes_live_after_one_request_of_each_kind(approved, portal):
    assert portal.portal.live_version(portal.offer(OFFER_ID)) == 2
    counts = {
        kind: len(portal.requests_for(kind, OFFER_ID)) for kind in ("put-offer", "publish", "golive", "cancel")
    }
    assert counts == {"put-offer": 1, "publish": 1, "golive": 1, "cancel": 0}
    assert approved.states()["cancel"] == "skipped"


def test_the_offers_asset_says_so_and_the_dag_that_follows_runs(approved, local_airflow, portal):
    def following():
        runs = local_airflow.api("GET", f"/dags/{AFTER}/dagRuns")["dag_runs"]
        return [run["dag_run_id"] for run in runs if run["state"] == "success"]

    (run_id,) = eventually(following, "a run of after_live")
    (news,) = local_airflow.xcom(AFTER, run_id, "tell_people")
    location = f"{portal.url}/api/publishers/contoso/offers/{OFFER_ID}/operations/"
    assert news.pop("operation_location").startswith(location + portal.operations(OFFER_ID)[-1].id)
    link = {"text": "Live", "url": f"https://azuremarketplace.example/marketplace/apps/contoso.{OFFER_ID}"}
    assert news == {"publisher_id": "contoso", "offer_id": OFFER_ID, "version": 2, "live_links": [link]}


def test_rejected_the_publish_is_canceled_and_nothing_goes_live(approved, local_airflow, portal):
    portal.clear_requests()
    events = local_airflow.api("GET", "/assets/events")["total_entries"]
    changed = {"offerTypeId": "microsoft-azure-virtualmachines", "definition": {"displayText": "Rejected"}}
    release = Release(local_airflow, portal, definition=json.dumps(changed))
    assert '- `displayText`: `"Contoso Release"` becomes `"Rejected"`' in release.prompt["body"]
    release.answer("Reject")
    states = release.states()
    assert (states["cancel"], states["go_live"], states["announce"]) == ("success", "skipped", "skipped")
    assert local_airflow.xcom(RELEASE, release.run_id, "cancel")["status"] == "canceled"
    operation = portal.operations(OFFER_ID)[-1]
    assert portal.view(operation).state == "canceled"
    assert portal.requests_for("golive", OFFER_ID) == []
    assert portal.portal.live_version(portal.offer(OFFER_ID)) == 2
    assert local_airflow.api("GET", "/assets/events")["total_entries"] == events
