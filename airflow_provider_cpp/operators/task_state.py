"""What Airflow says of a task just now: whether a user ended it, or only a process of ours did."""

from __future__ import annotations

import threading
from typing import Any

#: The states that a user can mark. A task that was cleared has none of them: its next try takes the operation
#: up again. Neither has one that Airflow skips, as a DAG run's time is over.
_MARKED = frozenset({"failed", "success"})

#: Seconds to wait for Airflow's answer; a task being killed has five.
_PATIENCE = 1.5


def current_state(task_instance: Any) -> str | None:
    """Ask Airflow for the state of a task instance. Blocks.

    :param task_instance: the task instance, as a task's context or a trigger has it.
    :raises Exception: whatever keeps Airflow from telling.
    """
    try:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    except ImportError:  # Airflow 2
        state = task_instance.current_state()
        return str(state) if state is not None else None
    map_index = -1 if task_instance.map_index is None else task_instance.map_index
    is_mapped = map_index >= 0
    states = RuntimeTaskInstance.get_task_states(
        dag_id=task_instance.dag_id,
        run_ids=[task_instance.run_id],
        task_ids=[task_instance.task_id],
        map_index=map_index if is_mapped else None,
    )
    key = f"{task_instance.task_id}_{map_index}" if is_mapped else task_instance.task_id
    state = states.get(task_instance.run_id, {}).get(key)
    return str(getattr(state, "value", state)) if state is not None else None


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
