"""The operations on an offer: how they are listed, and where each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from airflow_provider_cpp.lro.looks import CustomerView
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import PUBLISH, Submission
from airflow_provider_cpp.services.cloud_partner_portal.customers import seen_by_customers
from airflow_provider_cpp.services.cloud_partner_portal.finding import submissions_of
from airflow_provider_cpp.services.cloud_partner_portal.locations import (
    SUBMISSIONS,
    OperationLocation,
    parse_location,
)
from airflow_provider_cpp.services.cloud_partner_portal.submissions import find_submission
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure


@dataclass(frozen=True, slots=True)
class Submissions:
    """The operations on an offer, past and running (retrieve-operations page).

    :param origin: scheme, host and port of the API.
    :param ref: the offer.
    :param api_version: named in the location of an operation that is found among them.
    """

    origin: str
    ref: OfferRef
    api_version: str | None = None

    list_in_words: ClassVar[str] = SUBMISSIONS
    row_in_words: ClassVar[str] = "submission"
    portal: ClassVar[str] = PORTAL
    why_not_canceled: ClassVar[str] = ""

    @property
    def offer(self) -> str:
        """The offer in words."""
        return str(self.ref)

    def rows(self, *, patient: bool = True) -> Procedure[Listed[Submission] | Unlisted]:
        """List them.

        :param patient: as in `Send`.
        """
        return (yield from submissions_of(self.ref, self.origin, patient=patient))

    def at(self, row: Row) -> OperationLocation:
        """Return where a submission is.

        :raises UntrustedLocation: if its id is none that leads to an operation.
        """
        location = OperationLocation(
            self.origin, self.ref.publisher_id, self.ref.offer_id, row.id, self.api_version
        )
        # A list is no more trusted than a header.
        return self.located(location.url)

    def located(self, text: object) -> OperationLocation:
        """Return the location that a text names.

        :raises UntrustedLocation: if it isn't an operation on this offer and host.
        """
        ref = self.ref
        return parse_location(text, origin=self.origin, publisher_id=ref.publisher_id, offer_id=ref.offer_id)

    def row_of(self, rows: Sequence[Row], watched: Watched) -> Row | None:
        """Return the submission of an operation, if it is listed: one of the old form goes by another id there."""
        found = find_submission(rows, watched.operation_id)
        if found is None and "$" in watched.operation_id:
            running = [row for row in rows if row.is_running]
            return running[0] if len(running) == 1 and running[0].kind == PUBLISH else None
        return found

    def seen_by_customers(self) -> Procedure[CustomerView]:
        """Find out what customers see of the offer: asks once, and never raises."""
        return (yield from seen_by_customers(self.ref))
