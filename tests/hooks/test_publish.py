"""The hook's publish against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import json
import logging

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppNotFound,
)
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

OFFER = "contoso-virtualmachineoffer"


@pytest.fixture
def hook(cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="draft")
    return CloudPartnerPortalHook()


def publishes(cpp_emulator):
    return [operation for operation in cpp_emulator.operations(OFFER) if operation.kind == "publish"]


def test_it_sends_one_post_with_the_addresses_as_one_text_and_returns_the_absolute_location(hook, cpp_emulator):
    location = hook.publish(OFFER, notification_emails=["jdoe@contoso.com", "release@contoso.com"])

    (post,) = cpp_emulator.requests_for("publish")
    assert (post.method, post.path) == ("POST", f"/api/publishers/contoso/offers/{OFFER}/publish")
    assert json.loads(post.body) == {"metadata": {"notification-emails": "jdoe@contoso.com,release@contoso.com"}}
    (operation,) = publishes(cpp_emulator)
    assert location.partition("?")[0] == (
        f"{cpp_emulator.url}/api/publishers/contoso/offers/{OFFER}/operations/{operation.id}"
    )


@pytest.mark.parametrize(
    "form",
    ["operation-location-absolute", "operation-location-relative", "location-relative", "location-legacy", "both"],
)
def test_every_form_of_the_location_leads_to_the_operation(hook, cpp_emulator, form):
    cpp_emulator.configure(location_form=form)
    assert hook.get_operation(hook.publish(OFFER)).status == "running"
    assert len(cpp_emulator.requests_for("publish")) == 1


@pytest.mark.parametrize("kind", ["lost-response", "no-location", "foreign-location", "reset-after", "cut-head"])
def test_an_answer_that_leads_nowhere_is_looked_up_instead(hook, cpp_emulator, kind):
    cpp_emulator.faults.add(Fault(kind, action="publish"))
    location = hook.publish(OFFER)
    assert len(cpp_emulator.requests_for("publish")) == 1
    assert publishes(cpp_emulator)[0].id in location


def test_a_draft_that_isnt_valid_is_a_bad_request_with_the_services_words(hook, cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="draft", definition={"displayText": "", "offer": {}, "plans": []})
    with pytest.raises(CppBadRequest, match="ValidationFailed") as error:
        hook.publish(OFFER)
    assert error.value.http_status == 422
    assert len(cpp_emulator.requests_for("publish")) == 1


def test_a_request_that_the_service_calls_malformed_is_a_bad_request(hook, cpp_emulator):
    cpp_emulator.faults.add(Fault("error", action="publish", status=400))
    with pytest.raises(CppBadRequest) as error:
        hook.publish(OFFER)
    assert error.value.http_status == 400


def test_an_unknown_offer_is_not_found_and_a_stranger_is_not_let_in(hook, cpp_emulator):
    with pytest.raises(CppNotFound, match="contoso/nowhere"):
        hook.publish("nowhere")
    cpp_emulator.configure(forbidden_publishers=("*",))
    with pytest.raises(CppAuthError, match="403"):
        hook.publish(OFFER)
    assert publishes(cpp_emulator) == []


def test_a_publish_that_runs_already_is_adopted(hook, cpp_emulator):
    first = hook.publish(OFFER)
    assert hook.publish(OFFER).partition("?")[0] == first.partition("?")[0]
    assert len(publishes(cpp_emulator)) == 1


VERSIONS = ["growing", "zero", "same"]


@pytest.fixture(params=VERSIONS)
def left_waiting(request, hook, cpp_emulator):
    """A publish of text 1.0.2 that a run left waiting for its sign-off, with versions of each kind."""
    cpp_emulator.configure(offer_versions=request.param, duration=0)
    put(hook, "1.0.2")
    return hook.publish(OFFER)


def put(hook, text):
    hook.put_offer(OFFER, {"definition": {"displayText": text}}, if_match="*")


def test_a_publish_with_the_draft_as_it_is_now_is_taken_up(hook, cpp_emulator, left_waiting):
    for word in ("fail", "adopt", "restart"):
        again = hook.publish(OFFER, if_running=word)
        assert again.partition("?")[0] == left_waiting.partition("?")[0]
    assert len(publishes(cpp_emulator)) == 1


def test_one_with_an_older_draft_is_a_conflict(hook, cpp_emulator, left_waiting):
    put(hook, "1.0.3")
    cpp_emulator.clear_requests()
    with pytest.raises(CppConflict, match=r'displayText: "1.0.2" -> "1.0.3"\)\. Nothing was sent') as refused:
        hook.publish(OFFER)
    assert cpp_emulator.requests_for("publish") == cpp_emulator.requests_for("cancel") == []
    assert "Nothing of this offer is live yet" in str(refused.value)


def test_adopted_it_goes_live_as_it_is_and_the_precheck_of_the_go_live_warns(
    hook, cpp_emulator, left_waiting, monkeypatch
):
    put(hook, "1.0.3")
    said = []
    monkeypatch.setattr(hook, "say", lambda level, text: said.append((level, text)))
    assert hook.publish(OFFER, if_running="adopt").partition("?")[0] == left_waiting.partition("?")[0]
    hook.go_live(OFFER, precheck=True)
    warnings = [text for level, text in said if level == logging.WARNING]
    assert len(warnings) == 2
    assert "as if_running='adopt'" in warnings[0]
    assert 'aren\'t in preview, and don\'t go live: definition/displayText: "1.0.2" -> "1.0.3"' in warnings[1]
    assert cpp_emulator.requests_for("cancel") == []


@pytest.mark.parametrize("mode", ["async", "sync"])
def test_restarted_what_was_put_last_is_what_goes_live(hook, cpp_emulator, left_waiting, mode):
    cpp_emulator.configure(cancel_mode=mode, cancel_duration=0.2)
    put(hook, "1.0.3")
    location = hook.publish(OFFER, if_running="restart")
    assert [cpp_emulator.view(each).state for each in publishes(cpp_emulator)] == ["canceled", "running"]
    assert publishes(cpp_emulator)[1].id in location
    assert len(cpp_emulator.requests_for("cancel")) == 1
    hook.go_live(OFFER, precheck=True)
    assert hook.get_offer(OFFER, slot="production").display_text == "1.0.3"


def test_while_it_is_certified_only_a_versions_number_leads_to_what_it_has(hook, cpp_emulator):
    cpp_emulator.configure(duration=1000)
    first = hook.publish(OFFER)
    assert hook.publish(OFFER) == first
    put(hook, "1.0.3")
    with pytest.raises(CppConflict, match="a publish runs already, and it doesn't have the draft"):
        hook.publish(OFFER)
    cpp_emulator.configure(offer_versions="zero")
    with pytest.raises(CppConflict, match="can't be read before it waits for its sign-off"):
        hook.publish(OFFER)


def test_a_secret_that_isnt_shown_is_no_proof(hook, cpp_emulator):
    name = "microsoft-azure-marketplace.connectionString"
    cpp_emulator.configure(duration=0)
    hook.put_offer(OFFER, {"definition": {"offer": {name: "one"}}}, if_match="*", resend=["**"])
    hook.publish(OFFER)
    hook.put_offer(OFFER, {"definition": {"offer": {name: "two"}}}, if_match="*", resend=["**"])
    with pytest.raises(CppConflict, match=r"doesn't show the value of .*connectionString"):
        hook.publish(OFFER)


@pytest.mark.parametrize("form", ["location-legacy", "location-relative", "none"])
def test_a_restart_never_cancels_a_go_live(hook, cpp_emulator, form):
    cpp_emulator.add_offer(OFFER)
    cpp_emulator.configure(duration=1000, location_form=form)
    hook.go_live(OFFER)
    put(hook, "newer")
    with pytest.raises(CppConflict, match="golive"):
        hook.publish(OFFER, if_running="restart")
    assert cpp_emulator.requests_for("cancel") == []


def test_another_word_is_refused_before_any_request(hook, cpp_emulator):
    cpp_emulator.clear_requests()
    with pytest.raises(CppConfigurationError, match="if_running is 'again'"):
        hook.publish(OFFER, if_running="again")
    assert cpp_emulator.requests == []


def test_a_go_live_that_runs_is_a_conflict_that_names_it(hook, cpp_emulator):
    cpp_emulator.add_offer(OFFER)
    hook.go_live(OFFER)
    with pytest.raises(CppConflict, match="golive"):
        hook.publish(OFFER)


def test_what_is_no_address_is_refused_before_any_request(hook, cpp_emulator):
    with pytest.raises(CppConfigurationError, match="notification_emails"):
        hook.publish(OFFER, notification_emails=["nobody"])
    assert cpp_emulator.requests == []
