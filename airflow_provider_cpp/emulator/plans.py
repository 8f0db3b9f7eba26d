"""Decides which plans and image versions an offer's definition has, whichever service brought them.

A plan has a stock-keeping unit (SKU) of its own name, and one more for each entry of its ``diskGenerations``.
The form is that of the "Create or modify" page; ``diskGenerations`` are azure-img-utils'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_cpp.emulator.offers import CORE_VM_OFFER_TYPE, VM_OFFER_TYPE

_IMAGES = {
    VM_OFFER_TYPE: "microsoft-azure-virtualmachines.vmImages",
    CORE_VM_OFFER_TYPE: "microsoft-azure-corevm.vmImagesPublicAzure",
}
_GENERATIONS = "diskGenerations"
_TITLES = ("microsoft-azure-virtualmachines.skuTitle", "microsoft-azure-corevm.skuTitle")

#: The disks of each image version of a SKU, as a definition has them.
Images = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Plan:
    """Hold a plan of an offer.

    :param id: its name
    :param title: what customers see
    :param skus: the image versions of each SKU, the plan's own first
    """

    id: str
    title: str
    skus: Mapping[str, Images]

    @property
    def versions(self) -> list[str]:
        """The image versions that any SKU has, in the order in which they were added."""
        return list(dict.fromkeys(version for images in self.skus.values() for version in images))


def plans_of(definition: Mapping[str, Any], offer_type_id: str) -> dict[str, Plan]:
    """Return the plans of an offer by name; those without a name are left out.

    :param definition: its definition
    :param offer_type_id: its type
    """
    key = _IMAGES.get(offer_type_id, "")
    found = {}
    for plan in _objects(definition.get("plans")):
        name = str(plan.get("planId") or "")
        if name:
            skus = {name: _images(plan, key)} | {
                str(entry.get("planId")): _images(entry, key) for entry in _objects(plan.get(_GENERATIONS))
            }
            title = next((str(plan[key]) for key in _TITLES if plan.get(key)), name)
            found[name] = Plan(name, title, skus)
    return found


def with_plan(definition: Mapping[str, Any], offer_type_id: str, plan: Plan) -> dict[str, Any]:
    """Return a definition in which a plan has these SKUs and images, and is added if it isn't there.

    :param definition: an offer's definition
    :param offer_type_id: its type
    :param plan: what it is to have
    """
    key = _IMAGES.get(offer_type_id)
    plans = [dict(entry) for entry in _objects(definition.get("plans"))]
    old = next((entry for entry in plans if entry.get("planId") == plan.id), None)
    if old is None:
        old = {"planId": plan.id, "microsoft-azure-virtualmachines.skuTitle": plan.title, "regions": ["AZ"]}
        plans.append(old)
    if key is not None:
        old[key] = dict(plan.skus.get(plan.id, {}))
        entries = {entry.get("planId"): entry for entry in _objects(old.get(_GENERATIONS))}
        others = {sku: images for sku, images in plan.skus.items() if sku != plan.id}
        old.pop(_GENERATIONS, None)
        if others:
            old[_GENERATIONS] = [
                {**entries.get(sku, {"planId": sku}), key: dict(images)} for sku, images in others.items()
            ]
    return {**definition, "plans": plans}


def _images(entry: Mapping[str, Any], key: str) -> Images:
    images = entry.get(key)
    return (
        {version: disks for version, disks in images.items() if isinstance(disks, Mapping)}
        if isinstance(images, Mapping)
        else {}
    )


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
