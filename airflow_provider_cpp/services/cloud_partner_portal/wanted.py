"""What of an offer is wanted: which fields of a document count, and whether it can be one of that offer."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.services.cloud_partner_portal.differences import plan_ids
from airflow_provider_cpp.services.cloud_partner_portal.offers import is_set_by_service

#: What the document of an offer has besides what the service sets (create-or-modify page).
_FIELDS = frozenset({"publisherId", "offerTypeId", "id", "offerTypeVersions", "definition"})


def wanted_document(publisher_id: str, offer_id: str, document: object) -> dict[str, Any]:
    """Return what of an offer's document is wanted, with the identifiers that the call has.

    :param publisher_id: publisher of the offer.
    :param offer_id: the offer.
    :param document: the body of a PUT, or a part of it, or what a GET answered.
    :raises CppConfigurationError: if it is no definition of this offer, or names nothing.
    """
    if not isinstance(document, Mapping):
        raise CppConfigurationError(
            f"The definition of offer {publisher_id}/{offer_id} is a {type(document).__name__}; it "
            "has to be a JSON object, as the body of a PUT or the answer of a GET."
        )
    if "definition" not in document and ("resources" in document or "$schema" in document):
        raise CppConfigurationError(
            f"The definition of offer {publisher_id}/{offer_id} has the form of the Product Ingestion API, whose "
            "definitions are resources: this connection leads to Cloud Partner Portal's API, which takes "
            '{"offerTypeId": ..., "definition": {...}}. Nothing was sent. Take what GetOfferOperator returns on '
            "this connection as a pattern."
        )
    for name, given in (("publisherId", publisher_id), ("id", offer_id)):
        named = document.get(name, given)
        if named != given:
            raise CppConfigurationError(
                f"The definition is of another offer than {publisher_id}/{offer_id}: its {name} is {named!r}."
            )
    wanted = {key: value for key, value in document.items() if not is_set_by_service(str(key))}
    if "definition" in wanted:
        if not isinstance(wanted["definition"], Mapping):
            raise CppConfigurationError("The definition's field 'definition' is no JSON object.")
        # In the sample of the page on retrieving an offer it stands in there.
        inner = {key: value for key, value in wanted["definition"].items() if key != "changedTime"}
        _check_plans_of(inner)
        wanted["definition"] = inner
    elif {"displayText", "offer", "plans"} & set(wanted):
        raise CppConfigurationError(
            "displayText, offer and plans belong into the field 'definition' of the document: give "
            '{"definition": {...}}, as the body of a PUT has it.'
        )
    elif not wanted.keys() - {"publisherId", "id"}:
        raise CppConfigurationError(
            f"The definition of offer {publisher_id}/{offer_id} names nothing that could be wanted. "
            'Give {"definition": {...}}, as the body of a PUT has it.'
        )
    for name in wanted.keys() - _FIELDS:
        likely = get_close_matches(str(name), _FIELDS, 1)
        if likely and likely[0] not in wanted:
            raise CppConfigurationError(f"The definition has a field {name!r}; {likely[0]!r} is meant, likely.")
    return {**wanted, "publisherId": publisher_id, "id": offer_id}


def _check_plans_of(definition: Mapping[str, Any]) -> None:
    plans = definition.get("plans")
    if plans is None:
        return
    if not isinstance(plans, list):
        raise CppConfigurationError(
            f"The definition's plans are a {type(plans).__name__}; they have to be a list, each with a planId."
        )
    if len(plan_ids(plans)) != len([plan for plan in plans if plan is not None]):
        raise CppConfigurationError("Each of the definition's plans has to be an object with a planId as text.")
