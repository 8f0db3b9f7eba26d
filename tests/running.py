"""Runs a task as Airflow would, deferral included, but for its processes: worker, database, triggerer, worker."""

from __future__ import annotations

import asyncio
import importlib
import json
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import TaskDeferred


class Store(dict):
    """Airflow's task state store, as far as a task sees it: JSON values by key, kept between tries."""

    def set(self, key: str, value: Any, *, retention: Any = None) -> None:
        self[key] = json.loads(json.dumps(value))

    def delete(self, key: str) -> None:
        self.pop(key, None)


def context_of(task: Any, *, store: Store | None = None, try_number: int = 1, **more: Any) -> dict[str, Any]:
    """Return what a task is given to know of its run; what it pushes is in `context["ti"].xcoms`."""
    xcoms: dict[str, Any] = {}
    task_instance = SimpleNamespace(
        xcoms=xcoms,
        xcom_push=lambda key, value: xcoms.update({key: through_the_database(value)}),
        dag_id="release",
        task_id=task.task_id,
        run_id="manual",
        map_index=-1,
        try_number=try_number,
        max_tries=task.retries,
    )
    context = {"ti": task_instance, "task": task, **more}
    return context if store is None else {**context, "task_state_store": store}


def through_the_database(value: Any) -> Any:
    """Return what is left of a value after Airflow has stored it: JSON primitives, or an error."""
    return json.loads(json.dumps(value, allow_nan=False))


def event_of(trigger: Any) -> dict[str, Any]:
    """Run a trigger in an event loop of its own and return its one event's payload."""

    async def run() -> list[Any]:
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(run())
    return event.payload


def anew(trigger: Any) -> Any:
    """Return the trigger that a triggerer makes of what the worker handed over."""
    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)(**through_the_database(arguments))


class Outcome(SimpleNamespace):
    """What became of a task: its `result`, and how often it was deferred."""


def fresh_task(task: Any) -> Any:
    """Return the task as a worker has it for each stretch of work: nobody has used it; its DAG is the same."""
    dag = task.get_dag() if hasattr(task, "get_dag") else None
    return deepcopy(task, {id(dag): dag})


def run_task(task: Any, context: dict[str, Any]) -> Outcome:
    """Run a task to its end, deferred as often as it wants to be, and return its outcome."""
    deferrals = []
    run = lambda fresh: fresh.execute(context)  # noqa: E731
    while True:
        fresh = fresh_task(task)
        try:
            return Outcome(result=run(fresh), deferrals=deferrals)
        except TaskDeferred as deferral:
            deferrals.append(deferral)
            event = through_the_database(event_of(anew(deferral.trigger)))
            run = lambda fresh, d=deferral, e=event: fresh.resume_execution(  # noqa: E731
                d.method_name, {**(d.kwargs or {}), "event": e}, context
            )
