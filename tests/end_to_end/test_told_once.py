"""What stands in the log of a deferred wait, and on its task's page, over a restart of a real triggerer."""

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
    for offer_id in OFFERS.values():
        portal.add_offer(offer_id, duration=3600)
        portal.faults.add(Fault("status-word", "operation", offer_id, times=None, skip=2, value=WORD))
    run_id = airflow.trigger(DAG_ID, timeout=PATIENCE)
    waits = ["deferred"] * 2
    eventually(lambda: [states(airflow, run_id)[task] for task in OFFERS] == waits, "two deferred tasks")
    eventually(lambda: all(looks(portal, offer_id) > 3 for offer_id in OFFERS.values()), "looks")
    return run_id


@pytest.fixture(scope="module")
def logs(local_airflow, portal, side_by_side):
    """The logs of both waits, which a killed triggerer broke off; and the links that were there meanwhile."""
    run_id = side_by_side.result(begin)

    def warned():
        return all(WORD in "".join(local_airflow.logs(DAG_ID, run_id, task_id)) for task_id in OFFERS)

    side_by_side.wait()
    local_airflow.kill("triggerer")
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
    return {task_id: local_airflow.logs(DAG_ID, run_id, task_id) for task_id in OFFERS}, links


@pytest.mark.parametrize("task_id", OFFERS)
def test_a_word_that_nobody_knows_is_warned_of_once_whatever_became_of_the_triggerer(logs, task_id):
    assert sum("which this provider doesn't know" in line for line in logs[0][task_id]) == 1


@pytest.mark.parametrize("task_id", OFFERS)
def test_where_it_stands_is_told_once_whatever_became_of_the_triggerer(logs, task_id):
    lines = logs[0][task_id]
    assert sum("Watching operation" in line for line in lines) == 1
    assert sum(f"is {WORD}" in line for line in lines) == 1
    assert sum("has ended: " in line for line in lines) == 1


@pytest.mark.parametrize("task_id", OFFERS)
def test_the_links_are_live_while_the_task_is_deferred_even_if_no_worker_has_been_there(logs, task_id):
    links = logs[1][task_id]["extra_links"]
    assert re.fullmatch(
        r"https://partner\.microsoft\.com/dashboard/commercial-marketplace/offers/[0-9a-f-]{36}/overview",
        links["Partner Center"],
    )
    assert set(links) == {"Partner Center", "Operation (API)"}
