"""Asks Airflow, while a task is being killed, whether a user ended it."""

from __future__ import annotations

import threading
from typing import Any

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.triggers.ended_by_user import NOT_KNOWN, not_known, why_not_by_user

#: Seconds to wait for Airflow's answer; a task being killed has five.
_PATIENCE = 1.5


def why_not_by_user_on_worker(task_instance: Any, stalled: float) -> str | None:
    """Return why a running task may not have been ended by a user, or None if a user ended it. Blocks.

    Asks in a thread: a task is killed by a signal, which may interrupt it in the middle of another question
    to Airflow, and a second one would wait for ever.

    :param task_instance: the task instance, as a task's context has it.
    :param stalled: seconds for which this process stalled lately.
    """
    answers: list[str | None] = []

    def ask() -> None:
        try:
            why = why_not_by_user(
                airflow_versions.current_state(task_instance),
                stalled=stalled,
                limit=airflow_versions.silence_limit(in_triggerer=False),
                another_failed=airflow_versions.another_failed_fast(task_instance),
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, not knowing means not canceling
            why = not_known(error)
        answers.append(why)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    return answers[0] if answers else NOT_KNOWN
