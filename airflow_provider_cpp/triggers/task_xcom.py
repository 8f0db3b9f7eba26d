"""What a trigger leaves with its task, as XComs: the task's result, and its links.

Airflow deletes them when the task is run again from its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.airflow_versions import push_past_backend, triggers_have_xcoms
from airflow_provider_cpp.links.operation import coordinates

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

    async def set_result(self, result: object) -> None:
        """Write the task's result, as a worker would.

        :raises Exception: whatever Airflow or its XCom backend raises.
        """
        from airflow.providers.common.compat.sdk import XCom
        from asgiref.sync import sync_to_async

        await sync_to_async(XCom.set)("return_value", result, **coordinates(self._task))

    async def set_links(self, values: Mapping[str, str]) -> None:
        """Write what the task's links show, under their keys.

        :raises Exception: whatever Airflow or its XCom backend raises.
        """
        from airflow.providers.common.compat.sdk import XCom
        from asgiref.sync import sync_to_async

        push = push_past_backend() or XCom.set
        for key, value in values.items():
            await sync_to_async(push)(key, value, **coordinates(self._task))
