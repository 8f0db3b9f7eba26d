"""Decides what the Airflow that runs here lacks, and what happens instead; nobody else asks for its version."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from airflow.providers.common.compat.sdk import AirflowSensorTimeout, conf
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS, AIRFLOW_V_3_3_PLUS

try:
    from airflow.sdk.exceptions import TaskDeferralTimeout
except ImportError:  # Airflow 2
    from airflow.exceptions import TaskDeferralError as TaskDeferralTimeout  # type: ignore[no-redef]

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

#: How the scheduler of Airflow 2 ends a wait; it has no exception of its own for that.
_AIRFLOW_2_SAYS = "Trigger/execution timeout"


class Log(Protocol):
    """What all of Airflow's loggers have, however they are typed."""

    def log(self, level: int, message: str, /, *arguments: object) -> Any:
        """Write a line."""


@dataclass(frozen=True)
class Feature:
    """Something that a task may ask for and that not every Airflow can do.

    :param name: what was asked for, as the line in the task's log begins.
    :param since: the first version of Airflow that can do it, such as ``3.3``.
    :param is_here: whether this Airflow can.
    :param instead: what happens otherwise, as the line ends.
    """

    name: str
    since: str
    is_here: bool
    instead: str

    def warn_if_missing(self, log: Log, level: int = logging.WARNING) -> None:
        """Write the one line that says what happens instead, if this Airflow can't do it."""
        if not self.is_here:
            log.log(level, "%s", self.fallback)

    @property
    def fallback(self) -> str:
        """The line in the log of a task that asks for it in vain."""
        return f"{self.name} needs Airflow {self.since}; {self.instead}."


WITHOUT_WORKER = Feature(
    "start_from_trigger or end_from_trigger", "3.3", AIRFLOW_V_3_3_PLUS, "a worker does it instead"
)
CANCEL_WHILE_DEFERRED = Feature(
    "cancel_on_kill of a deferred task",
    "3.3",
    AIRFLOW_V_3_3_PLUS,
    "an operation whose task is ended meanwhile runs on",
)
TASK_STATE = Feature(
    "A record of what this try does",
    "3.3",
    AIRFLOW_V_3_3_PLUS,
    "a retry looks through the offer's submissions instead",
)

STUCK_WHILE_RESCHEDULED = Feature(
    'stuck_after with mode="reschedule"',
    "3.3",
    AIRFLOW_V_3_3_PLUS,
    "nothing warns of an operation that is stalled",
)
WATCHERS_MEMORY = Feature(
    "A watcher that remembers what it reported",
    "3.3",
    AIRFLOW_V_3_3_PLUS,
    "this one begins anew at each start of the triggerer, and its lookback says how far it goes back",
)


def wait_ran_out(error: BaseException) -> bool:
    """Return whether Airflow itself ended a deferred wait because its time was over.

    :param error: what `resume_execution` of Airflow's own classes raises.
    """
    if isinstance(error, AirflowSensorTimeout):
        return True
    if not isinstance(error, TaskDeferralTimeout):
        return False
    return TaskDeferralTimeout.__name__ == "TaskDeferralTimeout" or str(error) == _AIRFLOW_2_SAYS


def stats(*, in_triggerer: bool) -> Any:
    """Return what Airflow's metrics are reported through in this process.

    From 3.2 on there are two, of which the triggerer sets up the one and a task's process the other; what is
    reported through a wrong one is lost without a word.

    :param in_triggerer: whether this process is a triggerer.
    """
    if in_triggerer:
        try:
            from airflow.observability.stats import Stats
        except ImportError:
            pass
        else:
            return Stats
    from airflow.providers.common.compat.sdk import Stats as StatsOfTasks

    return StatsOfTasks


def rescheduled_since(context: Context) -> datetime | None:
    """Return when a sensor in reschedule mode was rescheduled first, or None if it wasn't yet. Blocks."""
    task_instance: Any = context["ti"]
    if hasattr(task_instance, "get_first_reschedule_date"):
        return cast("datetime | None", task_instance.get_first_reschedule_date(context))
    from airflow.sensors import base as airflow_2  # type: ignore[attr-defined]

    since = airflow_2._orig_start_date(
        dag_id=task_instance.dag_id,
        task_id=task_instance.task_id,
        run_id=task_instance.run_id,
        map_index=task_instance.map_index,
        try_number=task_instance.max_tries - (context["task"].retries or 0) + 1,
    )
    return cast("datetime | None", since)


