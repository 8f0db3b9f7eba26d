"""Waits without a worker in a real Airflow, told by its own audit log."""

from __future__ import annotations

import pytest

from tests.end_to_end.eventually import PATIENCE

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

DAG_ID = "without_worker"
OFFERS = {"succeeds": "succeed", "fails": "fail", "skips": "fail", "retries": "fail"}


def begin(airflow, portal):
    """Wait in each of the ways in which an operation can end."""
    for name, outcome in OFFERS.items():
        portal.add_offer(f"without-worker-{name}", outcome=outcome)
    for name in "ab":
        portal.add_offer(f"without-worker-mapped-{name}")
    run_id = airflow.trigger(DAG_ID, timeout=PATIENCE)
    observer = airflow.observe(DAG_ID, run_id, 0.5)
    observer.wait(timeout=PATIENCE)
    return run_id, observer.stories()


@pytest.fixture(scope="module")
def stories(side_by_side):
    return side_by_side.result(begin)


def test_a_success_takes_no_worker_at_all_and_leaves_its_result(stories, local_airflow):
    run_id, tasks = stories
    assert tasks["succeeds"].final_state == "success"
    assert "running" not in tasks["succeeds"].names
    assert tasks["succeeds"].held_worker.total_seconds() == 0
    assert local_airflow.xcom(DAG_ID, run_id, "succeeds")["status"] == "succeeded"
    assert local_airflow.xcom(DAG_ID, run_id, "read") == "dict succeeded"


def test_a_failure_takes_no_worker_and_its_log_names_step_and_message(stories, local_airflow):
    run_id, tasks = stories
    assert tasks["fails"].final_state == "failed"
    assert "running" not in tasks["fails"].names
    log = "\n".join(local_airflow.logs(DAG_ID, run_id, "fails"))
    assert "displaycertify" in log
    assert "Certification failed" in log


def test_a_soft_failure_is_skipped_without_a_worker(stories):
    _, tasks = stories
    assert tasks["skips"].final_state == "skipped"
    assert "running" not in tasks["skips"].names


def test_a_failure_that_is_not_to_be_retried_is_ended_by_a_worker_if_the_task_has_retries(stories):
    _, tasks = stories
    assert tasks["retries"].final_state == "failed"
    assert "up_for_retry" not in tasks["retries"].names
    assert "running" in tasks["retries"].names


def test_mapped_waits_begin_on_a_worker_and_end_without_one(stories):
    _, tasks = stories
    mapped = [story for name, story in tasks.items() if name.startswith("mapped[")]
    assert len(mapped) == 2
    for story in mapped:
        assert story.final_state == "success"
        assert story.names.count("running") == 1
