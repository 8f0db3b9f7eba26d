"""Which service a location is of, so that one of the other is refused in words that say so."""

from __future__ import annotations

from urllib.parse import urlsplit

#: By the type of connections: the service's name, and how the path of its operations begins.
FORMS = {
    "cpp": ("Cloud Partner Portal", "/api/"),
    "product_ingestion": ("the Product Ingestion API", "/rp/product-ingestion/"),
}


def of_another_service(location: str, conn_type: str) -> str | None:
    """Return in words why a location can't be one of a service: it is another's. None if it isn't.

    :param location: a URL, or a path; it may be on any host.
    :param conn_type: the type of connections that lead to the service.
    """
    try:
        path = urlsplit(location).path
    except ValueError:
        return None
    for other, (name, start) in FORMS.items():
        if other != conn_type and path.startswith(start):
            return (
                f"it is one of {name}, and the connection is of type {conn_type!r}; was it switched while this "
                "run was under way?"
            )
    return None
