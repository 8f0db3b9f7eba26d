"""What Airflow says of a task just now: whether a user ended it, or only a process of ours did."""

from __future__ import annotations

import threading
from typing import Any

from airflow_provider_cpp.airflow_versions import current_state

#: The states that a user can mark. A task that was cleared has none of them: its next try takes the operation
#: up again. Neither has one that Airflow skips, as a DAG run's time is over.
_MARKED = frozenset({"failed", "success"})

#: Seconds to wait for Airflow's answer; a task being killed has five.
_PATIENCE = 1.5


def ended_by_user(state: str | None) -> bool:
    """Tell whether a task in this state was ended by a user, who marked it failed or succeeded."""
    return state in _MARKED


def was_ended_by_user(task_instance: Any) -> bool | None:
    """Tell whether a user ended the task, or None if Airflow doesn't say in time.

    Asks in a thread: a task is killed by a signal, which may interrupt it in the middle of another question
    to Airflow, and a second one would wait for ever.
    """
    answers: list[bool] = []

    def ask() -> None:
        answers.append(ended_by_user(current_state(task_instance)))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return answers[0] if answers else None
