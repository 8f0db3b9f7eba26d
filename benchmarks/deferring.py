"""Defers task instances of a DAG run without a worker: by Airflow's own function for what a worker sends then.

``python -m benchmarks.deferring DAG_ID RUN_ID FIRST END`` runs in the environment of an Airflow whose scheduler
has not begun with the run, as the DAG is paused. It defers the mapped task instances from FIRST to before END.
What else a worker does, it leaves out: the first look, the link and the lines in the task's log.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow._shared.timezones import timezone
from airflow.api_fastapi.execution_api.datamodels.taskinstance import TIDeferredStatePayload
from airflow.api_fastapi.execution_api.routes.task_instances import ti_update_state
from airflow.models.dagbag import DBDagBag
from airflow.models.taskinstance import TaskInstance
from airflow.sdk.exceptions import TaskDeferred
from airflow.sdk.serde import serialize
from airflow.utils.session import create_session
from airflow.utils.state import IntermediateTIState, TaskInstanceState
from sqlalchemy import update

from airflow_provider_cpp.tasks.waiting import MARGIN
from airflow_provider_cpp.triggers.operation import OperationTrigger
from benchmarks.many_waits import many_waits


def by_ours(location: str) -> TaskDeferred:
    """Return how our sensor defers, after a look at an operation that runs."""
    sensor: Any = many_waits.ours.unmap({"operation_location": location})
    now = time.time()
    trigger = OperationTrigger(
        operation_location=location,
        started_at=now,
        deadline=now + sensor.timeout,
        cpp_conn_id=sensor.cpp_conn_id,
        poke_interval=sensor.poke_interval,
        max_poke_interval=sensor.max_poke_interval,
        ending=sensor._ending(),
    )
    patience = timedelta(seconds=sensor.timeout + sensor.poke_interval + MARGIN)
    return TaskDeferred(trigger=trigger, method_name="execute_complete", timeout=patience)


def by_http_sensor(endpoint: str) -> TaskDeferred:
    """Return how Airflow's HttpSensor defers, after a look that gets a 404."""
    sensor: Any = many_waits.http_sensor.unmap({"endpoint": endpoint})
    sensor.poke = lambda context: False
    try:
        sensor.execute({})
    except TaskDeferred as deferred:
        return deferred
    raise AssertionError("HttpSensor has to defer")


HOW: dict[str, Callable[[str], TaskDeferred]] = {"ours": by_ours, "http_sensor": by_http_sensor}


def defer(dag_id: str, run_id: str, first: int, end: int) -> None:
    """Defer task instances.

    :raises RuntimeError: they aren't there, or somebody else has begun with them.
    """
    chosen = (
        TaskInstance.dag_id == dag_id,
        TaskInstance.run_id == run_id,
        TaskInstance.state.is_(None),
        TaskInstance.map_index >= first,
        TaskInstance.map_index < end,
    )
    now = timezone.utcnow()
    begun = {"state": TaskInstanceState.RUNNING, "try_number": 1, "start_date": now, "last_heartbeat_at": now}
    with create_session() as session:
        found = session.execute(
            update(TaskInstance)
            .where(*chosen)
            .values(begun)
            .returning(TaskInstance.id, TaskInstance.map_index)
            .execution_options(synchronize_session=False)
        ).all()
        if len(found) != end - first:
            raise RuntimeError(f"{len(found)} task instances of {dag_id} from {first} to {end} wait to be begun")
    for identifier, number in found:
        deferred = HOW[dag_id](many_waits.WAITS[dag_id][number])
        classpath, arguments = deferred.trigger.serialize()
        sent = TIDeferredStatePayload(
            state=IntermediateTIState.DEFERRED,
            classpath=classpath,
            trigger_kwargs=serialize(arguments),
            trigger_timeout=deferred.timeout,
            next_method=deferred.method_name,
            next_kwargs=serialize(deferred.kwargs or {}),
        )
        with create_session() as session:
            ti_update_state(identifier, sent, session, DBDagBag())


if __name__ == "__main__":
    defer(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
