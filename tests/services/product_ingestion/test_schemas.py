"""Which schema a resource names, and in which it is written."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.services.product_ingestion.schemas import (
    PINNED,
    Schema,
    latest_of,
    schema_of,
    schema_url,
    to_write,
)
from airflow_provider_cpp.wire.api_versions import is_version


@pytest.mark.parametrize(
    ("resource", "schema"),
    [
        (
            {"$schema": "https://schema.mp.microsoft.com/schema/plan/2022-03-01-preview3"},
            Schema("plan", "2022-03-01-preview3"),
        ),
        (
            {"$schema": "https://product-ingestion.azureedge.net/schema/listing-asset/2022-03-01-preview2"},
            Schema("listing-asset", "2022-03-01-preview2"),
        ),
        ({"$schema": "plan"}, Schema("plan")),
        ({"id": "customer-leads/11111111-2222-3333-4444-555555555555"}, Schema("customer-leads")),
        ({"$schema": "https://schema.mp.microsoft.com/schema/plan"}, None),
        ({"$schema": "Plan of ours"}, None),
        ({"$schema": 3, "id": "plan/x"}, None),
        ({"title": "no schema"}, None),
    ],
)
def test_it_is_read_from_whichever_host_and_by_the_id_alone(
    resource: dict[str, Any], schema: Schema | None
) -> None:
    assert schema_of(resource) == schema


def test_it_is_written_on_the_host_that_is_there_now() -> None:
    assert Schema("plan", "2022-03-01-preview3").url == (
        "https://schema.mp.microsoft.com/schema/plan/2022-03-01-preview3"
    )


def test_each_pinned_version_is_one() -> None:
    assert all(map(is_version, PINNED.values()))


def test_of_the_versions_that_are_there_and_wanted_the_later_one_is_written() -> None:
    kind = "virtual-machine-plan-technical-configuration"
    assert to_write(kind, "2022-03-01-preview3", "2022-03-01-preview5").version == "2022-03-01-preview5"
    assert to_write(kind, "2026-04-01-preview1", "2022-03-01-preview5").version == "2026-04-01-preview1"


def test_where_neither_names_one_the_pinned_one_is_written() -> None:
    assert to_write("property", "", "").version == PINNED["property"]
    assert schema_url("listing").endswith(f"/listing/{PINNED['listing']}")


def test_a_version_that_the_service_returns_and_doesnt_take_is_written_in_the_pinned_one() -> None:
    assert to_write("plan", "2022-03-01-preview4").version == "2022-03-01-preview3"


def test_a_request_needs_the_latest_of_what_it_writes() -> None:
    schemas = [Schema("plan", "2022-03-01-preview3"), Schema("product", "2022-07-01"), Schema("listing")]
    assert latest_of(schemas) == "2022-07-01"
    assert latest_of([]) == ""
