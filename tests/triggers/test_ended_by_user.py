"""What tells a task that a user ended from one that Airflow or a process of ours ended."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.triggers.ended_by_user import why_not_by_user


@pytest.mark.parametrize("state", ["failed", "success"])
def test_what_a_user_marks_is_ended_by_a_user(state):
    assert why_not_by_user(state) is None


@pytest.mark.parametrize(
    "state",
    ["deferred", "running", "queued", "scheduled", "up_for_retry", "restarting", "skipped", "removed", None],
)
def test_any_other_state_is_none_that_a_user_marks(state):
    assert why_not_by_user(state).startswith("no user ended the task")
    assert (state or "") in why_not_by_user(state)


@pytest.mark.parametrize("state", ["failed", "success"])
@pytest.mark.parametrize(
    ("stalled", "limit", "is_users"),
    [(0, 300, True), (60, 300, True), (224, 300, True), (225, 300, False), (900, 300, False), (25, 30, False)],
)
def test_a_process_that_airflow_may_have_taken_for_lost_doesnt_know(state, stalled, limit, is_users):
    why = why_not_by_user(state, stalled=stalled, limit=limit)
    assert (why is None) is is_users
    assert is_users or f"{stalled} s" in why


def test_a_running_task_may_have_been_failed_with_another_one():
    assert "fail_fast" in why_not_by_user("failed", another_failed=True)
    assert why_not_by_user("success", another_failed=True) is None
