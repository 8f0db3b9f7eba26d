"""What each call sends, by the reference's pages."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.api import calls
from airflow_provider_cpp.api.calls import Call
from airflow_provider_cpp.api.locations import OperationLocation

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
        (calls.list_offers(P), "GET", f"/api/publishers/{P}/offers"),
        (
            calls.get_operation(OperationLocation(ORIGIN, P, O, GUID)),
            "GET",
            f"/api/publishers/{P}/offers/{O}/operations/{GUID}",
        ),
        (
            calls.get_operation(OperationLocation(ORIGIN, P, O, f"{P}${O}$2$preview")),
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
    call = calls.get_operation(OperationLocation(ORIGIN, P, O, GUID, api_version="2016-08-01-preview"))

    assert call.url(ORIGIN, "2017-10-31").endswith("?api-version=2017-10-31")


@pytest.mark.parametrize("build", [calls.publish, calls.cancel])
def test_publish_and_cancel_send_addresses_as_one_comma_separated_string(build: object) -> None:
    call = build(P, O, ("jdoe@contoso.com", "erika@contoso.com"))  # type: ignore[operator]

    assert json.loads(call.body) == {"metadata": {"notification-emails": "jdoe@contoso.com,erika@contoso.com"}}


def test_an_api_version_cant_add_parameters() -> None:
    assert calls.list_offers(P).url(ORIGIN, "1&x=2#y").endswith("?api-version=1%26x%3D2%23y")


def test_a_call_is_named_in_a_users_words() -> None:
    assert str(calls.go_live(P, O)) == f"Go Live of offer {P}/{O}"
