"""The asset of an offer, as Airflow makes it."""

from __future__ import annotations

import pytest

Asset = pytest.importorskip("airflow.sdk", reason="Airflow 2 has data sets, and asks no provider").Asset


@pytest.mark.parametrize(
    ("uri", "written"),
    [
        ("cpp://contoso/contoso-vm", "cpp://contoso/contoso-vm"),
        ("CPP://Contoso/VM", "cpp://Contoso/VM"),
        ("cpp://contoso/vm/", "cpp://contoso/vm"),
    ],
)
def test_an_offers_asset_is_its_publisher_and_its_name(uri, written):
    assert Asset(uri).uri == written


@pytest.mark.parametrize("uri", ["cpp://contoso", "cpp:///vm", "cpp://contoso/vm/1", "cpp://contoso/vm?v=1"])
def test_what_names_no_offer_is_refused_when_the_dag_is_read(uri):
    with pytest.raises(ValueError, match=r"cpp://publisher/offer|no query"):
        Asset(uri)
