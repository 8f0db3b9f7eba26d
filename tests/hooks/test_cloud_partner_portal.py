"""The hook against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import asyncio
import json

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppNotFound,
    CppUnavailable,
    UntrustedLocation,
)
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.provider_info import FIELDS
from tests.client.raw_server import RawServer, response

OFFER = "contoso-virtualmachineoffer"


@pytest.fixture
def hook(cpp_emulator):
    return CloudPartnerPortalHook()


def connect(monkeypatch, cpp_emulator, **changes):
    """Point the connection at the emulator, with some fields changed; None takes a field away."""
    connection = cpp_emulator.connection()
    extra = connection["extra"]
    for name, value in changes.items():
        fields = extra if name in FIELDS["cpp"] else connection
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(connection))
    return CloudPartnerPortalHook()


def test_the_constructor_reads_no_connection():
    CloudPartnerPortalHook("there_is_no_such_connection")


@pytest.mark.parametrize("conn_type", ["http", "generic"])
def test_a_connection_of_another_type_is_refused_before_anything_is_sent(monkeypatch, cpp_emulator, conn_type):
    hook = connect(monkeypatch, cpp_emulator, conn_type=conn_type)
    with pytest.raises(CppConfigurationError, match=f"Field conn_type .* {conn_type!r} names no service"):
        hook.go_live(OFFER)
    with pytest.raises(CppConfigurationError, match="Field conn_type"):
        asyncio.run(hook.aget_settings())
    works, told = hook.test_connection()
    assert not works
    assert told.startswith("Field conn_type of this connection is wrong")
    assert cpp_emulator.requests == []


def test_a_connection_that_names_no_type_is_taken(monkeypatch, cpp_emulator):
    hook = connect(monkeypatch, cpp_emulator, conn_type=None)
    assert hook.list_offers()


def test_a_hook_needs_no_method_of_its_own_to_take_an_offer_live(cpp_emulator):
    class AnotherHook(OffersHook):
        conn_type = "cpp"

    hook = AnotherHook()
    assert hook.get_operation(hook.go_live(OFFER)).status == "running"
    assert hook.test_connection() == (True, "This principal can see the offers of publisher contoso: 1.")


def test_go_live_sends_one_post_and_returns_the_absolute_location(hook, cpp_emulator):
    location = hook.go_live(OFFER)
    (post,) = cpp_emulator.requests_for("golive")
    assert post.path == f"/api/publishers/contoso/offers/{OFFER}/golive"
    assert dict(post.query) == {"api-version": "2017-10-31"}
    assert post.headers["content-type"] == "application/json"
    assert post.headers["authorization"].startswith("Bearer ")
    assert post.body == ""
    assert location.startswith(f"{cpp_emulator.url}/api/publishers/contoso/offers/{OFFER}/operations/")


@pytest.mark.parametrize(
    "form",
    ["operation-location-absolute", "operation-location-relative", "location-relative", "location-legacy", "both"],
)
def test_every_form_of_the_location_leads_to_the_operation(hook, cpp_emulator, form):
    cpp_emulator.configure(location_form=form)
    location = hook.go_live(OFFER)
    assert location.startswith(f"{cpp_emulator.url}/api/")
    assert hook.get_operation(location).status == "running"
    assert hook.get_operation(location.removeprefix(cpp_emulator.url)).status == "running"


def test_an_accepted_answer_without_a_location_is_looked_up_instead(hook, cpp_emulator):
    cpp_emulator.configure(location_form="none")
    location = hook.go_live(OFFER)
    assert hook.get_operation(location).status == "running"
    assert len(cpp_emulator.requests_for("golive")) == 1


def test_the_publisher_of_the_call_goes_before_that_of_the_connection(hook, cpp_emulator):
    cpp_emulator.add_offer("other", publisher_id="fabrikam")
    assert "/publishers/fabrikam/offers/other/" in hook.go_live("other", "fabrikam")


def test_an_offer_that_waits_for_no_sign_off_is_a_bad_request_with_the_services_words(hook, cpp_emulator):
    cpp_emulator.add_offer("just-a-draft", state="draft")
    with pytest.raises(CppBadRequest) as error:
        hook.go_live("just-a-draft", precheck=False)
    assert error.value.http_status == 400
    assert error.value.code
    assert error.value.code in str(error.value)
    assert "Go Live of offer contoso/just-a-draft" in str(error.value)
    assert error.value.request_id in str(error.value)


def test_a_go_live_that_isnt_due_is_refused_unless_it_is_told_not_to_ask(hook, cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="live")
    with pytest.raises(CppBadRequest, match="live already"):
        hook.go_live(OFFER)
    assert cpp_emulator.requests_for("golive") == []
    hook.go_live(OFFER, precheck=False)
    assert len(cpp_emulator.requests_for("golive")) == 1


def test_an_unknown_offer_is_not_found_and_is_named_with_its_publisher(hook):
    with pytest.raises(CppNotFound, match="offer contoso/nowhere") as error:
        hook.go_live("nowhere")
    assert error.value.http_status == 404


def test_a_go_live_that_runs_already_is_adopted(hook, cpp_emulator):
    first = hook.go_live(OFFER)
    assert hook.go_live(OFFER) == first
    assert [post.status for post in cpp_emulator.requests_for("golive")] == [202]
    assert hook.go_live(OFFER, precheck=False) == first
    assert [post.status for post in cpp_emulator.requests_for("golive")] == [202, 409]


def test_another_operation_that_runs_is_a_conflict_that_names_it(hook, cpp_emulator):
    cpp_emulator.add_offer("busy", state="draft")
    cpp_emulator.configure(duration=60)
    token = _token(cpp_emulator, hook)
    import requests

    published = requests.post(
        f"{cpp_emulator.url}/api/publishers/contoso/offers/busy/publish?api-version=2017-10-31",
        json={"metadata": {"notification-emails": "a@example.com"}},
        headers={"Authorization": token},
        verify=str(cpp_emulator.ca_file),
        timeout=10,
    )
    assert published.status_code == 202
    (operation,) = cpp_emulator.operations("busy")
    with pytest.raises(CppConflict, match=f"Running on it: publish {operation.id}"):
        hook.go_live("busy", precheck=False)


def _token(cpp_emulator, hook):
    hook.test_connection()
    return next(r.headers["authorization"] for r in cpp_emulator.requests if "authorization" in r.headers)


@pytest.mark.parametrize("offer_id", ["", "  ", ".", "..", "a/b", "a\\b", "a\nb", "a\x00b", None])
def test_an_identifier_that_is_none_is_refused_before_any_request(hook, cpp_emulator, offer_id):
    with pytest.raises(CppConfigurationError, match="offer_id"):
        hook.go_live(offer_id)
    assert cpp_emulator.requests == []


def test_an_identifier_is_percent_encoded(hook, cpp_emulator):
    with pytest.raises(CppNotFound):
        hook.go_live("50% off & more?", precheck=False)
    assert cpp_emulator.requests_for("golive")[0].path.endswith("/50% off & more?/golive")


@pytest.mark.parametrize("field", ["tenant_id", "login", "password"])
def test_a_missing_field_of_the_connection_is_named_before_any_request(monkeypatch, cpp_emulator, field):
    hook = connect(monkeypatch, cpp_emulator, **{field: None})
    with pytest.raises(CppConfigurationError, match=f"Field {field} of connection 'cpp_default'"):
        hook.go_live(OFFER)
    assert cpp_emulator.requests == []


def test_a_missing_publisher_is_named_before_any_request(monkeypatch, cpp_emulator):
    hook = connect(monkeypatch, cpp_emulator, publisher_id=None)
    with pytest.raises(CppConfigurationError, match="publisher_id"):
        hook.go_live(OFFER)
    assert cpp_emulator.requests == []


def test_a_wrong_secret_is_an_auth_error_that_says_what_to_check_and_not_the_secret(monkeypatch, cpp_emulator):
    hook = connect(monkeypatch, cpp_emulator, password="not-the-secret")
    with pytest.raises(CppAuthError, match="AADSTS7000215") as error:
        hook.go_live(OFFER)
    assert "client secret" in str(error.value)
    assert "not-the-secret" not in str(error.value)
    assert cpp_emulator.requests_for("golive") == []


def test_a_principal_that_is_not_registered_is_an_auth_error_of_its_own(hook, cpp_emulator):
    cpp_emulator.configure(forbidden_publishers=frozenset({"contoso"}))
    with pytest.raises(CppAuthError, match="Partner Center") as error:
        hook.go_live(OFFER)
    assert error.value.http_status == 403
    assert "Forbidden" in str(error.value)
    assert cpp_emulator.requests_for("golive") == []


def test_a_location_of_another_host_is_refused_and_nothing_is_sent(hook, cpp_emulator):
    location = hook.go_live(OFFER)
    cpp_emulator.clear_requests()
    with pytest.raises(UntrustedLocation, match="Nothing was sent"):
        hook.get_operation(location.replace(cpp_emulator.url, "https://example.invalid"))
    assert cpp_emulator.requests == []


def test_an_unknown_operation_is_not_found(hook, cpp_emulator):
    told = r"^Get operation of offer contoso.*doesn't find the operation"
    with pytest.raises(CppNotFound, match=told):
        hook.get_operation(f"/api/publishers/contoso/offers/{OFFER}/operations/0-0")


def test_a_host_that_is_down_is_unavailable_and_nothing_was_started(monkeypatch, cpp_emulator):
    hook = connect(monkeypatch, cpp_emulator, host="https://127.0.0.1:9")
    hook.client._sleep = lambda seconds: None
    with pytest.raises(CppUnavailable, match="not sent"):
        hook.go_live(OFFER)
    assert cpp_emulator.requests_for("golive") == []


def test_a_certificate_that_is_not_trusted_names_the_field_to_set(monkeypatch, cpp_emulator):
    hook = connect(monkeypatch, cpp_emulator, ca_file=None, auth="token", password="x")
    with pytest.raises(CppConfigurationError, match="ca_file"):
        hook.go_live(OFFER)
    assert cpp_emulator.requests == []


def test_cancel_is_watched_until_the_service_confirms_it(hook, cpp_emulator):
    cpp_emulator.configure(duration=60)
    location = hook.go_live(OFFER)
    hook.client._sleep = cpp_emulator.advance
    assert hook.cancel_operation(location).status == "canceled"
    assert hook.get_operation(location).status == "canceled"
    assert len(cpp_emulator.requests_for("cancel")) == 1


def test_an_operation_that_has_ended_is_not_canceled(hook, cpp_emulator):
    location = hook.go_live(OFFER)
    cpp_emulator.finish(OFFER)
    assert hook.cancel_operation(location).status == "succeeded"
    assert cpp_emulator.requests_for("cancel") == []


class TestTestConnection:
    """`test_connection` never raises, and says in one line what is wrong and what to do."""

    def test_it_tells_that_the_principal_sees_the_offers(self, hook, cpp_emulator):
        cpp_emulator.add_offer("another")
        told = "This principal can see the offers of publisher contoso: 2."
        assert hook.test_connection() == (True, told)

    def test_it_tells_that_the_login_works_where_no_publisher_is_given(self, monkeypatch, cpp_emulator):
        works, message = connect(monkeypatch, cpp_emulator, publisher_id=None).test_connection()
        assert works
        assert "publisher_id" in message

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"password": "wrong"}, ["AADSTS7000215", "Check", "client secret"]),
            ({"login": "00000000-0000-0000-0000-000000000000"}, ["AADSTS700016", "Check", "login"]),
            ({"host": "https://127.0.0.1:9"}, ["https://127.0.0.1:9 can't be reached", "Check", "host and proxy"]),
            ({"authority": "https://127.0.0.1:9"}, ["https://127.0.0.1:9/", "Check", "authority"]),
            ({"tenant_id": None}, ["Field tenant_id of this connection is missing"]),
            ({"publisher_id": "nobody"}, ["doesn't know publisher nobody", "check publisher_id"]),
        ],
    )
    def test_it_tells_what_is_wrong(self, monkeypatch, cpp_emulator, changes, expected):
        works, message = connect(monkeypatch, cpp_emulator, **changes).test_connection()
        assert not works
        assert [part for part in expected if part not in message] == []
        assert "\n" not in message

    def test_it_tells_of_a_principal_that_is_not_on_the_publishers_account(self, hook, cpp_emulator):
        cpp_emulator.configure(forbidden_publishers=frozenset({"contoso"}))
        works, message = hook.test_connection()
        assert not works
        assert "List offers of publisher contoso" in message
        assert "Check that it was added to this publisher's account in Partner Center" in message

    def test_it_does_not_take_a_proxys_page_for_offers(self, hook, cpp_emulator):
        cpp_emulator.faults.add(Fault("html", action="offers"))
        works, message = hook.test_connection()
        assert not works
        assert "the body is no JSON" in message
        assert "host and proxy" in message

    def test_it_takes_the_forms_of_a_list_that_every_other_call_takes(self, monkeypatch):
        wrapped = b'{"value": [{"id": "vm", "definition": {"displayText": "VM"}}]}'
        with RawServer(response(body=wrapped)) as server:
            connection = {"conn_type": "cpp", "host": server.url, "password": "a-token"}
            extra = {"auth": "token", "publisher_id": "contoso"}
            monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps({**connection, "extra": extra}))
            told = "This principal can see the offers of publisher contoso: 1."
            assert CloudPartnerPortalHook().test_connection() == (True, told)

    def test_it_tries_once_as_somebody_waits_for_it(self, hook, cpp_emulator):
        cpp_emulator.faults.add(Fault("error", action="offers", status=503, times=9))
        works, message = hook.test_connection()
        assert not works
        assert "HTTP 503" in message
        assert len(cpp_emulator.requests_for("offers")) == 1

    def test_it_tells_of_a_connection_that_is_not_there(self):
        works, message = CloudPartnerPortalHook("no_such_connection").test_connection()
        assert not works
        assert "no_such_connection" in message
