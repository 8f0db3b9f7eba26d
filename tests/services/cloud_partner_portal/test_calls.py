"""What each call sends, by the reference's pages."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.wire.arguments import checked_emails
from airflow_provider_cpp.wire.call import Call

ORIGIN = "https://cloudpartner.azure.com"
P, O = "contoso", "contoso-virtualmachineoffer"  # noqa: E741
GUID = "56615b67-2185-49fe-80d2-c4ddf77bb2e8"


def test_go_live_is_the_documented_request() -> None:
    call = calls.go_live("contoso", "contoso-virtualmachineoffer")

    assert call.method == "POST"
    assert call.url("https://cloudpartner.azure.com", "2017-10-31") == (
        "https://cloudpartner.azure.com/api/publishers/contoso/offers/contoso-virtualmachineoffer/golive"
        "?api-version=2017-10-31"
    )
    assert call.body == "", "the page documents no request body"


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        (calls.go_live(P, O), "POST", f"/api/publishers/{P}/offers/{O}/golive"),
        (calls.publish(P, O), "POST", f"/api/publishers/{P}/offers/{O}/publish"),
        (calls.cancel(P, O), "POST", f"/api/publishers/{P}/offers/{O}/cancel"),
        (calls.get_offer_status(P, O), "GET", f"/api/publishers/{P}/offers/{O}/status"),
        (calls.list_submissions(P, O), "GET", f"/api/publishers/{P}/offers/{O}/submissions/"),
        (calls.list_publishers(), "GET", "/api/publishers"),
        (calls.list_offers(P), "GET", f"/api/publishers/{P}/offers"),
        (calls.get_offer(P, O), "GET", f"/api/publishers/{P}/offers/{O}"),
        (calls.get_offer(P, O, version=0), "GET", f"/api/publishers/{P}/offers/{O}/versions/0"),
        (calls.get_offer(P, O, version="12"), "GET", f"/api/publishers/{P}/offers/{O}/versions/12"),
        (calls.get_offer(P, O, slot="draft"), "GET", f"/api/publishers/{P}/offers/{O}/slot/Draft"),
        (calls.put_offer(P, O, {}), "PUT", f"/api/publishers/{P}/offers/{O}"),
        (
            OperationLocation(ORIGIN, P, O, GUID).to_read(),
            "GET",
            f"/api/publishers/{P}/offers/{O}/operations/{GUID}",
        ),
        (
            OperationLocation(ORIGIN, P, O, f"{P}${O}$2$preview").to_read(),
            "GET",
            f"/api/operations/{P}${O}$2$preview",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Call) else "",
)
def test_every_call_has_the_documented_method_and_url(call: Call, method: str, path: str) -> None:
    assert call.method == method
    assert call.url(ORIGIN, "2017-10-31") == f"{ORIGIN}{path}?api-version=2017-10-31"
    assert call.is_safe is (method == "GET")


def test_an_operation_is_read_with_the_connections_api_version_whatever_its_location_says() -> None:
    call = OperationLocation(ORIGIN, P, O, GUID, api_version="2016-08-01-preview").to_read()

    assert call.url(ORIGIN, "2017-10-31").endswith("?api-version=2017-10-31")


@pytest.mark.parametrize("build", [calls.publish, calls.cancel])
def test_publish_and_cancel_send_addresses_as_one_comma_separated_string(build: object) -> None:
    call = build(P, O, ("jdoe@contoso.com", "erika@contoso.com"))  # type: ignore[operator]

    assert json.loads(call.body) == {"metadata": {"notification-emails": "jdoe@contoso.com,erika@contoso.com"}}


def test_an_api_version_cant_add_parameters() -> None:
    assert calls.list_offers(P).url(ORIGIN, "1&x=2#y").endswith("?api-version=1%26x%3D2%23y")


def test_a_call_is_named_in_a_users_words() -> None:
    assert str(calls.go_live(P, O)) == f"Go Live of offer {P}/{O}"


@pytest.mark.parametrize(
    ("words", "slot"),
    [
        (("draft", "Draft", " DRAFT "), "Draft"),
        (("preview", "Preview", "staging", "Staging", "view", "VIEW"), "Preview"),
        (("production", "Production", "live", "Live"), "Production"),
    ],
)
def test_a_slot_is_understood_in_every_vocabulary_and_sent_as_its_page_spells_it(
    words: tuple[str, ...], slot: str
) -> None:
    assert {calls.get_offer(P, O, slot=word).path for word in words} == {
        f"/api/publishers/{P}/offers/{O}/slot/{slot}"
    }


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"slot": "canary"}, "slot='canary'"),
        ({"slot": ""}, "slot=''"),
        ({"slot": 1}, "slot=1"),
        ({"version": -1}, "version=-1"),
        ({"version": "one"}, "version='one'"),
        ({"version": "²"}, "version='²'"),
        ({"version": True}, "version=True"),
        ({"version": 1.0}, "version=1.0"),
        ({"version": 1, "slot": "draft"}, "exclude each other"),
    ],
)
def test_a_version_or_a_slot_that_is_none_is_refused(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(CppConfigurationError, match=named):
        calls.get_offer(P, O, **arguments)  # type: ignore[arg-type]


def test_submissions_are_filtered_by_the_pages_parameter() -> None:
    call = calls.list_submissions(P, O, "not started")
    assert call.url(ORIGIN, "2017-10-31").endswith("/submissions/?api-version=2017-10-31&status=not+started")
    assert calls.list_submissions(P, O).query == ()


def test_an_offers_text_is_sent_as_it_is() -> None:
    url = "https://contoso.blob.core.windows.net/vhds/a.vhd?sv=2018&sig=a%2Bb<&>"
    call = calls.put_offer(P, O, {"osVhdUrl": url, "title": "Größe \u96ea"})

    assert url in call.body
    assert "Größe \u96ea" in call.body
    assert json.loads(call.body) == {"osVhdUrl": url, "title": "Größe \u96ea"}
    assert call.headers == ()
    assert "sig=" not in repr(call), "a body may hold secrets"


@pytest.mark.parametrize("etag", ["*", "W/\"datetime'2017-06-07T06%3A15%3A40.4771399Z'\""])
def test_a_change_names_what_it_replaces(etag: str) -> None:
    assert calls.put_offer(P, O, {}, etag).headers == (("If-Match", etag),)


@pytest.mark.parametrize("etag", ["", "  ", "a\nX-Other: b", "ä", 7])
def test_what_cant_be_an_etag_is_refused(etag: object) -> None:
    with pytest.raises(CppConfigurationError, match="if_match"):
        calls.put_offer(P, O, {}, etag)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {1, 2}, object(), "\ud800 secret"],
    ids=["nan", "inf", "set", "object", "surrogate"],
)
def test_what_is_no_json_is_refused_without_being_shown(value: object) -> None:
    with pytest.raises(CppConfigurationError, match="can't be sent as JSON") as error:
        calls.put_offer(P, O, {"x": value})
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), ()),
        ("", ()),
        (None, ()),
        ("a@x.com", ("a@x.com",)),
        ("a@x.com, b@y.com,", ("a@x.com", "b@y.com")),
        ("a@x.com; b@y.com;", ("a@x.com", "b@y.com")),
        (["a@x.com", " b@y.com "], ("a@x.com", "b@y.com")),
    ],
)
def test_addresses_may_be_a_list_or_what_a_template_renders_to(given: object, expected: tuple[str, ...]) -> None:
    assert checked_emails(given) == expected


@pytest.mark.parametrize("given", [["nobody"], ["a@x.com;b@y.com"], ["a@x,b@y"], [7], 7, ["a@x.com\r\nb"]])
def test_what_is_no_address_is_refused_before_anything_is_sent(given: object) -> None:
    with pytest.raises(CppConfigurationError, match="notification_emails"):
        checked_emails(given)


def test_the_call_of_a_watch_is_made_once() -> None:
    """It was a tenth of what a look costs besides its exchange."""
    location = OperationLocation(ORIGIN, P, O, GUID)
    assert location.to_read() is location.to_read()
    assert location == OperationLocation(ORIGIN, P, O, GUID), "one that was read is the same as one that wasn't"
    assert hash(location) == hash(OperationLocation(ORIGIN, P, O, GUID))
