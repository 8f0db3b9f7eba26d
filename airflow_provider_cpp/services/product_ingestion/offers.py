"""What the service says of offers: the list of its products, and the tree of one of them.

Trees hold signatures of shared-access URLs, and are printed nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError, CppNotFound
from airflow_provider_cpp.offers.comparison import Difference
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.pages import page_of_product
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.slots import Slot, checked_slot
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.services.product_ingestion.drafts import tree_changes
from airflow_provider_cpp.services.product_ingestion.products import Product, read_product
from airflow_provider_cpp.services.product_ingestion.trees import (
    DRAFT,
    Tree,
    read_tree,
    says_there_is_none,
    tree_in,
)
from airflow_provider_cpp.wire.answers import Answer, content, describe, request_id
from airflow_provider_cpp.wire.arguments import shown
from airflow_provider_cpp.wire.listing import Listed, Unlisted, listed
from airflow_provider_cpp.wire.procedures import Procedure, sent

#: The environments of a product by the slots that they are.
TARGETS = {Slot.DRAFT: DRAFT, Slot.PREVIEW: "preview", Slot.PRODUCTION: "live"}


def list_offers(publisher_id: str, origin: str, *, patient: bool = True) -> Procedure[Listed[Offer] | Unlisted]:
    """List the products of the account to the last page, as offers.

    :param publisher_id: names the account in messages and results; empty if nobody gave one.
    :param origin: scheme, host and port of the API.
    :param patient: as in `Send`.
    """

    def read(entry: Mapping[str, Any]) -> Offer | str:
        return _listed_offer(entry, publisher_id)

    whose = f"publisher {publisher_id}" if publisher_id else "this principal's account"
    return (yield from listed(calls.list_products(whose), origin, read, patient=patient, follows_any_host=True))


def _listed_offer(entry: Mapping[str, Any], publisher_id: str) -> Offer | str:
    found = read_product(entry)
    if isinstance(found, str):
        return found
    return _offer(entry, found.external_id or found.durable_id, publisher_id, found.guid)


def get_offer(ref: OfferRef, origin: str, version: int | str | None, slot: str | None) -> Procedure[Offer]:
    """Read the tree of an offer.

    :param ref: the offer.
    :param origin: scheme, host and port of the API.
    :param version: None: there are no versions to ask for.
    :param slot: which of its trees, see `slots.checked_slot`; the draft's by default.
    :raises CppConfigurationError: there is a version, or no such slot; nothing was sent.
    :raises CppNotFound: there is no such offer, or nothing is in the slot.
    """
    if version is not None:
        raise CppConfigurationError(
            f"version={shown(version)}: the Product Ingestion API keeps no versions of an offer. Nothing was "
            "sent. Leave version out, and name a slot: draft, preview or production."
        )
    target = TARGETS[checked_slot(slot) if slot is not None else Slot.DRAFT]
    guid = yield from Product(origin, ref).guid()
    if isinstance(guid, Unlisted):
        raise guid.error
    call = calls.get_tree(str(ref), guid, target)
    reading, _ = yield from sent(call)
    if target != DRAFT and isinstance(reading, Answer) and says_there_is_none(reading, target):
        raise CppNotFound(
            f"{call} failed: {describe(reading, with_id=False)}. Nothing of it is "
            f"{target if target == 'live' else f'in {target}'}: an offer has no such tree before it was "
            "published so for the first time.",
            http_status=reading.status,
            request_id=request_id(reading),
        )
    return _whole_offer(content(call, reading, read_tree), ref)


def _whole_offer(tree: Tree, ref: OfferRef) -> Offer:
    product = next((each.document for each in tree.resources if each.type == "product"), {})
    plans = tuple(each.document for each in tree.resources if each.type == "plan")
    offer_id = tree.external_id or ref.offer_id
    return _offer(product, offer_id, ref.publisher_id, tree.product, document=tree.document, plans=plans)


def _offer(
    product: Mapping[str, Any],
    offer_id: str,
    publisher_id: str,
    guid: str,
    *,
    document: Mapping[str, Any] | None = None,
    plans: tuple[Mapping[str, Any], ...] = (),
) -> Offer:
    whole = product if document is None else document
    return Offer(
        whole,
        id=offer_id,
        publisher_id=publisher_id,
        offer_type_id=_text(product, "type"),
        definition=whole,
        display_text=_text(product, "alias"),
        plans=plans,
        page=page_of_product(guid),
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def changes_between(now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return what differs between two trees that the service answered, whichever of them names it.

    :raises CppConfigurationError: one of them is no tree.
    """
    trees = []
    for each in (now, before):
        tree = tree_in(each)
        if isinstance(tree, str):
            raise CppConfigurationError(f"What is to be compared is no tree of an offer's resources: {tree}.")
        trees.append(tree)
    return tree_changes(*trees)
