"""Decides what a GET shows of a definition: no secrets, and files at the portal's own addresses."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

#: Where the portal keeps the files that it copied.
STORAGE = "https://marketplacestorage.example/"


def shown(value: Any, secret_fields: Collection[str], copied_fields: Collection[str], name: str = "") -> Any:
    """Return a definition as a GET shows it ("Retrieve a specific offer", "Create or modify" pages).

    That a secret comes back as null, and not at all, is an inference: the page says that its value isn't
    returned.

    :param value: as PUT took it
    :param secret_fields: names of fields whose values aren't returned; what is before a dot doesn't matter
    :param copied_fields: names of fields that name a file, which the portal copies
    :param name: the field that holds it
    """
    if isinstance(value, Mapping):
        return {key: shown(item, secret_fields, copied_fields, key) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item, secret_fields, copied_fields, name) for item in value]
    field = name.rpartition(".")[2]
    if field in secret_fields:
        return None
    if field in copied_fields and isinstance(value, str) and "://" in value and not value.startswith(STORAGE):
        path = value.partition("?")[0]
        return f"{STORAGE}{hashlib.sha256(value.encode()).hexdigest()[:12]}/{path.rpartition('/')[2]}"
    return value
