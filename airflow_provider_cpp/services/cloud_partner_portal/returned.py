"""What of a definition the service gives back in another way than it took it, or not at all.

From the pages on retrieving and on creating an offer, and from answers that clients recorded (in the tests of
az-partner-center-cli and pub): secrets have no value, files stand at an address of the service's own, one field
comes back by another name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_cpp.offers.paths import Path, field_name
from airflow_provider_cpp.wire.confidential_names import is_credential

#: Where the service keeps its copies of files: the hosts of the pages' samples, and those that customers see.
_COPY = re.compile(
    r"https?://(?:publishing[a-z0-9]*\.blob\.core\.windows\.net/[a-z]*content/"
    r"|[a-z0-9.-]+\.s-microsoft\.com/|catalogartifact\.azureedge\.net/)",
    re.IGNORECASE,
)
_MASK = re.compile(r"[*\u2022\u25cf]+")

#: Fields that come back by another name (recorded: `windowsOSType` was sent, `osType` answered).
_RENAMED = {"windowsOSType": "osType"}

#: Fields of a few fixed words, or of codes: the pages write them in one case, clients and answers in another.
_WORDS = frozenset(
    {
        "categories",
        "categoryL1",
        "cloudAvailability",
        "currency",
        "deploymentModels",
        "imageType",
        "leadDestination",
        "offerTypeId",
        "operatingSystemFamily",
        "osType",
        "recommendedVMSizes",
        "regions",
        "vmImagesArchitecture",
        "windowsOSType",
    }
)


def is_mask(value: Any) -> bool:
    """Return whether a value only stands for a secret."""
    return isinstance(value, str) and _MASK.fullmatch(value) is not None


def is_secret(path: Path) -> bool:
    """Return whether the value at a place is one that the service doesn't return."""
    return is_credential(field_name(path))


def other_name(key: str, there: Mapping[str, Any]) -> str:
    """Return the name by which a field came back: its own, unless it isn't there and another one is."""
    prefix, dot, field = key.rpartition(".")
    renamed = f"{prefix}{dot}{_RENAMED.get(field, field)}"
    return renamed if key not in there and renamed in there else key


def is_copy(value: Any) -> bool:
    """Return whether a value is the address of a file that the service has copied."""
    return isinstance(value, str) and _COPY.match(value) is not None


def is_file_elsewhere(value: Any) -> bool:
    """Return whether a value is the address of a file that isn't the service's own copy."""
    return isinstance(value, str) and "://" in value and not is_copy(value)


def same(wanted: Any, there: Any, path: Path) -> bool:
    """Return whether two values that are neither objects nor lists say the same."""
    if isinstance(wanted, bool) or isinstance(there, bool):
        return wanted is there
    if wanted == there:
        return True
    if isinstance(wanted, str) and isinstance(there, str):
        if is_copy(wanted) and is_copy(there):  # each answer signs it anew
            return wanted.partition("?")[0] == there.partition("?")[0]
        name = field_name(path)
        return (name in _WORDS or name.startswith("categoryL2-")) and wanted.casefold() == there.casefold()
    if isinstance(wanted, str) and isinstance(there, int | float):
        return _is_number(wanted, there)
    return isinstance(there, str) and isinstance(wanted, int | float) and _is_number(there, wanted)


def _is_number(text: str, number: float) -> bool:
    try:
        return float(text) == number
    except (ValueError, OverflowError):
        return False
