"""A worker is killed with -9 in each of the windows in which it may have started an operation."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from tests.chaos.killing import kill_task_process, kill_worker
from tests.chaos.release import Release, posts, states, wait_until

# The first test waits for Airflow to start, which is longest on a machine with much else to do.
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]

#: What the DAG logs when it has a location to keep.
HELD_BACK = "Holding back the record"

#: Seconds that an answer is held back: longer than the task lives.
LONG = 50.0


def settled_in_the_second_try(release, portal, offer_id, task_id="go_live"):
    """The run ended well, in the try after the one that was killed, with the portal's one operation."""
    assert release.wait_for_end() == "success"
    instance = release.instance(task_id)
    assert (instance["state"], instance["try_number"]) == ("success", 2)
    (operation,) = [each for each in portal.operations(offer_id) if each.kind == "golive"]
    location = release.airflow.xcom(release.dag_id, release.run_id, task_id)
    is_of_job = "/rp/product-ingestion/" in location
    assert (f"#offer={offer_id}&" if is_of_job else f"/operations/{operation.id}") in location
    assert states(portal, offer_id) == ["succeeded"]


def test_killed_between_post_and_202_the_next_try_finds_the_operation(airflow, portal, conn_id, tell):
    offer_id = f"contoso-before-the-answer-{conn_id.replace('_', '-')}"
    portal.add_offer(offer_id)
    portal.faults.add(Fault("slow", action="golive", offer_id=offer_id, delay=LONG))
    release = Release(airflow, "in_two_tasks", offer_id=offer_id, conn_id=conn_id)
    wait_until(lambda: posts(portal, offer_id), "the POST to arrive")
    kill_worker(airflow, release.instance("go_live"))
    tell("the portal has accepted and not answered yet: worker killed")

    settled_in_the_second_try(release, portal, offer_id)
    assert release.instance("wait")["state"] == "success"
    assert posts(portal, offer_id) == [True]
    tell("1 POST arrived, accepted; the second try found its operation, the sensor saw it succeed")


def test_killed_after_a_post_that_the_service_did_nothing_about_the_next_try_posts(airflow, portal, conn_id, tell):
    offer_id = f"contoso-unheard-{conn_id.replace('_', '-')}"
    portal.add_offer(offer_id, duration=5)
    portal.faults.add(Fault("hang", action="golive", offer_id=offer_id, acts=False))
    release = Release(airflow, "deferred", offer_id=offer_id, conn_id=conn_id)
    wait_until(lambda: posts(portal, offer_id), "the POST to arrive")
    kill_worker(airflow, release.instance("go_live"))
    tell("the POST has arrived, and the portal does nothing about it: worker killed")

    settled_in_the_second_try(release, portal, offer_id)
    assert posts(portal, offer_id) == [False, True]
    tell("2 POSTs arrived, only the second was accepted: one operation, which succeeded")


def test_killed_between_202_and_its_record_the_next_try_finds_the_operation(airflow, portal, conn_id, tell):
    offer_id = f"contoso-before-the-record-{conn_id.replace('_', '-')}"
    portal.add_offer(offer_id)
    release = Release(airflow, "slow_to_keep", offer_id=offer_id, conn_id=conn_id)
    wait_until(lambda: posts(portal, offer_id), "the POST to arrive")
    wait_until(lambda: HELD_BACK in release.log("go_live"), "the answer to arrive")
    kill_worker(airflow, release.instance("go_live"))
    tell("the task has the 202, and hasn't kept it yet: worker killed")

    settled_in_the_second_try(release, portal, offer_id)
    assert posts(portal, offer_id) == [True]
    tell("1 POST arrived; the second try found its operation and saw it succeed")


@pytest.mark.parametrize("kill", [kill_worker, kill_task_process])
def test_killed_while_waiting_on_the_worker_the_next_try_goes_on_waiting(kill, airflow, portal, conn_id, tell):
    offer_id = f"contoso-on-worker-{kill.__name__.replace('_', '-')}-{conn_id.replace('_', '-')}"
    portal.add_offer(offer_id)
    release = Release(airflow, "on_worker", offer_id=offer_id, conn_id=conn_id)
    wait_until(lambda: len(portal.requests_for("operation", offer_id)) >= 2, "two looks at the operation")
    kill(airflow, release.instance("go_live"))
    tell(f"the task watches the operation: {kill.__name__.replace('_', ' ')} -9")

    settled_in_the_second_try(release, portal, offer_id)
    assert "reattached" in release.log("go_live", try_number=2)
    assert posts(portal, offer_id) == [True]
    tell("1 POST arrived; the second try reattached and saw the operation succeed")
