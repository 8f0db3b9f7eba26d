"""What is there of an offer that is to be changed; where it isn't there, which offers are."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_cpp.exceptions import CppError, CppNotFound
from airflow_provider_cpp.offers.put_log import closest
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.services.product_ingestion.products import Product, read_product
from airflow_provider_cpp.services.product_ingestion.trees import DRAFT, Tree, read_tree, says_there_is_none
from airflow_provider_cpp.wire.answers import content
from airflow_provider_cpp.wire.listing import Unlisted, listed
from airflow_provider_cpp.wire.procedures import Procedure, sent


def in_words(ref: OfferRef) -> str:
    """Return an offer as a sentence begins with it."""
    text = str(ref)
    return f"{text[:1].upper()}{text[1:]}"


def read_there(product: Product, target: str = DRAFT, least_version: str = "") -> Procedure[Tree | None]:
    """Return a tree of an offer, or None if there is none.

    :param product: the offer's product.
    :param target: `draft`, `preview` or `live`.
    :param least_version: the version in which it is read at least; empty for the connection's.
    """
    try:
        guid = yield from product.guid()
    except CppNotFound:
        return None
    if isinstance(guid, Unlisted):
        raise guid.error
    call = replace(calls.get_tree(str(product.ref), guid, target), least_version=least_version)
    reading, _ = yield from sent(call)
    if says_there_is_none(reading, target):
        return None
    return content(call, reading, read_tree)


def no_offer(ref: OfferRef, origin: str, *, may_create: bool) -> Procedure[CppError]:
    """Return the error of an offer that isn't there and isn't to be created.

    :param origin: scheme, host and port of the API.
    :param may_create: whether it could be.
    """
    call = calls.list_products(str(ref))
    products = yield from listed(call, origin, read_product, follows_any_host=True)
    ids = [] if isinstance(products, Unlisted) else [each.external_id for each in products.entries]
    there = f" Offers of this account: {closest(ref.offer_id, [each for each in ids if each])}." if ids else ""
    to_create = "; or set create=True if a new offer is meant" if may_create else ""
    return CppNotFound(
        f"{in_words(ref)} doesn't exist, and nothing was sent.{there} Correct offer_id, or look whether the "
        f"connection's principal belongs to the seller account whose offer it is{to_create}.",
        http_status=404,
    )
