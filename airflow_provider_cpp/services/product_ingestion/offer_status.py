"""The state of an offer, by the rows of its submissions: in preview, live, failed; as something to watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlencode

from airflow_provider_cpp.exceptions import CppBadRequest, CppNotFound
from airflow_provider_cpp.lro.goals import WAITS_FOR_SIGNOFF
from airflow_provider_cpp.lro.looks import CustomerView, Look, Refused, Seen, unlisted_look
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.words import RUNNING, SUCCEEDED
from airflow_provider_cpp.offers.pages import PORTAL, SUPPORT
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.watched_offer import NoOperation
from airflow_provider_cpp.services.product_ingestion.calls import BASE
from airflow_provider_cpp.services.product_ingestion.customers import seen_by_customers
from airflow_provider_cpp.services.product_ingestion.following import SUBMISSIONS, USUAL_INTERVAL
from airflow_provider_cpp.services.product_ingestion.products import Product
from airflow_provider_cpp.services.product_ingestion.submissions import (
    SubmissionRow,
    newest,
    rows_of,
    running,
    waits_for_signoff,
)
from airflow_provider_cpp.wire.answers import retry_after
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.procedures import Procedure

#: The word for an offer that was never published, as on Cloud Partner Portal.
NEVER_PUBLISHED = "neverPublished"


def status_by(rows: Sequence[SubmissionRow]) -> Operation:
    """Return an offer's status, in the words that both APIs' offers are watched by.

    :param rows: its submissions.
    """
    runs = running(rows)
    if runs is not None:
        return runs.as_published
    if waits_for_signoff(rows) is not None:
        return Operation(RUNNING, WAITS_FOR_SIGNOFF)
    last = newest(rows)
    if last is None:
        return Operation(RUNNING, NEVER_PUBLISHED)
    return last.operation if last.state != SUCCEEDED else Operation(SUCCEEDED, "succeeded")


@dataclass(frozen=True, slots=True)
class OfferStatus(NoOperation):
    """An offer whose status is watched.

    :param origin: scheme, host and port of the API.
    :param ref: the offer.
    """

    origin: str
    ref: OfferRef
    product: Product = field(init=False, compare=False, repr=False)

    portal: ClassVar[str] = PORTAL
    support: ClassVar[str] = SUPPORT
    list_in_words: ClassVar[str] = SUBMISSIONS
    usual_interval: ClassVar[float] = USUAL_INTERVAL
    ends_at_signoff: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "product", Product(self.origin, self.ref))

    @property
    def url(self) -> str:
        """Return the absolute location of the offer."""
        if self.ref.offer_id.startswith("product/"):
            return f"{self.origin}{BASE}/{self.ref.offer_id}"
        return f"{self.origin}{BASE}/product?{urlencode({'externalId': self.ref.offer_id})}"

    @property
    def offer(self) -> str:
        """Return the offer in words."""
        return str(self.ref)

    def __str__(self) -> str:
        """Return the offer in words."""
        return self.offer

    def look(self, before: Seen | None = None, *, patient: bool = False) -> Procedure[Look]:
        """Look at its submissions once, after its product is found at the first time; see `lro.seam.Watched`."""
        try:
            product = yield from self.product.guid(patient=patient)
        except (CppNotFound, CppBadRequest) as error:
            return Refused(error)
        if isinstance(product, Unlisted):
            return unlisted_look(product)
        rows = yield from rows_of(self.offer, product, self.origin, patient=patient)
        if isinstance(rows, Unlisted):
            return unlisted_look(rows)
        status = status_by(rows.entries)
        same = before.operation if before is not None and before.operation == status else status
        return Seen(same, retry_after=retry_after(rows.answer))

    def seen_by_customers(self) -> Procedure[CustomerView]:
        """Find out what customers see of the offer: asks once, and never raises."""
        return (yield from seen_by_customers(self.offer, self.product.known, self.origin))
