"""Lists that go on on another page, against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.emulator.cloud_partner_portal.forms import PAGE_FORMS
from airflow_provider_cpp.exceptions import CppBadRequest, CppNotFound, CppUnavailable
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro.schedule import PollSchedule

FORMS = [form for form in PAGE_FORMS if form != "foreign"]
OFFER = "contoso-virtualmachineoffer"


@pytest.fixture
def hook(cpp_emulator):
    for number in range(4):
        cpp_emulator.add_offer(f"offer-{number}", state="live")
    cpp_emulator.add_offer("x", publisher_id="fabrikam")
    cpp_emulator.configure(duration=100)
    return CloudPartnerPortalHook()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_all_pages_are_read(hook, cpp_emulator, form, size):
    whole = [offer.id for offer in hook.list_offers()]
    assert len(whole) == 5
    cpp_emulator.configure(page_form=form, page_size=size)
    before = len(cpp_emulator.requests_for("offers"))
    assert [offer.id for offer in hook.list_offers()] == whole
    assert len(cpp_emulator.requests_for("offers")) - before == -(-5 // size)
    assert [publisher.id for publisher in hook.list_publishers()] == ["contoso", "fabrikam"]
    assert len(hook.list_submissions("offer-1", status="succeeded")) == len(hook.list_submissions("offer-1"))
    works, told = hook.test_connection()
    assert works
    assert "5" in told


@pytest.mark.parametrize("form", FORMS)
def test_what_runs_is_found_canceled_and_started_once_by_paged_lists(hook, cpp_emulator, form, monkeypatch):
    cpp_emulator.configure(page_form=form, page_size=1, cancel_duration=0.1)
    monkeypatch.setattr("airflow_provider_cpp.lro.cancelling.SCHEDULE", PollSchedule(0.05, 0.05))
    cpp_emulator.faults.add(Fault("lost-response", action="golive"))
    location = hook.go_live(OFFER)
    assert len(cpp_emulator.requests_for("golive")) == 1, "it was found on one of the pages"
    assert hook.cancel(OFFER).location == location


def test_a_page_in_the_middle_that_fails_leaves_the_list_unread(hook, cpp_emulator):
    cpp_emulator.configure(page_size=2)
    cpp_emulator.faults.add(Fault("error", action="offers", status=404, skip=1))
    with pytest.raises(CppNotFound):
        hook.list_offers()


def test_a_page_elsewhere_is_never_asked_for(hook, cpp_emulator):
    cpp_emulator.configure(page_form="foreign", page_size=1)
    with pytest.raises(CppUnavailable, match=r"elsewhere\.example.*isn't on the connection's host"):
        hook.list_offers()
    assert len(cpp_emulator.requests_for("offers")) == 1


@pytest.mark.parametrize("form", ["missing", "equal"])
@pytest.mark.parametrize("page_size", [0, 1])
def test_what_the_times_dont_tell_isnt_guessed_before_a_go_live(hook, cpp_emulator, form, page_size):
    cpp_emulator.configure(changed_time=form, page_size=page_size)
    cpp_emulator.faults.add(Fault("error", action="offer-slot", status=404, times=None))
    assert len(hook.list_submissions("offer-1")) > 1
    with pytest.raises(CppBadRequest, match="isn't known"):
        hook.go_live("offer-1", precheck=True)
    assert cpp_emulator.requests_for("golive") == []


@pytest.mark.parametrize("form", ["dotnet", "plain", "epoch"])
def test_times_are_understood_in_all_forms(hook, cpp_emulator, form):
    cpp_emulator.configure(changed_time=form)
    assert all(each.changed_at for each in hook.list_submissions("offer-1"))
