"""Decides how the portal's state is written to a file and read back; when, is decided by its callers.

Times are absolute, so that an operation goes on while the emulator is down. Tokens are kept too: a restart of
the API signs nobody out. The file is therefore readable by its owner only.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from airflow_provider_cpp.emulator.offers import Offer
from airflow_provider_cpp.emulator.operations import Operation

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_cpp.emulator.login import Login
    from airflow_provider_cpp.emulator.portal import Portal


def save(path: Path, portal: Portal, login: Login) -> None:
    """Write the state; a reader sees the old file or the new one, never half of one.

    :param path: the file
    :param portal: offers and operations
    :param login: tokens
    """
    with portal.lock:
        document = {
            "publishers": sorted(portal.publishers),
            "offers": [asdict(offer) for offer in portal.offers()],
            "operations": [asdict(operation) for operation in portal.all_operations()],
            "records": portal.records,
            "tokens": login.issued(),
        }
        partial = path.with_name(path.name + ".part")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
        partial.replace(path)


def load(path: Path, portal: Portal, login: Login) -> bool:
    """Read the state back, if there is a file; tell whether there was.

    :param path: the file
    :param portal: offers and operations
    :param login: tokens
    :raises ValueError: if the file isn't one of ours
    """
    if not path.exists():
        return False
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        offers = [
            Offer(
                **{
                    **entry,
                    **{
                        name: {int(number): value for number, value in entry[name].items()}
                        for name in ("published", "published_resources")
                    },
                }
            )
            for entry in document["offers"]
        ]
        operations = [
            Operation(
                **{
                    **entry,
                    "schedule": tuple(entry["schedule"]),
                    "failure_messages": tuple(entry["failure_messages"]),
                }
            )
            for entry in document["operations"]
        ]
        portal.restore(set(document["publishers"]), offers, operations, document["records"])
        login.restore(document["tokens"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no state of the emulator: {error!r}") from error
    return True
