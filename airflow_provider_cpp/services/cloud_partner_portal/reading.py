"""What is there of an offer that is to be changed; where it isn't there, which offers are."""

from __future__ import annotations

from airflow_provider_cpp.exceptions import CppError, CppNotFound
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.put_log import closest
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.offers import read_listed_offer, read_offer
from airflow_provider_cpp.wire.answers import Answer, content, error_of
from airflow_provider_cpp.wire.listing import Unlisted, listed
from airflow_provider_cpp.wire.procedures import Procedure, sent


def in_words(publisher_id: str, offer_id: str) -> str:
    """Return an offer as a sentence begins with it."""
    return f"Offer {publisher_id}/{offer_id}"


def read_there(publisher_id: str, offer_id: str) -> Procedure[Offer | None]:
    """Return an offer, or None if there is none."""
    call = calls.get_offer(publisher_id, offer_id)
    reading, _ = yield from sent(call)
    if isinstance(reading, Answer) and reading.status == 404:
        return None
    return content(call, reading, read_offer)


def no_offer(publisher_id: str, offer_id: str, origin: str, *, may_create: bool) -> Procedure[CppError]:
    """Return the error of an offer that isn't there and isn't to be created.

    :param origin: scheme, host and port of the API, for lists that go on on another page.
    :param may_create: whether it could be.
    """
    offers = yield from listed(calls.list_offers(publisher_id), origin, read_listed_offer)
    if isinstance(offers, Unlisted):
        if isinstance(offers.reading, Answer) and offers.reading.status == 404:
            return error_of(calls.get_offer(publisher_id, offer_id), offers.reading)
        ids = []
    else:
        ids = [offer.id for offer in offers.entries]
    there = f" Offers of {publisher_id}: {closest(offer_id, ids)}." if ids else ""
    to_create = "; or set create=True if a new offer is meant" if may_create else ""
    return CppNotFound(
        f"{in_words(publisher_id, offer_id)} doesn't exist, and nothing was sent.{there} Correct offer_id or "
        f"publisher_id{to_create}.",
        http_status=404,
    )
