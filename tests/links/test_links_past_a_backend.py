"""What Airflow 3 shows of a link where an XCom backend stores outside of its database: the link itself."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred, XCom

from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.links.operation import PARTNER_CENTER_KEY, PartnerCenterLink
from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.triggers.operation import OperationTrigger
from airflow_provider_cpp.triggers.task_xcom import TaskXCom
from tests.running import context_of

pytestmark = pytest.mark.skipif(not hasattr(XCom, "_set_xcom_in_db"), reason="Airflow 2 asks the backend")

OFFER = "contoso-virtualmachineoffer"


class Database:
    """What Airflow's database has, as far as its supervisor is told."""

    def __init__(self) -> None:
        self.rows: dict[str, object] = {}

    def send(self, message):
        if type(message).__name__ == "SetXCom":
            self.rows[message.key] = message.value
            return None
        if type(message).__name__ != "GetXCom":  # a secret to mask, a connection that Airflow 3.0 asks for here
            return None
        from airflow.sdk.execution_time.comms import XComResult

        return XComResult(key=message.key, value=self.rows.get(message.key))


@pytest.fixture
def database(monkeypatch, tmp_path):
    """Airflow's database, with all that is pushed stored outside, in a folder."""
    from airflow.providers.common.io.xcom import backend
    from airflow.sdk.execution_time import task_runner, xcom

    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", f"file://{tmp_path}")
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_THRESHOLD", "0")
    caches = (backend._get_base_path, backend._get_threshold, backend._get_compression)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setattr(xcom, "XCom", backend.XComObjectStorageBackend)
    database = Database()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", database, raising=False)
    yield database
    for cache in caches:
        cache.cache_clear()


def pushing(task):
    """A context whose task instance pushes through the backend, as Airflow's does."""
    from airflow.sdk.execution_time.xcom import XCom as Backend

    context = context_of(task)
    ti = context["ti"]
    ids = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": ti.map_index}
    ti.xcom_push = lambda key, value: Backend.set(key, value, **ids)
    return context


def test_the_backend_stores_outside(database):
    context = pushing(GoLiveOperator(task_id="go_live", offer_id=OFFER))
    context["ti"].xcom_push("key", "value")
    assert str(database.rows["key"]).startswith("file://")


@pytest.mark.parametrize(
    "task",
    [
        GoLiveOperator(task_id="go_live", offer_id=OFFER),
        GoLiveOperator(task_id="go_live", offer_id=OFFER, wait_for_completion=True),
        OfferStatusSensor(task_id="wait", offer_id=OFFER, target="succeeded"),
    ],
    ids=["go-live", "go-live that waits", "sensor"],
)
def test_a_worker_pushes_what_is_shown_past_it(cpp_emulator, database, task):
    context = pushing(task)
    with contextlib.suppress(TaskDeferred):
        task.execute(context)
    assert database.rows[PARTNER_CENTER_KEY].startswith("https://partner.microsoft.com/")


def test_a_trigger_that_no_worker_made_does_so_too_but_leaves_the_result_to_the_backend(cpp_emulator, database):
    location = CloudPartnerPortalHook().go_live(OFFER)
    trigger = OperationTrigger(operation_location=location, poke_interval=0.05, max_poke_interval=0.1)
    trigger.task_instance = SimpleNamespace(dag_id="release", task_id="wait", run_id="manual", map_index=None)

    async def run():
        return [event async for event in trigger.run()]

    asyncio.run(run())
    assert database.rows[PARTNER_CENTER_KEY].startswith("https://partner.microsoft.com/")
    asyncio.run(TaskXCom(trigger.task_instance).set_result({"status": "succeeded"}))
    assert str(database.rows["return_value"]).startswith("file://")


def test_what_was_pushed_past_it_is_what_the_link_then_reads_through_it(database):
    from airflow.sdk.execution_time.xcom import XCom as Backend

    page = (
        "https://partner.microsoft.com/dashboard/commercial-marketplace/offers/"
        "0d6d1e82-94cc-4844-9ef8-331c0926adcf/overview"
    )
    database.rows[PARTNER_CENTER_KEY] = page
    key = SimpleNamespace(dag_id="release", task_id="go_live", run_id="manual", map_index=-1)
    assert Backend.get_value(ti_key=key, key=PartnerCenterLink.xcom_key) == page