def triggers_have_xcoms() -> bool:
    """Return whether a trigger can read and write XComs here: in Airflow 2, and from 3.0.5 on."""
    from airflow.jobs import triggerer_job_runner

    return not AIRFLOW_V_3_0_PLUS or hasattr(triggerer_job_runner, "SetXCom")


def operator_that_asks() -> Any:
    """Return the class of Airflow's that all operators are below that ask a person.

    :raises Exception: Airflow before 3.1 has none, in whatever words it says so.
    """
    from airflow.providers.standard.operators.hitl import HITLOperator

    return HITLOperator


def waits_for_person(error: BaseException) -> bool:
    """Return whether a task that asks has just begun to wait for the answer.

    :param error: what its `execute` raises: from Airflow 3.3 on it has a state of its own, before it is deferred.
    """
    return type(error).__name__ in {"TaskAwaitingInput", "TaskDeferred"}


def push_past_backend() -> Callable[..., None] | None:
    """Return what pushes an XCom past the XCom backend that this Airflow has, as what a link shows needs it.

    Airflow 3 shows what its database has under a link's key, and asks no backend what that means; its own
    workers push links past the backend, too. None where an ordinary push does: without a backend of its own, and
    in Airflow 2, which asks the backend.

    :returns: takes key and value, and ``dag_id``, ``task_id``, ``run_id`` and ``map_index`` by name. Blocks.
    """
    from airflow.providers.common.compat.sdk import XCom

    past: Any = getattr(XCom, "_set_xcom_in_db", None)
    return None if past is None or len(XCom.__mro__) == 2 else past


def form_shows_extra() -> bool:
    """Return whether the connection's form has to show *Extra*, which its own fields replace.

    In Airflow 2 the button *Test* does nothing, without a word, in a form that hides it.
    """
    return not AIRFLOW_V_3_0_PLUS


def kill_grace() -> float:
    """Return how many seconds Airflow leaves a task on a worker between SIGTERM and SIGKILL."""
    if AIRFLOW_V_3_0_PLUS:
        return 5.0  # no setting: the supervisor's own (seen in 3.0 to 3.3)
    return _seconds("core", "killed_task_cleanup_time", 60.0)


def silence_limit(*, in_triggerer: bool) -> float:
    """Return after how many seconds without a sign of life Airflow takes a process for lost.

    :param in_triggerer: whether it is a triggerer, or a task on a worker.
    """
    if in_triggerer:
        return _seconds("triggerer", "triggerer_health_check_threshold", 30.0)
    if AIRFLOW_V_3_0_PLUS:
        return _seconds("scheduler", "task_instance_heartbeat_timeout", 300.0)
    return _seconds("scheduler", "scheduler_zombie_task_threshold", 300.0)


def _seconds(section: str, key: str, default: float) -> float:
    return float(conf.getfloat(section, key, fallback=default))


def another_failed_fast(task_instance: Any) -> bool:
    """Ask whether another task of the run has failed in a DAG that then fails its running tasks, too. Blocks.

    :param task_instance: the task instance, as a task's context has it.
    :raises Exception: whatever keeps Airflow from answering.
    """
    dag = task_instance.task.dag
    if not getattr(dag, "fail_fast" if AIRFLOW_V_3_0_PLUS else "fail_stop", False):
        return False
    own = task_instance.task_id
    if not AIRFLOW_V_3_0_PLUS:
        others = task_instance.get_dagrun().get_task_instances(state=["failed"])
        return any(each.task_id != own for each in others)
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    run_id = task_instance.run_id
    states = RuntimeTaskInstance.get_task_states(dag_id=task_instance.dag_id, run_ids=[run_id]).get(run_id, {})
    keys = {own, f"{own}_{task_instance.map_index}"}
    return any(_word(state) == "failed" for key, state in states.items() if key not in keys)


def current_state(task_instance: Any) -> str | None:
    """Ask Airflow for the state of a task instance. Blocks.

    :param task_instance: the task instance, as a task's context or a trigger has it.
    :raises Exception: whatever keeps Airflow from answering.
    """
    try:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    except ImportError:  # Airflow 2
        state = task_instance.current_state()
        return _word(state)
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
    return _word(state)


def _word(state: Any) -> str | None:
    return str(getattr(state, "value", state)) if state is not None else None
