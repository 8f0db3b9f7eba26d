"""Decides what a GET shows of a definition: no secrets, files at addresses of its own, and what it adds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

#: Where the portal keeps the files that it copied, as on the "Create or modify" page.
STORAGE = "https://publishingstoredm.blob.core.windows.net/prodcontent/"

#: What an answer has though no PUT named it (response sample of "Create or modify").
_ADDED_TO_OFFER: Mapping[str, Any] = {
    "microsoft-azure-marketplace-testdrive.videos": [],
    **{
        f"microsoft-azure-marketplace.{kind}LeadConfiguration": {}
        for kind in ("table", "blob", "salesForce", "crm", "httpsEndpoint", "marketo")
    },
}
_ADDED_TO_PLAN: Mapping[str, Any] = {"microsoft-azure-virtualmachines.certificationsFairfax": []}

#: What comes back by another name (az-partner-center-cli: its VM offer, and the recorded answer).
_RENAMED = {"microsoft-azure-virtualmachines.windowsOSType": "microsoft-azure-virtualmachines.osType"}


def decorated(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a VM offer's definition with what the service adds and renames.

    :param definition: as PUT took it
    """
    result = dict(definition)
    if isinstance(definition.get("offer"), Mapping):
        result["offer"] = {**_ADDED_TO_OFFER, **definition["offer"]}
    if isinstance(definition.get("plans"), list):
        result["plans"] = [
            {**_ADDED_TO_PLAN, **{_RENAMED.get(key, key): value for key, value in plan.items()}}
            if isinstance(plan, Mapping)
            else plan
            for plan in definition["plans"]
        ]
    return result


def shown(
    value: Any, secret_fields: Collection[str], copied_fields: Collection[str], moment: str, name: str = ""
) -> Any:
    """Return a definition as a GET shows it ("Retrieve a specific offer", "Create or modify" pages).

    That a secret comes back as null, and not at all, is an inference: the page says that its value isn't
    returned. The samples sign the address of a file anew in each answer.

    :param value: as PUT took it
    :param secret_fields: names of fields whose values aren't returned; what is before a dot doesn't matter
    :param copied_fields: names of fields that name a file, which the portal copies
    :param moment: when it is shown, which the signatures are made of
    :param name: the field that holds it
    """
    if isinstance(value, Mapping):
        return {key: shown(item, secret_fields, copied_fields, moment, key) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item, secret_fields, copied_fields, moment, name) for item in value]
    field = name.rpartition(".")[2]
    if field in secret_fields:
        return None
    if field in copied_fields and isinstance(value, str) and "://" in value:
        address = value.partition("?")[0]
        if not address.startswith(STORAGE):
            address = f"{STORAGE}{hashlib.sha256(value.encode()).hexdigest()[:12]}/{address.rpartition('/')[2]}"
        signature = hashlib.sha256(f"{address} {moment}".encode()).hexdigest()
        return f"{address}?sv=2014-02-14&sr=b&sig={signature}&sp=r"
    return value
