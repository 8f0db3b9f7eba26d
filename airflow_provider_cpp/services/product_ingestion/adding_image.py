"""How a plan gets an image version: what is there is read, decided on, and changed where the version is new."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_cpp.offers.image_version_result import ImageVersionResult
from airflow_provider_cpp.offers.image_versions import decide
from airflow_provider_cpp.offers.images import ImageVersion
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion.plan_images import plan_of
from airflow_provider_cpp.services.product_ingestion.products import Product
from airflow_provider_cpp.services.product_ingestion.putting import DraftPut
from airflow_provider_cpp.services.product_ingestion.reading import in_words, no_offer, read_there
from airflow_provider_cpp.wire.procedures import Procedure


@dataclass(frozen=True, slots=True)
class AddingToDraft:
    """An image version that a plan is to have.

    :param ref: the offer.
    :param asked: the version.
    :param origin: scheme, host and port of the API.
    :param api_version: the connection's version.
    :param dry_run: only report what would be sent.
    """

    ref: OfferRef
    asked: ImageVersion
    origin: str
    api_version: str
    dry_run: bool = False

    def once(self) -> Procedure[ImageVersionResult]:
        """Add the version to the plan, unless it is there.

        :raises CppConfigurationError: the plan isn't there, or can't take such a version, or has it with other
            images; nothing was sent.
        :raises CppNotFound: there is no such offer.
        :raises CppError: as `putting.DraftPut`.
        """
        there = yield from read_there(Product(self.origin, self.ref))
        if there is None:
            raise (yield from no_offer(self.ref, self.origin, may_create=False))
        plan = plan_of(in_words(self.ref), there, self.asked)
        decision = decide(self.asked, plan.images(f"Plan {self.asked.plan_id} of {self.ref}"))
        yield from decision.said()
        if not decision.added:
            return decision.result(self.asked, changed=False)
        put = DraftPut(
            self.ref,
            plan.definition(self.asked, decision),
            self.origin,
            self.api_version,
            dry_run=self.dry_run,
            by_hand=False,
        )
        result = yield from put.onto(there)
        return decision.result(self.asked, changed=result.changed)
