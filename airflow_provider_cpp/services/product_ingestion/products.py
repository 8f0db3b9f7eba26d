"""Which product an offer is: the one whose external id is the offer's, found once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.exceptions import CppBadRequest, CppConfigurationError, CppNotFound
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.wire.identifiers import checked_identifier, is_same_identifier
from airflow_provider_cpp.wire.listing import Unlisted, listed
from airflow_provider_cpp.wire.plain_text import one_line
from airflow_provider_cpp.wire.procedures import Procedure

#: A GUID as the service writes it: small letters. It is the product's in all three of Partner Center's APIs.
GUID = r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
_DURABLE_ID = re.compile(rf"product/({GUID})")


def offer_ref(publisher_id: str, offer_id: str) -> OfferRef:
    """Return an offer by the texts that its identifiers stand for.

    :param publisher_id: names the account in messages; empty if it isn't known. The token's account decides.
    :param offer_id: the product's external id, or its durable id, `product/<guid>`.
    :raises CppConfigurationError: if one of them can't be one.
    """
    if publisher_id:
        checked_identifier("publisher_id", publisher_id)
    if isinstance(offer_id, str) and offer_id.startswith("product/"):
        if _DURABLE_ID.fullmatch(offer_id) is None:
            raise CppConfigurationError(
                f"offer_id={one_line(offer_id)[:200]!r} is no durable id: after 'product/' comes a GUID, and "
                "nothing else. Nothing was sent."
            )
        return OfferRef(publisher_id, offer_id)
    return OfferRef(publisher_id, checked_identifier("offer_id", offer_id))


@dataclass(frozen=True, slots=True)
class Found:
    """A product as the list shows it.

    :param durable_id: `product/<guid>`.
    :param external_id: the offer's id; empty if the service names none.
    :param document: all that the list says of it.
    """

    durable_id: str
    external_id: str
    document: Mapping[str, Any] = field(repr=False)

    @property
    def guid(self) -> str:
        """The product's GUID."""
        return self.durable_id.removeprefix("product/").lower()


def read_product(entry: Mapping[str, Any]) -> Found | str:
    """Return the product that an entry of the list describes, or in words why it describes none."""
    durable_id = str(entry["id"])
    if _DURABLE_ID.fullmatch(durable_id) is None:
        return f"has an id that isn't a product's: {one_line(durable_id)[:100]!r}"
    identity = entry.get("identity")
    names = {str(name).casefold(): value for name, value in identity.items()} if isinstance(identity, dict) else {}
    external_id = names.get("externalid")
    return Found(durable_id, external_id if isinstance(external_id, str) else "", entry)


@dataclass(frozen=True, slots=True)
class Product:
    """The product of an offer, which is looked for once.

    :param origin: scheme, host and port of the API.
    :param ref: the offer.
    """

    origin: str
    ref: OfferRef
    _found: list[str] = field(default_factory=list, init=False, compare=False, repr=False)

    def guid(self, *, patient: bool = True) -> Procedure[str | Unlisted]:
        """Return the product's GUID, or why the products can't be listed.

        :param patient: as in `Send`.
        :raises CppNotFound: the account has no such product.
        :raises CppBadRequest: it has more than one.
        """
        if not self._found:
            durable = _DURABLE_ID.fullmatch(self.ref.offer_id)
            found = durable[1].lower() if durable else (yield from self._looked_for(patient))
            if not isinstance(found, str):
                return found
            self.is_known_as(found)
        return self._found[0]

    @property
    def known(self) -> str:
        """The product's GUID, if it was found before; otherwise empty."""
        return self._found[0] if self._found else ""

    def is_known_as(self, guid: str) -> None:
        """Note the product's GUID, where it is known from elsewhere."""
        self._found[:] = [guid]

    def _looked_for(self, patient: bool) -> Procedure[str | Unlisted]:
        external_id = self.ref.offer_id
        call = calls.find_product(str(self.ref), external_id)
        products = yield from listed(call, self.origin, read_product, patient=patient, follows_any_host=True)
        if isinstance(products, Unlisted):
            return products
        same = {each.guid for each in products.entries if is_same_identifier(external_id, each.external_id)}
        if not same:
            whose = f"publisher {self.ref.publisher_id}'s account" if self.ref.publisher_id else "the account"
            raise CppNotFound(
                f"{call} failed: there is no product whose externalId is {external_id!r} in {whose}, as far as "
                "this connection's principal sees it: an offer of another seller isn't listed either. Check "
                "offer_id (the offer's id, not its name), and that the principal belongs to the seller account "
                "whose offer it is.",
            )
        if len(same) > 1:
            raise CppBadRequest(
                f"{call} failed: {len(same)} products have the externalId {external_id!r}: "
                f"{', '.join(f'product/{guid}' for guid in sorted(same))}. Give the one that is meant as "
                "offer_id."
            )
        return same.pop()
