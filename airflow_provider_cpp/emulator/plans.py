"""Decides which plans and image versions an offer's definition has, whichever service brought them.

A plan has a stock-keeping unit (SKU) of its own name, and one more for each entry of its ``diskGenerations``.
The form is that of the "Create or modify" page; ``diskGenerations`` are azure-img-utils'.
"""

from __future__ import annotations

import hashlib
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

#: The image version of a sample.
SAMPLE_VERSION = "1.0.0"

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


def sample_plans(offer_id: str, count: int) -> list[dict[str, Any]]:
    """Return plans of a virtual machine offer, each with two generations of one image version.

    :param offer_id: the offer's name, with which theirs begin
    :param count: how many
    """
    key = _IMAGES[VM_OFFER_TYPE]
    names = [f"{offer_id}-plan" if number == 1 else f"{offer_id}-plan-{number}" for number in range(1, count + 1)]
    return [
        {
            "planId": name,
            _TITLES[0]: name,
            key: {SAMPLE_VERSION: {"osVhdUrl": _blob(name)}},
            _GENERATIONS: [{"planId": f"{name}-gen2", key: {SAMPLE_VERSION: {"osVhdUrl": _blob(f"{name}-gen2")}}}],
            "regions": ["AZ"],
        }
        for name in names
    ]


def _blob(name: str) -> str:
    signature = hashlib.sha256(name.encode()).hexdigest()
    return (
        f"https://contosoimages.blob.core.windows.net/vhds/{name}-{SAMPLE_VERSION}.vhd"
        f"?sv=2023-11-03&st=2026-01-01T00:00:00Z&se=2027-01-01T00:00:00Z&sr=b&sp=rl&sig={signature}"
    )


def _images(entry: Mapping[str, Any], key: str) -> Images:
    images = entry.get(key)
    return (
        {version: disks for version, disks in images.items() if isinstance(disks, Mapping)}
        if isinstance(images, Mapping)
        else {}
    )


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
