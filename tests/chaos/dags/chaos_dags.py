"""Releases to be disturbed: each DAG takes the offer that its run names live, in one of the ways there are."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor

HELD_BACK = "Holding back the record"
FOR_EVER = 600.0

GO_LIVE = {
    "offer_id": "{{ params.offer_id }}",
    "cpp_conn_id": "{{ params.conn_id }}",
    "poll_interval": 1,
    "max_poll_interval": 2,
}
WAIT = {"cpp_conn_id": "{{ params.conn_id }}", "poke_interval": 1, "max_poke_interval": 2}


class SlowToKeep(GoLiveOperator):
    """Has the answer, and is slow to keep it: in its first try for ever."""

    def execute(self, context: Any) -> str:
        if context["ti"].try_number > 1:
            return super().execute(context)
        return super().execute({**context, "task_state_store": SlowStore(context["task_state_store"])})


class SlowStore:
    """Airflow's store, but for the time that a location takes to get there."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def set(self, key: str, value: Any, **options: Any) -> None:
        if "location" in value:
            logging.getLogger(__name__).info("%s: %s", HELD_BACK, value)
            time.sleep(FOR_EVER)
        self._store.set(key, value, **options)


def dag(dag_id: str, retries: int = 2, **arguments: Any) -> DAG:
    return DAG(
        **arguments,
        dag_id=f"chaos_{dag_id}",
        schedule=None,
        start_date=datetime(2025, 1, 1),  # noqa: DTZ001 - Airflow reads it as UTC
        default_args={"retries": retries, "retry_delay": timedelta(seconds=1)},
        params={
            "offer_id": Param("", type="string"),
            "conn_id": Param("cpp_default", type="string"),
            "offer_ids": Param([], type="array"),
        },
    )


with dag("in_two_tasks"):
    go_live = GoLiveOperator(task_id="go_live", **GO_LIVE)
    OperationSensor(task_id="wait", operation_location=go_live.output, **WAIT)

with dag("on_worker"):
    GoLiveOperator(task_id="go_live", wait_for_completion=True, deferrable=False, **GO_LIVE)

with dag("deferred"):
    GoLiveOperator(task_id="go_live", wait_for_completion=True, **GO_LIVE)

with dag("slow_to_keep"):
    SlowToKeep(task_id="go_live", wait_for_completion=True, **GO_LIVE)

with dag("cancel_on_kill", retries=0):
    GoLiveOperator(task_id="go_live", wait_for_completion=True, cancel_on_kill=True, **GO_LIVE)

with dag("cancel_on_worker", retries=0):
    GoLiveOperator(task_id="go_live", wait_for_completion=True, deferrable=False, cancel_on_kill=True, **GO_LIVE)

with dag("fail_fast", retries=0, fail_fast=True):
    GoLiveOperator(task_id="go_live", wait_for_completion=True, deferrable=False, cancel_on_kill=True, **GO_LIVE)

    @task
    def spoil(params: Any = None) -> None:
        hook = CloudPartnerPortalHook(params["conn_id"])
        while not any(each.is_running for each in hook.list_submissions(params["offer_id"])):
            time.sleep(1)
        time.sleep(5)
        raise RuntimeError("Something else has failed")

    spoil()

with dag("in_time", retries=0):
    GoLiveOperator(task_id="go_live", wait_for_completion=True, execution_timeout=timedelta(seconds=60), **GO_LIVE)

with dag("many_sensors"):

    @task
    def go_live_all(params: Any = None) -> list[str]:
        hook = CloudPartnerPortalHook(params["conn_id"])
        return [hook.go_live(offer_id) for offer_id in params["offer_ids"]]

    OperationSensor.partial(task_id="wait", **WAIT).expand(operation_location=go_live_all())

with dag("many_deferred"):

    @task
    def offers(params: Any = None) -> list[str]:
        return params["offer_ids"]

    rest = {name: value for name, value in GO_LIVE.items() if name != "offer_id"}
    GoLiveOperator.partial(task_id="go_live", wait_for_completion=True, cancel_on_kill=True, **rest).expand(
        offer_id=offers()
    )
