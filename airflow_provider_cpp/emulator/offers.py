"""Decides what an offer record holds, and whether its definition passes the validation that publish runs.

Which of its versions are in preview or production follows from its operations, in ``portal``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

VM_OFFER_TYPE = "microsoft-azure-virtualmachines"
CORE_VM_OFFER_TYPE = "microsoft-azure-corevm"


def product_guid(publisher_id: str, offer_id: str) -> str:
    """Return the GUID by which Partner Center knows an offer.

    :param publisher_id: whose
    :param offer_id: its name
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"cpp://{publisher_id}/{offer_id}"))


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Record an offer.

    :param publisher_id: whose offer
    :param offer_id: its name; the pages call it a GUID in places, clients pass the name
    :param offer_type_id: e.g. ``microsoft-azure-virtualmachines``
    :param definition: ``displayText``, ``offer`` and ``plans``, as PUT took them
    :param version: the draft's version; grows by one per publish
    :param published: the definitions of the published versions, by version
    :param changed_at: seconds since the epoch
    :param etag: the draft's tag
    :param overrides: settings that differ for this offer: ``outcome``, ``duration``, ``failed_step``,
        ``failure_messages``, ``step_durations``
    :param content: further top-level properties that PUT took
    :param resources: what a service that has resources in place of a definition keeps of the draft, by id
    :param published_resources: the same of the published versions, by version
    """

    publisher_id: str
    offer_id: str
    offer_type_id: str
    definition: Mapping[str, Any]
    version: int
    changed_at: float
    etag: str
    published: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    published_resources: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def product_id(self) -> str:
        """The GUID by which Partner Center knows the offer: always the same for one publisher and name."""
        return product_guid(self.publisher_id, self.offer_id)


OVERRIDABLE = frozenset({"outcome", "duration", "failed_step", "failure_messages", "step_durations"})


#: Image versions that a SKU may have (Flatcar, AlmaLinux).
MOST_IMAGE_VERSIONS = 100


def sample_definition(offer_id: str) -> dict[str, Any]:
    """Return a small virtual machine offer that passes the validation.

    :param offer_id: its name, which names its one plan too
    """
    return {
        "displayText": offer_id,
        "offer": {
            "microsoft-azure-marketplace.title": offer_id,
            "microsoft-azure-marketplace.summary": "An offer that only the emulator knows",
        },
        "plans": [
            {
                "planId": f"{offer_id}-plan",
                "microsoft-azure-virtualmachines.skuTitle": offer_id,
                "microsoft-azure-virtualmachines.vmImages": {},
                "regions": ["AZ"],
            }
        ],
    }


#: Properties of an offer's document that the portal knows; it keeps all others as they are.
KNOWN_PROPERTIES = frozenset(
    {"publisherId", "offerTypeId", "id", "definition", "eTag", "version", "status", "changedTime"}
)


def other_properties(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a document holds besides the properties that the portal knows.

    :param document: as PUT takes it
    """
    return {name: value for name, value in document.items() if name not in KNOWN_PROPERTIES}


def document_error(document: Mapping[str, Any], publisher_id: str, offer_id: str) -> str | None:
    """Tell why a document is no offer ("Create or modify" page); None if it is one.

    :param document: as PUT takes it
    :param publisher_id: whose offer it is to be
    :param offer_id: the name that it is to have
    """
    if not document.get("offerTypeId"):
        return "The argument: 'OfferTypeId' cannot be null or empty."
    for name, expected in (("publisherId", publisher_id), ("id", offer_id)):
        if document.get(name, expected) != expected:
            return f"The argument: '{name}' does not match {expected!r}, which the offer is addressed by."
    if not isinstance(document.get("definition"), Mapping):
        return "The argument: 'Definition' cannot be null or empty."
    return None


def name_error(name: object) -> str | None:
    """Tell why a name can't be a publisher's or an offer's; None if it can.

    :param name: the name
    """
    if isinstance(name, str) and name not in {"", ".", ".."} and not set(name) & set("/$?#"):
        return None
    return f"{name!r} is no name of a publisher or an offer"


def validation_errors(definition: Mapping[str, Any]) -> tuple[str, ...]:
    """List what publish would refuse with 422 ("Publish offer" page). Which rules apply is an inference.

    :param definition: an offer's definition
    """
    errors = []
    if not definition.get("displayText"):
        errors.append("definition.displayText is missing")
    plans = definition.get("plans")
    if not isinstance(plans, list) or not plans:
        errors.append("definition.plans is empty")
        return tuple(errors)
    errors += [
        f"definition.plans[{number}].planId is missing"
        for number, plan in enumerate(plans)
        if not isinstance(plan, Mapping) or not plan.get("planId")
    ]
    errors += [
        f"definition.plans[{number}] has a SKU with more than {MOST_IMAGE_VERSIONS} image versions"
        for number, plan in enumerate(plans)
        if isinstance(plan, Mapping) and any(len(images) > MOST_IMAGE_VERSIONS for images in _image_maps(plan))
    ]
    return tuple(errors)


def _image_maps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the image versions of each SKU of a plan: maps whose name says so."""
    generations = plan.get("diskGenerations")
    for sku in (plan, *(generations if isinstance(generations, list) else ())):
        for name, value in sku.items() if isinstance(sku, Mapping) else ():
            if ".vmImages" in name and isinstance(value, Mapping):
                yield value
