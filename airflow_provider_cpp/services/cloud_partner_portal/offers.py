"""What the service's documents say of publishers and offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_provider_cpp.offers.document import Offer, Publisher
from airflow_provider_cpp.offers.pages import offer_page
from airflow_provider_cpp.wire.answers import Answer, json_body, unexpected

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
    """Return whether the service sets a field of an offer's document, in any case: clients write `Etag`, too."""
    return name.casefold() in _SET_BY_SERVICE


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
    return replace(read_listed_offer(body), etag=etag or None)


def read_listed_offer(entry: Mapping[str, Any]) -> Offer:
    """Return an offer as an entry of the list of offers shows it (retrieve-offers page)."""
    given = entry.get("definition")
    definition: Mapping[str, Any] = given if isinstance(given, dict) else {}
    plans = definition.get("plans")
    version = entry.get("version")
    return Offer(
        entry,
        id=_text(entry, "id"),
        publisher_id=_text(entry, "publisherId"),
        offer_type_id=_text(entry, "offerTypeId"),
        status=_text(entry, "status"),
        version=version if isinstance(version, int) and not isinstance(version, bool) else None,
        # Beside the definition, or in it as in the sample of the page on retrieving an offer.
        changed_time=_text(entry, "changedTime") or _text(definition, "changedTime"),
        definition=definition,
        display_text=_text(definition, "displayText"),
        plans=tuple(plan for plan in plans if isinstance(plan, dict)) if isinstance(plans, list) else (),
        page=offer_page(entry.get("pcRedirectUri")),
        migration_status=_text(entry, "pcMigrationStatus") or None,
    )


def read_publisher(entry: Mapping[str, Any]) -> Publisher:
    """Return a publisher as an entry of the list of publishers describes it."""
    definition = entry.get("definition")
    name = _text(definition, "displayText") if isinstance(definition, dict) else ""
    return Publisher(entry, _text(entry, "id"), name)
