"""Where an operation is: which locations are believed, and how they are rebuilt.

A location comes from a response header, an XCom or a DAG's author, and the bearer token goes wherever it
points. So it is never followed: it is parsed, compared with the connection's own host, and built anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qs, unquote

from airflow_provider_cpp.exceptions import CppConfigurationError, UntrustedLocation
from airflow_provider_cpp.lro.looks import CustomerView, Found, Look, Seen, looked
from airflow_provider_cpp.lro.schedule import DEFAULT_INTERVAL
from airflow_provider_cpp.offers.pages import PORTAL, SUPPORT
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.watched_offer import NoOperation
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.advice import needs_no_cancel
from airflow_provider_cpp.services.cloud_partner_portal.customers import seen_by_customers
from airflow_provider_cpp.services.cloud_partner_portal.finding import found_in_list
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.services.locations_of_others import own_location
from airflow_provider_cpp.wire.answers import Answer, Reading, heard
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.identifiers import (
    checked_identifier,
    is_api_version,
    is_same_identifier,
    path_segment,
)
from airflow_provider_cpp.wire.origins import shown_url
from airflow_provider_cpp.wire.plain_text import one_line
from airflow_provider_cpp.wire.procedures import Procedure, sent

#: What the list of operations is called in messages.
SUBMISSIONS = "the offer's submissions"

#: The header of 2018, then the one of 2020 and later; where both come, the first one is the operation and
#: the second one its result (Azure's guidelines for long-running operations).
HEADERS = ("operation-location", "location")

_SEGMENT = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+"
_OFFER_SCOPED = re.compile(
    rf"/api/publishers/(?P<publisher>{_SEGMENT})/offers/(?P<offer>{_SEGMENT})"
    r"/operations/(?P<operation>[A-Za-z0-9-]{1,64})/?"
)
_NOT_MIGRATED = re.compile(
    r"/api/operations/(?P<operation>(?P<publisher>[^/$]+)\$(?P<offer>[^/$]+)\$(?P<version>\d{1,20})"
    r"\$(?P<slot>[A-Za-z]{1,32}))/?"
)


class _OfAnOffer:
    """What an operation and an offer's status have in common, as something to watch."""

    __slots__ = ()

    publisher_id: str
    offer_id: str

    @property
    def ref(self) -> OfferRef:
        """Return the offer."""
        return OfferRef(self.publisher_id, self.offer_id)

    @property
    def offer(self) -> str:
        """Return the offer in words."""
        return str(self.ref)

    @property
    def portal(self) -> str:
        """Where a person looks at offers."""
        return PORTAL

    @property
    def support(self) -> str:
        """Who helps where the service gives no reason."""
        return SUPPORT

    @property
    def list_in_words(self) -> str:
        """What the list of operations is called."""
        return SUBMISSIONS

    @property
    def ends_at_signoff(self) -> bool:
        """A publish runs on while it waits for its sign-off, and can be canceled then (publish-offer page)."""
        return False

    @property
    def usual_interval(self) -> float:
        """Seconds between two looks at least: no page has a rule."""
        return DEFAULT_INTERVAL

    def seen_by_customers(self) -> Procedure[CustomerView]:
        """Find out what customers see of the offer: asks once, and never raises."""
        return (yield from seen_by_customers(self.ref))


@dataclass(frozen=True, slots=True)
class OperationLocation(_OfAnOffer):
    """An operation of the connection's own host.

    :param origin: scheme, host and port of the API, as the connection names them.
    :param publisher_id: publisher of the offer.
    :param offer_id: offer on which the operation runs.
    :param operation_id: the operation's own identifier: a GUID, or `publisher$offer$number$slot` for an
        offer that was never migrated to Partner Center (overview page).
    :param api_version: the api-version that the location named, if any; requests use the connection's.
    """

    origin: str
    publisher_id: str
    offer_id: str
    operation_id: str
    api_version: str | None = None
    _reading: Call | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_offer_scoped(self) -> bool:
        """Return whether the location lies below its offer, as for migrated offers."""
        return "$" not in self.operation_id

    @property
    def path(self) -> str:
        """Return the absolute path, percent-encoded."""
        if self.is_offer_scoped:
            publisher, offer = path_segment(self.publisher_id), path_segment(self.offer_id)
            return f"/api/publishers/{publisher}/offers/{offer}/operations/{self.operation_id}"
        # "$" may stand in a path as it is, and the service writes it so.
        return "/api/operations/" + "$".join(path_segment(part) for part in self.operation_id.split("$"))

    @property
    def url(self) -> str:
        """Return the absolute location, with an api-version only where the service gave one."""
        query = f"?api-version={self.api_version}" if self.api_version else ""
        return f"{self.origin}{self.path}{query}"

    @property
    def ids(self) -> str:
        """Return what a message ends with, so that support finds the operation."""
        return f"Operation {self.operation_id}."

    def look(self, before: Seen | None = None, *, patient: bool = False) -> Procedure[Look]:
        """Look at it once; see `lro.seam.Watched`."""
        call = self.to_read()
        reading, _ = yield from sent(call, patient=patient)
        return looked(call, reading, read_operation, before)

    def to_read(self) -> Call:
        """Return the call that reads it (retrieve-operations page), made once: it is the same for every look."""
        if self._reading is None:
            object.__setattr__(self, "_reading", calls.get_operation(self.path, self.offer, self.operation_id))
        return cast("Call", self._reading)

    def look_in_list(self, *, patient: bool = False) -> Procedure[Found]:
        """Look for it among the offer's submissions; see `lro.seam.Watched`."""
        return (
            yield from found_in_list(
                self.ref,
                self.origin,
                self.operation_id,
                goes_by_other_id=not self.is_offer_scoped,
                patient=patient,
            )
        )

    def to_cancel(self, notification_emails: tuple[str, ...] = ()) -> Call:
        """Return the call that cancels whatever runs on the offer (cancel-operations page)."""
        return calls.cancel(self.publisher_id, self.offer_id, notification_emails)

    def needs_no_cancel(self, refusal: Reading) -> bool:
        """Return whether a cancel is refused because one is under way, or nothing is left to cancel."""
        return isinstance(refusal, Answer) and needs_no_cancel(heard(refusal))

    def is_too_far_on(self, refusal: Reading) -> bool:
        """Say that a refusal tells nothing of that: the operation does, before a cancel is sent."""
        return False

    def __str__(self) -> str:
        """Return the operation in words."""
        return f"operation {self.operation_id} on {self.ref}"


