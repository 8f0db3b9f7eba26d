"""Decides by which ids products, plans, submissions and other resources are known.

All of them follow from what the portal knows, so that they are the same after a restart.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.operations import Operation

DURABLE_ID = re.compile(r"[a-z](-?[a-z0-9]+)*/[a-z0-9-]+(/?[a-z0-9-])*")
EXTERNAL_ID = re.compile(r"[a-z0-9][a-z0-9-_]{2,49}")
RESOURCE_NAME = re.compile(r"[a-zA-Z0-9-_]{1,50}")

#: The offer type that Cloud Partner Portal has for a type of product.
OFFER_TYPES = {
    "azureVirtualMachine": "microsoft-azure-virtualmachines",
    "coreVirtualMachine": "microsoft-azure-corevm",
    "azureContainer": "microsoft-azure-containers",
    "containerApp": "microsoft-azure-containerapps",
    "softwareAsAService": "microsoft-azure-saas",
    "azureApplication": "microsoft-azure-applications",
    "managedService": "microsoft-azure-managedservices",
    "consultingService": "microsoft-azure-consultingservices",
    "iotEdgeModule": "microsoft-azure-iot-edge-modules",
}
_PRODUCT_TYPES = {offer_type: product for product, offer_type in OFFER_TYPES.items()}

#: All types that the schema of a product names.
PRODUCT_TYPES = (
    *OFFER_TYPES,
    *("cosellOnly", "dynamics365BusinessCentral", "dynamics365ForCustomerEngagement"),
    *("dynamics365ForOperations", "powerBiApp", "powerBiVisual", "xbox360NonBackcompat"),
)

#: Types whose resources can be read and written.
SUPPORTED = frozenset({"azureVirtualMachine", "coreVirtualMachine", "azureContainer", "softwareAsAService"})

#: The type of a plan's technical configuration, by the product's.
CONFIGURATIONS = {
    "azureVirtualMachine": "virtual-machine-plan-technical-configuration",
    "coreVirtualMachine": "core-virtual-machine-plan-technical-configuration",
    "azureContainer": "container-plan-technical-configuration",
}

_BASE = 1_152_921_505_690_000_000


def product_type(offer_type_id: str) -> str:
    """Return the type of a product; an application for a type of offer that has no other.

    :param offer_type_id: the type of the offer
    """
    return _PRODUCT_TYPES.get(offer_type_id, "azureApplication")


def product_id(offer: Offer) -> str:
    """Return a product's durable id.

    :param offer: its record
    """
    return f"product/{offer.product_id}"


def plan_guid(product: str, plan_id: str) -> str:
    """Return a plan's GUID.

    :param product: the product's GUID
    :param plan_id: the plan's external id
    """
    return str(uuid.uuid5(uuid.UUID(product), plan_id))


def submission_number(publish: Operation) -> str:
    """Return the number of a submission, of 64 bits; the numbers don't grow with time.

    :param publish: the operation that brought it into preview
    """
    return str(_BASE + uuid.UUID(publish.id).int % 1_000_000_000)


def submission_id(product: str, number: str) -> str:
    """Return a submission's durable id.

    :param product: the product's GUID
    :param number: its own; 0 for the draft
    """
    return f"submission/{product}/{number}"


def resource_id(kind: str, product: str, plan: str | None, resource: Mapping[str, Any]) -> str:
    """Return the durable id of a resource that is posted without one.

    :param kind: its type
    :param product: the product's GUID
    :param plan: the plan's GUID; None for a resource of the product
    :param resource: the resource
    """
    language = str(resource.get("languageId", "en-us")).lower()
    match kind:
        case "property":
            return f"property/{product}/public/main"
        case "listing":
            return f"listing/{product}/public/main/default/{language}"
        case "listing-asset":
            asset = str(resource.get("type", "azureLogoSmall")).lower()
            return f"listing-asset/{product}/public/main/default/{language}/{asset}/1"
        case "listing-trailer":
            return f"listing-trailer/{product}/public/main/default/1"
        case "plan-listing":
            return f"plan-listing/{product}/public/main/{plan}/{language}"
        case _:
            return f"{kind}/{product}" + (f"/{plan}" if plan else "")
