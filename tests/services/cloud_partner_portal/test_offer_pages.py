"""An offer's own page in Partner Center: which address is believed, and how it is asked for."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppAuthError
from airflow_provider_cpp.offers.pages import PORTAL, offer_page
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.locations import OfferLocation, parse_location
from airflow_provider_cpp.services.cloud_partner_portal.offer_pages import PATIENCE, find_page
from tests.runner import LOST, Runner, answered, refused
from tests.services.cloud_partner_portal.offer_documents import LISTED, MIGRATED
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER

OFFERS = "https://partner.microsoft.com/dashboard/commercial-marketplace/offers"
PAGE = f"{OFFERS}/{GUID}/overview"
LOCATION = OfferLocation(ORIGIN, PUBLISHER, OFFER)


@pytest.mark.parametrize(
    "address",
    [
        PAGE,
        PAGE.replace("dashboard", "en-us/dashboard"),
        PAGE.replace("commercial-marketplace", "v2/marketplace-offers"),
        f"{OFFERS}/{GUID}",
        f"{OFFERS}/{GUID}/",
        f"{OFFERS}/{GUID.upper()}/overview?source=api#top",
        PAGE.replace("partner.microsoft.com", "Partner.Microsoft.com"),
    ],
)
def test_a_page_is_built_anew_from_its_product_id(address: str) -> None:
    assert offer_page(address) == PAGE


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        7,
        [PAGE],
        GUID,
        "javascript:alert(1)",
        PORTAL,
        OFFERS,
        PAGE.replace("https", "http"),
        PAGE.replace("https:", ""),
        PAGE.replace("partner.microsoft.com", "partner.microsoft.com.example.com"),
        PAGE.replace("partner.microsoft.com", "example.com"),
        PAGE.replace("partner.microsoft.com", "partner.microsoft.com:8443"),
        PAGE.replace("partner.microsoft.com", "partner.microsoft.com@example.com"),
        PAGE.replace("partner.microsoft.com", "me@partner.microsoft.com"),
        PAGE.replace("partner.microsoft.com", "partner.microsoft.com\\@example.com"),
        PAGE.replace("partner.microsoft.com", "[partner.microsoft.com"),
        PAGE.replace("partner.microsoft.com", "partner.micros\u043eft.com"),
        f"{OFFERS}/{GUID}/../../../logout",
        f"{OFFERS}/%2e%2e/{GUID}",
        f"{OFFERS}/{GUID[:-1]}/overview",
        f"{OFFERS}/{GUID}0/overview",
        f"{OFFERS}/{GUID}" + "/overview" * 300,
        f"https://example.com/?{PAGE}",
    ],
)
def test_an_address_that_names_no_offer_of_the_portal_is_none(address: object) -> None:
    assert offer_page(address) is None


def told(**changes: Any) -> dict[str, Any]:
    page = PAGE.replace("dashboard", "en-us/dashboard")  # as recorded by a client
    return {**LISTED, **MIGRATED, "id": OFFER, "pcRedirectUri": page, **changes}


OTHER = told(id="other", pcRedirectUri=PAGE.replace("5", "6"))


@pytest.mark.parametrize(
    "location",
    [LOCATION, parse_location(f"/api/publishers/{PUBLISHER}/offers/{OFFER}/operations/{GUID}", origin=ORIGIN)],
    ids=["offer", "operation"],
)
@pytest.mark.parametrize("body", [[OTHER, told()], [told(id=OFFER.upper()), OTHER], {"value": [told()]}])
def test_the_list_of_offers_tells_the_page_of_one_that_was_migrated(location: Any, body: Any) -> None:
    runner = Runner([answered(200, body)])
    assert runner.run(find_page(location)) == PAGE
    (call,) = runner.sent
    assert (call.method, call.path) == ("GET", calls.list_offers(PUBLISHER).path)
    assert call.seconds == PATIENCE
    assert runner.said == [(logging.INFO, f"Offer {PUBLISHER}/{OFFER} in Partner Center: {PAGE}")]


@pytest.mark.parametrize(
    "body",
    [
        [],
        [OTHER],
        [{**LISTED, "id": OFFER}],
        [told(pcRedirectUri=None)],
        [told(pcRedirectUri="")],
        [told(pcRedirectUri="https://example.com/offers/" + GUID)],
        [told(pcRedirectUri={"uri": PAGE})],
    ],
)
def test_an_offer_whose_page_it_doesnt_tell_has_none(body: Any) -> None:
    runner = Runner([answered(200, body)])
    assert runner.run(find_page(LOCATION)) is None
    assert runner.said == []


UNREADABLE = [answered(200, body) for body in ([told(), "half a list"], {}, None, b"<html>")]


@pytest.mark.parametrize("reading", [LOST, refused(403), refused(404), answered(503), answered(302), *UNREADABLE])
def test_it_is_asked_for_once_and_the_log_says_where_the_link_leads_instead(reading: Any) -> None:
    runner = Runner([reading])
    assert runner.run(find_page(LOCATION)) is None
    assert len(runner.sent) == 1
    ((level, line),) = runner.said
    assert level == logging.INFO
    assert line.startswith("The link Partner Center leads to the list of offers: List offers of publisher")


def test_a_login_that_refuses_is_left_to_what_the_task_is_there_for() -> None:
    def service(*_: Any) -> Any:
        raise CppAuthError("no")

    runner = Runner(service)
    assert runner.run(find_page(LOCATION)) is None
    assert runner.said == []


def test_an_offer_on_a_later_page_is_found_in_the_time_that_is_left() -> None:
    first = answered(200, {"value": [OTHER], "nextLink": "?$skip=1"})
    runner = Runner([first, answered(200, {"value": [told()]})], latency=4.0)
    assert runner.run(find_page(LOCATION)) == PAGE
    assert [call.seconds for call in runner.sent] == [PATIENCE, PATIENCE - 4.0]


def test_a_list_that_takes_too_long_is_left_unread() -> None:
    first = answered(200, {"value": [OTHER], "nextLink": "?$skip=1"})
    runner = Runner([first], latency=PATIENCE)
    assert runner.run(find_page(LOCATION)) is None
    assert "too long" in runner.lines()[-1]
