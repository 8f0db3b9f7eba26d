"""A user marks and clears tasks, and a task is retried after its operation has failed."""

from __future__ import annotations

import pytest

from tests.chaos.killing import stop
from tests.chaos.release import Release, posts, states, wait_for_new_looks, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]


BOTH = ("triggerer", "triggerer-2")
#: Seconds that a cancel takes: more than the thirty that Airflow grants `on_kill`.
SLOW_CANCEL = 45.0


@pytest.fixture
def slow_cancel(portal):
    """A portal that takes its time to cancel, as the real one does."""
    portal.configure(cancel_duration=SLOW_CANCEL)
    yield
    portal.configure(cancel_duration=2.0)


def mark_failed_while_it_is_watched(release, portal, offer_id):
    """Mark the deferred task failed once the triggerer watches; return once the cancel has arrived."""
    release.wait_for_state("go_live", "deferred")
    wait_for_new_looks(portal, [offer_id])  # the triggerer's first
    release.mark("go_live", "failed")
    wait_until(lambda: portal.requests_for("cancel", offer_id), "the cancel")


@pytest.mark.usefixtures("slow_cancel")
def test_marked_failed_with_cancel_on_kill_the_operation_is_canceled_and_that_is_confirmed(airflow, portal, tell):
    offer_id = "contoso-marked-failed"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, "cancel_on_kill", offer_id=offer_id)
    mark_failed_while_it_is_watched(release, portal, offer_id)
    tell("the task was marked failed while it was deferred; a cancel has arrived")
    # Not for Airflow's "trigger completed": it cancels such a trigger anew each second, also while it writes that.
    wait_until(lambda: "Confirmed: " in release.log("go_live"), "the cancel's end", SLOW_CANCEL + 60)

    assert states(portal, offer_id) == ["canceled"]
    assert len(portal.requests_for("cancel", offer_id)) == 1
    assert posts(portal, offer_id) == [True]
    assert release.wait_for_end() == "failed"
    assert release.instance("go_live")["state"] == "failed"
    tell(f"1 cancel, which took {SLOW_CANCEL:g} s: the task's log says that it is confirmed")


@pytest.mark.usefixtures("slow_cancel")
def test_a_triggerer_that_is_stopped_while_it_watches_a_cancel_says_so_and_stops(airflow, portal, tell):
    offer_id = "contoso-stopped-while-canceling"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, "cancel_on_kill", offer_id=offer_id)
    mark_failed_while_it_is_watched(release, portal, offer_id)
    wait_until(lambda: "Watching" in release.log("go_live"), "the cancel's answer")
    for part in BOTH:
        stop(airflow, part)
        assert "did not terminate in time" not in airflow.part_log(part), "Airflow waits for ten seconds"
    tell("both triggerers stopped with SIGTERM, in good time")
    airflow.restart(*BOTH)

    said = release.log("go_live")
    assert "isn't confirmed: the triggerer is being stopped" in said
    assert "Confirmed" not in said
    assert len(portal.requests_for("cancel", offer_id)) == 1
    wait_until(lambda: states(portal, offer_id) == ["canceled"], "the end of the cancel")
    tell("1 cancel; the log says that it isn't confirmed, and where to look")


@pytest.mark.usefixtures("slow_cancel")
def test_marked_failed_on_a_worker_the_cancel_is_sent_and_told_as_not_confirmed(airflow, portal, tell):
    # Airflow 3 kills the task five seconds after it told it to end.
    offer_id = "contoso-marked-failed-on-worker"
    portal.add_offer(offer_id, duration=3600)
    release = Release(airflow, "cancel_on_worker", offer_id=offer_id)
    wait_until(lambda: len(portal.requests_for("operation", offer_id)) >= 2, "two looks at the operation")
    release.mark("go_live", "failed")
    wait_until(lambda: "isn't confirmed" in release.log("go_live"), "the task's last words")

    assert len(portal.requests_for("cancel", offer_id)) == 1
    assert "run CancelOperator" in release.log("go_live")
    wait_until(lambda: states(portal, offer_id) == ["canceled"], "the end of the cancel")
    tell("1 cancel; the task's log says that it isn't confirmed, and what to do")


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
