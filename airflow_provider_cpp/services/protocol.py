"""What a hook or a trigger asks of a service, whichever it is: about operations, offers and definitions.

Nobody subclasses these protocols: each service has classes of this shape. What of the arguments a service can't do
is a `CppConfigurationError` before anything is sent; it says what to do instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.seam import Intent, OperationsOf, Watched
from airflow_provider_cpp.offers.comparison import Difference
from airflow_provider_cpp.offers.document import Offer, Publisher
from airflow_provider_cpp.offers.image_version_result import ImageVersionResult
from airflow_provider_cpp.offers.images import ImageVersion
from airflow_provider_cpp.offers.overview import ReleaseState
from airflow_provider_cpp.offers.put_result import PutResult
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import Submission
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure


class SubmissionsOf(OperationsOf, Protocol):
    """The operations on one offer, of which it is known what they bring."""

    def rows(self, *, patient: bool = True) -> Procedure[Listed[Submission] | Unlisted]:
        """List the operations on the offer.

        :param patient: as in `Send`.
        """


class Service(Protocol):
    """A service that takes offers live. It is made of a connection's origin and version; making it asks nobody."""

    @property
    def needs_publisher(self) -> bool:
        """Whether a publisher has to be named: otherwise the token's account decides whose offers there are."""

    # What is watched and started

    def offer(self, publisher_id: str, offer_id: str) -> OfferRef:
        """Return an offer by the texts that its identifiers stand for.

        :param publisher_id: its publisher's; empty if nobody gave one, and none is needed.
        :param offer_id: its own.
        :raises CppConfigurationError: if one of them can't be one.
        """

    def located(self, text: object) -> Watched:
        """Return the operation at a location.

        :param text: the location, as the service, an XCom or a user wrote it.
        :raises UntrustedLocation: if it isn't an operation on this host, or is one of another service.
        """

    def operations_of(self, offer: OfferRef) -> SubmissionsOf:
        """Return the operations on an offer."""

    @property
    def list_shows_changes(self) -> bool:
        """Whether the list of offers shows that an offer was published or went live."""

    def operations_on(self, listed: Offer, publisher_id: str) -> SubmissionsOf:
        """Return the operations on an offer that `offers` listed.

        :param publisher_id: its publisher's identifier; empty if nobody gave one.
        :raises CppConfigurationError: its identifier can't be one.
        """

    def names_of(self, listed: Offer) -> tuple[str, ...]:
        """Return by which identifiers somebody may name an offer that `offers` listed."""

    def going_live(self, offer: OfferRef) -> Intent:
        """Return the go-live of an offer."""

    def publishing(self, offer: OfferRef, notification_emails: object = ()) -> Intent:
        """Return the publish of an offer.

        :param notification_emails: whom the service notifies, if it does.
        :raises CppConfigurationError: if one of them can't be an address.
        """

    def addresses(self, notification_emails: object) -> tuple[str, ...]:
        """Return the addresses to notify.

        :param notification_emails: a list, or a text, as templates render to.
        :raises CppConfigurationError: if one of them can't be an address.
        """

    def status_of(self, offer: OfferRef) -> Watched:
        """Return an offer's status, as something to watch.

        :raises CppConfigurationError: an identifier can't be one.
        """

    # What is read

    def can_see(self, publisher_id: str) -> Procedure[tuple[bool, str]] | str:
        """Find out whether the principal can see a publisher's offers: asks once, and takes seconds.

        :param publisher_id: the connection's publisher; empty for none.
        :returns: whether it can, and the same in words; in words alone, what is missing to ask.
        """

    def page_of(self, watched: Watched) -> Procedure[str | None]:
        """Find the page for people of the offer that is watched; None if the service doesn't name it."""

    def operation(self, location: object) -> Procedure[Operation]:
        """Read an operation once.

        :raises UntrustedLocation: as `located`.
        :raises CppError: the error that the answer means.
        """

    def offers(self, publisher_id: str, *, patient: bool = True) -> Procedure[Listed[Offer] | Unlisted]:
        """List a publisher's offers.

        :param patient: as in `Send`.
        """

    def publishers(self) -> Procedure[Listed[Publisher] | Unlisted]:
        """List the publishers that this principal can see.

        :raises CppConfigurationError: the service has no such list.
        """

    def submissions(self, offer: OfferRef, status: str | None) -> Procedure[Listed[Submission] | Unlisted]:
        """List the operations on an offer.

        :param status: only those in this state, by the service's own word; None for all.
        """

    def status(self, offer: OfferRef) -> Procedure[Operation]:
        """Read an offer's status once.

        :raises CppError: the error that the answer means.
        """

    def release_state(self, listed: Offer, publisher_id: str) -> Procedure[ReleaseState]:
        """Find out what of a listed offer is live, in preview, running, or waiting for a person.

        :param publisher_id: its publisher's identifier; empty if nobody gave one.
        :raises CppError: the error that the answer means.
        """

    def definition(self, offer: OfferRef, version: int | str | None, slot: str | None) -> Procedure[Offer]:
        """Read an offer with its definition.

        :param version: that version, as a number; None for the latest.
        :param slot: what is in that slot instead: `draft`, `preview` or `production`, as the hook says.
        :raises CppConfigurationError: an argument can't be, both are given, or the service has no such thing.
        :raises CppError: the error that the answer means.
        """

    # What is written

    def changes(self, now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[Difference, ...]:
        """Return what differs between two definitions that the service answered, whichever of them names it.

        :raises CppConfigurationError: one of them can't be compared.
        """

    def put(
        self,
        offer: OfferRef,
        definition: object,
        *,
        if_match: str | None = None,
        dry_run: bool = False,
        ignore: Iterable[str] = (),
        exact: Iterable[str] = (),
        resend: Iterable[str] = (),
        create: bool = False,
        new_plans: bool = False,
    ) -> Procedure[PutResult]:
        """Bring an offer to a wanted definition; for the arguments see the hook's `put_offer`.

        :param definition: the service's own document, or a part of it, not checked yet.
        """

    def add_image_version(
        self, offer: OfferRef, asked: ImageVersion, *, dry_run: bool = False
    ) -> Procedure[ImageVersionResult]:
        """Add an image version to a plan of an offer's draft, unless it is there.

        :param asked: the version, and how many stay offered.
        :param dry_run: only report what would be sent.
        :raises CppConfigurationError: the plan can't have it; nothing was sent.
        :raises CppError: as `put`.
        """
