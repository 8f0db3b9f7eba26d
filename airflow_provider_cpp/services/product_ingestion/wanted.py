"""What of an offer is wanted: which resources a definition names, and whether they can be some of that offer's.

A definition is one resource, a list of them, or whatever holds a list of them as `resources`: what
`POST configure` takes, or a tree. Submissions in it are left aside, as they publish, and this changes the draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.paths import Path, written
from airflow_provider_cpp.services.product_ingestion.schemas import Schema, schema_of
from airflow_provider_cpp.services.product_ingestion.trees import (
    Resource,
    Tree,
    defined,
    external_id_of,
    name_of,
    told_by,
)
from airflow_provider_cpp.wire.arguments import kind_of, shown

#: Types that are no part of a draft: what they say counts at once, for customers too.
_AT_ONCE = (
    "private-offer",
    "price-and-availability-private-offer",
    "price-and-availability-update-private-audiences",
)

#: Fields that refer to another resource.
_REFERENCES = ("product", "plan", "listing")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One resource as it is wanted.

    :param schema: its type, and its version if the definition names one.
    :param name: by what it is known in paths.
    :param there: the resource that it is in the tree; None for a new one.
    :param plan: the external id of its plan, or of itself if it is one; empty for none.
    :param resource_name: what the request knows it by, where another resource of it refers to it.
    :param defined: what is wanted of it, its references as the tree writes them.
    """

    schema: Schema
    name: Path
    there: Resource | None = None
    plan: str = ""
    resource_name: str = ""
    defined: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def type(self) -> str:
        """Its type, such as `plan`."""
        return self.schema.type

    @property
    def is_deleted(self) -> bool:
        """Whether it is wanted to be gone."""
        return self.defined.get("lifecycleState") == "deleted"


def resources_in(what: str, definition: object) -> tuple[dict[str, Any], ...]:
    """Return the resources that a definition names, without submissions.

    :param what: the offer in words.
    :param definition: JSON primitives.
    :raises CppConfigurationError: if it isn't a definition, or names nothing that could be wanted.
    """
    if isinstance(definition, Mapping) and "resources" in definition:
        definition = definition["resources"]
    elif isinstance(definition, Mapping):
        if "definition" in definition:
            raise CppConfigurationError(
                f"The definition of {what} has the form of Cloud Partner Portal's API: this connection leads to "
                'the Product Ingestion API, whose definitions are resources, {"resources": [{"$schema": ...}]}. '
                "Nothing was sent. Take what GetOfferOperator returns on this connection as a pattern."
            )
        definition = [definition]
    if not isinstance(definition, Sequence) or isinstance(definition, str):
        raise CppConfigurationError(
            f"The definition of {what} is {kind_of(definition)}; it has to be a resource, a list of resources, "
            "or a tree of them. Nothing was sent."
        )
    found = []
    for number, each in enumerate(definition, 1):
        schema = schema_of(each) if isinstance(each, Mapping) else None
        if schema is None:
            raise CppConfigurationError(
                f"Resource {number} of the definition of {what} has no $schema that says which type it is, such "
                "as https://schema.mp.microsoft.com/schema/listing/2022-03-01-preview5. Nothing was sent."
            )
        if schema.type.startswith(_AT_ONCE):
            raise CppConfigurationError(
                f"Resource {number} of the definition of {what} is of type {schema.type}: that changes at once "
                "what customers see, and isn't a part of the draft. Nothing was sent."
            )
        if schema.type != "submission":
            found.append(dict(each))
    if not found:
        raise CppConfigurationError(
            f"The definition of {what} names nothing that could be wanted. Nothing was sent."
        )
    return tuple(found)


def schemas_in(resources: Sequence[Mapping[str, Any]]) -> tuple[Schema, ...]:
    """Return the schemas that resources name."""
    return tuple(schema for each in resources if (schema := schema_of(each)) is not None)


def wanted_of(what: str, resources: Sequence[Mapping[str, Any]], tree: Tree) -> tuple[Wanted, ...]:
    """Return which resources of a tree are wanted in another way, and which new ones.

    :param what: the offer in words.
    :param resources: what is wanted, of `resources_in`.
    :param tree: what is there.
    :raises CppConfigurationError: if one is of another offer, or it isn't clear which it is.
    """
    return _Matching(what, resources, tree).wanted()


