"""One release under way: a DAG run, seen through Airflow's API, and its offers, seen from the portal's side."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dev.airflow_api import run_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_cpp.emulator import Emulator, RecordedRequest
    from dev.local_airflow import LocalAirflow


def wait_until(is_so: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
    """Wait until something is so; return what the condition returned.

    :raises TimeoutError: it wasn't within the time
    """
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.1)
    return found


def looks(portal: Emulator, offer_id: str) -> list[RecordedRequest]:
    """Return the looks at operations on an offer: through the newer API without a job at its submissions."""
    return [*portal.requests_for("operation", offer_id), *portal.requests_for("submissions", offer_id)]


def wait_for_new_looks(portal: Emulator, offer_ids: list[str]) -> None:
    """Wait until the operation on each offer is looked at once more."""
    seen = {offer_id: len(looks(portal, offer_id)) for offer_id in offer_ids}

    def are_all_looked_at() -> bool:
        return all(len(looks(portal, each)) > seen[each] for each in offer_ids)

    wait_until(are_all_looked_at, "a look at each operation")


class Release:
    """A run of one of the DAGs for chaos, begun on construction.

    :param airflow: where it runs
    :param dag: the DAG's name without its prefix
    :param conf: the run's parameters
    """

    def __init__(self, airflow: LocalAirflow, dag: str, **conf: Any) -> None:
        self.airflow = airflow
        self.dag_id = f"chaos_{dag}"
        self.began = time.monotonic()
        self.run_id = airflow.trigger(self.dag_id, conf)

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def instances(self, task_id: str) -> list[dict[str, Any]]:
        """Return the instances of a task, as Airflow's API has them."""
        path = run_path(self.dag_id, self.run_id, "taskInstances")
        found = self.airflow.api("GET", path, params={"limit": 200})["task_instances"]
        return [each for each in found if each["task_id"] == task_id]

    def instance(self, task_id: str) -> dict[str, Any]:
        """Return the one instance of a task that isn't mapped."""
        (found,) = self.instances(task_id)
        return found

    def wait_for_state(self, task_id: str, state: str, count: int = 1, seconds: float = 90.0) -> None:
        """Wait until so many instances of a task are in a state."""

        def is_so() -> bool:
            return sum(each["state"] == state for each in self.instances(task_id)) >= count

        wait_until(is_so, f"{count} times {task_id} {state} in {self.dag_id}", seconds)

    def wait_for_end(self, seconds: float = 270.0) -> str:
        """Wait until the run has ended; return its state."""
        path = run_path(self.dag_id, self.run_id)

        def state() -> str | None:
            found: str = self.airflow.api("GET", path)["state"]
            return found if found in {"success", "failed"} else None

        ended: str = wait_until(state, f"{self.dag_id} to end", seconds)
        return ended

    def log(self, task_id: str, try_number: int = 1, map_index: int = -1) -> str:
        """Return the log of one try."""
        return "\n".join(self.airflow.logs(self.dag_id, self.run_id, task_id, try_number, map_index))

    def mark(self, task_id: str, state: str) -> None:
        """Mark a task as a user does in the UI."""
        path = run_path(self.dag_id, self.run_id, "taskInstances", task_id)
        self.airflow.api("PATCH", path, {"new_state": state})

    def clear(self, task_id: str) -> None:
        """Clear a task as a user does in the UI."""
        wanted = {"dag_run_id": self.run_id, "task_ids": [task_id], "dry_run": False, "only_failed": False}
        self.airflow.api("POST", f"/dags/{self.dag_id}/clearTaskInstances", wanted)


def posts(portal: Emulator, offer_id: str) -> list[bool]:
    """Return for each go-live that arrived whether the portal acted upon it."""
    return [request.accepted for request in portal.requests_for("golive", offer_id)]


def states(portal: Emulator, offer_id: str) -> list[str]:
    """Return the state of each go-live of an offer."""
    return [portal.view(each).state for each in portal.operations(offer_id) if each.kind == "golive"]
