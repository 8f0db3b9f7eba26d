"""What a trigger leaves with its task, as XComs: the task's result, and its link.

Airflow deletes them when the task is run again from its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.airflow_versions import push_past_backend, triggers_have_xcoms
from airflow_provider_cpp.links.operation import PARTNER_CENTER_KEY, coordinates

if TYPE_CHECKING:
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

    async def set_link(self, address: str) -> None:
        """Write where the task's link leads.

        :param address: the page.
        :raises Exception: whatever Airflow or its XCom backend raises.
        """
        from airflow.providers.common.compat.sdk import XCom
        from asgiref.sync import sync_to_async

        push = push_past_backend() or XCom.set
        await sync_to_async(push)(PARTNER_CENTER_KEY, address, **coordinates(self._task))
