"""Triggerers are killed, restarted and frozen while they watch operations.

Which triggerer watches what is made certain by having only one of them up when the tasks defer.
"""

from __future__ import annotations

import time

import pytest

from tests.chaos.conftest import TRIGGERER_THRESHOLD
from tests.chaos.killing import frozen
from tests.chaos.release import Release, posts, states, wait_for_new_looks, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]

BOTH = ("triggerer", "triggerer-2")
#: Seconds that an operation would take if the test didn't end it.
LONG = 3600


def add_offers(portal, name, count):
    offer_ids = [f"contoso-{name}-{number:02}" for number in range(count)]
    for offer_id in offer_ids:
        portal.add_offer(offer_id, duration=LONG)
    return offer_ids


def outcomes_in_airflow(release, task_id):
    return {each["map_index"]: each["state"] for each in release.instances(task_id)}


def triggerer_of(release, task_id="go_live"):
    return (release.instance(task_id)["triggerer_job"] or {}).get("id")


def test_killed_and_restarted_while_50_operations_are_watched_every_outcome_arrives(
    airflow, portal, conn_id, tell
):
    offer_ids = add_offers(portal, f"of-many-{conn_id.replace('_', '-')}", 50)
    ends = dict.fromkeys(offer_ids, "succeed")
    ends |= dict.fromkeys(offer_ids[::10], "fail") | dict.fromkeys(offer_ids[5::20], "cancel")
    release = Release(airflow, "many_sensors", offer_ids=offer_ids, conn_id=conn_id)
    release.wait_for_state("wait", "deferred", count=50, seconds=240)
    tell("50 sensors are deferred")
    wait_for_new_looks(portal, offer_ids)
    for part in BOTH:
        airflow.kill(part)
    tell("both triggerers killed")
    for offer_id in offer_ids[:25]:
        portal.finish(offer_id, ends[offer_id])
    tell("25 operations have ended while nobody watched")
    airflow.restart(*BOTH)
    tell("both triggerers are up again")
    wait_for_new_looks(portal, offer_ids[25:])
    for offer_id in offer_ids[25:]:
        portal.finish(offer_id, ends[offer_id])

    assert release.wait_for_end(seconds=240) == "failed"
    expected = {
        number: "success" if ends[each] == "succeed" else "failed" for number, each in enumerate(offer_ids)
    }
    assert outcomes_in_airflow(release, "wait") == expected
    assert [posts(portal, offer_id) for offer_id in offer_ids] == [[True]] * 50
    said = list(expected.values())
    tell(f"{said.count('success')} sensors succeeded, {said.count('failed')} failed, as the portal says; 50 POSTs")


def test_of_two_triggerers_one_is_killed_the_other_brings_every_outcome(airflow, portal, conn_id, tell):
    offer_ids = add_offers(portal, f"of-two-{conn_id.replace('_', '-')}", 12)
    airflow.kill("triggerer-2")
    release = Release(airflow, "many_deferred", offer_ids=offer_ids, conn_id=conn_id)
    release.wait_for_state("go_live", "deferred", count=12, seconds=120)
    wait_for_new_looks(portal, offer_ids)
    airflow.restart("triggerer-2")
    airflow.kill("triggerer")
    tell("the triggerer that watches 12 operations killed, an idle one left")
    wait_for_new_looks(portal, offer_ids)
    tell("the other one watches all 12")
    for offer_id in offer_ids:
        portal.finish(offer_id, "succeed")

    assert release.wait_for_end() == "success"
    assert not airflow.pids("triggerer")
    assert outcomes_in_airflow(release, "go_live") == dict.fromkeys(range(12), "success")
    assert [posts(portal, offer_id) for offer_id in offer_ids] == [[True]] * 12
    assert [portal.requests_for("cancel", offer_id) for offer_id in offer_ids] == [[]] * 12
    tell("12 tasks succeeded; 12 POSTs, no cancel")


def test_operations_that_move_to_another_triggerer_are_not_canceled(airflow, portal, tell):
    # Airflow 3.3.0 to 3.3.2 tell a trigger that moved that a user had ended its task.
    (offer_id,) = add_offers(portal, "moved", 1)
    airflow.kill("triggerer-2")
    release = Release(airflow, "cancel_on_kill", offer_id=offer_id)
    release.wait_for_state("go_live", "deferred")
    wait_for_new_looks(portal, [offer_id])
    airflow.restart("triggerer-2")
    first = triggerer_of(release)
    with frozen(airflow, "triggerer"):
        wait_until(lambda: triggerer_of(release) not in {None, first}, "another triggerer to take over")
        tell(f"triggerer frozen for more than {TRIGGERER_THRESHOLD} s: the other one has taken over")
    wait_until(lambda: "no user ended the task" in release.log("go_live"), "the thawed triggerer's word")
    tell("triggerer thawed; Airflow told its trigger that a user had ended the task, and it didn't cancel")
    wait_for_new_looks(portal, [offer_id])
    assert portal.requests_for("cancel", offer_id) == []
    portal.finish(offer_id, "succeed")

    assert release.wait_for_end() == "success"
    assert states(portal, offer_id) == ["succeeded"]
    assert posts(portal, offer_id) == [True]
    assert portal.requests_for("cancel", offer_id) == []
    tell("the task succeeded; 1 POST, no cancel")


def test_triggerers_stopped_in_good_order_cancel_nothing(airflow, portal, tell):
    (offer_id,) = add_offers(portal, "stopped", 1)
    release = Release(airflow, "cancel_on_kill", offer_id=offer_id)
    release.wait_for_state("go_live", "deferred")
    wait_for_new_looks(portal, [offer_id])
    airflow.restart(*BOTH)
    tell("both triggerers restarted, with SIGTERM")
    wait_for_new_looks(portal, [offer_id])
    portal.finish(offer_id, "succeed")

    assert release.wait_for_end() == "success"
    assert posts(portal, offer_id) == [True]
    assert portal.requests_for("cancel", offer_id) == []
    tell("the task succeeded; 1 POST, no cancel")


def test_execution_timeout_ends_a_deferred_task_and_no_restart_moves_it(airflow, portal, tell):
    (offer_id,) = add_offers(portal, "in-time", 1)
    release = Release(airflow, "in_time", offer_id=offer_id)
    release.wait_for_state("go_live", "deferred")
    (post,) = portal.requests_for("golive", offer_id)
    for part in BOTH:
        airflow.kill(part)
    airflow.restart(*BOTH)
    tell(f"both triggerers killed and restarted, {time.time() - post.at:.0f} s after the POST")

    assert release.wait_for_end() == "failed"
    elapsed = time.time() - post.at
    # A tenth before Airflow's limit the watch gives up, and a worker tells why.
    assert 50 < elapsed < 80
    said = release.log("go_live")
    assert "OperationTimeout" in said
    assert portal.operations(offer_id)[-1].id in said
    assert states(portal, offer_id) == ["running"]
    assert portal.requests_for("cancel", offer_id) == []
    assert posts(portal, offer_id) == [True]
    tell(f"failed {elapsed:.0f} s after the POST with execution_timeout=60 s; the operation runs on, 1 POST")
