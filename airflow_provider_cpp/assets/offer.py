"""Decides how the URI of an offer's asset is written: `cpp://publisher/offer`."""

from __future__ import annotations

from urllib.parse import SplitResult


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Return the URI of an offer as it is, for Airflow, which asks when an asset is made.

    :param uri: the URI, split.
    :raises ValueError: it doesn't name a publisher and an offer, and nothing else.
    """
    offer = uri.path.strip("/")
    if not uri.netloc or not offer or "/" in offer:
        raise ValueError(f"{uri.geturl()!r} is no offer: its asset is cpp://publisher/offer")
    if uri.query:
        raise ValueError(f"{uri.geturl()!r} is no offer: its asset has no query")
    return uri
