"""Cloud Partner Portal as a service: answers what is asked of it, and talks through nobody but its caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.locations import (
    OfferLocation,
    OperationLocation,
    parse_location,
)
from airflow_provider_cpp.services.cloud_partner_portal.offer_pages import find_page
from airflow_provider_cpp.services.cloud_partner_portal.offers import Offer, read_listed_offer
from airflow_provider_cpp.services.cloud_partner_portal.operations_on import Submissions
from airflow_provider_cpp.wire.listing import Listed, Unlisted, listed
from airflow_provider_cpp.wire.procedures import Procedure

if TYPE_CHECKING:
    from airflow_provider_cpp.services.cloud_partner_portal.intents import GoingLive, Publishing


@dataclass(frozen=True, slots=True)
class CloudPartnerPortal:
    """Microsoft's Cloud Partner Portal API at one host.

    :param origin: scheme, host and port of the API.
    :param api_version: value of its parameter `api-version`.
    """

    origin: str
    api_version: str

    def located(self, text: object) -> OperationLocation:
        """Return the operation at a location.

        :param text: the location, as the service, an XCom or a user wrote it.
        :raises UntrustedLocation: if it isn't an operation on this host.
        """
        return parse_location(text, origin=self.origin)

    def offers(self, publisher_id: str, *, patient: bool = True) -> Procedure[Listed[Offer] | Unlisted]:
        """List a publisher's offers (retrieve-offers page).

        :param patient: as in `Send`.
        """
        call = calls.list_offers(publisher_id)
        return (yield from listed(call, self.origin, read_listed_offer, patient=patient))

    def operations_of(self, publisher_id: str, offer_id: str) -> Submissions:
        """Return the operations on an offer."""
        return Submissions(self.origin, publisher_id, offer_id, self.api_version)

    def going_live(self, publisher_id: str, offer_id: str) -> GoingLive:
        """Return the go-live of an offer."""
        from airflow_provider_cpp.services.cloud_partner_portal.intents import GoingLive  # not for the triggerer

        return GoingLive(self.origin, publisher_id, offer_id, self.api_version)

    def publishing(self, publisher_id: str, offer_id: str, notification_emails: object = ()) -> Publishing:
        """Return the publish of an offer.

        :param notification_emails: whom the service notifies.
        :raises CppConfigurationError: if one of them can't be an address.
        """
        from airflow_provider_cpp.services.cloud_partner_portal.intents import Publishing  # not for the triggerer

        emails = calls.checked_emails(notification_emails)
        return Publishing(self.origin, publisher_id, offer_id, self.api_version, emails)

    def status_of(self, publisher_id: str, offer_id: str) -> OfferLocation:
        """Return an offer's status, as something to watch.

        :raises CppConfigurationError: an identifier can't be one.
        """
        return OfferLocation(self.origin, publisher_id, offer_id)

    def page_of(self, watched: Watched) -> Procedure[str | None]:
        """Find an offer's own page for people; None if the service doesn't name it."""
        located = watched if isinstance(watched, OperationLocation | OfferLocation) else self.located(watched.url)
        return (yield from find_page(located))
