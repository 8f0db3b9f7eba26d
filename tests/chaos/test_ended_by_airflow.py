"""Airflow itself fails tasks that have `cancel_on_kill`, as if a user had marked them: nothing is canceled."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from tests.chaos.killing import frozen, frozen_worker
from tests.chaos.release import Release, posts, states, wait_for_new_looks, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def runs_on(release, portal, offer_id, why):
    """The task was told to end, and said why it doesn't cancel."""
    wait_until(lambda: why in release.log("go_live"), "the task's last words")
    said = release.log("go_live")
    assert "Not canceling" in said
    assert "run CancelOperator" in said
    assert release.instance("go_live")["state"] == "failed"
    assert portal.requests_for("cancel", offer_id) == []
    assert states(portal, offer_id) == ["running"]
    assert posts(portal, offer_id) == [True]


def test_failed_with_another_task_in_a_dag_that_fails_fast(airflow, portal, tell):
    offer_id = "contoso-fails-fast"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, "fail_fast", offer_id=offer_id)
    release.wait_for_state("spoil", "failed")
    tell("another task has failed: Airflow fails this one, too")

    runs_on(release, portal, offer_id, "(fail_fast)")
    tell("the operation runs on, no cancel")


def test_failed_while_its_worker_was_suspended(airflow, portal, tell):
    offer_id = "contoso-suspended"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, "cancel_on_worker", offer_id=offer_id)
    wait_until(lambda: len(portal.requests_for("operation", offer_id)) >= 2, "two looks at the operation")
    with frozen_worker(airflow, release.instance("go_live")):
        release.wait_for_state("go_live", "failed")
        tell("the worker was suspended, and Airflow has failed its task")

    runs_on(release, portal, offer_id, "this process stalled")
    tell("the worker goes on; the operation runs on, no cancel")


def test_ended_by_another_triggerer_while_its_own_was_suspended(airflow, portal, tell):
    offer_id = "contoso-ended-elsewhere"
    portal.add_offer(offer_id, duration=3600)
    airflow.kill("triggerer-2")
    release = Release(airflow, "cancel_on_kill", offer_id=offer_id)
    release.wait_for_state("go_live", "deferred")
    wait_for_new_looks(portal, [offer_id])  # the triggerer's first
    airflow.restart("triggerer-2")
    with frozen(airflow, "triggerer"):
        portal.faults.add(Fault("error", action="operation", offer_id=offer_id, status=403, times=None))
        release.wait_for_state("go_live", "failed")
        portal.faults.clear()
        tell("a triggerer was suspended; the other one was refused the status, so that the task has failed")

    runs_on(release, portal, offer_id, "this process stalled")
    tell("Airflow told the first one's trigger that a user had ended the task; it didn't cancel")
    airflow.restart("triggerer")  # which knows for two minutes that it stalled
