"""Where an operation is: a job, or the submission that it became, and what else is needed to follow it.

A location comes from an XCom or a DAG's author, and the bearer token goes wherever it points. So it is never
followed: it is parsed, compared with the connection's own host, and built anew. What isn't part of the address
(offer, target, submission) stands in the fragment, which is never sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode

from airflow_provider_cpp.exceptions import UntrustedLocation
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.locations_of_others import own_location
from airflow_provider_cpp.services.product_ingestion.calls import BASE
from airflow_provider_cpp.services.product_ingestion.products import GUID
from airflow_provider_cpp.services.product_ingestion.submissions import LIVE, PREVIEW
from airflow_provider_cpp.wire.identifiers import is_same_identifier
from airflow_provider_cpp.wire.origins import shown_url

_NUMBER = re.compile(r"\d{1,20}")
_JOB = re.compile(rf"{BASE}/+configure/(?P<job>[A-Za-z0-9-]{{1,64}})(?:/status)?/?")
_SUBMISSION = re.compile(rf"{BASE}/+submission/(?P<product>{GUID})/(?P<submission>\d{{1,20}})/?")
_GUID = re.compile(GUID)

#: Ids of submissions that a location names: a product has some three. With more it names none of them.
_MAX_BEFORE = 20

#: Says that there were no submissions before.
_NONE = "none"

#: What a fragment may say. Which job it is only the path says, as that is what is asked for.
_IN_FRAGMENT = frozenset({"offer", "publisher", "product", "target", "submission", "before"})


@dataclass(frozen=True, slots=True)
class Handle:
    """What is known of an operation without asking.

    :param origin: scheme, host and port of the API, as the connection names them.
    :param job: the job's GUID; empty if it isn't known.
    :param product: the product's GUID; empty if it isn't known.
    :param target: `preview` or `live`; empty if it isn't known.
    :param submission: the submission's number; empty if it isn't known, as of a publish at first.
    :param before: the submissions that there were before the request; None if that isn't known.
    :param ref: the offer; None if it isn't known.
    """

    origin: str
    job: str = ""
    product: str = ""
    target: str = ""
    submission: str = ""
    before: tuple[str, ...] | None = None
    ref: OfferRef | None = None

    @property
    def url(self) -> str:
        """Return the absolute location, with what isn't part of the address in its fragment."""
        known = {
            "offer": self.ref.offer_id if self.ref else "",
            "publisher": self.ref.publisher_id if self.ref else "",
            "product": self.product if self.job else "",
            "target": self.target,
            "submission": self.submission if self.job else "",
            "before": self._before_in_words,
        }
        fragment = urlencode({name: value for name, value in known.items() if value}, quote_via=quote, safe="/,")
        where = f"configure/{self.job}/status" if self.job else f"submission/{self.product}/{self.submission}"
        return f"{self.origin}{BASE}/{where}{f'#{fragment}' if fragment else ''}"

    @property
    def _before_in_words(self) -> str:
        if self.before is None or len(self.before) > _MAX_BEFORE:
            return ""  # half of them would make the other half new ones
        return ",".join(self.before) or _NONE

    @property
    def offer(self) -> str:
        """Return the offer in words."""
        if self.ref is not None:
            return str(self.ref)
        return f"product {self.product}" if self.product else "an offer that its location doesn't name"

    @property
    def operation_id(self) -> str:
        """Return the operation's own identifier: the job's, or else the submission's."""
        return self.job or self.submission

    @property
    def ids(self) -> str:
        """Return what a message ends with, so that support finds the operation."""
        known = {"Job": self.job, "submission": self.submission, "product": self.product}
        words = ", ".join(f"{name} {value}" for name, value in known.items() if value)
        return f"{words[:1].upper()}{words[1:]}."

    @property
    def in_words(self) -> str:
        """Return the operation in words."""
        return f"{self.kind} {self.operation_id} on {self.offer}"

    @property
    def kind(self) -> str:
        """Return in words what the operation does."""
        return {LIVE: "go-live", PREVIEW: "publish"}.get(self.target, "operation")

    def of_submission(self, submission: str) -> Handle:
        """Return the same operation with its submission known."""
        return replace(self, submission=submission)


def parse_handle(text: object, *, origin: str, ref: OfferRef | None = None) -> Handle:
    """Parse a location that may be absolute or relative, and check that it is ours.

    :param text: the location, as an XCom or a user wrote it.
    :param origin: scheme, host and port of the connection's API.
    :param ref: the offer that it has to belong to, if that is known.
    :raises UntrustedLocation: if it is no operation of this host, or names another offer.
    """
    text, url = own_location(text, origin, "product_ingestion", _untrusted)
    match = _JOB.fullmatch(url.path) or _SUBMISSION.fullmatch(url.path)
    if match is None:
        raise _untrusted(text, "its path is not that of a job or a submission")
    path = {name: value for name, value in match.groupdict().items() if value}
    handle = _read(origin, {**_fragment(url.fragment, text), **path}, text)
    if ref and handle.ref and not is_same_identifier(ref.offer_id, handle.ref.offer_id):
        raise _untrusted(text, f"it belongs to {handle.ref}, not to {ref}")
    return handle if ref is None else replace(handle, ref=ref)


def _fragment(fragment: str, text: str) -> dict[str, str]:
    try:
        named = parse_qsl(fragment, errors="strict", max_num_fields=20)
    except ValueError:
        raise _untrusted(text, "what stands after its '#' can't be read") from None
    return {name: value for name, value in named if name in _IN_FRAGMENT}


def _read(origin: str, known: dict[str, str], text: str) -> Handle:
    product, submission, target = (known.get(name, "") for name in ("product", "submission", "target"))
    named = known.get("before", "")
    before = () if named == _NONE else tuple(named.split(",")) if named else None
    if product and _GUID.fullmatch(product) is None:
        raise _untrusted(text, "the product that it names is no GUID")
    if submission and _NUMBER.fullmatch(submission) is None:
        raise _untrusted(text, "the submission that it names is no number")
    if target not in {"", PREVIEW, LIVE}:
        raise _untrusted(text, "the target that it names is neither preview nor live")
    if len(before or ()) > _MAX_BEFORE or not all(_NUMBER.fullmatch(each) for each in before or ()):
        raise _untrusted(text, "the submissions that it names are no numbers")
    offer, publisher = known.get("offer", ""), known.get("publisher", "")
    if not (offer.isprintable() and publisher.isprintable()):
        raise _untrusted(text, "the offer that it names holds a character that no identifier may hold")
    ref = OfferRef(publisher, offer) if offer else None
    return Handle(origin, known.get("job", ""), product.lower(), target, submission, before, ref)


def _untrusted(text: str, why: str) -> UntrustedLocation:
    return UntrustedLocation(
        f"The operation's location is refused: {why}. It is {shown_url(text.partition('#')[0])}. Nothing was sent "
        "to it. Expected is an operation on the connection's host, as GoLiveOperator returns it; check where this "
        "one comes from (XCom, a template)."
    )
