"""Which page of Partner Center is an offer's own, as the service names it.

No page of the reference mentions it: a published client's recorded list of offers (az-partner-center-cli's test
data) names it for each offer that was migrated to Partner Center, as `pcRedirectUri`.
"""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.locations import OfferLocation, OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.offers import read_listed_offer
from airflow_provider_cpp.wire.identifiers import is_same_identifier
from airflow_provider_cpp.wire.listing import Unlisted, listed
from airflow_provider_cpp.wire.procedures import Procedure, Say

#: Seconds that the answer may take. Whoever asks has something more important to do.
PATIENCE = 10.0


def find_page(location: OperationLocation | OfferLocation) -> Procedure[str | None]:
    """Ask for an offer's page, once and without insisting; return None where the service doesn't name it.

    :param location: the offer, or an operation on it.
    """
    # Not the offer itself, though it has that field too: an offer's prices alone may be larger than all the list.
    call = replace(calls.list_offers(location.publisher_id), seconds=PATIENCE)
    try:
        offers = yield from listed(call, location.origin, read_listed_offer, patient=False)
    except CppError:  # the login refuses: what the task is there for meets that as well, and reports it
        return None
    if isinstance(offers, Unlisted):
        yield Say(f"The link Partner Center leads to the list of offers: {call} failed: {offers.why}.")
        return None
    offer = next((offer for offer in offers.entries if is_same_identifier(location.offer_id, offer.id)), None)
    page = offer.page if offer else None
    if page is not None:
        yield Say(f"Offer {location.publisher_id}/{location.offer_id} in Partner Center: {page}")
    return page
