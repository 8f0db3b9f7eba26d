"""What a tree of resources says: all that a product has in its draft, in preview or live.

A resource is known by its durable id, and in the paths of arguments and log lines by a name that a person can
write: its type, the id of its plan if it is of one, and what else tells it from its like:

    product
    plan/gold
    listing/en-us
    listing-asset/en-us/azureLogoSmall
    virtual-machine-plan-technical-configuration/gold

Sources: the page on the Product Ingestion API, and the schemas in release-engineering/cloudpub.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.offers.paths import Path
from airflow_provider_cpp.services.product_ingestion.products import GUID
from airflow_provider_cpp.services.product_ingestion.schemas import Schema, schema_of
from airflow_provider_cpp.wire.answers import Answer, Reading, json_body, unexpected
from airflow_provider_cpp.wire.plain_text import one_line

#: What a resource has besides what a publisher defines: its type, what it is known by, what the service says.
NOT_DEFINED = frozenset({"$schema", "id", "resourceName", "validations"})

#: The environment that isn't published; each product has it.
DRAFT = "draft"

#: What tells resources of one type (and one plan) from each other. A product has a `type`, too; there is but one
#: product.
TOLD_BY = ("languageId", "type", "displayOrder")
_ALONE = frozenset({"product", "plan"})

_GUID = re.compile(GUID)


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a tree.

    :param schema: its type and version.
    :param id: its durable id.
    :param name: by what it is known in paths.
    :param plan: the external id of its plan, or of itself if it is one; empty for none.
    :param document: all that the service says of it.
    """

    schema: Schema
    id: str
    name: Path
    plan: str = ""
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def type(self) -> str:
        """Its type, such as `plan`."""
        return self.schema.type

    @property
    def defined(self) -> dict[str, Any]:
        """What a publisher defines of it."""
        return defined(self.document)


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of resources, without submissions.

    :param product: the product's GUID.
    :param external_id: the offer's id; empty if no resource says so.
    :param resources: its resources; the service has no order for them.
    :param document: the whole answer; don't change it.
    """

    product: str
    external_id: str = ""
    resources: tuple[Resource, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def plans(self) -> dict[str, str]:
        """The durable ids of its plans by their external ids."""
        return {each.plan: each.id for each in self.resources if each.type == "plan"}

    def with_id(self, durable_id: str) -> Resource | None:
        """Return the resource of a durable id, if there is one."""
        same = durable_id.casefold()
        return next((each for each in self.resources if each.id.casefold() == same), None)


def defined(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a resource's document a publisher defines."""
    return {key: value for key, value in document.items() if key not in NOT_DEFINED}


def read_tree(answer: Answer) -> Tree | str:
    """Return the tree that a 200 describes, or in words why it describes none."""
    body = json_body(answer)
    if isinstance(body, str):
        return body
    found = tree_in(body)
    return unexpected(answer, found) if isinstance(found, str) else found


def says_there_is_none(reading: Reading, target: str) -> bool:
    """Return whether the service says that a product has no such tree.

    No page says by which status it does so of an environment in which a product never was.

    :param target: `draft`, `preview` or `live`.
    """
    if reading.is_missing or target == DRAFT:
        return reading.is_missing
    return reading.is_refusal and reading.code not in {401, 403, 408, 429}


def tree_in(body: object) -> Tree | str:
    """Return the tree that a document is, or in words why it is none."""
    if not isinstance(body, Mapping) or not isinstance(body.get("resources"), list):
        return "the body has no resources, as a tree has"
    root = body.get("root")
    guid = _GUID.search(root) if isinstance(root, str) else None
    if guid is None:
        return "the tree names no product as its root"
    read = []
    for number, each in enumerate(body["resources"], 1):
        # By its id, where its $schema has a form that nobody knows: whoever reads a tree gets all of it.
        schema = (schema_of(each) or schema_of({"id": each.get("id")})) if isinstance(each, dict) else None
        if schema is None or not isinstance(each.get("id"), str):
            return f"resource {number} of the tree has no id that is understood"
        if schema.type != "submission":
            read.append((schema, each))
    return tree_of(guid[0].lower(), read, body)


def tree_of(product: str, read: Iterable[tuple[Schema, Mapping[str, Any]]], document: Mapping[str, Any]) -> Tree:
    """Return a tree, of resources that have an id."""
    read = sorted(read, key=lambda pair: str(pair[1]["id"]))
    plans = {str(each["id"]).casefold(): external_id_of(each) for schema, each in read if schema.type == "plan"}
    resources: list[Resource] = []
    for schema, each in read:
        plan = plans.get(str(each["id"]).casefold(), "") if schema.type == "plan" else _plan_of(each, plans)
        name = unique_name(name_of(schema.type, plan, each), (other.name for other in resources))
        resources.append(Resource(schema, str(each["id"]), name, plan, each))
    found = (external_id_of(each) for schema, each in read if schema.type == "product")
    return Tree(product, next(found, ""), tuple(resources), document)


def external_id_of(document: Mapping[str, Any]) -> str:
    """Return the external id by which a product or a plan is known; empty if it names none."""
    identity = document.get("identity")
    found = identity.get("externalId") if isinstance(identity, Mapping) else None
    return found if isinstance(found, str) else ""


def _plan_of(document: Mapping[str, Any], plans: Mapping[str, str]) -> str:
    """Return the plan of a resource: as it names it, or as its id does."""
    plan = document.get("plan")
    if isinstance(plan, str):
        return plans.get(plan.casefold(), plan.rpartition("/")[2])
    if isinstance(plan, Mapping) and isinstance(plan.get("externalId"), str):
        return str(plan["externalId"])
    in_id = [guid.casefold() for guid in _GUID.findall(str(document["id"]))[1:]]
    return next((name for durable, name in plans.items() if durable.rpartition("/")[2] in in_id), "")


def name_of(resource_type: str, plan: str, document: Mapping[str, Any]) -> Path:
    """Return by what a resource is known in paths.

    :param resource_type: its type.
    :param plan: the external id of its plan; empty for none.
    :param document: the resource.
    """
    parts = [resource_type, plan, *(part for _, part in told_by(resource_type, document))]
    return tuple(part for part in parts if part)


def told_by(resource_type: str, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what tells a resource from others of its type and plan: fields that it has, with their values."""
    if resource_type in _ALONE:
        return
    for each in TOLD_BY:
        value = document.get(each)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            yield each, one_line(str(value))


def unique_name(name: Path, taken: Iterable[Path]) -> Path:
    """Return a name that no other has: the second one gets a number."""
    others = set(taken)
    unique, number = name, 1
    while unique in others:
        number += 1
        unique = (*name, str(number))
    return unique
