"""A watched asset in a real Airflow: its DAG runs when somebody else has taken the offer live."""

from __future__ import annotations

import pytest

from tests.end_to_end.eventually import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

DAG_ID = "when_live"
OFFER_ID = "watched"


@pytest.fixture(scope="module")
def told(local_airflow, portal):
    """What the DAG's runs have been told; the DAG is on, and its watcher has looked before it is returned."""
    portal.add_offer(OFFER_ID)
    local_airflow.wait_for_dag(DAG_ID)
    local_airflow.api("PATCH", f"/dags/{DAG_ID}", {"is_paused": False}, {"update_mask": "is_paused"})
    eventually(lambda: remembered(local_airflow), "the watcher's first look")

    def told():
        runs = local_airflow.api("GET", f"/dags/{DAG_ID}/dagRuns")["dag_runs"]
        done = [run for run in runs if run["state"] == "success"]
        return [each for run in done for each in local_airflow.xcom(DAG_ID, run["dag_run_id"], "announce")]

    yield told
    local_airflow.api("PATCH", f"/dags/{DAG_ID}", {"is_paused": True}, {"update_mask": "is_paused"})


def remembered(local_airflow):
    """What the watcher has written into the asset's state store."""
    assets = local_airflow.api("GET", "/assets", params={"name_pattern": "cpp://contoso/watched"})["assets"]
    if not assets:
        return []
    return local_airflow.api("GET", f"/assets/{assets[0]['id']}/state-store")["asset_state_store"]


def go_live(portal):
    portal.portal.go_live(portal.publisher_id, OFFER_ID)
    portal.finish(OFFER_ID)
    return portal.operations(OFFER_ID)[-1].id


def test_the_dag_runs_for_each_go_live_once_over_a_restart_of_the_triggerer(local_airflow, portal, told):
    first = go_live(portal)
    (event,) = eventually(told, "a run of the DAG")
    assert event["operation_location"].endswith(f"/operations/{first}")
    assert (event["publisher_id"], event["offer_id"], event["version"]) == ("contoso", OFFER_ID, 1)
    assert event["live_links"][0]["url"].startswith("https://")
    eventually(lambda: first in str(remembered(local_airflow)), "the watcher's memory")

    local_airflow.kill("triggerer")
    portal.portal.publish(portal.publisher_id, OFFER_ID)
    portal.finish(OFFER_ID)
    second = go_live(portal)
    portal.clear_requests()
    local_airflow.restart("triggerer")

    eventually(lambda: len(told()) > 1, "a second run of the DAG", 120)
    looks = len(portal.requests_for("offers"))
    eventually(lambda: len(portal.requests_for("offers")) > looks + 2, "further looks")
    assert len(told()) == 2
    assert {each["version"]: each["operation_location"].rpartition("/")[2] for each in told()} == {
        1: first,
        2: second,
    }
