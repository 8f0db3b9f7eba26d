"""Decides which schemas there are, and which of two versions is the newer one.

The versions are those that clients use and Microsoft's index of resources has.
"""

from __future__ import annotations

import re

_HOST = "https://schema.mp.microsoft.com/schema/"
RETIRED_HOST = "https://product-ingestion.azureedge.net/schema/"
_URL = re.compile(r"(?P<host>https://[^/]+/schema/)(?P<type>[a-z](?:-?[a-z0-9]+)*)/(?P<version>[^/?#]+)")
_VERSION = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})(?:-(?P<kind>dev|preview)(?P<number>\d*))?")

_FIRST = "2022-03-01-preview2"
_CONFIGURATION = tuple(f"2022-03-01-preview{number}" for number in (2, 3, 5))

#: Versions by type, the oldest first.
VERSIONS: dict[str, tuple[str, ...]] = {
    "configure": (_FIRST, "2022-07-01"),
    "configure-status": (_FIRST, "2022-07-01"),
    "configure-detail": (_FIRST, "2022-07-01"),
    "resource-tree": (_FIRST, "2022-07-01"),
    "submission": (_FIRST, "2022-07-01"),
    "product": (_FIRST, "2022-03-01-preview3", "2022-07-01"),
    "plan": (_FIRST, "2022-03-01-preview3"),
    "property": _CONFIGURATION,
    "listing": _CONFIGURATION,
    "listing-asset": _CONFIGURATION,
    "listing-trailer": _CONFIGURATION,
    "plan-listing": _CONFIGURATION,
    "price-and-availability-offer": (_FIRST, "2022-03-01-preview3"),
    "price-and-availability-plan": (_FIRST, "2022-03-01-preview3", "2022-03-01-preview4"),
    "customer-leads": (_FIRST, "2022-03-01-preview3"),
    "reseller": (_FIRST,),
    "test-drive": (_FIRST,),
    "virtual-machine-plan-technical-configuration": (*_CONFIGURATION, "2026-04-01-preview1"),
    "core-virtual-machine-plan-technical-configuration": (*_CONFIGURATION, "2022-03-01-preview6"),
    "container-plan-technical-configuration": (_FIRST, "2022-03-01-preview3"),
}


def url(kind: str, ceiling: str | None = None) -> str:
    """Return the schema of a resource in the newest version that isn't above a ceiling; or in the oldest one.

    :param kind: the type of the resource
    :param ceiling: the ``$version`` of the request
    """
    return f"{_HOST}{kind}/{newest(kind, ceiling)}"


def newest(kind: str, ceiling: str | None = None) -> str:
    """Return the newest version of a type that isn't above a ceiling; or the oldest one.

    :param kind: the type of the resource
    :param ceiling: the ``$version`` of the request; None for the newest of all
    """
    versions = VERSIONS[kind]
    below = [version for version in versions if ceiling is None or age(version) <= age(ceiling)]
    return (below or list(versions[:1]))[-1]


def parsed(schema: object) -> tuple[str, str, str] | None:
    """Return host, type and version of a schema's URL; None if it is none.

    :param schema: the value of ``$schema``
    """
    match = _URL.fullmatch(schema) if isinstance(schema, str) else None
    if match is None or not _VERSION.fullmatch(match["version"]):
        return None
    return match["host"], match["type"], match["version"]


def is_served(host: str, *, retired_too: bool) -> bool:
    """Tell whether schemas are found at a host.

    :param host: the URL up to the type
    :param retired_too: the retired host is as good as its successor
    """
    return host == _HOST or (retired_too and host == RETIRED_HOST)


def is_version(text: str) -> bool:
    """Tell whether a text has the form of a version.

    :param text: e.g. of ``$version``
    """
    return _VERSION.fullmatch(text) is not None


def age(version: str) -> tuple[str, int, int]:
    """Return what versions are compared by: a date's own version comes after its previews.

    :param version: e.g. ``2022-03-01-preview5``
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        raise ValueError(f"{version!r} is no version of a schema")
    rank = {"dev": 0, "preview": 1, None: 2}[match["kind"]]
    return match["date"], rank, int(match["number"] or 0)


def check_version(name: str, value: object) -> None:
    """Refuse what isn't a version of a schema.

    :param name: what the value is, for the message
    :param value: any
    :raises ValueError: if it is none
    """
    if not isinstance(value, str) or not is_version(value):
        raise ValueError(f"{name} is {value!r}; it has to be a version such as 2022-03-01-preview2")
