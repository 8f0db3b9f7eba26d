"""Tell where each task of a DAG run spent its time: on a worker, or deferred, holding none."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from typing import TYPE_CHECKING, Any

from dev.airflow_api import run_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dev.airflow_api import AirflowApi

FINAL_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
_AUDITED = FINAL_STATES | {"running", "deferred"}


@dataclasses.dataclass(frozen=True)
class TaskStory:
    """The states that one task instance went through, each with the time at which it was entered.

    ``running``, ``deferred`` and the final states come from Airflow's audit log and are exact. The others
    (``scheduled``, ``queued``) are as old as the poll that saw them first, and one that passes between two
    polls isn't seen at all.
    """

    task: str
    states: tuple[tuple[str, dt.datetime], ...]

    @property
    def names(self) -> list[str]:
        """The states' names, in order."""
        return [state for state, _ in self.states]

    @property
    def final_state(self) -> str | None:
        """The state in which the task ended, if it has."""
        return self.states[-1][0] if self.states and self.states[-1][0] in FINAL_STATES else None

    @property
    def held_worker(self) -> dt.timedelta:
        """How long the task held a worker slot."""
        return self.time_in("running")

    @property
    def waited_deferred(self) -> dt.timedelta:
        """How long the task waited without one, until it was scheduled to resume."""
        return self.time_in("deferred")

    def time_in(self, state: str) -> dt.timedelta:
        """Return the time spent in a state, up to the last change that was seen."""
        following = self.states[1:]
        pairs = zip(self.states, following, strict=False)
        return sum((end - start for (name, start), (_, end) in pairs if name == state), dt.timedelta())


@dataclasses.dataclass(frozen=True)
class StateChange:
    """A task instance was seen in another state than at the poll before."""

    task: str
    before: str | None
    now: str
    when: dt.datetime
    try_number: int


class RunObserver:
    """Poll one DAG run until it ends.

    :param api: Airflow's REST API
    :param dag_id: the DAG
    :param run_id: its run
    :param poll_seconds: the precision of what Airflow's audit log doesn't have
    """

    def __init__(self, api: AirflowApi, dag_id: str, run_id: str, poll_seconds: float = 0.25) -> None:
        self._api = api
        self._dag_id = dag_id
        self._run_id = run_id
        self._poll_seconds = poll_seconds
        self._seen: dict[str, list[tuple[str, dt.datetime]]] = {}

    def poll(self) -> list[StateChange]:
        """Look once; return what has changed since the last look, in the order of the tasks' starts."""
        answer = self._api.call("GET", run_path(self._dag_id, self._run_id, "taskInstances"))
        now = dt.datetime.now(dt.UTC)
        changes = []
        for instance in answer["task_instances"]:
            task, state = _label(instance), instance["state"]
            seen = self._seen.setdefault(task, [])
            before = seen[-1][0] if seen else None
            if state is not None and state != before:
                seen.append((state, now))
                changes.append(StateChange(task, before, state, now, instance["try_number"]))
        return changes

    def run_state(self) -> str:
        """Return the DAG run's state."""
        state: str = self._api.call("GET", run_path(self._dag_id, self._run_id))["state"]
        return state

    def wait(self, timeout: float, on_change: Callable[[StateChange], None] | None = None) -> str:
        """Poll until the run has ended; return its state.

        :param timeout: seconds
        :param on_change: called with each change
        :raises TimeoutError: it names each task's state
        """
        deadline = time.monotonic() + timeout
        while True:
            # The run's state is read first, so that its tasks' last changes are seen before it is believed.
            state = self.run_state()
            for change in self.poll():
                if on_change:
                    on_change(change)
            if state in {"success", "failed"}:
                return state
            if time.monotonic() > deadline:
                where = {task: seen[-1][0] for task, seen in self._seen.items() if seen}
                raise TimeoutError(f"{self._dag_id} {self._run_id} is {state} after {timeout:g} s: {where}")
            time.sleep(self._poll_seconds)

    def stories(self) -> dict[str, TaskStory]:
        """Return each task's story, made of Airflow's audit log and of what the polls saw."""
        query = {"dag_id": self._dag_id, "run_id": self._run_id, "order_by": "when", "limit": 100}
        events = self._api.call("GET", "/eventLogs", params=query)["event_logs"]
        return {task: TaskStory(task, merge(_audited(events, task), seen)) for task, seen in self._seen.items()}


def merge(
    audited: Iterable[tuple[str, dt.datetime]], polled: Sequence[tuple[str, dt.datetime]]
) -> tuple[tuple[str, dt.datetime], ...]:
    """Return one sequence of states: the audit log's times where it has them, the polls' elsewhere."""
    exact = list(audited)
    if not exact:
        return tuple(polled)
    known = {state for state, _ in exact}
    seen = [entry for entry in polled if entry[0] not in known or entry[0] not in _AUDITED]
    return tuple(sorted([*exact, *seen], key=lambda entry: entry[1]))


def _audited(events: Iterable[dict[str, Any]], task: str) -> Iterable[tuple[str, dt.datetime]]:
    for event in events:
        if event["task_id"] and _label(event) == task and event["event"] in _AUDITED:
            yield event["event"], dt.datetime.fromisoformat(event["when"])


def _label(instance: dict[str, Any]) -> str:
    index = instance.get("map_index")
    task: str = instance["task_id"]
    return task if index in (None, -1) else f"{task}[{index}]"
