"""How a wait learns that a task before it started nothing, and why, where that is no failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.tasks.starting_operator import NOT_STARTED_KEY, StartsOperation

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_cpp.lro.seam import Watched


def why_nothing_was_started(task: Any, context: Context, dry_run_of: Watched | None = None) -> str | None:
    """Return why a task before this one started nothing, as that task says in XCom; None if none does. Blocks.

    :param task: the task that waits.
    :param context: its context.
    :param dry_run_of: only look for a dry run of this offer.
    """
    task_instance: Any = context.get("ti")
    if task_instance is None or not task.has_dag():
        return None
    tasks = task.dag.task_dict
    for task_id in sorted(task.get_flat_relative_ids(upstream=True)):
        if not issubclass(_class_of(tasks[task_id]), StartsOperation):
            continue
        for note in _notes_of(task_id, task_instance):
            if dry_run_of is None or (note.get("dry_run") and _is_of(note, dry_run_of)):
                return f"task {task_id} started nothing. {note.get('message')}"
    return None


def _is_of(note: dict[str, Any], offer: Watched) -> bool:
    # The service isn't consistent about the case of identifiers.
    return str(note.get("offer")).casefold() == offer.url.casefold()


def _notes_of(task_id: str, task_instance: Any) -> Iterator[dict[str, Any]]:
    """Yield what a task left; what it left for the same entry of a mapped group first."""
    index = getattr(task_instance, "map_index", -1)
    for which in [{"map_indexes": index}, {}] if index >= 0 else [{}]:
        yield from _notes(task_instance.xcom_pull(task_ids=[task_id], key=NOT_STARTED_KEY, **which))


def _class_of(task: Any) -> type:
    found = getattr(task, "operator_class", type(task))  # of a mapped task
    return found if isinstance(found, type) else type(task)


def _notes(pulled: object) -> Iterable[dict[str, Any]]:
    if isinstance(pulled, dict):
        yield pulled
    elif isinstance(pulled, Iterable) and not isinstance(pulled, str):
        for each in pulled:
            yield from _notes(each)
