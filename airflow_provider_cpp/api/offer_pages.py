"""Which page of Partner Center is an offer's own, as the service tells.

No page of the reference mentions it: a published client's recorded answers show that offers that were migrated
to Partner Center name it, as `pcRedirectUri`.
"""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_cpp.api import calls
from airflow_provider_cpp.api.answers import Answer, describe
from airflow_provider_cpp.api.locations import OfferLocation, OperationLocation
from airflow_provider_cpp.api.offers import Offer, read_offer
from airflow_provider_cpp.api.portal import offer_page
from airflow_provider_cpp.api.procedures import Procedure, Say, sent
from airflow_provider_cpp.exceptions import CppError

#: Seconds that the answer may take. Whoever asks has something more important to do.
PATIENCE = 10.0


def find_page(location: OperationLocation | OfferLocation) -> Procedure[str | None]:
    """Ask for an offer's page, once and without insisting; return None where the service doesn't tell it.

    :param location: the offer, or an operation on it.
    """
    whole = calls.get_offer(location.publisher_id, location.offer_id)
    call = replace(whole, seconds=PATIENCE)
    try:
        reading, _ = yield from sent(call, patient=False)
    except CppError:  # the login refuses: what the task is there for meets that as well, and tells it
        return None
    if not isinstance(reading, Answer) or reading.status != 200:
        yield Say(f"The link Partner Center leads to the list of offers: {call} failed: {describe(reading)}.")
        return None
    offer = read_offer(reading)
    page = offer_page(offer.document.get("pcRedirectUri")) if isinstance(offer, Offer) else None
    if page is not None:
        yield Say(f"Offer {location.publisher_id}/{location.offer_id} in Partner Center: {page}")
    return page