@dataclass(slots=True)
class _Matching:
    what: str
    resources: Sequence[Mapping[str, Any]]
    tree: Tree
    _found: list[Wanted] = field(default_factory=list)

    def wanted(self) -> tuple[Wanted, ...]:
        """Return all of them: first which each is, then to what each refers."""
        for document in self.resources:
            self._check_offer(document)
            self._found.append(self._one(document))
        self._check_names()
        return tuple(replace(each, defined=self._referring(each.defined)) for each in self._found)

    def _check_offer(self, document: Mapping[str, Any]) -> None:
        own = f"product/{self.tree.product}"
        other: object
        named = document.get("product")
        ids = [named] if isinstance(named, str) else []
        if isinstance(document.get("id"), str):
            kind, _, rest = document["id"].partition("/")
            ids.append(f"product/{rest.partition('/')[0]}" if kind != "product" else document["id"])
        other = next((each for each in ids if each.casefold() != own), None)
        if other is None and isinstance(named, Mapping):
            other = self._other_name(named.get("externalId"))
        if other is None and (schema := schema_of(document)) is not None and schema.type == "product":
            other = self._other_name(external_id_of(document) or None)
        if other is not None:
            raise CppConfigurationError(
                f"The definition is of another offer than {self.what}: one of its resources is of {shown(other)}. "
                "Nothing was sent. To take it over from another offer, leave out id and product of each resource."
            )

    def _other_name(self, external_id: object) -> object:
        own = self.tree.external_id
        return external_id if external_id is not None and own and external_id != own else None

    def _one(self, document: Mapping[str, Any]) -> Wanted:
        schema = schema_of(document)
        assert schema is not None  # noqa: S101 - of `resources_in`
        named = document.get("resourceName")
        resource_name = named if isinstance(named, str) else ""
        fields = defined(document)
        there = self.tree.with_id(str(document.get("id", "")))
        if there is not None and there.type != schema.type:
            raise CppConfigurationError(
                f"A resource of the definition of {self.what} is a {schema.type} by its $schema, and a "
                f"{there.type} by its id. Nothing was sent."
            )
        plan = external_id_of(document) if schema.type == "plan" else self._plan_named(document.get("plan"))
        if there is None:
            there = self._alike(schema, plan, fields)
        if there is not None:
            return Wanted(schema, there.name, there, there.plan, resource_name, fields)
        return Wanted(schema, name_of(schema.type, plan, fields), None, plan, resource_name, fields)

    def _plan_named(self, plan: object) -> str:
        """Return the external id of the plan to which a field refers; empty for none."""
        if plan is None:
            return ""
        if isinstance(plan, str):
            names = {durable.casefold(): name for name, durable in self.tree.plans.items()}
            if plan.casefold() in names:
                return names[plan.casefold()]
        elif isinstance(plan, Mapping):
            known = set(self.tree.plans) | {external_id_of(each) for each in self.resources}
            external_id = plan.get("externalId") or next(
                (
                    external_id_of(each)
                    for each in self.resources
                    if each.get("resourceName") == plan.get("resourceName") is not None
                ),
                None,
            )
            if isinstance(external_id, str) and external_id in known:
                return external_id
        raise CppConfigurationError(
            f"A resource of the definition of {self.what} refers to the plan {shown(plan)}, which neither the "
            f"offer nor the definition has. Nothing was sent. {self._plans_there()}"
        )

    def _plans_there(self) -> str:
        plans = ", ".join(sorted(self.tree.plans)[:10])
        return f"Plans there: {plans}." if plans else "No plan is there."

    def _alike(self, schema: Schema, plan: str, fields: Mapping[str, Any]) -> Resource | None:
        """Return the resource of the tree that is of the same type, of the same plan, and known by the same."""
        found = [each for each in self.tree.resources if each.type == schema.type and each.plan == plan]
        if schema.type == "product":
            return found[0] if found else None
        for name, value in told_by(schema.type, fields):
            found = [each for each in found if dict(told_by(each.type, each.document)).get(name, value) == value]
        if len(found) > 1:
            raise CppConfigurationError(
                f"{len(found)} resources of {self.what} are a {schema.type} as the definition has it: "
                f"{', '.join(written(each.name) for each in found[:10])}. Nothing was sent. Give the id of the "
                "one that is meant, as GetOfferOperator returns it."
            )
        return found[0] if found else None

    def _check_names(self) -> None:
        names = [each.name for each in self._found]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise CppConfigurationError(
                f"The definition names the resource {written(twice)} of {self.what} twice. Nothing was sent."
            )

    def _referring(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is wanted of a resource with its references as the tree writes them, where it can."""
        return {key: self._resolved(key, value) for key, value in fields.items()}

    def _resolved(self, key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            if len(value) == 1 and (durable := self._durable(key, value)):
                return durable
            return {name: self._resolved(str(name), item) for name, item in value.items()}
        return [self._resolved("", item) for item in value] if isinstance(value, list) else value

    def _durable(self, key: str, reference: Mapping[str, Any]) -> str | None:
        ((kind, name),) = reference.items()
        if kind == "resourceName":
            same = next((each for each in self._found if each.resource_name == name), None)
            return same.there.id if same is not None and same.there is not None else None
        if kind != "externalId" or key not in _REFERENCES:
            return None
        if key == "product" and name == self.tree.external_id and self.tree.product:
            return f"product/{self.tree.product}"
        return self.tree.plans.get(name) if key == "plan" else None


def needed_names(wanted: Sequence[Wanted]) -> Iterator[str]:
    """Yield the names by which resources refer to others of the same request."""
    for each in wanted:
        yield from _names_in(each.defined)


def _names_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if value.keys() == {"resourceName"} and isinstance(value["resourceName"], str):
            yield value["resourceName"]
        for item in value.values():
            yield from _names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names_in(item)
