"""The link on a task's page: what is pushed, when, and what is shown of it."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import DAG, TaskDeferred, XCom

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.links import operation as links
from airflow_provider_cpp.links.operation import PARTNER_CENTER_KEY, PartnerCenterLink
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.operators.offer import CancelOperator, GoLiveOperator
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.services.cloud_partner_portal import offer_pages
from tests.running import context_of, run_task

OFFER = "contoso-virtualmachineoffer"
OPERATION = f"/api/publishers/contoso/offers/{OFFER}/operations/5667"


GUID = "0d6d1e82-94cc-4844-9ef8-331c0926adcf"
PAGE = f"https://partner.microsoft.com/dashboard/commercial-marketplace/offers/{GUID}/overview"


@pytest.fixture
def page(cpp_emulator):
    """The page that Partner Center has of the offer."""
    (offer,) = CloudPartnerPortalHook().list_offers()
    cpp_emulator.clear_requests()
    return offer.document["pcRedirectUri"].replace("/en-us/", "/")


def go_live(**arguments):
    return GoLiveOperator(task_id="go_live", offer_id=OFFER, **arguments)


class TestPushing:
    """The value is there as soon as the offer is known, so that the link is live during the wait."""

    def test_a_go_live_that_does_not_wait_pushes_its_offers_page(self, cpp_emulator, page):
        task = go_live()
        context = context_of(task)
        run_task(task, context)
        assert context["ti"].xcoms == {PARTNER_CENTER_KEY: page}

    def test_a_go_live_pushes_before_it_defers(self, cpp_emulator, page):
        task = go_live(wait_for_completion=True)
        context = context_of(task)
        with pytest.raises(TaskDeferred):
            task.execute(context)
        assert context["ti"].xcoms == {PARTNER_CENTER_KEY: page}

    def test_a_sensor_pushes_before_it_defers(self, cpp_emulator, page):
        location = run_task(task := go_live(), context_of(task)).result
        sensor = OperationSensor(task_id="wait", operation_location=location.removeprefix(cpp_emulator.url))
        context = context_of(sensor)
        with pytest.raises(TaskDeferred):
            sensor.execute(context)
        assert context["ti"].xcoms == {PARTNER_CENTER_KEY: page}

    def test_a_sensor_of_an_offer_pushes_it_too(self, cpp_emulator, page):
        sensor = OfferStatusSensor(task_id="wait", offer_id=OFFER, target="succeeded")
        context = context_of(sensor)
        with pytest.raises(TaskDeferred):
            sensor.execute(context)
        assert context["ti"].xcoms == {PARTNER_CENTER_KEY: page}

    def test_an_offer_that_was_never_migrated_has_the_list(self, cpp_emulator):
        cpp_emulator.configure(migrated=False)
        task = go_live()
        context = context_of(task)
        run_task(task, context)
        assert context["ti"].xcoms == {PARTNER_CENTER_KEY: PORTAL}

    def test_a_page_that_cant_be_had_holds_nobody_up(self, cpp_emulator, monkeypatch):
        monkeypatch.setattr(offer_pages, "PATIENCE", 0.3)
        cpp_emulator.faults.add(Fault("hang", action="offers", times=None))
        task = go_live()
        context = context_of(task)
        began = time.monotonic()
        run_task(task, context)
        assert time.monotonic() - began < 10
        assert context["ti"].xcoms == {PARTNER_CENTER_KEY: PORTAL}
        assert [record.action for record in cpp_emulator.requests].count("offers") == 1

    def test_a_sensor_that_is_rescheduled_does_not_ask_at_each_look(self, cpp_emulator):
        from airflow.exceptions import AirflowRescheduleException

        location = run_task(task := go_live(), context_of(task)).result
        before = len(cpp_emulator.requests_for("offers"))
        sensor = OperationSensor(task_id="wait", operation_location=location, deferrable=False, mode="reschedule")
        context = context_of(sensor)
        context["ti"].get_first_reschedule_date = lambda context: None
        with pytest.raises(AirflowRescheduleException):
            run_task(sensor, context)
        assert context["ti"].xcoms == {PARTNER_CENTER_KEY: PORTAL}
        assert len(cpp_emulator.requests_for("offers")) == before

    def test_the_link_is_pushed_also_where_the_result_is_not(self, cpp_emulator):
        task = go_live(do_xcom_push=False)
        context = context_of(task)
        run_task(task, context)
        assert PARTNER_CENTER_KEY in context["ti"].xcoms

    def test_a_cancel_pushes_what_it_canceled(self, cpp_emulator, page):
        cpp_emulator.configure(cancel_mode="sync", duration=600)
        run_task(task := go_live(), context_of(task))
        cancel = CancelOperator(task_id="cancel", offer_id=OFFER)
        context = context_of(cancel)
        assert run_task(cancel, context).result["status"] == "canceled"
        assert context["ti"].xcoms == {PARTNER_CENTER_KEY: page}

    def test_a_refused_location_is_no_link(self, cpp_emulator):
        sensor = OperationSensor(task_id="wait", operation_location=f"https://example.com{OPERATION}")
        context = context_of(sensor)
        with pytest.raises(Exception, match=r"example\.com"):
            sensor.execute(context)
        assert context["ti"].xcoms == {}

    def test_only_a_page_of_the_portal_is_pushed(self):
        assert links.shown(PAGE) == PAGE
        assert links.shown(f"https://example.com/offers/{GUID}") == PORTAL

    def test_an_xcom_backend_out_of_order_ends_no_release(self, cpp_emulator, caplog):
        def broken(key, value):
            raise OSError("no space left")

        task = go_live()
        context = context_of(task)
        context["ti"].xcom_push = broken
        assert run_task(task, context).result
        assert "This task's link to Partner Center can't be shown: OSError: no space left" in caplog.text


class TestShowing:
    """Airflow 2 asks the link in the web server; Airflow 3 asks it on the worker, and keeps the answer."""

    @staticmethod
    def shown(monkeypatch, value):
        asked = []
        monkeypatch.setattr(
            XCom, "get_value", classmethod(lambda cls, **which: asked.append(which) or value), raising=True
        )
        key = SimpleNamespace(dag_id="release", task_id="go_live", run_id="manual", map_index=-1)
        address = PartnerCenterLink().get_link(go_live(), ti_key=key)
        assert asked == [{"ti_key": key, "key": PARTNER_CENTER_KEY}]
        return address

    def test_the_offer_is_the_page_that_the_task_pushed(self, monkeypatch):
        assert self.shown(monkeypatch, PAGE) == PAGE

    @pytest.mark.parametrize(
        "value",
        [
            None,
            "",
            7,
            PORTAL,
            "javascript:alert(1)",
            PAGE.replace("https", "http"),
            PAGE.replace("partner.microsoft.com", "partner.microsoft.com.example.com"),
            PAGE.replace("partner.microsoft.com", "me@partner.microsoft.com"),
            "https://partner.microsoft.com/logout",
        ],
    )
    def test_whatever_else_stands_there_the_link_leads_to_the_list(self, monkeypatch, value):
        assert self.shown(monkeypatch, value) == PORTAL
        assert PORTAL.startswith("https://partner.microsoft.com/")

    def test_the_page_that_is_shown_is_built_anew(self, monkeypatch):
        value = f"{PAGE}?to=https://example.com#there"
        assert self.shown(monkeypatch, value) == PAGE


def test_the_link_survives_the_way_into_airflows_database():
    from airflow.serialization.serialized_objects import SerializedDAG

    try:
        from airflow.serialization.serialized_objects import DagSerialization
    except ImportError:
        DagSerialization = SerializedDAG  # noqa: N806
    with DAG(dag_id="release", schedule=None) as dag:
        first = go_live()
        OperationSensor(task_id="wait", operation_location=first.output)
        GoLiveOperator.partial(task_id="mapped").expand(offer_id=["a", "b"])
    restored = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))
    for task_id in dag.task_ids:
        task = restored.get_task(task_id)
        assert {link.name for link in task.operator_extra_links} == {"Partner Center"}
        keys = {link.xcom_key for link in task.operator_extra_links}
        assert keys == {PARTNER_CENTER_KEY}
