"""The portal is killed with -9 during the wait, and started again with what it had written down."""

from __future__ import annotations

import time

import pytest

from tests.chaos.release import Release, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

#: Seconds for which nobody answers.
OUTAGE = 10.0


def test_killed_during_the_wait_and_restarted_the_outcome_arrives(airflow, portal_process, tell):
    release = Release(airflow, "in_two_tasks", offer_id="contoso-restarted", conn_id="cpp_process")
    release.wait_for_state("wait", "deferred")
    before = len(portal_process.requests("operation"))
    wait_until(lambda: len(portal_process.requests("operation")) > before, "the triggerer's first look")
    portal_process.kill()
    tell("the triggerer watches: portal killed")
    time.sleep(OUTAGE)
    portal_process.start()
    tell("portal is up again, with its state")

    assert release.wait_for_end() == "success"
    operation = airflow.xcom(release.dag_id, release.run_id, "wait")
    assert operation["status"] == "succeeded"
    assert portal_process.requests("golive") == [202]
    assert "can be read again" in release.log("wait")
    tell("the sensor saw the operation succeed; 1 POST")
