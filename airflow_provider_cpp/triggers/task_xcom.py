"""What a trigger leaves with its task: the task's result, its links, and where the watch stands.

They are XComs of the task, as a trigger has no other place of its own that outlives the triggerer. Airflow deletes
them when the task is run again from its beginning.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.airflow_versions import triggers_have_xcoms
from airflow_provider_cpp.api.telling import STANDING_KEY, note_of, told_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

    async def get(self, key: str) -> object:
        """Return what stands under a key, or None.

        :raises Exception: whatever Airflow or its XCom backend raises.
        """
        from airflow.providers.common.compat.sdk import XCom
        from asgiref.sync import sync_to_async

        value: object = await sync_to_async(XCom.get_one)(key=key, **self._of_the_task)
        return value

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


class StandingInXCom:
    """Remembers where a watch stands, for the trigger that takes it up after a restart of the triggerer.

    It is a help for whoever reads the log, so that nothing ends for want of it.

    :param xcom: the task's XComs.
    :param watch: tells this watch from an earlier one of the same task.
    :param say: writes a line into the task's log.
    """

    __slots__ = ("_say", "_watch", "_xcom")

    def __init__(self, xcom: TaskXCom, watch: str, say: Callable[[int, str], object]) -> None:
        self._xcom = xcom
        self._watch = watch
        self._say = say

    async def recall(self) -> object:
        """Return what was remembered last of this watch, or None."""
        try:
            return told_in(await self._xcom.get(STANDING_KEY), self._watch)
        except Exception as error:  # noqa: BLE001 - see the class
            self._excuse(error)
            return None

    async def remember(self, standing: dict[str, object]) -> None:
        """Remember JSON primitives, in place of what was remembered before."""
        try:
            await self._xcom.set({STANDING_KEY: note_of(self._watch, standing)})
        except Exception as error:  # noqa: BLE001 - see the class
            self._excuse(error)

    def _excuse(self, error: Exception) -> None:
        self._say(
            logging.INFO,
            "Airflow keeps no note of what was told here, so that a restart of the triggerer may tell it again "
            f"({type(error).__name__}: {error}).",
        )
