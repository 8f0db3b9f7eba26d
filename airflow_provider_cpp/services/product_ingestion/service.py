"""The Product Ingestion API as a service: what a hook or a trigger asks it for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.lro.looks import Contradictory, Missing, NeverBegan, Refused, Running, Seen, Unread
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.words import RUNNING
from airflow_provider_cpp.offers.comparison import Difference
from airflow_provider_cpp.offers.document import Offer, Publisher
from airflow_provider_cpp.offers.pages import page_of_product
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import Submission
from airflow_provider_cpp.services.product_ingestion import calls
from airflow_provider_cpp.services.product_ingestion.following import Publication
from airflow_provider_cpp.services.product_ingestion.handles import parse_handle
from airflow_provider_cpp.services.product_ingestion.offer_status import OfferStatus
from airflow_provider_cpp.services.product_ingestion.offers import changes_between, get_offer, list_offers
from airflow_provider_cpp.services.product_ingestion.operations_on import Publications
from airflow_provider_cpp.services.product_ingestion.products import offer_ref
from airflow_provider_cpp.wire.answers import Answer, error_of, parsed_body, unreadable
from airflow_provider_cpp.wire.arguments import checked_emails
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, sent

if TYPE_CHECKING:
    from airflow_provider_cpp.offers.image_version_result import ImageVersionResult
    from airflow_provider_cpp.offers.images import ImageVersion
    from airflow_provider_cpp.offers.overview import ReleaseState
    from airflow_provider_cpp.offers.put_result import PutResult
    from airflow_provider_cpp.services.product_ingestion.intents import PreviewGoingLive, PublishingDraft


@dataclass(frozen=True, slots=True)
class ProductIngestion:
    """Microsoft's Product Ingestion API at one host.

    Worker and triggerer ask it alike; what only a worker asks is imported there, as the triggerer's loop waits for
    what a module loads.

    :param origin: scheme, host and port of the API.
    :param api_version: value of its parameter `$version`.
    """

    origin: str
    api_version: str

    needs_publisher: ClassVar[bool] = False
    list_shows_changes: ClassVar[bool] = False

    # What is watched and started

    def offer(self, publisher_id: str, offer_id: str) -> OfferRef:
        """Return an offer by the texts that its identifiers stand for.

        :param publisher_id: names the account in messages; empty if nobody gave one.
        :param offer_id: the product's external id, or its durable id, `product/<guid>`.
        :raises CppConfigurationError: if one of them can't be one.
        """
        return offer_ref(publisher_id, offer_id)

    def located(self, text: object) -> Publication:
        """Return the publication at a location.

        :param text: the location, as an XCom or a user wrote it.
        :raises UntrustedLocation: if it isn't a job or a submission on this host.
        """
        return Publication(parse_handle(text, origin=self.origin))

    def operations_of(self, offer: OfferRef) -> Publications:
        """Return the publications of an offer."""
        return Publications(self.origin, offer)

    def operations_on(self, listed: Offer, publisher_id: str) -> Publications:
        """Return the publications of an offer that the list has: its product is known."""
        publications = self.operations_of(OfferRef(publisher_id, listed.id))
        publications.product.is_known_as(str(listed.document["id"]).removeprefix("product/").lower())
        return publications

    def names_of(self, listed: Offer) -> tuple[str, ...]:
        """Return by which identifiers an offer of the list may be named: its external id, and its durable id."""
        return listed.id, str(listed.document["id"])

    def going_live(self, offer: OfferRef) -> PreviewGoingLive:
        """Return the go-live of an offer."""
        from airflow_provider_cpp.services.product_ingestion.intents import PreviewGoingLive

        return PreviewGoingLive(self.origin, offer)

    def publishing(self, offer: OfferRef, notification_emails: object = ()) -> PublishingDraft:
        """Return the publish of an offer.

        :param notification_emails: checked, and otherwise ignored: the API notifies nobody.
        :raises CppConfigurationError: if one of them can't be an address.
        """
        from airflow_provider_cpp.services.product_ingestion.intents import PublishingDraft

        return PublishingDraft(self.origin, offer, self.addresses(notification_emails))

    def addresses(self, notification_emails: object) -> tuple[str, ...]:
        """Return the addresses to notify.

        :raises CppConfigurationError: if one of them can't be an address.
        """
        return checked_emails(notification_emails)

    def status_of(self, offer: OfferRef) -> OfferStatus:
        """Return an offer's status, as something to watch."""
        return OfferStatus(self.origin, offer)

    # What is read

    def can_see(self, publisher_id: str) -> Procedure[tuple[bool, str]]:
        """Find out whether the principal can see the account's products: reads one, and takes seconds."""
        call = calls.list_products("this principal's account", (("$maxpagesize", "1"),))
        reading, _ = yield from sent(call, patient=False)
        if not isinstance(reading, Answer) or reading.status != 200:
            message = str(error_of(call, reading))
            where = "" if self.origin in message else f" at {self.origin}"
            return False, message.replace(str(call), f"{call}{where}", 1)
        body = parsed_body(reading)
        products = body.get("value") if isinstance(body, dict) else None
        if not isinstance(products, list):
            return False, str(unreadable(call, reading, "the body is no list"))
        if not products:
            return False, (
                "The login works, but this principal sees no product: it isn't known to a seller account, or that "
                "one has none. Add it in Partner Center (Account settings > User management > Microsoft Entra "
                "applications, role Manager)."
            )
        return True, "This principal can see the products of its seller account."

    def page_of(self, watched: Watched) -> Procedure[str | None]:
        """Return the offer's page in Partner Center: by its product, which is looked for if it isn't known."""
        if isinstance(watched, OfferStatus):
            product = yield from watched.product.guid(patient=False)
            return None if isinstance(product, Unlisted) else page_of_product(product)
        publication = watched if isinstance(watched, Publication) else self.located(watched.url)
        product_id = publication.handle.product
        return page_of_product(product_id) if product_id else None

    def operation(self, location: object) -> Procedure[Operation]:
        """Look at a publication once.

        :raises CppError: the error that the answer means.
        """
        look = yield from self.located(location).look(patient=True)
        match look:
            case Seen(operation):
                return operation
            case Running():
                return Operation(RUNNING, "running")
            case Missing() | Unread() | Refused() | Contradictory() | NeverBegan():
                raise look.error

    def offers(self, publisher_id: str, *, patient: bool = True) -> Procedure[Listed[Offer] | Unlisted]:
        """List the offers of the principal's account.

        :param publisher_id: names the account in results; empty if nobody gave one.
        :param patient: as in `Send`.
        """
        return (yield from list_offers(publisher_id, self.origin, patient=patient))

    def publishers(self) -> Procedure[Listed[Publisher] | Unlisted]:
        """Refuse: the API has no such list.

        :raises CppConfigurationError: always; nothing was sent.
        """
        raise CppConfigurationError(
            "The Product Ingestion API doesn't list publishers: the token's account decides whose offers there "
            "are. Nothing was sent."
        )

    def release_state(self, listed: Offer, publisher_id: str) -> Procedure[ReleaseState]:
        """Find out what of a listed offer is live, in preview or running, by one request."""
        from airflow_provider_cpp.services.product_ingestion.release_state import release_state_of

        return (yield from release_state_of(self.operations_on(listed, publisher_id)))

    def definition(self, offer: OfferRef, version: int | str | None, slot: str | None) -> Procedure[Offer]:
        """Read an offer's tree of resources.

        :param version: None: there are no versions to ask for.
        :param slot: which tree; the draft's by default.
        :raises CppConfigurationError: there is a version, or no such slot.
        """
        return (yield from get_offer(offer, self.origin, version, slot))

    def submissions(self, offer: OfferRef, status: str | None) -> Procedure[Listed[Submission] | Unlisted]:
        """List an offer's submissions that count.

        :param status: only those in this state, by the service's own word; None for all.
        """
        found = yield from self.operations_of(offer).rows()
        if isinstance(found, Unlisted) or status is None:
            return found
        wanted = status.casefold()
        rows = tuple(row for row in found.entries if wanted in re.findall(r"\w+", row.state_word.casefold()))
        return Listed(rows, found.answer, found.now)

    def status(self, offer: OfferRef) -> Procedure[Operation]:
        """Read an offer's status once.

        :raises CppError: the error that the answer means.
        """
        look = yield from self.status_of(offer).look(patient=True)
        if isinstance(look, Seen):
            return look.operation
        assert not isinstance(look, Running)  # noqa: S101 - a list that was read says more
        raise look.error

    # What is written

    def changes(self, now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[Difference, ...]:
        """Return what differs between two trees that the service answered, whichever of them names it.

        :raises CppConfigurationError: one of them is no tree.
        """
        return changes_between(now, before)

    def put(self, offer: OfferRef, definition: object, **options: Any) -> Procedure[PutResult]:
        """Bring an offer's draft to what is wanted, by the job of one request.

        :param options: those of `putting.DraftPut`.
        """
        from airflow_provider_cpp.offers.definitions import checked_definition
        from airflow_provider_cpp.services.product_ingestion.putting import DraftPut

        document = checked_definition(definition)
        return (yield from DraftPut(offer, document, self.origin, self.api_version, **options).once())

    def add_image_version(
        self, offer: OfferRef, asked: ImageVersion, *, dry_run: bool = False
    ) -> Procedure[ImageVersionResult]:
        """Add an image version to a plan of an offer's draft, by the job of one request.

        :param asked: the version.
        :param dry_run: only report what would be sent.
        """
        from airflow_provider_cpp.services.product_ingestion.adding_image import AddingToDraft

        return (yield from AddingToDraft(offer, asked, self.origin, self.api_version, dry_run).once())
