"""A row of the overview, and its way through XCom."""

from __future__ import annotations

import json

from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.overview import OfferOverview, ReleaseState, Submitted, row_of
from airflow_provider_cpp.offers.pages import page_of_product

PAGE = page_of_product("56615b67-2185-49fe-80d2-c4ddf77bb2e8")
WAITS = Submitted("1-2", "publish", 3, 1_800_000_000.25, "changed", "Publisher signoff")


def test_it_comes_out_of_xcom_as_it_went_in():
    rows = [
        OfferOverview("vm"),
        OfferOverview("vm", "contoso", "VM", "vms", PAGE, "running", WAITS, None, WAITS, WAITS, "signoff"),
        OfferOverview("vm", problem="HTTP 503"),
    ]  # fmt: skip
    for row in rows:
        assert OfferOverview.read(json.loads(json.dumps(row.to_dict()))) == row


def test_times_are_written_with_their_zone():
    assert WAITS.to_dict()["at"] == "2027-01-15T08:00:00.250000+00:00"


def test_what_is_none_isnt_read_as_one():
    for document in (None, [], "vm", {}, {"offer_id": 1}):
        assert OfferOverview.read(document) is None
    odd = {
        "page": "javascript:alert(1)",
        "offer_id": "vm",
        "name": 5,
        "live": {"id": 1, "at": "soon", "version": True, "time_of": "x"},
        "problem": None,
    }
    assert OfferOverview.read(odd) == OfferOverview("vm", live=Submitted())


def test_nothing_secret_and_no_second_line_comes_from_what_others_wrote():
    secret = "https://a.blob.core.windows.net/x?sv=1&sig=abcDEF123456%3D"
    listed = Offer(
        {}, id="vm\nforged", offer_type_id=f"a {secret}", display_text=f"VM {secret}\nforged", status=secret
    )
    row = row_of(listed, "contoso", ReleaseState())
    for text in (row.offer_id, row.name, row.kind, row.status):
        assert "\n" not in text
        assert "abcDEF123456" not in text
