"""CancelOperator against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import (
    CppBadRequest,
    CppConfigurationError,
    CppNotFound,
    NotCanceled,
    OperationTimeout,
    UntrustedLocation,
)
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.hooks.product_ingestion import ProductIngestionHook
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.operators.offer import CancelOperator
from airflow_provider_cpp.services.cloud_partner_portal.operations_on import Submissions
from tests.running import context_of, run_task, through_the_database

OFFER = "contoso-virtualmachineoffer"


@pytest.fixture(autouse=True)
def _quick(cpp_emulator, monkeypatch):
    cpp_emulator.configure(duration=100, cancel_duration=0.2)
    monkeypatch.setattr("airflow_provider_cpp.lro.cancelling.SCHEDULE", PollSchedule(0.05, 0.05))


def cancel(**arguments):
    task = CancelOperator(**{"task_id": "cancel", "offer_id": OFFER, **arguments})
    return through_the_database(run_task(task, context_of(task)).result)


def test_it_cancels_what_runs_and_tells_what_that_was(cpp_emulator):
    location = CloudPartnerPortalHook().go_live(OFFER)
    result = cancel()
    assert set(result) == {"status", "location", "message"}
    assert result["status"] == "canceled"
    assert result["location"].partition("?")[0] == location.partition("?")[0]
    assert cpp_emulator.view(cpp_emulator.operations(OFFER)[-1]).state == "canceled"


def test_it_succeeds_and_says_so_where_nothing_runs(cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="live")
    result = cancel()
    assert (result["status"], result["location"]) == ("nothing_running", None)
    assert cpp_emulator.requests_for("cancel") == []


def test_a_cancel_without_effect_fails_the_task_unless_told_otherwise(cpp_emulator, capsys):
    cpp_emulator.configure(cancel_mode="noop")
    CloudPartnerPortalHook().go_live(OFFER)
    with pytest.raises(OperationTimeout, match="isn't confirmed"):
        cancel(timeout=timedelta(seconds=0.3))
    assert "isn't confirmed" not in capsys.readouterr().out, "the error says it"
    result = cancel(timeout=0.3, fail_if_not_canceled=False)
    assert result["status"] == "timeout"
    assert "isn't confirmed" in capsys.readouterr().out


def test_what_succeeded_before_the_cancel_came_fails_the_task_for_good(cpp_emulator, monkeypatch):
    """The operation ends between the list and the look at it."""
    CloudPartnerPortalHook().go_live(OFFER)
    list_them = Submissions.rows

    def list_then_it_ends(self):
        listed = yield from list_them(self)
        cpp_emulator.finish(OFFER)
        return listed

    monkeypatch.setattr(Submissions, "rows", list_then_it_ends)
    with pytest.raises(NotCanceled, match=r"nothing to cancel any more.*succeeded"):
        cancel()
    assert cpp_emulator.requests_for("cancel") == []


def test_a_refusal_is_the_services_error(cpp_emulator):
    CloudPartnerPortalHook().go_live(OFFER)
    cpp_emulator.faults.add(Fault("error", action="cancel", status=400))
    with pytest.raises(CppBadRequest):
        cancel()
    with pytest.raises(CppNotFound):
        cancel(offer_id="nowhere")


@pytest.mark.parametrize("timeout", [0, -1, timedelta(0)])
def test_a_timeout_that_can_not_work_is_refused_while_the_dag_is_parsed(timeout):
    with pytest.raises(CppConfigurationError, match="timeout"):
        CancelOperator(task_id="cancel", offer_id=OFFER, timeout=timeout)


class TestOneOperation:
    """What `operation_location` names, on either API."""

    @pytest.fixture(params=["cloud_partner_portal", "product_ingestion"], autouse=True)
    def api(self, request, cpp_emulator, monkeypatch):
        cpp_emulator.add_offer(OFFER, state="ready")
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api=request.param))
        return request.param

    @pytest.fixture
    def hook(self, api):
        return {"cloud_partner_portal": CloudPartnerPortalHook, "product_ingestion": ProductIngestionHook}[api]()

    @pytest.mark.parametrize("offer_id", [None, OFFER])
    def test_it_is_canceled(self, hook, offer_id):
        location = hook.go_live(OFFER)
        result = cancel(offer_id=offer_id, operation_location=location)
        assert result["status"] == "canceled", result
        assert cancel(offer_id=None, operation_location=location)["status"] == "canceled"

    def test_a_dry_run_says_what_it_would_do(self, hook, cpp_emulator):
        location = hook.go_live(OFFER)
        result = cancel(offer_id=None, operation_location=location, dry_run=True)
        assert result["status"] == "dry_run"
        assert "would cancel" in result["message"]
        assert [record for record in cpp_emulator.requests if "cancel" in record.path] == []

    @pytest.mark.parametrize("location", [None, "", "None"])
    def test_a_location_that_isnt_there_doesnt_mean_whatever_runs(self, hook, location):
        hook.go_live(OFFER)
        task = CancelOperator(task_id="cancel", offer_id=OFFER, operation_location="{{ nothing }}")
        task.operation_location = location
        with pytest.raises(UntrustedLocation, match="There is no operation"):
            task.execute(context_of(task))

    def test_one_of_another_offer_is_refused(self, hook, cpp_emulator):
        cpp_emulator.add_offer("another", state="ready")
        location = hook.go_live("another")
        with pytest.raises(UntrustedLocation, match="belongs to"):
            cancel(operation_location=location)


def test_something_has_to_be_named():
    with pytest.raises(CppConfigurationError, match="offer_id"):
        CancelOperator(task_id="cancel")


def test_by_offer_alone_it_is_refused_where_the_api_cancels_jobs(cpp_emulator, monkeypatch):
    cpp_emulator.add_offer(OFFER, state="ready")
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api="product_ingestion"))
    with pytest.raises(CppConfigurationError, match="Give its operation_location") as refusal:
        cancel()
    assert "Nothing was sent" in str(refusal.value)
    assert cpp_emulator.requests == []
