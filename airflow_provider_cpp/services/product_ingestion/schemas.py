"""Which schema a resource names: its type, and the version that the service takes.

The versions are pinned here and nowhere else, and no other host is asked for them. A tree is read with the
version of the connection as a ceiling: a later `api_version` returns later versions, and those are written.

Sources: the schemas and clients that are public (release-engineering/cloudpub, AlmaLinux/cloud-images,
flatcar/scripts), and Microsoft's pages on the Product Ingestion API.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_cpp.wire.api_versions import latest

#: Where schemas are since 2025. Trees may still name the host before it, which is refused where it is written.
HOST = "https://schema.mp.microsoft.com"

_SCHEMA = re.compile(
    r"https?://[a-z0-9.-]+(?::\d+)?/schema/(?P<type>[a-z][a-z0-9-]*)/(?P<version>\d{4}-\d\d-\d\d(?:-[a-z]+\d*)?)/?",
    re.IGNORECASE,
)

_FIRST = "2022-03-01-preview2"

#: The version in which each type of resource is written that names none.
PINNED = {
    "configure": _FIRST,
    "submission": _FIRST,
    "product": "2022-07-01",
    "plan": "2022-03-01-preview3",
    "property": "2022-03-01-preview5",
    "listing": "2022-03-01-preview5",
    "listing-asset": "2022-03-01-preview5",
    "listing-trailer": "2022-03-01-preview5",
    "plan-listing": "2022-03-01-preview5",
    "price-and-availability-offer": "2022-03-01-preview3",
    "price-and-availability-plan": "2022-03-01-preview4",
    "customer-leads": "2022-03-01-preview3",
    "reseller": _FIRST,
    "test-drive": _FIRST,
    "virtual-machine-plan-technical-configuration": "2022-03-01-preview5",
    "core-virtual-machine-plan-technical-configuration": "2022-03-01-preview5",
    "container-plan-technical-configuration": "2022-03-01-preview3",
}

#: Versions in which the service returns a type and doesn't take it back: it is written in the pinned one.
_ONLY_RETURNED = frozenset({("plan", "2022-03-01-preview4")})


@dataclass(frozen=True, slots=True)
class Schema:
    """What a resource's `$schema` says.

    :param type: the type of the resource, such as `plan`.
    :param version: its version; empty if it names none.
    """

    type: str
    version: str = ""

    @property
    def url(self) -> str:
        """The `$schema` to write."""
        return schema_url(self.type, self.version)

    def __str__(self) -> str:
        """Return the schema in words."""
        return f"{self.type} {self.version}".rstrip()


def schema_url(resource_type: str, version: str = "") -> str:
    """Return the `$schema` of a resource.

    :param resource_type: its type.
    :param version: its version; the pinned one by default.
    """
    return f"{HOST}/schema/{resource_type}/{version or PINNED.get(resource_type, _FIRST)}"


def schema_of(resource: Mapping[str, Any]) -> Schema | None:
    """Return what schema a resource names, on whichever host; by its id alone if it names none, or None.

    :param resource: a resource, as a tree or somebody who wants it has it.
    """
    named = resource.get("$schema")
    if isinstance(named, str) and (match := _SCHEMA.fullmatch(named.strip())) is not None:
        return Schema(match["type"].lower(), match["version"].lower())
    if named is not None:
        text = named.strip().lower() if isinstance(named, str) else ""
        return Schema(text) if text in PINNED else None
    kind, slash, _ = str(resource.get("id", "")).partition("/")
    return Schema(kind.lower()) if slash and re.fullmatch("[a-z][a-z0-9-]*", kind, re.IGNORECASE) else None


def to_write(resource_type: str, *versions: str) -> Schema:
    """Return in which schema a resource is written.

    :param resource_type: its type.
    :param versions: those in which it is there and is wanted; the latest of them counts.
    """
    version = latest(*versions)
    if not version or (resource_type, version) in _ONLY_RETURNED:
        version = PINNED.get(resource_type, _FIRST)
    return Schema(resource_type, version)


def latest_of(schemas: Iterable[Schema]) -> str:
    """Return the latest version of schemas, which is what a request that writes them needs; empty for none."""
    return latest(*(schema.version for schema in schemas))
