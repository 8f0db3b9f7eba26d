"""Decides what posted resources make of the draft of an offer, and which of them are refused.

All resources of a request are taken, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.offers import product_guid
from airflow_provider_cpp.emulator.plans import Plan, plans_of, with_plan
from airflow_provider_cpp.emulator.product_ingestion.bodies import kind_in
from airflow_provider_cpp.emulator.product_ingestion.errors import FailedJob, Failure, refused
from airflow_provider_cpp.emulator.product_ingestion.ids import (
    CONFIGURATIONS,
    OFFER_TYPES,
    SUPPORTED,
    plan_guid,
    product_type,
    resource_id,
)
from airflow_provider_cpp.emulator.product_ingestion.images import (
    check_published,
    check_skus,
    with_images,
    without_deleted,
)
from airflow_provider_cpp.emulator.product_ingestion.resources import MASKED
from airflow_provider_cpp.emulator.product_ingestion.schemas import age, parsed

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.portal import Portal
    from airflow_provider_cpp.emulator.product_ingestion.catalogue import Catalogue
    from airflow_provider_cpp.emulator.product_ingestion.forms import ProductIngestionForms

Resource = dict[str, Any]

#: What only a request has, or only an answer.
_NOT_KEPT = frozenset({"$schema", "resourceName", "validations"})


@dataclass
class _Draft:
    guid: str
    offer_id: str
    offer_type_id: str
    definition: Mapping[str, Any]
    resources: dict[str, Resource]
    offer: Offer | None

    @property
    def product_type(self) -> str:
        return product_type(self.offer_type_id)


class Edit:
    """Work out what one request makes of drafts; ``save`` lets it be so.

    :param portal: offers and operations
    :param catalogue: the account's products
    :param ceiling: ``$version`` of the request; None if it has none
    """

    def __init__(self, portal: Portal, catalogue: Catalogue, ceiling: str | None) -> None:
        self._portal = portal
        self._catalogue = catalogue
        self._ceiling = ceiling
        self._drafts: dict[str, _Draft] = {}
        # The ids of what this request names, by that name.
        self._named: dict[str, str] = {}
        self.written: list[str] = []

    def take(self, resources: list[Resource]) -> None:
        """Take the resources of a request, in order.

        :param resources: as they were posted
        :raises FailedJob: for one that is refused
        """
        for resource in resources:
            self._take(resource)

    def offer_of(self, submission: Resource) -> Offer:
        """Return the offer that a submission publishes; one that this request makes is saved first.

        :param submission: as it was posted
        :raises FailedJob: if there is none
        """
        draft = self._draft(submission["product"], submission)
        if draft.offer is None:
            self.save()
        offer = self._catalogue.by_guid(draft.guid)
        if offer is None:
            raise refused("resourceNotFound", "The product was not found.", submission)
        return offer

    def save(self) -> list[Offer]:
        """Let the drafts be as they were worked out, and return the offers."""
        return [
            self._portal.put_offer(
                self._catalogue.publisher_id,
                draft.offer_id,
                {
                    **({} if draft.offer is None else draft.offer.content),
                    "offerTypeId": draft.offer_type_id,
                    "definition": draft.definition,
                },
                draft.resources,
            )
            for draft in self._drafts.values()
        ]

    def _take(self, resource: Resource) -> None:
        kind = kind_in(resource)
        check_version(resource, self._ceiling, self._portal.settings)
        if kind == "product":
            durable_id = self._product(resource)
        else:
            draft = self._draft(resource["product"], resource)
            if draft.product_type not in SUPPORTED:
                raise refused("notSupported", f"Type {draft.product_type} is not supported.", resource)
            durable_id = self._plan(draft, resource) if kind == "plan" else self._other(draft, kind, resource)
        if "resourceName" in resource:
            self._named[resource["resourceName"]] = durable_id
        self.written.append(durable_id)

    # -- which product and plan are meant

    def _draft(self, reference: object, resource: Resource) -> _Draft:
        if isinstance(reference, Mapping) and "resourceName" in reference:
            reference = self._named.get(str(reference["resourceName"]), "")
        known = self._drafts.get(str(reference).partition("/")[2])
        if known is not None:
            return known
        if isinstance(reference, Mapping):
            for draft in self._drafts.values():
                if draft.offer_id == reference.get("externalId"):
                    return draft
        offer = self._catalogue.referred(reference)
        if offer is None:
            raise refused("resourceNotFound", f"Product {_text(reference)} was not found.", resource)
        return self._opened(offer)

    def _opened(self, offer: Offer) -> _Draft:
        if offer.product_id not in self._drafts:
            self._drafts[offer.product_id] = _Draft(
                offer.product_id,
                offer.offer_id,
                offer.offer_type_id,
                offer.definition,
                {name: dict(resource) for name, resource in offer.resources.items()},
                offer,
            )
        return self._drafts[offer.product_id]

    def _plan_of(self, draft: _Draft, reference: object, resource: Resource) -> tuple[str, Plan]:
        if isinstance(reference, Mapping) and "resourceName" in reference:
            reference = self._named.get(str(reference["resourceName"]), "")
        for plan in plans_of(draft.definition, draft.offer_type_id).values():
            guid = plan_guid(draft.guid, plan.id)
            if reference == f"plan/{draft.guid}/{guid}":
                return guid, plan
            if isinstance(reference, Mapping) and reference.get("externalId") == plan.id:
                return guid, plan
        raise refused("resourceNotFound", f"Plan {_text(reference)} was not found.", resource)

    # -- what becomes of a resource

    def _product(self, resource: Resource) -> str:
        _check_available(resource)
        name = _external_id(resource)
        if "id" in resource:
            draft = self._draft(resource["id"], resource)
            if name not in ("", draft.offer_id):
                raise refused("businessValidationError", "The external id of a product can't change.", resource)
        else:
            offer = self._catalogue.by_external_id(name)
            draft = self._opened(offer) if offer is not None else self._new(name, resource)
        if resource.get("type", draft.product_type) != draft.product_type:
            raise refused("businessValidationError", "The type of a product can't change.", resource)
        durable_id = f"product/{draft.guid}"
        draft.resources[durable_id] = _kept(resource) | {
            "id": durable_id,
            "identity": {"externalId": draft.offer_id},
            "type": draft.product_type,
        }
        return durable_id

    def _new(self, name: str, resource: Resource) -> _Draft:
        kind = resource.get("type")
        if kind not in SUPPORTED:
            raise refused("notSupported", f"Type {kind} is not supported.", resource)
        guid = product_guid(self._catalogue.publisher_id, name)
        definition = {"displayText": str(resource.get("alias") or name), "offer": {}, "plans": []}
        self._drafts[guid] = _Draft(guid, name, OFFER_TYPES[kind], definition, {}, None)
        return self._drafts[guid]

    def _plan(self, draft: _Draft, resource: Resource) -> str:
        _check_available(resource)
        name = _external_id(resource)
        if "id" in resource:
            _, plan = self._plan_of(draft, resource["id"], resource)
            if name not in ("", plan.id):
                raise refused(
                    "businessValidationError",
                    "The property 'PlanId' is locked by a previous submission",
                    resource,
                )
        else:
            plans = plans_of(draft.definition, draft.offer_type_id)
            title = str(resource.get("alias") or name)
            plan = plans.get(name) or Plan(name, title, {name: {}})
            if name not in plans:
                draft.definition = with_plan(draft.definition, draft.offer_type_id, plan)
        durable_id = f"plan/{draft.guid}/{plan_guid(draft.guid, plan.id)}"
        draft.resources[durable_id] = _kept(resource) | {
            "id": durable_id,
            "identity": {"externalId": plan.id},
            "product": f"product/{draft.guid}",
        }
        return durable_id

    def _other(self, draft: _Draft, kind: str, resource: Resource) -> str:
        plan: Plan | None = None
        guid: str | None = None
        references = {"product": f"product/{draft.guid}"}
        if "plan" in resource:
            guid, plan = self._plan_of(draft, resource["plan"], resource)
            references["plan"] = f"plan/{draft.guid}/{guid}"
        durable_id = resource_id(kind, draft.guid, guid, resource)
        if resource.get("id", durable_id) != durable_id:
            if resource["id"] not in draft.resources:
                raise refused("resourceNotFound", f"Resource {resource['id']} was not found.", resource)
            durable_id = resource["id"]
        kept = _kept(resource) | {"id": durable_id} | references
        if kind == "customer-leads":
            kept = _unmasked(kept, draft.resources.get(durable_id, {}))
        if kind in CONFIGURATIONS.values():
            kept = self._configuration(draft, kind, plan, kept)
        draft.resources[durable_id] = kept
        return durable_id

    def _configuration(self, draft: _Draft, kind: str, plan: Plan | None, resource: Resource) -> Resource:
        if kind != CONFIGURATIONS.get(draft.product_type) or plan is None:
            raise refused("invalidResource", f"A {draft.product_type} has no {kind}.", resource)
        if kind == CONFIGURATIONS["azureContainer"]:
            return resource
        if draft.offer is not None:
            for target in ("preview", "live"):
                there = self._catalogue.resources(draft.offer, target) or {}
                check_published(resource, there.get(resource["id"], {}))
        check_skus(resource, plan.id)
        resource = without_deleted(resource)
        draft.definition = with_plan(draft.definition, draft.offer_type_id, with_images(plan, resource))
        return resource


def check_version(resource: Resource, ceiling: str | None, forms: ProductIngestionForms) -> None:
    """Refuse a resource in a version that isn't taken.

    :param resource: as it was posted
    :param ceiling: ``$version`` of the request; None if it has none
    :param forms: which versions are taken
    :raises FailedJob: for one that is newer than ``$version``, or too old
    """
    found = parsed(resource["$schema"])
    if found is None:
        return
    _, kind, version = found
    too_new = forms.version_ceiling and ceiling is not None and age(version) > age(ceiling)
    minimum = forms.schema_minimums.get(kind)
    if too_new or (minimum is not None and age(version) < age(minimum)):
        raise FailedJob(Failure("badRequest", "Invalid resource", resource_id=resource.get("id")))


def _external_id(resource: Resource) -> str:
    """Return the external id of a product or a plan; empty for one that is named by its id alone."""
    return str((resource.get("identity") or {}).get("externalId") or "")


def _check_available(resource: Resource) -> None:
    if resource.get("lifecycleState", "generallyAvailable") != "generallyAvailable":
        raise refused("notSupported", "The emulator does not withdraw or delete products and plans.", resource)


def _kept(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name not in _NOT_KEPT}


def _text(reference: object) -> str:
    return str(next(iter(reference.values()), "")) if isinstance(reference, Mapping) else str(reference)


def _unmasked(new: Any, old: Any) -> Any:
    """Return what is to be kept of a document whose secrets a client may send back as they were shown to it."""
    if isinstance(new, Mapping):
        before = old if isinstance(old, Mapping) else {}
        return {name: _unmasked(value, before.get(name)) for name, value in new.items()}
    return old if new == MASKED else new
