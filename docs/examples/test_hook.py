"""Test what a function of yours asks of the hook: neither DAG nor database."""

from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook


def test_it_starts_one_operation(cpp_emulator):
    cpp_emulator.configure(outcome="stall")  # it never ends, however long the next line takes
    location = CloudPartnerPortalHook().go_live("contoso-virtualmachineoffer")
    assert CloudPartnerPortalHook().get_operation(location).status == "running"
