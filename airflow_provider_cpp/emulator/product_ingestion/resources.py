"""Decides which resources an offer has, seen from its definition and from what was posted of them.

The definition says which plans and which image versions there are, through whichever service they came; each
service's own documents say everything else. A resource that nobody posted yet is made up of the definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.plans import Plan, plans_of
from airflow_provider_cpp.emulator.product_ingestion.ids import (
    CONFIGURATIONS,
    plan_guid,
    product_id,
    product_type,
    resource_id,
)

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.offers import Offer

Resources = dict[str, dict[str, Any]]

MASKED = "*********"
_SECRETS = frozenset({"clientSecret", "connectionString", "password"})


def resources_of(offer: Offer, definition: Mapping[str, Any], posted: Mapping[str, Any]) -> Resources:
    """Return the resources of a version of an offer by id, each without its ``$schema``.

    :param offer: its record
    :param definition: of the version
    :param posted: what was posted of the version's resources, by id
    """
    plans = plans_of(definition, offer.offer_type_id)
    guids = {plan_guid(offer.product_id, name): plan for name, plan in plans.items()}
    made = _of_product(offer, definition)
    for guid, plan in guids.items():
        made |= _of_plan(offer, guid, plan, posted)
    # What was posted of a plan that the definition doesn't have any more is gone with it.
    gone = {
        name
        for name, resource in posted.items()
        if "plan" in resource and str(resource["plan"]).rpartition("/")[2] not in guids
    } | {name for name in posted if name.startswith("plan/") and name not in made}
    return made | {
        name: dict(resource) for name, resource in posted.items() if name not in gone and not _is_merged(name)
    }


def kind_of(durable_id: str) -> str:
    """Return the type of a resource.

    :param durable_id: its id
    """
    return durable_id.partition("/")[0]


def without_secrets(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource as it is shown: secrets of leads are masked, the signatures of images aren't.

    :param resource: as it is kept
    """
    if kind_of(str(resource.get("id", ""))) != "customer-leads":
        return dict(resource)
    return {name: _masked(name, value) for name, value in resource.items()}


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _masked(inner, entry) for inner, entry in value.items()}
    return MASKED if name in _SECRETS and value else value


def _is_merged(durable_id: str) -> bool:
    return kind_of(durable_id) in CONFIGURATIONS.values()


def _of_product(offer: Offer, definition: Mapping[str, Any]) -> Resources:
    product = product_id(offer)
    marketplace = definition.get("offer")
    texts = marketplace if isinstance(marketplace, Mapping) else {}
    title = str(definition.get("displayText") or offer.offer_id)
    made: list[dict[str, Any]] = [
        {
            "id": product,
            "identity": {"externalId": offer.offer_id},
            "type": product_type(offer.offer_type_id),
            "alias": title,
        },
        {
            "id": resource_id("property", offer.product_id, None, {}),
            "product": product,
            "kind": "azureVM",
            "termsOfUse": "https://www.contoso.com/terms",
        },
        {
            "id": resource_id("listing", offer.product_id, None, {}),
            "product": product,
            "kind": "azureVM",
            "languageId": "en-us",
            "title": str(texts.get("microsoft-azure-marketplace.title") or title),
            "searchResultSummary": str(texts.get("microsoft-azure-marketplace.summary") or ""),
            "description": str(texts.get("microsoft-azure-marketplace.longSummary") or ""),
        },
        {
            "id": resource_id("price-and-availability-offer", offer.product_id, None, {}),
            "product": product,
            "previewAudiences": [],
        },
        {
            "id": resource_id("customer-leads", offer.product_id, None, {}),
            "product": product,
            "leadDestination": "none",
        },
    ]
    return {str(resource["id"]): resource for resource in made}


def _of_plan(offer: Offer, guid: str, plan: Plan, posted: Mapping[str, Any]) -> Resources:
    product = product_id(offer)
    of_plan = {"product": product, "plan": f"plan/{offer.product_id}/{guid}"}
    made: list[dict[str, Any]] = [
        {
            "id": of_plan["plan"],
            "identity": {"externalId": plan.id},
            "alias": plan.title,
            "product": product,
            "azureRegions": ["azureGlobal"],
        },
        {
            "id": resource_id("plan-listing", offer.product_id, guid, {}),
            **of_plan,
            "kind": "azureVM-plan",
            "languageId": "en-us",
            "name": plan.title,
            "summary": plan.title,
        },
        {
            "id": resource_id("price-and-availability-plan", offer.product_id, guid, {}),
            **of_plan,
            "visibility": "visible",
            "markets": ["us"],
            "pricing": {"licenseModel": "byol"},
        },
    ]
    kind = CONFIGURATIONS.get(product_type(offer.offer_type_id))
    if kind is not None:
        name = resource_id(kind, offer.product_id, guid, {})
        configuration = {"id": name, **of_plan, **dict(posted.get(name, {}))}
        has_images = kind != CONFIGURATIONS["azureContainer"]
        made.append(_configured(configuration, plan) if has_images else configuration)
    return {str(resource["id"]): resource for resource in made}


def _configured(configuration: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Return a technical configuration with the SKUs and image versions of its plan, and whatever else it had."""
    kept_skus = {sku["skuId"]: sku for sku in configuration.get("skus", ())}
    skus = [
        kept_skus.get(sku, {"imageType": "x64Gen1" if sku == plan.id else "x64Gen2", "skuId": sku})
        for sku in plan.skus
    ]
    kept = {entry["versionNumber"]: entry for entry in configuration.get("vmImageVersions", ())}
    types = {sku["skuId"]: sku["imageType"] for sku in skus}
    return {
        "operatingSystem": {"family": "linux", "type": "other", "friendlyName": plan.title},
        "recommendedVmSizes": [],
        "openPorts": [],
        "vmProperties": {},
        **configuration,
        "skus": skus,
        "vmImageVersions": [
            kept.get(version)
            or {
                "versionNumber": version,
                "vmImages": [
                    {"imageType": types[sku], "source": _source(images[version])}
                    for sku, images in plan.skus.items()
                    if version in images
                ],
                "lifecycleState": "generallyAvailable",
            }
            for version in plan.versions
        ],
    }


def _source(disks: Mapping[str, Any]) -> dict[str, Any]:
    data = [
        {"lunNumber": int(disk.get("lun", number)), "uri": str(disk.get("lunVhdUrl", ""))}
        for number, disk in enumerate(disks.get("lunVhdDetails") or ())
        if isinstance(disk, Mapping)
    ]
    return {
        "sourceType": "sasUri",
        "osDisk": {"uri": str(disks.get("osVhdUrl", ""))},
        "dataDisks": data,
    }
