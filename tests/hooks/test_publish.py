"""The hook's publish against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import json

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


def test_a_go_live_that_runs_is_a_conflict_that_names_it(hook, cpp_emulator):
    cpp_emulator.add_offer(OFFER)
    hook.go_live(OFFER)
    with pytest.raises(CppConflict, match="golive"):
        hook.publish(OFFER)


def test_what_is_no_address_is_refused_before_any_request(hook, cpp_emulator):
    with pytest.raises(CppConfigurationError, match="notification_emails"):
        hook.publish(OFFER, notification_emails=["nobody"])
    assert cpp_emulator.requests == []
