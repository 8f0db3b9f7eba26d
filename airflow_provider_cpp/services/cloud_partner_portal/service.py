"""Cloud Partner Portal as a service: what a hook or a trigger asks it for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.offers.document import Offer, Publisher
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import Submission
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.locations import (
    OfferLocation,
    OperationLocation,
    parse_location,
)
from airflow_provider_cpp.services.cloud_partner_portal.offer_pages import find_page
from airflow_provider_cpp.services.cloud_partner_portal.offers import (
    read_listed_offer,
    read_offer,
    read_publisher,
)
from airflow_provider_cpp.services.cloud_partner_portal.operations_on import Submissions
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.services.cloud_partner_portal.submissions import read_submission
from airflow_provider_cpp.wire.answers import content
from airflow_provider_cpp.wire.arguments import checked_emails
from airflow_provider_cpp.wire.identifiers import checked_identifier
from airflow_provider_cpp.wire.listing import Listed, Unlisted, listed
from airflow_provider_cpp.wire.plain_text import one_line
from airflow_provider_cpp.wire.procedures import Procedure, sent

if TYPE_CHECKING:
    from airflow_provider_cpp.offers.comparison import Difference
    from airflow_provider_cpp.offers.image_version_result import ImageVersionResult
    from airflow_provider_cpp.offers.images import ImageVersion
    from airflow_provider_cpp.offers.overview import ReleaseState
    from airflow_provider_cpp.offers.put_result import PutResult
    from airflow_provider_cpp.services.cloud_partner_portal.intents import GoingLive, Publishing


@dataclass(frozen=True, slots=True)
class CloudPartnerPortal:
    """Microsoft's Cloud Partner Portal API at one host.

    Worker and triggerer ask it alike; what only a worker asks is imported there, as the triggerer's loop waits for
    what a module loads.

    :param origin: scheme, host and port of the API.
    :param api_version: value of its parameter `api-version`.
    """

    origin: str
    api_version: str

    needs_publisher: ClassVar[bool] = True
    list_shows_changes: ClassVar[bool] = True

    # What is watched and started

    def offer(self, publisher_id: str, offer_id: str) -> OfferRef:
        """Return an offer by the texts that its identifiers stand for.

        :raises CppConfigurationError: if one of them can't be one.
        """
        publisher = checked_identifier("publisher_id", publisher_id)
        if isinstance(offer_id, str) and offer_id.startswith("product/"):
            raise CppConfigurationError(
                f"offer_id={one_line(offer_id)[:200]!r} is no offer's id: the connection is of type 'cpp', and "
                "durable ids are for one of type 'product_ingestion'. Give the id that Partner Center shows for "
                "the offer. Nothing was sent."
            )
        return OfferRef(publisher, checked_identifier("offer_id", offer_id))

    def located(self, text: object) -> OperationLocation:
        """Return the operation at a location.

        :param text: the location, as the service, an XCom or a user wrote it.
        :raises UntrustedLocation: if it isn't an operation on this host.
        """
        return parse_location(text, origin=self.origin)

    def operations_of(self, offer: OfferRef) -> Submissions:
        """Return the operations on an offer."""
        return Submissions(self.origin, offer, self.api_version)

    def operations_on(self, listed: Offer, publisher_id: str) -> Submissions:
        """Return the operations on an offer that the list has."""
        return self.operations_of(self.offer(publisher_id, listed.id))

    def names_of(self, listed: Offer) -> tuple[str, ...]:
        """Return by which identifier an offer of the list is named."""
        return (listed.id,)

    def going_live(self, offer: OfferRef) -> GoingLive:
        """Return the go-live of an offer."""
        from airflow_provider_cpp.services.cloud_partner_portal.intents import GoingLive

        return GoingLive(self.origin, offer, self.api_version)

    def publishing(self, offer: OfferRef, notification_emails: object = ()) -> Publishing:
        """Return the publish of an offer.

        :param notification_emails: whom the service notifies.
        :raises CppConfigurationError: if one of them can't be an address.
        """
        from airflow_provider_cpp.services.cloud_partner_portal.intents import Publishing

        return Publishing(self.origin, offer, self.api_version, self.addresses(notification_emails))

    def addresses(self, notification_emails: object) -> tuple[str, ...]:
        """Return the addresses to notify.

        :raises CppConfigurationError: if one of them can't be an address.
        """
        return checked_emails(notification_emails)

    def status_of(self, offer: OfferRef) -> OfferLocation:
        """Return an offer's status, as something to watch.

        :raises CppConfigurationError: an identifier can't be one.
        """
        return OfferLocation(self.origin, offer.publisher_id, offer.offer_id)

    # What is read and written

    def can_see(self, publisher_id: str) -> Procedure[tuple[bool, str]] | str:
        """Find out whether the principal can see a publisher's offers; see `services.protocol.Service`."""
        return (
            self._sees_offers(publisher_id)
            if publisher_id
            else ("Set publisher_id to test whether its offers can be seen, too.")
        )

    def _sees_offers(self, publisher_id: str) -> Procedure[tuple[bool, str]]:
        offers = yield from self.offers(publisher_id, patient=False)
        if isinstance(offers, Unlisted):
            message = str(offers.error)
            where = "" if self.origin in message else f" at {self.origin}"
            return False, message.replace(str(offers.call), f"{offers.call}{where}", 1)
        return True, f"This principal can see the offers of publisher {publisher_id}: {len(offers.entries)}."

    def page_of(self, watched: Watched) -> Procedure[str | None]:
        """Find an offer's own page for people; None if the service doesn't name it."""
        located = watched if isinstance(watched, OperationLocation | OfferLocation) else self.located(watched.url)
        return (yield from find_page(located))

    def operation(self, location: object) -> Procedure[Operation]:
        """Read an operation once (retrieve-operations page)."""
        call = self.located(location).to_read()
        reading, _ = yield from sent(call)
        return content(call, reading, read_operation)

    def offers(self, publisher_id: str, *, patient: bool = True) -> Procedure[Listed[Offer] | Unlisted]:
        """List a publisher's offers (retrieve-offers page).

        :param patient: as in `Send`.
        """
        call = calls.list_offers(publisher_id)
        return (yield from listed(call, self.origin, read_listed_offer, patient=patient))

    def publishers(self) -> Procedure[Listed[Publisher] | Unlisted]:
        """List the publishers that this principal can see. On no page of the reference; a client uses it."""
        return (yield from listed(calls.list_publishers(), self.origin, read_publisher))

    def submissions(self, offer: OfferRef, status: str | None) -> Procedure[Listed[Submission] | Unlisted]:
        """List an offer's operations (retrieve-operations page).

        :param status: only those in this state, by the service's own word; None for all.
        """
        call = calls.list_submissions(offer.publisher_id, offer.offer_id, status)
        return (yield from listed(call, self.origin, read_submission))

    def status(self, offer: OfferRef) -> Procedure[Operation]:
        """Read an offer's status (retrieve-offer-status page)."""
        call = calls.get_offer_status(offer.publisher_id, offer.offer_id)
        reading, _ = yield from sent(call)
        return content(call, reading, read_operation)

    def release_state(self, listed: Offer, publisher_id: str) -> Procedure[ReleaseState]:
        """Find out what of a listed offer is live, in preview or running: by its submissions, and its status."""
        from airflow_provider_cpp.services.cloud_partner_portal.release_state import release_state_of

        return (yield from release_state_of(self.operations_on(listed, publisher_id)))

    def definition(self, offer: OfferRef, version: int | str | None, slot: str | None) -> Procedure[Offer]:
        """Read an offer with its definition (retrieve-specific-offer page).

        :param version: that version; None for the latest.
        :param slot: what is in that slot instead.
        """
        call = calls.get_offer(offer.publisher_id, offer.offer_id, version=version, slot=slot)
        reading, _ = yield from sent(call)
        return content(call, reading, read_offer)

    def changes(self, now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[Difference, ...]:
        """Return what differs between two definitions that the service answered, whichever of them names it.

        :raises CppConfigurationError: one of them names a plan twice, or one without a `planId`.
        """
        from airflow_provider_cpp.services.cloud_partner_portal.drafts import changes

        return changes(now, before)

    def put(self, offer: OfferRef, definition: object, **options: Any) -> Procedure[PutResult]:
        """Bring an offer to a wanted definition (create-or-modify page).

        :param options: those of `putting.Put`.
        """
        from airflow_provider_cpp.offers.definitions import checked_definition
        from airflow_provider_cpp.services.cloud_partner_portal.putting import Put

        document = checked_definition(definition)
        put = Put(offer.publisher_id, offer.offer_id, document, origin=self.origin, **options)
        return (yield from put.once())

    def add_image_version(
        self, offer: OfferRef, asked: ImageVersion, *, dry_run: bool = False
    ) -> Procedure[ImageVersionResult]:
        """Add an image version to a plan of an offer's draft (create-or-modify page).

        :param asked: the version.
        :param dry_run: only report what would be sent.
        """
        from airflow_provider_cpp.services.cloud_partner_portal.adding_image import AddingToOffer

        return (yield from AddingToOffer(offer, asked, self.origin, dry_run).once())
