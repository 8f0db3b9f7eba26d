"""Decides which bodies of ``configure`` are refused at once: what their schemas don't allow.

Schemas themselves are looked at as far as publications of virtual machines need them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.product_ingestion.errors import NotConfigured, violation
from airflow_provider_cpp.emulator.product_ingestion.ids import (
    DURABLE_ID,
    EXTERNAL_ID,
    PRODUCT_TYPES,
    RESOURCE_NAME,
)
from airflow_provider_cpp.emulator.product_ingestion.schemas import VERSIONS, is_served, parsed

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.product_ingestion.forms import ProductIngestionForms

Resource = dict[str, Any]

_REFERENCES = frozenset({"product", "plan", "listing"})
_READ_ONLY_TYPES = frozenset({"configure", "configure-status", "configure-detail", "resource-tree"})
_TARGETS = ("draft", "preview", "live")
_LIFECYCLES = ("generallyAvailable", "deprecated", "deleted")
_IMAGE_TYPES = ("x64Gen1", "x64Gen2", "arm64Gen2")
_IMAGE_VERSION = re.compile(r"\d+\.\d+\.\d+")
#: Of a plain virtual machine: what was refused as unknown (AlmaLinux).
_UNKNOWN_VM_PROPERTIES = frozenset({"supportsSriov"})
_MOST_IMAGE_VERSIONS = 100
_MOST_SIZES = 6
_MOST_DISKS = 16


def resources_in(body: str, forms: ProductIngestionForms) -> list[Resource]:
    """Return the resources that a body has, with the type of each in ``$schema`` checked.

    :param body: of the request
    :param forms: which schemas are taken
    :raises NotConfigured: for a body that isn't taken
    """
    try:
        document = json.loads(body)
    except ValueError:
        raise violation("The request body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise violation("The request body is not an object.")
    unknown = sorted(set(document) - {"$schema", "resources"})
    if unknown:
        raise violation(f"Property '{unknown[0]}' has not been defined and the schema does not allow it.")
    if _kind(document, "The request", forms) != "configure":
        raise violation("The schema of the request is not 'configure'.")
    resources = document.get("resources")
    if not isinstance(resources, list) or not resources:
        raise violation("Property 'resources' has to be an array of at least one resource.")
    for number, resource in enumerate(resources):
        _check(resource, f"resources[{number}]", forms)
    return [dict(resource) for resource in resources]


def is_submission(resource: Mapping[str, Any]) -> bool:
    """Tell whether a resource publishes something.

    :param resource: one that was checked
    """
    return kind_in(resource) == "submission"


def kind_in(resource: Mapping[str, Any]) -> str:
    """Return the type of a resource, by its schema.

    :param resource: one that was checked
    """
    found = parsed(resource["$schema"])
    return found[1] if found else ""


def _kind(resource: Mapping[str, Any], where: str, forms: ProductIngestionForms) -> str:
    schema = resource.get("$schema")
    if schema is None:
        raise violation(f"{where}: Required property '$schema' is missing.")
    found = parsed(schema)
    if found is None:
        raise violation(f"{where}: '{schema}' does not match the pattern of '$schema'.")
    host, kind, _ = found
    if kind not in VERSIONS or not is_served(host, retired_too=not forms.retired_host_refused):
        raise NotConfigured(400, f"Schema {schema} could not be accessed")
    return kind


def _check(resource: Any, where: str, forms: ProductIngestionForms) -> None:
    if not isinstance(resource, dict):
        raise violation(f"{where} is not an object.")
    kind = _kind(resource, where, forms)
    if kind in _READ_ONLY_TYPES:
        raise violation(f"{where}: a resource of type '{kind}' can't be written.")
    name = resource.get("resourceName")
    if name is not None and not (isinstance(name, str) and RESOURCE_NAME.fullmatch(name)):
        raise violation(f"{where}: '{name}' does not match the pattern of 'resourceName'.")
    durable_id = resource.get("id")
    if durable_id is not None and not (isinstance(durable_id, str) and DURABLE_ID.fullmatch(durable_id)):
        raise violation(f"{where}: '{durable_id}' does not match the pattern of 'id'.")
    if durable_id is not None and durable_id.partition("/")[0] != kind:
        raise violation(f"{where}: '{durable_id}' is no id of a resource of type '{kind}'.")
    for reference in _REFERENCES & resource.keys():
        _check_reference(resource[reference], f"{where}.{reference}")
    if kind != "product" and "product" not in resource:
        raise violation(f"{where}: Required property 'product' is missing.")
    checks = _CHECKS.get(kind)
    if checks is not None:
        checks(resource, where)


def _check_reference(value: Any, where: str) -> None:
    if isinstance(value, str):
        if not DURABLE_ID.fullmatch(value):
            raise violation(f"{where}: '{value}' is no id of a resource.")
        return
    allowed = {"resourceName"} if where.endswith(".listing") else {"externalId", "resourceName"}
    if not isinstance(value, dict) or len(value) != 1 or not set(value) <= allowed:
        # JSON names are case-sensitive: the externalID of the pages is refused.
        raise violation(f"{where} is neither an id nor a reference by {' or '.join(sorted(allowed))}.")
    if not all(isinstance(name, str) for name in value.values()):
        raise violation(f"{where} is not a string.")


def _check_submission(resource: Resource, where: str) -> None:
    target = resource.get("target")
    if not isinstance(target, dict) or target.get("targetType") not in _TARGETS:
        raise violation(f"{where}: Required property 'target' is missing, or has no known 'targetType'.")
    _check_choice(resource, "lifecycleState", _LIFECYCLES, where)


def _check_named(resource: Resource, where: str) -> None:
    identity = resource.get("identity")
    name = identity.get("externalId") if isinstance(identity, dict) else None
    if "id" not in resource or identity is not None:
        if not isinstance(name, str):
            raise violation(f"{where}: Required property 'identity.externalId' is missing.")
        if not EXTERNAL_ID.fullmatch(name):
            raise violation(f"{where}: '{name}' does not match the pattern of 'externalId'.")
    if kind_in(resource) == "product":
        _check_choice(resource, "type", PRODUCT_TYPES, where)


def _check_of_plan(resource: Resource, where: str) -> None:
    if "plan" not in resource:
        raise violation(f"{where}: Required property 'plan' is missing.")


def _check_configuration(resource: Resource, where: str) -> None:
    _check_of_plan(resource, where)
    if len(_array(resource, "recommendedVmSizes", where)) > _MOST_SIZES:
        raise violation(f"{where}: 'recommendedVmSizes' has more than {_MOST_SIZES} items.")
    properties = resource.get("vmProperties", {})
    if not isinstance(properties, dict):
        raise violation(f"{where}.vmProperties is not an object.")
    unknown = sorted(set(properties) & _UNKNOWN_VM_PROPERTIES)
    if unknown and kind_in(resource).startswith("virtual-machine"):
        raise violation(
            f"{where}.vmProperties: Property '{unknown[0]}' has not been defined and the schema does not allow it."
        )
    for number, sku in enumerate(_array(resource, "skus", where)):
        _check_choice(sku, "imageType", _IMAGE_TYPES, f"{where}.skus[{number}]", required=True)
        if not isinstance(sku.get("skuId"), str):
            raise violation(f"{where}.skus[{number}]: Required property 'skuId' is missing.")
        if sku.get("securityType") and sku["imageType"] != "x64Gen2":
            raise violation(f"{where}.skus[{number}]: 'securityType' is for x64Gen2 only.")
    versions = _array(resource, "vmImageVersions", where)
    if len(versions) > _MOST_IMAGE_VERSIONS:
        raise violation(f"{where}: 'vmImageVersions' has more than {_MOST_IMAGE_VERSIONS} items.")
    for number, version in enumerate(versions):
        _check_image_version(version, f"{where}.vmImageVersions[{number}]")


def _check_image_version(version: Resource, where: str) -> None:
    text = version.get("versionNumber")
    if not isinstance(text, str) or not _IMAGE_VERSION.fullmatch(text):
        raise violation(f"{where}: '{text}' does not match the pattern of 'versionNumber'.")
    _check_choice(version, "lifecycleState", _LIFECYCLES, where)
    for number, image in enumerate(_array(version, "vmImages", where)):
        place = f"{where}.vmImages[{number}]"
        _check_choice(image, "imageType", _IMAGE_TYPES, place, required=True)
        _check_source(image.get("source"), place)


def _check_source(source: Any, place: str) -> None:
    """Refuse what the schema's ``imageSource`` doesn't allow: files or an image of a gallery, never both."""
    kind = str(source.get("sourceType")) if isinstance(source, dict) else ""
    needed = {
        "sasUri": (("osDisk", "uri"),),
        "sharedImageGallery": (("sharedImage", "tenantId"), ("sharedImage", "resourceId")),
    }.get(kind)
    if needed is None or not isinstance(source, dict):
        raise violation(f"{place}: Required property 'source' is missing, or has no known 'sourceType'.")
    for outer, inner in needed:
        if not isinstance(source.get(outer), dict) or not isinstance(source[outer].get(inner), str):
            raise violation(f"{place}.source: Required property '{outer}.{inner}' is missing.")
    others = {"sasUri": {"sharedImage"}, "sharedImageGallery": {"osDisk", "dataDisks"}}[kind] & set(source)
    if others:
        raise violation(f"{place}.source: '{min(others)}' is not allowed where 'sourceType' is '{kind}'.")
    disks = _array(source, "dataDisks", place)
    if len(disks) > _MOST_DISKS:
        raise violation(f"{place}.source: 'dataDisks' has more than {_MOST_DISKS} items.")
    for number, disk in enumerate(disks):
        lun = disk.get("lunNumber")
        if isinstance(lun, bool) or not isinstance(lun, int | float) or not 0 <= lun < _MOST_DISKS:
            raise violation(f"{place}.source.dataDisks[{number}]: 'lunNumber' is missing, or not from 0 to 15.")
        if not isinstance(disk.get("uri"), str):
            raise violation(f"{place}.source.dataDisks[{number}]: Required property 'uri' is missing.")


def _array(resource: Resource, name: str, where: str) -> list[Any]:
    value = resource.get(name, [])
    if not isinstance(value, list):
        raise violation(f"{where}.{name} is not an array.")
    if name not in ("recommendedVmSizes", "openPorts") and not all(isinstance(entry, dict) for entry in value):
        raise violation(f"{where}.{name} is not an array of objects.")
    return value


def _check_choice(
    resource: Mapping[str, Any], name: str, allowed: tuple[str, ...], where: str, *, required: bool = False
) -> None:
    if name not in resource and not required:
        return
    if resource.get(name) not in allowed:
        raise violation(f"{where}: '{resource.get(name)}' is not among the values of '{name}'.")


_CHECKS: dict[str, Callable[[Resource, str], None]] = {
    "submission": _check_submission,
    "product": _check_named,
    "plan": _check_named,
    "plan-listing": _check_of_plan,
    "price-and-availability-plan": _check_of_plan,
    "virtual-machine-plan-technical-configuration": _check_configuration,
    "core-virtual-machine-plan-technical-configuration": _check_configuration,
    "container-plan-technical-configuration": _check_of_plan,
}
