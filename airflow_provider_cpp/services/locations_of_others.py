"""Whether a location is of another service than the connection's: a connection may be switched under way."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from airflow_provider_cpp.exceptions import UntrustedLocation
from airflow_provider_cpp.wire.arguments import holds_template, is_missing, kind_of, shown
from airflow_provider_cpp.wire.origins import MAX_LENGTH, own_url

#: By the type of a connection: what its service's API is called, and how the paths of its operations begin.
_FORMS = {
    "cpp": ("Cloud Partner Portal's API", re.compile(r"/api/(?:publishers|operations)/", re.IGNORECASE)),
    "product_ingestion": (
        "the Product Ingestion API",
        re.compile(r"/rp/product-ingestion/+(?:configure|submission)/", re.IGNORECASE),
    ),
}


def of_another_service(conn_type: str, text: str) -> str:
    """Return in words that a location is of another service, or an empty text if it doesn't seem to be.

    :param conn_type: the type of the connection.
    :param text: the location.
    """
    if len(text) > MAX_LENGTH:
        return ""
    try:
        path = urlsplit(text).path
    except ValueError:
        return ""
    for other, (name, form) in _FORMS.items():
        if other != conn_type and form.match(path) is not None:
            return (
                f"it is one of {name}, and the connection is of type {conn_type!r}, for {_FORMS[conn_type][0]}. "
                "Was the connection switched since the operation was started? The operation itself goes on all "
                f"the same; watch it with a connection of type {other!r}"
            )
    return ""


def own_location(
    text: object, origin: str, conn_type: str, untrusted: Callable[[str, str], UntrustedLocation]
) -> tuple[str, SplitResult]:
    """Return a location as a text and in its parts, if it may be one of a service at its own host.

    :param text: the location, as the service, an XCom or a user wrote it.
    :param origin: scheme, host and port of the connection's API.
    :param conn_type: the type of the connection.
    :param untrusted: returns the error of a location that is refused for a reason.
    :raises UntrustedLocation: if it is none, or on another host, or one of another service.
    """
    if is_missing(text):
        raise UntrustedLocation(
            f"There is no operation to look at: its location is {'None' if text is None else repr(text)}, so the "
            "task before pushed nothing. Look at what became of that task; it has to be GoLiveOperator, "
            "PublishOperator or another that returns an operation's location. Nothing was sent."
        )
    if not isinstance(text, str):
        raise UntrustedLocation(
            f"The operation's location is {shown(text)}, {kind_of(text)}, not a URL. Pass what GoLiveOperator "
            "returns. Nothing was sent."
        )
    if holds_template(text):
        raise untrusted(text, "it is a template that wasn't rendered: this isn't a template field here")
    if other := of_another_service(conn_type, text):
        raise untrusted(text, other)
    url = own_url(text, origin)
    if isinstance(url, str):
        raise untrusted(text, url)
    return text, url
