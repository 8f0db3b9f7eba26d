"""How a plan gets an image version: what is there is read, decided on, and changed where the version is new."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from airflow_provider_cpp.exceptions import CppBadRequest, CppConfigurationError
from airflow_provider_cpp.offers.image_version_result import ImageVersionResult
from airflow_provider_cpp.offers.image_versions import decide
from airflow_provider_cpp.offers.images import ImageVersion
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.cloud_partner_portal.plan_images import plan_of
from airflow_provider_cpp.services.cloud_partner_portal.putting import Put
from airflow_provider_cpp.services.cloud_partner_portal.reading import in_words, no_offer, read_there
from airflow_provider_cpp.wire.procedures import Procedure, Say

#: How often it is decided anew, as somebody else changed the offer between its being read and written.
TIMES = 5

_CHANGED = 412


@dataclass(frozen=True, slots=True)
class AddingToOffer:
    """An image version that a plan is to have.

    :param ref: the offer.
    :param asked: the version.
    :param origin: scheme, host and port of the API, for lists that go on on another page.
    :param dry_run: only report what would be sent.
    """

    ref: OfferRef
    asked: ImageVersion
    origin: str
    dry_run: bool = False

    def once(self) -> Procedure[ImageVersionResult]:
        """Add the version to the plan, unless it is there.

        :raises CppConfigurationError: the plan isn't there, or can't take such a version, or has it with other
            images; nothing was sent.
        :raises CppNotFound: there is no such offer, or no such publisher.
        :raises CppError: as `putting.Put`.
        """
        gallery = next((image for image in self.asked.images if image.shared_image), None)
        if gallery is not None:
            raise CppConfigurationError(
                f"Plan {self.asked.plan_id} of {self.ref} gets no image version {self.asked.number}: images has a "
                f"shared_image ({gallery.image_type}), and Cloud Partner Portal's API takes no images of a "
                "gallery, only shared-access URLs. Nothing was sent. Give os_disk, or use a connection to the "
                "Product Ingestion API."
            )
        for times_left in reversed(range(TIMES)):
            try:
                return (yield from self._try())
            except CppBadRequest as error:
                if error.http_status != _CHANGED:
                    raise
                if not times_left:
                    raise error.with_more(
                        f"It was decided on and sent {TIMES} times, and was another each time."
                    ) from None
                yield Say(
                    f"{self._what} was changed by somebody else since it was read, which stays: it is read and "
                    "decided on anew.",
                    logging.WARNING,
                )
        raise AssertionError

    @property
    def _what(self) -> str:
        return in_words(self.ref.publisher_id, self.ref.offer_id)

    def _try(self) -> Procedure[ImageVersionResult]:
        publisher_id, offer_id = self.ref.publisher_id, self.ref.offer_id
        there = yield from read_there(publisher_id, offer_id)
        if there is None:
            raise (yield from no_offer(publisher_id, offer_id, self.origin, may_create=False))
        plan = plan_of(self._what, there, self.asked)
        decision = decide(self.asked, plan.images(f"Plan {self.asked.plan_id} of {self.ref}"))
        yield from decision.said()
        if not decision.added:
            return decision.result(self.asked, changed=False)
        if there.etag is None and not self.dry_run:
            yield Say(
                f"The service names no ETag for {self.ref}, as it doesn't since the migration to Partner Center: "
                "it was read right before it is written, but a change that somebody else makes in between can't "
                "be noticed."
            )
        put = Put(
            publisher_id,
            offer_id,
            plan.definition(self.asked, decision, (publisher_id, offer_id)),
            if_match=None if there.etag else "*",
            dry_run=self.dry_run,
            origin=self.origin,
            by_hand=False,
        )
        result = yield from put.onto(there)
        return decision.result(self.asked, changed=result.changed)
