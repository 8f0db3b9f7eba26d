"""What the service says of publishers and offers, kept whole: what we don't know has to survive a change."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from airflow_provider_cpp.offers.pages import offer_page
from airflow_provider_cpp.wire.answers import Answer, json_body, unexpected
from airflow_provider_cpp.wire.confidential import without_secrets
from airflow_provider_cpp.wire.plain_text import one_line

#: What the service sets, and a definition that somebody wants doesn't: the samples of the pages on offers,
#: and what came with the migration to Partner Center (seen by clients).
SET_BY_SERVICE = frozenset(
    {
        "changedTime",
        "eTag",
        "isvUpgradeRequest",
        "lockStatus",
        "offerTypeChanges",
        "offerTypeVersionsOverride",
        "pcMigrationStatus",
        "pcRedirectUri",
        "pricingNotRecalculatedRegions",
        "status",
        "version",
    }
)

_SET_BY_SERVICE = frozenset(name.casefold() for name in SET_BY_SERVICE)


def is_set_by_service(name: str) -> bool:
    """Tell whether the service sets a field of an offer's document, in any case: clients write `Etag`, too."""
    return name.casefold() in _SET_BY_SERVICE


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer, as the service answered it (retrieve-specific-offer page).

    :param document: the whole answer; don't change it.
    :param etag: which state of the offer this is, for `If-Match`; None where the service doesn't say, as
        since the migration to Partner Center.
    """

    document: Mapping[str, Any]
    etag: str | None = None

    @property
    def id(self) -> str:
        """The offer's identifier."""
        return _text(self.document, "id")

    @property
    def page(self) -> str | None:
        """The offer's own page in Partner Center; None if the service doesn't name it."""
        return offer_page(self.document.get("pcRedirectUri"))

    @property
    def publisher_id(self) -> str:
        """Its publisher's identifier; empty if the service doesn't say."""
        return _text(self.document, "publisherId")

    @property
    def offer_type_id(self) -> str:
        """Its type, such as `microsoft-azure-virtualmachines`; empty if the service doesn't say."""
        return _text(self.document, "offerTypeId")

    @property
    def status(self) -> str:
        """The service's own word for its status; empty if it doesn't say."""
        return _text(self.document, "status")

    @property
    def version(self) -> int | None:
        """Its version, which grows with every publish; None if the service doesn't say."""
        version = self.document.get("version")
        return version if isinstance(version, int) and not isinstance(version, bool) else None

    @property
    def changed_time(self) -> str:
        """When it last changed, as the service writes it: beside the definition, or in it as in the sample."""
        return _text(self.document, "changedTime") or _text(self.definition, "changedTime")

    @property
    def definition(self) -> Mapping[str, Any]:
        """`displayText`, `offer` and `plans`; of a listed offer `displayText` only."""
        definition = self.document.get("definition")
        return definition if isinstance(definition, dict) else {}

    @property
    def display_text(self) -> str:
        """Its name for people; empty if the service doesn't say."""
        return _text(self.definition, "displayText")

    @property
    def plans(self) -> tuple[Mapping[str, Any], ...]:
        """Its plans."""
        plans = self.definition.get("plans")
        return tuple(plan for plan in plans if isinstance(plan, dict)) if isinstance(plans, list) else ()

    @property
    def migration_status(self) -> str | None:
        """`none` or `migrated` (to Partner Center); None if the service doesn't say."""
        return _text(self.document, "pcMigrationStatus") or None

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
        version = "" if self.version is None else f", version {self.version}"
        status = one_line(self.status) if self.status else "status unknown"
        return f"offer {one_line(self.publisher_id)}/{one_line(self.id)} ({status}{version})"


@dataclass(frozen=True, slots=True)
class Publisher:
    """A publisher, as the service answered it; on no page of the reference, but a published client reads it.

    :param document: the whole entry; don't change it.
    """

    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The publisher's identifier; empty if the service doesn't say."""
        return _text(self.document, "id")

    @property
    def display_text(self) -> str:
        """Its name for people; empty if the service doesn't say."""
        definition = self.document.get("definition")
        return _text(definition, "displayText") if isinstance(definition, dict) else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the whole entry as JSON primitives."""
        return deepcopy(dict(self.document))


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def read_offer(answer: Answer) -> Offer | str:
    """Return the offer that a 200 or 201 describes, or in words why it describes none."""
    body = json_body(answer)
    if isinstance(body, str):
        return body
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        return unexpected(answer, "the body is no JSON object")
    if not isinstance(body.get("id"), str) or not isinstance(body.get("definition"), dict):
        return unexpected(answer, "the body has no id and definition, as an offer has")
    etag = answer.headers.get("etag", "").strip() or _text(body, "eTag").strip()
    return Offer(body, etag or None)


def read_listed_offer(entry: Mapping[str, Any]) -> Offer:
    """Return an offer as an entry of the list of offers shows it (retrieve-offers page)."""
    return Offer(entry)


def read_publisher(entry: Mapping[str, Any]) -> Publisher:
    """Return a publisher as an entry of the list of publishers describes it."""
    return Publisher(entry)
