"""A location of the other service is refused in words that say so."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.exceptions import UntrustedLocation
from airflow_provider_cpp.services.cloud_partner_portal.locations import parse_location
from airflow_provider_cpp.services.locations_of_others import of_another_service

CPP = "https://cloudpartner.azure.com/api/publishers/contoso/offers/vm/operations/1"
INGESTION = "https://graph.microsoft.com/rp/product-ingestion/configure/1/status#target=live"


@pytest.mark.parametrize(
    ("location", "conn_type", "name"),
    [(CPP, "product_ingestion", "Cloud Partner Portal's API"), (INGESTION, "cpp", "the Product Ingestion API")],
)
def test_one_of_the_other_service_is_known_on_any_host_and_without_one(
    location: str, conn_type: str, name: str
) -> None:
    path = "/" + location.split("/", 3)[3]
    for text in (location, path, f"http://127.0.0.1:1{path}"):
        why = of_another_service(conn_type, text)
        assert why.startswith(f"it is one of {name}, and the connection is of type {conn_type!r}, for ")
        assert "Was the connection switched" in why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://[",
        "/",
        "https://cloudpartner.azure.com/apis/x",
        "rp/product-ingestion/",
        "/api/publishers/" + 5000 * "x",
    ],
)
def test_anything_else_is_none_of_either(text: str) -> None:
    assert of_another_service("cpp", text) == ""
    assert of_another_service("product_ingestion", text) == ""


def test_a_services_own_is_none_of_another() -> None:
    assert of_another_service("cpp", CPP) == ""
    assert of_another_service("product_ingestion", INGESTION) == ""


@pytest.mark.parametrize("origin", ["https://cloudpartner.azure.com", "https://graph.microsoft.com"])
def test_cloud_partner_portal_refuses_the_others(origin: str) -> None:
    with pytest.raises(
        UntrustedLocation,
        match=r"is one of the Product Ingestion API, and the connection is .*'cpp'",
    ):
        parse_location(INGESTION, origin=origin)
