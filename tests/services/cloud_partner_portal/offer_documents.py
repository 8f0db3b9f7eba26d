"""Offers as the reference's pages print them, and as they came after the migration."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

ETAG = "W/\"datetime'2017-06-07T06%3A15%3A40.4771399Z'\""
VM = "microsoft-azure-virtualmachines"

#: The body of the PUT on the create-or-modify page, shortened.
PUT_BODY: dict[str, Any] = {
    "publisherId": "contoso",
    "offerTypeId": VM,
    "id": "contoso-virtualmachineoffer",
    "offerTypeVersions": {VM: 87, "microsoft-azure-marketplace": 39},
    "definition": {
        "displayText": "Contoso Virtual Machine Offer",
        "offer": {
            "microsoft-azure-marketplace-testdrive.enabled": False,
            "microsoft-azure-marketplace.title": "Contoso App",
            "microsoft-azure-marketplace.summary": "Get the best of Contoso",
            "microsoft-azure-marketplace.categories": ["devOps"],
            "microsoft-azure-marketplace.smallLogo": "https://contoso.example/small.png?sv=2018&sig=s1gnature",
            "microsoft-azure-marketplace.leadDestination": "None",
        },
        "plans": [
            {
                "planId": "contososkuidentifier",
                f"{VM}.skuTitle": "Contoso App",
                f"{VM}.vmImages": {
                    "1.0.1": {
                        "osVhdUrl": "https://contoso.example/vhds/contoso.vhd?sv=2018&sig=s1gnature",
                        "lunVhdDetails": [],
                    }
                },
                "regions": ["AZ"],
            }
        ],
    },
    "eTag": ETAG,
    "version": 5,
}

#: The answer of the retrieve-specific-offer page: `changedTime` stands in the definition, files are the service's.
GET_ANSWER: dict[str, Any] = {
    "offerTypeId": VM,
    "publisherId": "contoso",
    "status": "failed",
    "id": "059afc24-07de-4126-b004-4e42a51816fe",
    "version": 5,
    "definition": {
        **deepcopy(PUT_BODY["definition"]),
        "changedTime": "2017-06-07T06:15:40.4771399Z",
    },
}

#: The entry of the retrieve-offers page.
LISTED: dict[str, Any] = {
    "offerTypeId": VM,
    "publisherId": "contoso",
    "status": "published",
    "id": "059afc24-07de-4126-b004-4e42a51816fe",
    "version": 1,
    "definition": {"displayText": "Contoso Virtual Machine Offer"},
    "changedTime": "2017-05-23T23:33:47.8802283Z",
}

#: What a migrated offer has besides (test data of az-partner-center-cli).
MIGRATED: dict[str, Any] = {
    "lockStatus": "none",
    "pcMigrationStatus": "migrated",
    "pcRedirectUri": "https://partner.microsoft.com/dashboard/commercial-marketplace/offers",
    "isvUpgradeRequest": False,
    "offerTypeChanges": [],
    "pricingNotRecalculatedRegions": [],
    "offerTypeVersionsOverride": {},
    "changedTime": "2022-03-01T10:00:00",
}

#: What the response on the create-or-modify page has in an offer though its request didn't name it.
ADDED: dict[str, Any] = {
    "microsoft-azure-marketplace-testdrive.videos": [],
    **{
        f"microsoft-azure-marketplace.{kind}LeadConfiguration": {}
        for kind in ("table", "blob", "salesForce", "crm", "httpsEndpoint", "marketo")
    },
}
STORAGE = "https://publishingstoredm.blob.core.windows.net/prodcontent/D6191_publishers_contoso"
_SECRETS = ("clientSecret", "connectionString", "password")


def put_body(**changes: Any) -> dict[str, Any]:
    """The PUT's body, with some of its top-level fields changed."""
    return {**deepcopy(PUT_BODY), **changes}


def answered_offer(**changes: Any) -> dict[str, Any]:
    """What a GET answers after that PUT, with some of its top-level fields changed."""
    document = {**deepcopy(PUT_BODY), "status": "neverPublished", "changedTime": "2018-03-27T22:27:28.2447Z"}
    return {**as_returned(document), **changes}


def as_returned(document: dict[str, Any], signature: str = "sig=1") -> dict[str, Any]:
    """What the service answers of a document: as the page's response differs from its request, and no secrets.

    :param signature: of its copies of files, another one in each answer.
    """
    answer = _returned(document, signature)
    for name in ("eTag", "offerTypeVersions"):  # in no response, and in no recorded answer
        answer.pop(name, None)
    offer = answer.get("definition", {}).get("offer")
    if isinstance(offer, dict):
        answer["definition"]["offer"] = {**deepcopy(ADDED), **offer}
    for plan in answer.get("definition", {}).get("plans") or []:
        plan.setdefault(f"{VM}.certificationsFairfax", [])
        if f"{VM}.windowsOSType" in plan:  # recorded by az-partner-center-cli
            plan[f"{VM}.osType"] = plan.pop(f"{VM}.windowsOSType")
    return answer


def _returned(value: Any, signature: str, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _returned(item, signature, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_returned(item, signature, name) for item in value]
    if name.endswith(_SECRETS):
        return None
    if name.endswith("Logo") and isinstance(value, str):
        file = value.partition("?")[0].rpartition("/")[2]
        return f"{STORAGE}/{file}?{signature}"
    return value
