"""The tree of an invented offer, as the pages and the public schemas describe one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

PUBLISHER = "contoso"
OFFER = "contoso-vm"
GUID = "11111111-2222-3333-4444-555555555555"
PLAN = "aaaaaaaa-2222-3333-4444-555555555555"
PRODUCT = f"product/{GUID}"
PLAN_ID = f"plan/{GUID}/{PLAN}"
CONFIGURATION = f"virtual-machine-plan-technical-configuration/{GUID}/{PLAN}"
SIGNATURE = "hUsh9Zk%2Bw%2F3Qd%3D%3D"
MASK = "*********"


def schema(kind: str, version: str, host: str = "schema.mp.microsoft.com") -> str:
    return f"https://{host}/schema/{kind}/{version}"


def sas(version: str, signature: str = SIGNATURE) -> str:
    return f"https://contoso.blob.core.windows.net/vhds/{version}.vhd?sp=rl&se=2027-01-01&sig={signature}"


def image(version: str, *types: str) -> dict[str, Any]:
    return {
        "versionNumber": version,
        "lifecycleState": "generallyAvailable",
        "vmImages": [
            {
                "imageType": kind,
                "source": {"sourceType": "sasUri", "osDisk": {"uri": sas(version)}, "dataDisks": []},
            }
            for kind in types or ("x64Gen2",)
        ],
    }


def configuration(*versions: str) -> dict[str, Any]:
    return {
        "$schema": schema("virtual-machine-plan-technical-configuration", "2022-03-01-preview5"),
        "id": CONFIGURATION,
        "product": PRODUCT,
        "plan": PLAN_ID,
        "operatingSystem": {"family": "linux", "type": "ubuntu", "friendlyName": "Ubuntu"},
        "recommendedVmSizes": ["d2s-v3", "d4s-v3"],
        "skus": [{"imageType": "x64Gen2", "skuId": "gold"}, {"imageType": "x64Gen1", "skuId": "gold-gen1"}],
        "vmImageVersions": [image(version) for version in versions or ("1.0.0", "1.0.1")],
        "validations": [{"code": "businessValidationError", "level": "warning", "message": "Old."}],
    }


def asset(number: int, signature: str = SIGNATURE) -> dict[str, Any]:
    return {
        "$schema": schema("listing-asset", "2022-03-01-preview5"),
        "id": f"listing-asset/{GUID}/public/main/default/en-us/azurelogoscreenshot/{number}",
        "product": PRODUCT,
        "listing": f"listing/{GUID}/public/main/default/en-us",
        "kind": "azure",
        "languageId": "en-us",
        "type": "azureLogoScreenshot",
        "displayOrder": number,
        "url": f"https://store.blob.core.windows.net/assets/{number}.png?se=2026&sig={signature}",
    }


def resources() -> list[dict[str, Any]]:
    return [
        {
            "$schema": schema("submission", "2022-03-01-preview2"),
            "id": f"submission/{GUID}/0",
            "product": PRODUCT,
            "target": {"targetType": "draft"},
        },
        {
            "$schema": schema("product", "2022-07-01"),
            "id": PRODUCT,
            "identity": {"externalId": OFFER},
            "type": "azureVirtualMachine",
            "alias": "Contoso VM",
        },
        {
            "$schema": schema("plan", "2022-03-01-preview3"),
            "id": PLAN_ID,
            "product": PRODUCT,
            "identity": {"externalId": "gold"},
            "alias": "Gold",
        },
        {
            "$schema": schema("listing", "2022-03-01-preview5", "product-ingestion.azureedge.net"),
            "id": f"listing/{GUID}/public/main/default/en-us",
            "product": PRODUCT,
            "kind": "azureVM",
            "languageId": "en-us",
            "title": "Contoso VM",
            "privacyPolicyLink": "https://contoso.example/privacy?lang=en",
        },
        asset(0),
        asset(1),
        {
            "$schema": schema("customer-leads", "2022-03-01-preview3"),
            "id": f"customer-leads/{GUID}",
            "product": PRODUCT,
            "leadDestination": "table",
            "tableLeadConfiguration": {
                "storageAccountConnectionString": MASK,
                "contactEmail": ["a@contoso.example"],
            },
        },
        configuration(),
    ]


def tree(*of: dict[str, Any], target: str = "draft") -> dict[str, Any]:
    return {
        "$schema": schema("resource-tree", "2022-03-01-preview2"),
        "root": PRODUCT,
        "target": {"targetType": target},
        "resources": deepcopy(list(of) or resources()),
    }


def of_type(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    found = [each for each in document["resources"] if each["$schema"].split("/")[-2] == kind]
    return found[0]
