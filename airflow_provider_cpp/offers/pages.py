"""Where a person looks at an offer."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = "partner.microsoft.com"

#: Partner Center's list of offers.
PORTAL = f"https://{_HOST}/dashboard/marketplace-offers/overview"

#: Who helps where the service gives no reason.
SUPPORT = "Partner Center's support"

# Microsoft's pages and the service name an offer's page with a language before it and without one.
_PAGE = re.compile(
    r"(?:/[A-Za-z0-9_-]+)*/offers"
    r"/(?P<product>[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})"
    r"(?:/[A-Za-z0-9_-]+)*/?"
)
_MAX_LENGTH = 2048


def offer_page(address: object) -> str | None:
    """Return the offer's own page in Partner Center that an address names, or None if it names none.

    The page is built anew from the one thing that is taken over, the product id (a GUID): so that whoever
    may write the address can't lead anybody to another host.

    :param address: what the service or an XCom calls the page.
    """
    if not isinstance(address, str) or len(address) > _MAX_LENGTH:
        return None
    try:
        url = urlsplit(address)
    except ValueError:
        return None
    match = _PAGE.fullmatch(url.path)
    if (url.scheme, url.netloc.lower()) != ("https", _HOST) or match is None:
        return None
    return page_of_product(match["product"])


def page_of_product(product: str) -> str:
    """Return the page of an offer in Partner Center.

    :param product: the product's GUID.
    """
    return f"https://{_HOST}/dashboard/commercial-marketplace/offers/{product.lower()}/overview"
