"""What differs between an offer's draft and what is wanted, and which resources are sent so that nothing does.

A resource is replaced whole by what is sent. So what is sent is what is there, changed into what is wanted, in the
later of their schemas' versions; and only resources that differ are sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.offers.comparing import NO_OPTIONS, Options, compare_by, places
from airflow_provider_cpp.offers.comparison import ABSENT, Comparison, Difference, Finding, Kind
from airflow_provider_cpp.offers.paths import Path
from airflow_provider_cpp.services.product_ingestion.returned import RULES
from airflow_provider_cpp.services.product_ingestion.schemas import Schema, to_write
from airflow_provider_cpp.services.product_ingestion.trees import TOLD_BY, Tree
from airflow_provider_cpp.services.product_ingestion.wanted import Wanted, needed_names, wanted_of

#: Fields by which a resource is the one that it is: they are wanted as they are there.
_IDENTITY = ("product", "plan", "listing", "kind", "identity", *TOLD_BY)

#: What is posted by product and plan: clients that posted its id were refused.
_BY_PLAN = "-plan-technical-configuration"

_VERSIONS = "vmImageVersions"

#: In which order resources are sent: a resource refers to those before it.
_FIRST = ("product", "plan", "property", "listing")

#: The name of a product that a request creates, within that request.
_PRODUCT = "product"

_MAX_NAME = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that is sent.

    :param wanted: what is wanted of it.
    :param document: what is sent.
    :param schema: the schema in which it is sent.
    """

    wanted: Wanted
    document: Mapping[str, Any] = field(repr=False)
    schema: Schema


@dataclass(frozen=True, slots=True)
class DraftComparison:
    """An offer's draft, compared with what is wanted.

    :param tree: what is there.
    :param wanted: what is wanted.
    :param comparison: all that was found.
    :param changes: the resources that differ, in the order in which they are sent.
    """

    tree: Tree
    wanted: tuple[Wanted, ...]
    comparison: Comparison
    changes: tuple[Change, ...]

    @property
    def resources(self) -> tuple[Mapping[str, Any], ...]:
        """What is sent."""
        return tuple(change.document for change in self.changes)

    @property
    def schemas(self) -> tuple[Schema, ...]:
        """The schemas in which it is sent."""
        return tuple(change.schema for change in self.changes)

    @property
    def images_gone(self) -> tuple[tuple[Path, str], ...]:
        """Image versions that would be gone: each with the name of its resource."""
        return tuple(
            (change.wanted.name, version)
            for change in self.changes
            if change.wanted.there is not None
            for version in image_versions(change.wanted.there.document)
            if version not in image_versions(change.document)
        )

    @property
    def images_unseen(self) -> tuple[Path, ...]:
        """Resources that get image versions where none is there, though the resource is."""
        return tuple(
            change.wanted.name
            for change in self.changes
            if change.wanted.there is not None
            and change.wanted.there.document.get("skus")
            and not image_versions(change.wanted.there.document)
            and image_versions(change.document)
        )