@dataclass(frozen=True, slots=True)
class OfferLocation(NoOperation, _OfAnOffer):
    """An offer of the connection's own host.

    :param origin: scheme, host and port of the API, as the connection names them.
    :param publisher_id: publisher of the offer.
    :param offer_id: the offer's identifier.
    """

    origin: str
    publisher_id: str
    offer_id: str
    _reading: Call | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse identifiers that can't be one.

        :raises CppConfigurationError: if so; it names the argument.
        """
        checked_identifier("publisher_id", self.publisher_id)
        checked_identifier("offer_id", self.offer_id)

    @property
    def url(self) -> str:
        """Return the absolute location of the offer."""
        publisher, offer = path_segment(self.publisher_id), path_segment(self.offer_id)
        return f"{self.origin}/api/publishers/{publisher}/offers/{offer}"

    def look(self, before: Seen | None = None, *, patient: bool = False) -> Procedure[Look]:
        """Look at its status once (retrieve-offer-status page); see `lro.seam.Watched`."""
        call = self._to_read()
        reading, _ = yield from sent(call, patient=patient)
        return looked(call, reading, read_operation, before)

    def _to_read(self) -> Call:
        if self._reading is None:
            object.__setattr__(self, "_reading", calls.get_offer_status(self.publisher_id, self.offer_id))
        return cast("Call", self._reading)

    def __str__(self) -> str:
        """Return the offer in words."""
        return self.offer


def location_header(headers: Mapping[str, str]) -> str | None:
    """Return the header that names the operation, if there is one.

    :param headers: a response's headers, with lower-case names.
    """
    return next((headers[name].strip() for name in HEADERS if headers.get(name, "").strip()), None)


def parse_location(
    text: object, *, origin: str, publisher_id: str | None = None, offer_id: str | None = None
) -> OperationLocation:
    """Parse a location that may be absolute or relative, of either form, and check that it is ours.

    :param text: the location, as the service, an XCom or a user wrote it.
    :param origin: scheme, host and port of the connection's API.
    :param publisher_id: publisher that it has to belong to, if that is known.
    :param offer_id: offer that it has to belong to, if that is known.
    :raises UntrustedLocation: if it is no operation of this host, or one of another publisher or offer.
    """
    text, url = own_location(text, origin, "cpp", _untrusted)
    match = _OFFER_SCOPED.fullmatch(url.path) or _NOT_MIGRATED.fullmatch(url.path)
    if match is None:
        raise _untrusted(text, "its path is not that of an operation")
    publisher, offer = unquote(match["publisher"]), unquote(match["offer"])
    try:
        checked_identifier("publisher_id", publisher)
        checked_identifier("offer_id", offer)
    except CppConfigurationError as error:
        raise _untrusted(text, one_line(str(error))) from None
    for name, expected, found in (("publisher", publisher_id, publisher), ("offer", offer_id, offer)):
        # The service isn't consistent about the case of identifiers; another case is the same offer.
        if expected is not None and not is_same_identifier(expected, found):
            raise _untrusted(text, f"it belongs to {name} {found!r}, not to {expected!r}")
    version = parse_qs(url.query).get("api-version", [""])[0]
    operation = unquote(match["operation"])
    if match.re is _NOT_MIGRATED and operation.count("$") != 3:
        raise _untrusted(text, "its identifier hides a separator")
    return OperationLocation(origin, publisher, offer, operation, version if is_api_version(version) else None)


def _untrusted(text: str, why: str) -> UntrustedLocation:
    return UntrustedLocation(
        f"The operation's location is refused: {why}. It is {shown_url(text)}. Nothing was sent to it. Expected "
        "is an operation on the connection's host, as GoLiveOperator returns it; check where this one comes from "
        "(XCom, a template, a proxy that rewrites headers)."
    )
