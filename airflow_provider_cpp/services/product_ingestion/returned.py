"""What of a resource the service gives back in another way than it took it, or not at all.

From the schemas in release-engineering/cloudpub, and from how public clients compare trees: secrets are masked,
files stand at an address of the service's own with a time and a signature, lists have no order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_cpp.offers.paths import Path, field_name
from airflow_provider_cpp.wire.confidential_names import is_confidential, is_credential

#: Lists whose entries are known by a field: whoever wants one entry means that one, and the others stay.
KEYS = {
    "vmImageVersions": "versionNumber",
    "vmImages": "imageType",
    "skus": "skuId",
    "dataDisks": "lunNumber",
}

#: Types of resources that stand for a file, which the service copies.
_FILES = frozenset({"listing-asset", "listing-trailer"})

_MASK = re.compile(r"[*\u2022\u25cf]+")
_DELETED = "deleted"
_DEFAULT_STATE = "generallyAvailable"

#: Lists whose order says nothing, of fixed words or codes.
_WORDS = frozenset({"imageType", "sourceType", "lifecycleState", "licenseModel", "family", "languageId"})


class ResourceRules:
    """What resources need to be compared. The first part of a path is the resource's type."""

    #: The service takes a mask for the secret that it has, and a resource is replaced whole.
    keeps_masks = True

    def key_name(self, path: Path, entries: Sequence[Any]) -> str:
        """Return the field by which the entries of a list are known, by the list's name."""
        return KEYS.get(path[-1], "") if path else ""

    def is_new_plan(self, path: Path) -> bool:
        """Say that no list holds plans: they are resources."""
        return False

    def other_name(self, key: str, there: Mapping[str, Any]) -> str:
        """Return a field's own name: each comes back by it."""
        return key

    def is_secret(self, path: Path) -> bool:
        """Return whether the value at a place is one that the service masks."""
        return is_credential(field_name(path))

    def is_mask(self, value: Any) -> bool:
        """Return whether a value only stands for a secret."""
        return isinstance(value, str) and _MASK.fullmatch(value) is not None

    def is_copy_of_file(self, wanted: Any, there: Any, path: Path) -> bool:
        """Return whether there is the service's copy of a file, on another host than the one that is wanted."""
        return _is_file(path) and _is_url(wanted) and _is_url(there) and _host(wanted) != _host(there)

    def same(self, wanted: Any, there: Any, path: Path) -> bool:
        """Return whether two values that are neither objects nor lists say the same."""
        if isinstance(wanted, bool) or isinstance(there, bool):
            return wanted is there
        if wanted == there:
            return True
        if isinstance(wanted, str) and isinstance(there, str):
            if _is_file(path) and _is_url(wanted) and _is_url(there):  # each answer signs it anew
                return wanted.partition("?")[0] == there.partition("?")[0]
            return field_name(path) in _WORDS and wanted.casefold() == there.casefold()
        return False

    def is_so_anyway(self, wanted: Any, path: Path) -> bool:
        """Return whether nothing there is as wanted: what is to be deleted, and a state that is the default."""
        if isinstance(wanted, Mapping):
            return wanted.get("lifecycleState") == _DELETED
        return bool(path) and path[-1] == "lifecycleState" and wanted == _DEFAULT_STATE

    def holds_versions(self, path: Path, there: Mapping[str, Any]) -> bool:
        """Say that no object is a map of image versions: they are a list."""
        return False

    def is_hidden(self, path: Path) -> bool:
        """Return whether a path leads into a secret field; names of resources and keys of entries are none."""
        return any(
            is_confidential(name) and (number == 0 or path[number - 1] not in KEYS)
            for number, name in enumerate(path[1:], 1)
        )


RULES = ResourceRules()


def _is_file(path: Path) -> bool:
    return bool(path) and path[0] in _FILES and field_name(path).casefold().endswith("url")


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and "://" in value


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].casefold()
