"""Whether a location is of another service than the connection's: a connection may be switched under way."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from airflow_provider_cpp.wire.origins import MAX_LENGTH

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
