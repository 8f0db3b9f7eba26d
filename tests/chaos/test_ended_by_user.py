"""A user marks and clears tasks, and a task is retried after its operation has failed."""

from __future__ import annotations

import pytest

from tests.chaos.release import Release, posts, states, wait_for_new_looks, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


def test_marked_failed_with_cancel_on_kill_the_operation_is_canceled_and_that_is_confirmed(airflow, portal, tell):
    offer_id = "contoso-marked-failed"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, "cancel_on_kill", offer_id=offer_id)
    release.wait_for_state("go_live", "deferred")
    wait_for_new_looks(portal, [offer_id])  # the triggerer's first
    release.mark("go_live", "failed")
    tell("the task is deferred: marked failed")
    wait_until(lambda: "Confirmed" in release.log("go_live"), "the cancel to be confirmed")

    assert states(portal, offer_id) == ["canceled"]
    assert len(portal.requests_for("cancel", offer_id)) == 1
    assert posts(portal, offer_id) == [True]
    assert release.wait_for_end() == "failed"
    assert release.instance("go_live")["state"] == "failed"
    tell("1 cancel arrived; the portal says canceled, and the task's log that this is confirmed")


def test_marked_failed_without_cancel_on_kill_the_operation_runs_on(airflow, portal, tell):
    offer_id = "contoso-left-alone"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, "deferred", offer_id=offer_id)
    release.wait_for_state("go_live", "deferred")
    wait_for_new_looks(portal, [offer_id])  # the triggerer's first
    release.mark("go_live", "failed")
    wait_until(lambda: "trigger completed" in release.log("go_live"), "the trigger's end")

    assert states(portal, offer_id) == ["running"]
    assert portal.requests_for("cancel", offer_id) == []
    tell("the trigger has ended, the operation runs on, no cancel")


@pytest.mark.parametrize("dag_id", ["deferred", "cancel_on_kill"])
def test_cleared_while_it_waits_the_next_try_takes_the_operation_up_again(airflow, portal, tell, dag_id):
    offer_id = f"contoso-cleared-waiting-{dag_id.replace('_', '-')}"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, dag_id, offer_id=offer_id)
    release.wait_for_state("go_live", "deferred")
    release.clear("go_live")
    tell("the task is deferred: cleared")
    wait_until(lambda: release.instance("go_live")["try_number"] == 2, "the second try")
    release.wait_for_state("go_live", "deferred")
    portal.finish(offer_id)

    assert release.wait_for_end() == "success"
    assert "reattached" in release.log("go_live", try_number=2)
    assert states(portal, offer_id) == ["succeeded"]
    assert posts(portal, offer_id) == [True]
    tell("the second try reattached, and saw the operation succeed; 1 POST")


def test_a_green_task_that_is_cleared_goes_live_again(airflow, portal, tell):
    offer_id = "contoso-cleared"
    portal.add_offer(offer_id, duration=5)
    release = Release(airflow, "deferred", offer_id=offer_id)
    assert release.wait_for_end() == "success"
    assert posts(portal, offer_id) == [True]
    portal.portal.publish(portal.publisher_id, offer_id)
    portal.finish(offer_id)
    tell("the task succeeded after 1 POST, and another version is ready for its sign-off: cleared")
    release.clear("go_live")
    wait_until(lambda: len(posts(portal, offer_id)) == 2, "another POST")

    assert release.wait_for_end() == "success"
    assert posts(portal, offer_id) == [True, True]
    assert states(portal, offer_id) == ["succeeded", "succeeded"]
    tell("one more POST, one more operation; the task succeeded again")


def test_a_green_task_that_is_cleared_with_nothing_new_to_take_live_says_so_and_posts_nothing(
    airflow, portal, tell
):
    offer_id = "contoso-cleared-again"
    portal.add_offer(offer_id, duration=2)
    release = Release(airflow, "cancel_on_kill", offer_id=offer_id)
    assert release.wait_for_end() == "success"
    release.clear("go_live")
    release.wait_for_state("go_live", "failed")
    assert posts(portal, offer_id) == [True]
    assert "live already" in release.log("go_live", 2)
    tell("nothing new is ready: the cleared task failed and named it; 1 POST")


def test_a_failed_operation_is_followed_by_a_second_post_only_after_it_has_failed(airflow, portal, tell):
    offer_id = "contoso-failed"
    portal.add_offer(offer_id, duration=5, outcome="fail")
    release = Release(airflow, "deferred", offer_id=offer_id)
    wait_until(lambda: posts(portal, offer_id), "the first POST")
    portal.override(offer_id, outcome="succeed")

    assert release.wait_for_end() == "success"
    assert release.instance("go_live")["try_number"] == 2
    assert posts(portal, offer_id) == [True, True]
    assert states(portal, offer_id) == ["failed", "succeeded"]
    first, second = portal.requests_for("golive", offer_id)
    looks = [each.at for each in portal.requests_for("operation", offer_id) if each.at < second.at]
    failed = next(each for each in portal.operations(offer_id) if portal.view(each).state == "failed")
    assert looks[-1] > portal.view(failed).changed_at
    tell(f"the operation failed; the second POST came {second.at - first.at:.0f} s after the first, and succeeded")
