"""What customers see of an offer now, and its page in Partner Center: asked for once something has gone wrong."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.looks import CustomerView
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.offers import read_offer
from airflow_provider_cpp.wire.answers import Answer
from airflow_provider_cpp.wire.call import MAX_BODY, Call
from airflow_provider_cpp.wire.procedures import Procedure, sent

#: Seconds that the answer may take: nobody has to know it.
PATIENCE = 10.0
#: Bytes that it may have. It may be read in the triggerer, whose only loop reading all of a larger one holds up.
MAX_ANSWER = 2 * MAX_BODY


_NOT_READ = CustomerView("What customers see now couldn't be read.")


def seen_by_customers(ref: OfferRef) -> Procedure[CustomerView]:
    """Find out what customers see of an offer: asks once, and never raises.

    Its own page is known where the service names it with the version that is live, or else with the draft.

    :param ref: the offer.
    """
    try:
        live = yield from _read(calls.get_offer(ref.publisher_id, ref.offer_id, slot="production"))
        if live is not None and live.status == 404:
            draft = yield from _read(calls.get_offer(ref.publisher_id, ref.offer_id))
            return CustomerView("Nothing of this offer is live yet.", _page_in(draft))
    except CppError:  # the login refuses
        return _NOT_READ
    offer = _offer_in(live)
    if offer is None:
        return _NOT_READ
    version = f"Version {offer.version}" if offer.version else "A version that the service doesn't number"
    return CustomerView(f"{version} is still live.", _page_in(live))


def _read(call: Call) -> Procedure[Answer | None]:
    reading, _ = yield from sent(replace(call, seconds=PATIENCE, max_answer=MAX_ANSWER), patient=False)
    return reading if isinstance(reading, Answer) else None


def _offer_in(answer: Answer | None) -> Offer | None:
    offer = read_offer(answer) if answer is not None and answer.status == 200 else None
    return offer if isinstance(offer, Offer) else None


def _page_in(answer: Answer | None) -> str:
    offer = _offer_in(answer)
    return (offer and offer.page) or ""
