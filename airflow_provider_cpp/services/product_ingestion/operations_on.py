"""The publications of an offer: how they are listed, and where each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from airflow_provider_cpp.lro.looks import CustomerView
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.offers.pages import PORTAL
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion.customers import seen_by_customers
from airflow_provider_cpp.services.product_ingestion.following import SUBMISSIONS, Publication
from airflow_provider_cpp.services.product_ingestion.handles import Handle, parse_handle
from airflow_provider_cpp.services.product_ingestion.products import Product
from airflow_provider_cpp.services.product_ingestion.submissions import LIVE, PREVIEW, SubmissionRow, rows_of
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure


@dataclass(frozen=True, slots=True)
class Publications:
    """The publications of an offer that count: what is in preview, what is live, and what runs.

    :param origin: scheme, host and port of the API.
    :param ref: the offer.
    """

    origin: str
    ref: OfferRef
    product: Product = field(init=False, compare=False, repr=False)

    list_in_words: ClassVar[str] = SUBMISSIONS
    row_in_words: ClassVar[str] = "submission"
    portal: ClassVar[str] = PORTAL
    why_not_canceled: ClassVar[str] = (
        "the Product Ingestion API cancels jobs, and doesn't say which job runs on an offer. Give its "
        "operation_location, as GoLiveOperator and PublishOperator return it, or cancel it in Partner Center, "
        f"{PORTAL}"
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "product", Product(self.origin, self.ref))

    @property
    def offer(self) -> str:
        """The offer in words."""
        return str(self.ref)

    def rows(self, *, patient: bool = True) -> Procedure[Listed[SubmissionRow] | Unlisted]:
        """List them: after the product is found, at the first time.

        :param patient: as in `Send`.
        :raises CppNotFound: there is no such offer.
        """
        product = yield from self.product.guid(patient=patient)
        if isinstance(product, Unlisted):
            return product
        return (yield from rows_of(self.offer, product, self.origin, patient=patient))

    def at(self, row: Row) -> Publication:
        """Return where a submission is. Its job isn't known: the service doesn't say which one it was."""
        assert isinstance(row, SubmissionRow)  # noqa: S101 - listed here
        target = row.target if row.target in {PREVIEW, LIVE} else ""
        known = Handle(
            self.origin,
            product=row.product,
            target=target,
            submission=row.id,
            before=row.beside,
            ref=self.ref,
        )
        return Publication(known)

    def located(self, text: object) -> Publication:
        """Return the publication that a location names.

        :raises UntrustedLocation: if it isn't one on this offer and host.
        """
        return Publication(parse_handle(text, origin=self.origin, ref=self.ref))

    def row_of(self, rows: Sequence[Row], watched: Watched) -> Row | None:
        """Return the row of a publication, if it is listed."""
        assert isinstance(watched, Publication)  # noqa: S101 - located here
        handle = watched.handle
        if handle.submission:
            return next((row for row in rows if row.id == handle.submission), None)
        new = [row for row in rows if handle.before is not None and row.id not in handle.before]
        return new[0] if len(new) == 1 else None

    def seen_by_customers(self) -> Procedure[CustomerView]:
        """Find out what customers see of the offer: asks once, and never raises."""
        return (yield from seen_by_customers(self.offer, self.product.known, self.origin))