def image_versions(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the numbers of the image versions of a technical configuration; none for any other resource."""
    versions = document.get(_VERSIONS)
    numbers = (
        each.get("versionNumber")
        for each in (versions if isinstance(versions, list) else ())
        if isinstance(each, dict)
    )
    return tuple(number for number in numbers if isinstance(number, str))


def compare_draft(
    what: str, resources: Sequence[Mapping[str, Any]], tree: Tree, options: Options = NO_OPTIONS
) -> DraftComparison:
    """Compare what is wanted of an offer with a tree.

    :param what: the offer in words.
    :param resources: what is wanted, of `wanted.resources_in`.
    :param tree: what is there; one without resources for an offer that isn't there yet.
    :param options: what doesn't count.
    :raises CppConfigurationError: if a resource is of another offer, or it isn't clear which it is, or an entry of
        a list names no key.
    """
    wanted = tuple(map(_as_it_is_known, wanted_of(what, resources, tree)))
    found: list[Finding] = []
    differing: list[tuple[Wanted, Any]] = []
    for each in wanted:
        if each.there is None and each.is_deleted:
            continue
        there = each.there.defined if each.there is not None else ABSENT
        one = compare_by(RULES, each.defined, there, options, each.name)
        found += one.found
        if one.of(Kind.DIFFERS):
            differing.append((each, one.merged))
            if each.there is None and each.type == "plan":
                found.append(Finding(Kind.NEW_PLAN, each.name, tuple(tree.plans), each.defined))
    changes = _changes(tree, wanted, differing)
    return DraftComparison(tree, wanted, Comparison(tuple(found), None), changes)


def _as_it_is_known(wanted: Wanted) -> Wanted:
    """Return what is wanted with the fields by which the resource is the one that it is."""
    if wanted.there is None:
        return wanted
    own = {key: value for key, value in wanted.there.defined.items() if key in _IDENTITY}
    wanted.defined.update({key: value for key, value in own.items() if key not in wanted.defined})
    return wanted


def _changes(tree: Tree, wanted: Sequence[Wanted], differing: Sequence[tuple[Wanted, Any]]) -> tuple[Change, ...]:
    names = _names(wanted)
    needed = set(needed_names(wanted)) | set(names.values())
    changes = []
    for each, merged in differing:
        versions = [each.there.schema.version] if each.there is not None else []
        schema = to_write(each.type, *versions, each.schema.version)
        changes.append(Change(each, _document(tree, each, merged, schema, names, needed), schema))
    order = {kind: number for number, kind in enumerate(_FIRST)}
    return tuple(sorted(changes, key=lambda change: order.get(change.wanted.type, len(order))))


def _names(wanted: Sequence[Wanted]) -> dict[tuple[str, str], str]:
    """Return by which names a request knows its new product and plans, to which others of it may refer."""
    names: dict[tuple[str, str], str] = {}
    taken = {each.resource_name for each in wanted}
    for each in wanted:
        if each.there is None and each.type in {"product", "plan"}:
            name = each.resource_name
            if not name:
                base = _PRODUCT if each.type == "product" else f"plan-{each.plan}"
                name = re.sub("[^A-Za-z0-9_-]", "-", base)[:_MAX_NAME]
                while name in taken:
                    name = f"{name[: _MAX_NAME - 2]}-x" if len(name) >= _MAX_NAME else f"{name}x"
                taken.add(name)
            names[each.type, each.plan] = name
    return names


def _document(
    tree: Tree,
    wanted: Wanted,
    merged: Mapping[str, Any],
    schema: Schema,
    names: Mapping[tuple[str, str], str],
    needed: set[str],
) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if wanted.there is not None and not (wanted.type.endswith(_BY_PLAN) and {"product", "plan"} <= merged.keys()):
        known["id"] = wanted.there.id
    name = wanted.resource_name or names.get((wanted.type, wanted.plan), "")
    if wanted.there is None and name in needed:
        known["resourceName"] = name
    fields = {key: _referring(key, value, names) for key, value in merged.items()}
    if wanted.type != "product" and "product" not in fields:
        fields["product"] = f"product/{tree.product}" if tree.product else {"externalId": tree.external_id}
        fields["product"] = _referring("product", fields["product"], names)
    return {"$schema": schema.url, **known, **fields}


def _referring(key: str, value: Any, names: Mapping[tuple[str, str], str]) -> Any:
    """Return a field with a new product or plan named as the request names it."""
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"externalId"}:
        name = names.get(("product", "")) if key == "product" else names.get((key, str(value["externalId"])))
        return {"resourceName": name} if name else dict(value)
    return {inner: _referring(str(inner), item, names) for inner, item in value.items()}


def places_in(comparison: DraftComparison) -> tuple[list[Path], list[Path]]:
    """Return the places that a path can name: those of what is wanted, and those of what is there."""
    wanted = [path for each in comparison.wanted for path in places(RULES, each.defined, each.name)]
    there = [path for each in comparison.tree.resources for path in places(RULES, each.defined, each.name)]
    return wanted, there


def tree_changes(now: Tree, before: Tree) -> tuple[Difference, ...]:
    """Return what differs between two trees of one offer, whichever of them names it."""
    found: list[Difference] = []
    for each in now.resources:
        other = before.with_id(each.id)
        found += _both_ways(each.defined, other.defined if other is not None else ABSENT, each.name)
    for each in before.resources:
        if now.with_id(each.id) is None:
            found += _both_ways(ABSENT, each.defined, each.name)
    return tuple(found)


def _both_ways(now: Any, before: Any, name: Path) -> tuple[Difference, ...]:
    if now is ABSENT:
        return Comparison((Finding(Kind.DIFFERS, name, before, ABSENT),), None).differences
    ahead = compare_by(RULES, now, before, path=name).differences
    if before is ABSENT:
        return ahead
    known = {each.path for each in ahead}
    back = compare_by(RULES, before, now, path=name).differences
    return (*ahead, *(Difference(each.path, each.after, each.before) for each in back if each.path not in known))
