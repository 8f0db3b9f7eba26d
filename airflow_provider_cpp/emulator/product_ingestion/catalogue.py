"""Decides which products an account has, and which of them a reference means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.operations import PUBLISH
from airflow_provider_cpp.emulator.plans import plans_of, with_plan
from airflow_provider_cpp.emulator.product_ingestion.ids import plan_guid, submission_number
from airflow_provider_cpp.emulator.product_ingestion.resources import Resources, resources_of
from airflow_provider_cpp.emulator.product_ingestion.rows import Lag, Row, rows

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.operations import Operation
    from airflow_provider_cpp.emulator.portal import Content, Portal


class Catalogue:
    """Look up what an account has: it sees no other account's products.

    :param portal: offers and operations
    :param publisher_id: the account
    """

    def __init__(self, portal: Portal, publisher_id: str) -> None:
        self._portal = portal
        self.publisher_id = publisher_id

    def offers(self) -> list[Offer]:
        """Return the account's offers."""
        return self._portal.offers(self.publisher_id)

    def by_guid(self, guid: str) -> Offer | None:
        """Return the offer that has a GUID; None if none has.

        :param guid: a product's
        """
        return next((offer for offer in self.offers() if offer.product_id == guid.lower()), None)

    def by_external_id(self, name: object) -> Offer | None:
        """Return the offer that has a name; None if none has.

        :param name: a product's external id
        """
        return next((offer for offer in self.offers() if offer.offer_id == name), None)

    def referred(self, reference: object) -> Offer | None:
        """Return the offer that a reference from outside the request means; None if there is none.

        :param reference: a durable id, or an object with ``externalId``
        """
        if isinstance(reference, Mapping):
            return self.by_external_id(reference.get("externalId"))
        parts = str(reference).split("/")
        return self.by_guid(parts[1]) if len(parts) > 1 else None

    def operations(self, offer: Offer) -> list[Operation]:
        """Return an offer's operations, oldest first."""
        return self._portal.operations(offer.publisher_id, offer.offer_id)

    def submission(self, offer: Offer, number: str) -> Operation | None:
        """Return the publish that a submission's number means; None if none has it.

        :param offer: whose
        :param number: its own
        """
        return next((each for each in self.operations(offer) if submission_number(each) == number), None)

    def rows(self, offer: Offer, lagging: frozenset[str]) -> list[Row]:
        """Return an offer's active submissions besides the draft.

        :param offer: whose
        :param lagging: ids of the operations that were started by jobs, which rows are behind of
        """
        settings = self._portal.settings
        lag = Lag(settings.row_delay, settings.row_end_delay)
        return rows(
            self.operations(offer),
            self._portal.clock(),
            dict.fromkeys(lagging, lag),
            preview_after_live=settings.preview_row_after_live,
        )

    def row_of_version(self, offer: Offer, version: int | None, target: str) -> Row:
        """Return the submission that brought a version to where it is, whether it is still active or not.

        :param offer: whose
        :param version: which
        :param target: ``preview`` or ``live``
        """
        publish = next(
            each for each in self.operations(offer) if each.kind == PUBLISH and each.offer_version == version
        )
        return Row(publish, target, "completed", "succeeded")

    def resources(self, offer: Offer, target: str = "draft") -> Resources | None:
        """Return what an offer has in one environment, by id; None if nothing ever came there.

        :param offer: whose
        :param target: ``draft``, ``preview`` or ``live``
        """
        if target == "draft":
            return resources_of(offer, offer.definition, offer.resources)
        version = self._portal.live_version(offer) if target == "live" else self._portal.preview_version(offer)
        return None if version is None else self.version(offer, version)

    def version(self, offer: Offer, version: int) -> Resources:
        """Return what a published version of an offer has, by id.

        :param offer: whose
        :param version: which
        """
        posted: Mapping[str, Any] = offer.published_resources.get(version, {})
        return resources_of(offer, offer.published[version], posted)

    def modular(self, offer: Offer, written: list[str]) -> Content:
        """Return what a publish brings into preview that is about some resources only: all others stay.

        :param offer: whose draft has these resources
        :param written: their ids
        """
        version = self._portal.preview_version(offer) or self._portal.live_version(offer)
        if version is None:
            return offer.definition, offer.resources
        definition = offer.published[version]
        for plan in plans_of(offer.definition, offer.offer_type_id).values():
            guid = plan_guid(offer.product_id, plan.id)
            if any(guid in name for name in written):
                definition = with_plan(definition, offer.offer_type_id, plan)
        now = {name: offer.resources[name] for name in written if name in offer.resources}
        return definition, {**offer.published_resources.get(version, {}), **now}
