"""What a trigger leaves with its task, as XComs: the task's result, and its links.

Airflow deletes them when the task is run again from its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.airflow_versions import triggers_have_xcoms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.triggers.base import BaseTrigger


class TaskXCom:
    """The XComs of a trigger's task.

    :param task_instance: the task, as Airflow gives it to a trigger.
    """

    __slots__ = ("_task",)

    def __init__(self, task_instance: Any) -> None:
        self._task = task_instance

    @classmethod
    def of(cls, trigger: BaseTrigger) -> TaskXCom | None:
        """Return those of a trigger's task, or None where it has none, or triggers can't have them."""
        task: Any = trigger.task_instance
        return cls(task) if task is not None and triggers_have_xcoms() else None

    async def set(self, values: Mapping[str, object]) -> None:
        """Write values under their keys.

        :raises Exception: whatever Airflow or its XCom backend raises.
        """
        from airflow.providers.common.compat.sdk import XCom
        from asgiref.sync import sync_to_async

        for key, value in values.items():
            await sync_to_async(XCom.set)(key, value, **self._of_the_task)

    @property
    def _of_the_task(self) -> dict[str, Any]:
        task = self._task
        return {
            "dag_id": task.dag_id,
            "task_id": task.task_id,
            "run_id": task.run_id,
            "map_index": -1 if task.map_index is None else task.map_index,
        }
