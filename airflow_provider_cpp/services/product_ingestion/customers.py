"""What customers see of an offer now: asked for once something has gone wrong."""

from __future__ import annotations

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.looks import CustomerView
from airflow_provider_cpp.offers.pages import page_of_product
from airflow_provider_cpp.services.product_ingestion.submissions import newest, rows_of
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.procedures import Procedure

#: Seconds that the answer may take: nobody has to know it.
PATIENCE = 10.0

_NOT_READ = "What customers see now couldn't be read."


def seen_by_customers(offer: str, product: str, origin: str) -> Procedure[CustomerView]:
    """Find out what customers see of an offer: asks once, and never raises.

    :param offer: the offer in words.
    :param product: the product's GUID; empty if it isn't known.
    :param origin: scheme, host and port of the API.
    """
    if not product:
        return CustomerView()
    page = page_of_product(product)
    try:
        rows = yield from rows_of(offer, product, origin, patient=False, within=PATIENCE)
    except CppError:  # the login refuses
        return CustomerView(_NOT_READ, page)
    if isinstance(rows, Unlisted):
        return CustomerView(_NOT_READ, page)
    live = newest(row for row in rows.entries if row.is_live)
    if live is None:
        return CustomerView("Nothing of this offer is live yet.", page)
    return CustomerView(f"S{live.in_words[1:]} is still live.", page)
