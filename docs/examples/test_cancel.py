"""Test a DAG that calls a release off, without Microsoft: the fixture plays the portal."""

from airflow.dag_processing.dagbag import DagBag

from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

OFFER = "contoso-virtualmachineoffer"


def cancel():
    return DagBag().dags["cancel_offer"].test()


def test_what_runs_is_canceled(cpp_emulator):
    cpp_emulator.configure(outcome="stall", cancel_duration=0)
    location = CloudPartnerPortalHook().go_live(OFFER)
    assert cancel().state == "success"
    assert CloudPartnerPortalHook().get_operation(location).status == "canceled"


def test_where_nothing_runs_nothing_is_sent(cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="live")
    assert cancel().state == "success"
    assert cpp_emulator.requests_for("cancel") == []
