"""The scheduler, and with it every worker, is killed with -9 and started anew."""

from __future__ import annotations

import os
import signal

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from tests.chaos.release import Release, posts, states, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(420)]


def went_live_once(release, portal, offer_id):
    assert release.wait_for_end() == "success"
    assert states(portal, offer_id) == ["succeeded"]
    assert posts(portal, offer_id) == [True]


def test_killed_during_the_wait_the_outcome_arrives(airflow, portal, tell):
    offer_id = "contoso-scheduler-in-wait"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, "in_two_tasks", offer_id=offer_id)
    release.wait_for_state("wait", "deferred")
    airflow.kill("scheduler")
    portal.finish(offer_id)
    tell("the sensor is deferred: scheduler killed; meanwhile the operation succeeds")
    airflow.restart("scheduler")
    tell("scheduler is up again")

    went_live_once(release, portal, offer_id)
    assert release.instance("wait")["state"] == "success"
    tell("sensor and run succeeded; 1 POST")


def test_killed_between_go_live_and_the_sensor_the_sensor_takes_over(airflow, portal, tell):
    offer_id = "contoso-scheduler-in-between"
    portal.add_offer(offer_id)
    portal.faults.add(Fault("slow", action="golive", offer_id=offer_id, delay=2))
    release = Release(airflow, "in_two_tasks", offer_id=offer_id)
    wait_until(lambda: posts(portal, offer_id), "the POST to arrive")
    # The worker lives on, while nobody is there to start the sensor.
    os.kill(airflow.pids("scheduler")[0], signal.SIGSTOP)
    release.wait_for_state("go_live", "success")
    assert release.instance("wait")["state"] is None
    airflow.kill("scheduler")
    tell("go_live has succeeded, the sensor isn't scheduled yet: scheduler killed")
    airflow.restart("scheduler")

    went_live_once(release, portal, offer_id)
    assert release.instance("wait")["state"] == "success"
    tell("sensor and run succeeded; 1 POST")


def test_killed_with_its_workers_between_post_and_202_the_next_try_finds_the_operation(airflow, portal, tell):
    offer_id = "contoso-scheduler-in-post"
    portal.add_offer(offer_id)
    portal.faults.add(Fault("slow", action="golive", offer_id=offer_id, delay=50))
    release = Release(airflow, "deferred", offer_id=offer_id)
    wait_until(lambda: posts(portal, offer_id), "the POST to arrive")
    airflow.kill("scheduler")
    tell("the portal has accepted and not answered yet: scheduler killed, with the worker")
    airflow.restart("scheduler")

    went_live_once(release, portal, offer_id)
    assert release.instance("go_live")["try_number"] == 2
    tell("the second try found its operation and saw it succeed; 1 POST")
