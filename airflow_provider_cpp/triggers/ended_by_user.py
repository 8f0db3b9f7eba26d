"""Whether a user ended a task, or only Airflow or a process of ours, so that nothing is canceled by accident."""

from __future__ import annotations

from typing import Any

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.wire.plain_text import said_by

#: The states that a user can mark. A task that was cleared has none of them: its next try takes the operation
#: up again. Neither has one that Airflow skips, as a DAG run's time is over, or as another task failed while
#: this one was deferred.
_MARKED = frozenset({"failed", "success"})

#: Share of Airflow's patience with a silent process after which Airflow may have lost it: its last sign of life
#: came some seconds before the silence.
_SHARE = 0.75

#: What is said where Airflow gives no answer.
NOT_KNOWN = "Airflow doesn't say whether a user ended the task"


def why_not_by_user(
    state: str | None, *, stalled: float = 0.0, limit: float = 300.0, another_failed: bool = False
) -> str | None:
    """Return why a task may not have been ended by a user, in words, or None if a user ended it.

    :param state: the task's state. A user marks a task failed or succeeded, but Airflow may have failed it too.
    :param stalled: seconds for which this process stalled lately.
    :param limit: seconds without a sign of life after which Airflow takes a process for lost: it then fails the
        task, or has somebody else run it, who ends it.
    :param another_failed: whether another task of the run failed in a DAG that then fails those that run.
    """
    if state not in _MARKED:
        return "no user ended the task" + (f" (Airflow calls it {state})" if state else "")
    if stalled >= _SHARE * limit:
        return (
            f"this process stalled for {stalled:.0f} s, so that Airflow may have taken it for lost and ended "
            "the task itself"
        )
    if another_failed and state == "failed":
        return "another task of the run has failed, so that Airflow may have failed this one itself (fail_fast)"
    return None


def why_not_by_user_in_triggerer(task_instance: Any, stalled: float) -> str | None:
    """Return why a deferred task may not have been ended by a user, or None. Blocks.

    :param stalled: seconds for which the triggerer stalled lately.
    :raises Exception: whatever keeps Airflow from answering.
    """
    return why_not_by_user(
        airflow_versions.current_state(task_instance),
        stalled=stalled,
        limit=airflow_versions.silence_limit(in_triggerer=True),
    )


def not_known(error: Exception) -> str:
    """Return in words that Airflow doesn't say what became of a task, and why it doesn't."""
    return f"{NOT_KNOWN} ({said_by(error)})"
