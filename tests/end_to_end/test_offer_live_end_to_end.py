"""A watched asset in a real Airflow: its DAG runs when somebody else has taken the offer live."""

from __future__ import annotations

import pytest

from tests.end_to_end.eventually import PATIENCE, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

DAG_ID = "when_live"
OFFER_ID = "watched"


def begin(airflow, portal):
    """Switch the DAG on, and go live after its watcher's first look; return the operation when the DAG has run."""
    portal.add_offer(OFFER_ID)
    airflow.wait_for_dag(DAG_ID, PATIENCE)
    airflow.api("PATCH", f"/dags/{DAG_ID}", {"is_paused": False}, {"update_mask": "is_paused"})
    eventually(lambda: remembered(airflow), "the watcher's first look")
    operation = go_live(portal)
    eventually(lambda: told_by(airflow), "a run of the DAG")
    return operation


def told_by(airflow):
    """What the DAG's runs have been told."""
    runs = airflow.api("GET", f"/dags/{DAG_ID}/dagRuns")["dag_runs"]
    done = [run for run in runs if run["state"] == "success"]
    return [each for run in done for each in airflow.xcom(DAG_ID, run["dag_run_id"], "announce")]


@pytest.fixture(scope="module")
def first(local_airflow, side_by_side):
    """The operation that the DAG has been told of; afterwards nobody watches the offer any more."""
    yield side_by_side.result(begin)
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


def test_the_dag_runs_for_each_go_live_once_over_a_restart_of_the_triggerer(
    local_airflow, portal, side_by_side, first
):
    def told():
        return told_by(local_airflow)

    (event,) = told()
    assert event["operation_location"].endswith(f"/operations/{first}")
    assert (event["publisher_id"], event["offer_id"], event["version"]) == ("contoso", OFFER_ID, 1)
    assert event["live_links"][0]["url"].startswith("https://")
    eventually(lambda: first in str(remembered(local_airflow)), "the watcher's memory")

    side_by_side.wait()
    local_airflow.kill("triggerer")
    portal.portal.publish(portal.publisher_id, OFFER_ID)
    portal.finish(OFFER_ID)
    second = go_live(portal)
    local_airflow.restart("triggerer")

    eventually(lambda: len(told()) > 1, "a second run of the DAG")
    looks = len(portal.requests_for("offers"))
    eventually(lambda: len(portal.requests_for("offers")) > looks + 2, "further looks")
    assert len(told()) == 2
    assert {each["version"]: each["operation_location"].rpartition("/")[2] for each in told()} == {
        1: first,
        2: second,
    }
