"""The example DAGs of a release in a real Airflow: a person approves or rejects through Airflow's own API."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from dev.airflow_api import run_path
from dev.scene import add_catalogue
from tests.end_to_end.asking import answer, question
from tests.end_to_end.eventually import PATIENCE, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

OFFER_ID = "contoso-release"
RELEASE, AFTER = "release_offer", "after_live"


class Release:
    """One run of the release, with what the portal saw of it: first as far as the person's decision."""

    def __init__(self, airflow, portal, **conf):
        self.airflow, self.portal = airflow, portal
        self.before = self._counts()
        self.events_before = self._events()
        portal.override(OFFER_ID, duration=0)
        self.run_id = airflow.trigger(RELEASE, conf, timeout=PATIENCE)
        self.prompt = question(airflow, RELEASE, self.run_id)

    def answer(self, option):
        answer(self.airflow, RELEASE, self.run_id, option)
        state = self.airflow.wait_for_run(RELEASE, self.run_id, PATIENCE)
        failed = [task for task, its_state in self.states().items() if its_state == "failed"]
        assert state == "success", "\n".join(
            line for task in failed for line in self.airflow.logs(RELEASE, self.run_id, task)
        )
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


def begin(airflow, portal):
    """Release the offer, which is live with an older text, and approve; then another text, and reject."""
    add_catalogue(portal)
    airflow.wait_for_dag(AFTER, PATIENCE)
    airflow.api("PATCH", f"/dags/{AFTER}", {"is_paused": False}, {"update_mask": "is_paused"})
    approved = Release(airflow, portal)
    assert portal.requests_for("golive", OFFER_ID) == []
    approved.answer("Approve")
    changed = {"offerTypeId": "microsoft-azure-virtualmachines", "definition": {"displayText": "Rejected"}}
    rejected = Release(airflow, portal, definition=json.dumps(changed))
    rejected.answer("Reject")
    return approved, rejected, _released_after_one_that_ended_at_its_approval(airflow, portal)


def _released_after_one_that_ended_at_its_approval(airflow, portal):
    """Put 1.0.2 and publish it; nobody answers, and the run ends. The next one puts 1.0.3, and is approved."""
    changed = {"offerTypeId": "microsoft-azure-virtualmachines", "definition": {"displayText": "1.0.2"}}
    unanswered = Release(airflow, portal, definition=json.dumps(changed))
    airflow.api("PATCH", run_path(RELEASE, unanswered.run_id), {"state": "failed"})
    changed["definition"]["displayText"] = "1.0.3"
    release = Release(airflow, portal, definition=json.dumps(changed))
    release.answer("Approve")
    return release


@pytest.fixture(scope="module")
def approved(side_by_side):
    """A release that was approved."""
    return side_by_side.result(begin)[0]


@pytest.fixture(scope="module")
def rejected(side_by_side):
    """The release after it, which was rejected."""
    return side_by_side.result(begin)[1]


def test_the_person_sees_version_difference_and_preview(approved):
    assert approved.prompt["subject"] == f"Take {OFFER_ID} live?"
    assert approved.prompt["options"] == ["Approve", "Reject"]
    body = approved.prompt["body"]
    assert "**Version 2**" in body
    assert f"https://azuremarketplace.example/marketplace/apps/contoso.{OFFER_ID}-preview" in body
    assert "customers, who have version 1" in body
    assert '- `displayText`: `"Contoso Release, as it was"` becomes `"Contoso Release"`' in body


def test_approved_the_new_version_goes_live_after_one_request_of_each_kind(approved):
    assert approved.live_version == 2
    assert approved.requests == {"put-offer": 1, "publish": 1, "golive": 1}
    assert approved.states()["cancel"] == "skipped"


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
    assert news == {"publisher_id": "contoso", "offer_id": OFFER_ID, "version": 2, "live_links": [link]}


def test_rejected_the_publish_is_canceled_and_nothing_goes_live(rejected, local_airflow, portal):
    assert '- `displayText`: `"Contoso Release"` becomes `"Rejected"`' in rejected.prompt["body"]
    states = rejected.states()
    assert (states["cancel"], states["go_live"], states["announce"]) == ("success", "skipped", "skipped")
    assert local_airflow.xcom(RELEASE, rejected.run_id, "cancel")["status"] == "canceled"
    assert portal.view(rejected.operation).state == "canceled"
    assert rejected.requests == {"put-offer": 1, "publish": 1, "cancel": 1}
    assert rejected.live_version == 2
    assert rejected.events == 0


def test_what_a_run_left_waiting_for_its_approval_isnt_what_the_next_one_takes_live(side_by_side, portal):
    release = side_by_side.result(begin)[2]
    assert '- `displayText`: `"Contoso Release"` becomes `"1.0.3"`' in release.prompt["body"]
    assert release.requests == {"put-offer": 1, "publish": 1, "cancel": 1, "golive": 1}
    assert portal.offer(OFFER_ID).published[release.live_version]["displayText"] == "1.0.3"
