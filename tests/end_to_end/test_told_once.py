"""What stands in the log of a deferred wait, and on its task's page, over a restart of a real triggerer.

The DAG's XComs are stored outside of Airflow's database, by Airflow's own backend for object storage.
"""

from __future__ import annotations

import re

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from tests.end_to_end.eventually import PATIENCE, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

DAG_ID = "told_once"
OFFERS = {"deferred": "told-once-deferred", "without_worker": "told-once-without-worker"}
WORD = "Reticulating"


def looks(portal, offer_id):
    return len(portal.requests_for("operation", offer_id))


def after_two_more_looks(portal):
    before = {offer_id: looks(portal, offer_id) for offer_id in OFFERS.values()}
    eventually(lambda: all(looks(portal, each) > before[each] + 1 for each in before), "two more looks")


def states(airflow, run_id):
    return {each["task_id"]: each["state"] for each in airflow.task_instances(DAG_ID, run_id)}


def begin(airflow, portal):
    """Wait in both ways, until both have been told the word."""
    kills = airflow.kills["triggerer"]
    for offer_id in OFFERS.values():
        portal.add_offer(offer_id, duration=3600)
        portal.faults.add(Fault("status-word", "operation", offer_id, times=None, skip=2, value=WORD))
    run_id = airflow.trigger(DAG_ID, timeout=PATIENCE)
    waits = ["deferred"] * 2
    eventually(lambda: [states(airflow, run_id)[task] for task in OFFERS] == waits, "two deferred tasks")
    eventually(lambda: all(looks(portal, offer_id) > 3 for offer_id in OFFERS.values()), "looks")
    return run_id, kills


@pytest.fixture(scope="module")
def logs(local_airflow, portal, side_by_side):
    """The logs of both waits, the links that were there meanwhile, the run, and how many triggerers watched.

    Other tests kill the triggerer as well.
    """
    run_id, kills_before = side_by_side.result(begin)

    def warned():
        return all(WORD in "".join(local_airflow.logs(DAG_ID, run_id, task_id)) for task_id in OFFERS)

    side_by_side.wait()
    local_airflow.kill("triggerer")
    triggerers = 1 + local_airflow.kills["triggerer"] - kills_before
    local_airflow.restart("triggerer")
    after_two_more_looks(portal)
    links = {
        task_id: local_airflow.api("GET", f"/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{task_id}/links")
        for task_id in OFFERS
    }
    assert [states(local_airflow, run_id)[task_id] for task_id in OFFERS] == ["deferred"] * 2
    portal.faults.clear()
    for offer_id in OFFERS.values():
        portal.finish(offer_id)
    local_airflow.observe(DAG_ID, run_id).wait(timeout=PATIENCE)
    assert warned()
    assert set(states(local_airflow, run_id).values()) == {"success"}
    return {task_id: local_airflow.logs(DAG_ID, run_id, task_id) for task_id in OFFERS}, links, run_id, triggerers


@pytest.mark.parametrize("task_id", OFFERS)
def test_each_triggerer_warns_of_a_word_that_nobody_knows_once(logs, task_id):
    assert 1 <= sum("which this provider doesn't know" in line for line in logs[0][task_id]) <= logs[3]


@pytest.mark.parametrize("task_id", OFFERS)
def test_what_a_worker_has_told_no_triggerer_tells_again(logs, task_id):
    lines = logs[0][task_id]
    assert sum("Watching offer" in line for line in lines) == (1 if task_id == "deferred" else logs[3])
    # None, if another test killed the triggerer just then: the run's end shows that it went on.
    assert sum("has ended: " in line for line in lines) <= 1


@pytest.mark.parametrize("task_id", OFFERS)
def test_what_is_expected_is_no_error(logs, task_id, local_airflow):
    said = [*logs[0][task_id], *local_airflow.part_log("triggerer", 100_000).splitlines()]
    assert [line for line in said if "XCom not found" in line] == []
    assert [line for line in logs[0][task_id] if " ERROR " in line] == []


@pytest.mark.parametrize("task_id", OFFERS)
def test_the_links_are_live_while_it_waits_even_if_no_worker_was_there_and_xcoms_are_stored_outside(logs, task_id):
    links = logs[1][task_id]["extra_links"]
    assert re.fullmatch(
        r"https://partner\.microsoft\.com/dashboard/commercial-marketplace/offers/[0-9a-f-]{36}/overview",
        links["Partner Center"],
    )
    assert set(links) == {"Partner Center"}


def test_what_the_tasks_returned_was_stored_outside(logs, local_airflow):
    run_id = logs[2]
    assert str(local_airflow.xcom(DAG_ID, run_id, "go_live")).startswith("file://")
