"""Offers and publishers as a service answered them, kept whole: what we don't know has to survive a change."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.wire.confidential import without_secrets
from airflow_provider_cpp.wire.plain_text import one_line


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer, as the service answered it.

    :param document: the whole answer; don't change it.
    :param id: the offer's identifier.
    :param publisher_id: its publisher's identifier; empty if the service doesn't say.
    :param offer_type_id: its type, such as `microsoft-azure-virtualmachines`; empty if the service doesn't say.
    :param status: the service's own word for its status; empty if it doesn't say.
    :param version: its version, which grows with every publish; None if the service doesn't say.
    :param changed_time: when it last changed, as the service writes it; empty if it doesn't say.
    :param definition: what a publisher defines of it, as the service writes it; of a listed offer little.
    :param display_text: its name for people; empty if the service doesn't say.
    :param plans: its plans, as the service writes them.
    :param page: its own page in Partner Center; None if the service doesn't name it.
    :param migration_status: `none` or `migrated` (to Partner Center); None if the service doesn't say.
    :param etag: which state of the offer this is, for `if_match`; None where the service doesn't say.
    """

    document: Mapping[str, Any] = field(repr=False)
    id: str = ""
    publisher_id: str = ""
    offer_type_id: str = ""
    status: str = ""
    version: int | None = None
    changed_time: str = ""
    definition: Mapping[str, Any] = field(default_factory=dict, repr=False)
    display_text: str = ""
    plans: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    page: str | None = None
    migration_status: str | None = None
    etag: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the whole document as JSON primitives, with its ETag as `eTag` if there is one."""
        document: dict[str, Any] = deepcopy(dict(self.document))
        if self.etag:
            document["eTag"] = self.etag
        return document

    def summary(self) -> dict[str, object]:
        """Return what a list shows of it, as JSON primitives."""
        return {
            "publisher_id": self.publisher_id,
            "offer_id": self.id,
            "offer_type_id": self.offer_type_id,
            "status": self.status,
            "version": self.version,
            "display_text": without_secrets(self.display_text),
        }

    def __str__(self) -> str:
        """Return the offer in words."""
        version = "" if self.version is None else f"version {self.version}"
        known = ", ".join(filter(None, (one_line(self.status), version)))
        name = f"offer {one_line(self.publisher_id)}/{one_line(self.id)}".replace("offer /", "offer ")
        return f"{name} ({known})" if known else name


@dataclass(frozen=True, slots=True)
class Publisher:
    """A publisher, as the service answered it.

    :param document: the whole entry; don't change it.
    :param id: the publisher's identifier; empty if the service doesn't say.
    :param display_text: its name for people; empty if the service doesn't say.
    """

    document: Mapping[str, Any]
    id: str = ""
    display_text: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the whole entry as JSON primitives."""
        return deepcopy(dict(self.document))
