"""Decides which image versions a technical configuration may have, and what they are in a plan's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.product_ingestion.errors import FailedJob, refused

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.plans import Plan

Resource = dict[str, Any]

#: Properties of a virtual machine that can't be taken back (AlmaLinux).
_STICKY = ("supportsNVMe",)
_RULE = "businessValidationError"


def check_published(resource: Resource, published: Mapping[str, Any]) -> None:
    """Refuse to take away or change what was published: an image version, or a property that stays once it is on.

    :param resource: a technical configuration
    :param published: the same one, as it is in preview or live; empty if it isn't there
    :raises FailedJob: for the first one
    """
    before = published.get("vmProperties", {})
    for name in _STICKY:
        if before.get(name) is True and resource.get("vmProperties", {}).get(name) is not True:
            raise _said(f"{name[:1].upper()}{name[1:]} property has already been enabled", resource)
    posted = {version["versionNumber"]: version for version in resource.get("vmImageVersions", [])}
    for version in published.get("vmImageVersions", []):
        number = version["versionNumber"]
        new = posted.get(number)
        if new is None or new.get("lifecycleState") == "deleted":
            raise _said(f"Cannot delete image '{number}' as it is already published", resource)
        if _by_type(new) != _by_type(version):
            raise _said(f"Cannot change image '{number}' as it is already published", resource)


def check_skus(resource: Resource, plan_id: str) -> None:
    """Refuse SKUs that don't fit their plan or its images.

    :param resource: a technical configuration
    :param plan_id: the plan's external id
    :raises FailedJob: for the first one
    """
    skus = resource.get("skus", [])
    names = [sku["skuId"] for sku in skus]
    if len(set(names)) < len(names):
        raise _said("The ids of SKUs have to be unique.", resource)
    if plan_id not in names:
        raise _said(f"One SKU has to have the id of the plan, '{plan_id}'.", resource)
    active = {
        image["imageType"]
        for version in resource.get("vmImageVersions", [])
        if version.get("lifecycleState", "generallyAvailable") == "generallyAvailable"
        for image in version.get("vmImages", [])
    }
    for sku in skus:
        if sku["imageType"] not in active:
            raise _said(f"The SKU '{sku['skuId']}' requires at least one active image", resource)


def without_deleted(resource: Resource) -> Resource:
    """Return a technical configuration without the image versions that are to be deleted.

    :param resource: one without anything against it
    """
    versions = [
        version for version in resource.get("vmImageVersions", []) if version.get("lifecycleState") != "deleted"
    ]
    return {**resource, "vmImageVersions": versions}


def with_images(plan: Plan, resource: Resource) -> Plan:
    """Return a plan with the SKUs and image versions of its technical configuration.

    :param plan: as it was
    :param resource: its technical configuration
    """
    skus = {
        sku["skuId"]: {
            version["versionNumber"]: {
                **plan.skus.get(sku["skuId"], {}).get(version["versionNumber"], {}),
                **_disks(image["source"]),
            }
            for version in resource["vmImageVersions"]
            for image in version.get("vmImages", [])
            if image["imageType"] == sku["imageType"]
        }
        for sku in resource.get("skus", [])
    }
    return replace(plan, skus=skus)


def _disks(source: Mapping[str, Any]) -> dict[str, Any]:
    if source["sourceType"] != "sasUri":
        return {"sharedImage": dict(source["sharedImage"])}
    data = [
        {"lun": disk.get("lunNumber", number), "lunVhdUrl": disk.get("uri", "")}
        for number, disk in enumerate(source.get("dataDisks") or [])
    ]
    return {"osVhdUrl": source["osDisk"]["uri"], "lunVhdDetails": data}


def _by_type(version: Mapping[str, Any]) -> dict[str, Any]:
    images = {image["imageType"]: image.get("source") for image in version.get("vmImages", [])}
    return {
        kind: {name: value for name, value in source.items() if value} if isinstance(source, Mapping) else source
        for kind, source in images.items()
    }


def _said(message: str, resource: Resource) -> FailedJob:
    return refused(_RULE, message, resource)
