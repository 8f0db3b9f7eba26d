"""The hook's cancel against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import CppAuthError, CppBadRequest, CppConfigurationError, CppNotFound
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro.schedule import PollSchedule

OFFER = "contoso-virtualmachineoffer"


@pytest.fixture
def hook(cpp_emulator, monkeypatch):
    cpp_emulator.configure(duration=100, cancel_duration=0.2)
    cpp_emulator.add_offer(OFFER, state="live")
    monkeypatch.setattr("airflow_provider_cpp.lro.cancelling.SCHEDULE", PollSchedule(0.05, 0.05))
    return CloudPartnerPortalHook()


@pytest.mark.parametrize("mode", ["async", "sync"])
@pytest.mark.parametrize("start", ["publish", "go_live"])
def test_what_runs_is_canceled_and_confirmed(hook, cpp_emulator, start, mode):
    cpp_emulator.configure(cancel_mode=mode)
    location = hook.publish(OFFER) if start == "publish" else hook.go_live(OFFER, precheck=False)
    result = hook.cancel(OFFER, notification_emails="jdoe@contoso.com")

    assert result.status == "canceled"
    assert result.location.partition("?")[0] == location.partition("?")[0]
    (post,) = cpp_emulator.requests_for("cancel")
    assert json.loads(post.body) == {"metadata": {"notification-emails": "jdoe@contoso.com"}}
    assert post.status == (202 if mode == "async" else 200)
    assert cpp_emulator.view(cpp_emulator.operations(OFFER)[-1]).state == "canceled"


def test_a_publish_that_waits_for_its_sign_off_is_canceled_too(hook, cpp_emulator):
    cpp_emulator.add_offer(OFFER)
    assert hook.cancel(OFFER).status == "canceled"


def test_where_nothing_runs_nothing_is_sent(hook, cpp_emulator):
    result = hook.cancel(OFFER)
    assert (result.status, result.location) == ("nothing_running", None)
    assert OFFER in result.message
    assert cpp_emulator.requests_for("cancel") == []


def test_a_cancel_that_does_nothing_isnt_told_as_one(hook, cpp_emulator):
    cpp_emulator.configure(cancel_mode="noop")
    hook.go_live(OFFER, precheck=False)
    result = hook.cancel(OFFER, within=0.3)
    assert result.status == "timeout"
    assert "may be canceled yet" in result.message


@pytest.mark.parametrize(("status", "error"), [(400, CppBadRequest), (403, CppAuthError), (404, CppNotFound)])
def test_the_listed_refusals_are_errors(hook, cpp_emulator, status, error):
    hook.go_live(OFFER, precheck=False)
    cpp_emulator.faults.add(Fault("error", action="cancel", status=status))
    with pytest.raises(error) as raised:
        hook.cancel(OFFER)
    assert raised.value.http_status == status
    assert len(cpp_emulator.requests_for("cancel")) == 1


def test_an_unknown_offer_is_not_found_and_gets_no_cancel(hook, cpp_emulator):
    with pytest.raises(CppNotFound, match="contoso/nowhere"):
        hook.cancel("nowhere")
    assert cpp_emulator.requests_for("cancel") == []


def test_what_is_no_address_is_refused_before_any_request(hook, cpp_emulator):
    with pytest.raises(CppConfigurationError, match="notification_emails"):
        hook.cancel(OFFER, notification_emails=["nobody"])
    assert cpp_emulator.requests == []
