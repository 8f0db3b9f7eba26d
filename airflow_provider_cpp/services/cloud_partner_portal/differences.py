"""What differs between an offer's definition that is wanted and the one that is there.

Only what is wanted counts: what it doesn't name stays. So a definition may name little. In detail:

- An object: a field that isn't named stays, `null` removes one (JSON merge patch, RFC 7396), `{}` names nothing
  and changes nothing.
- A list whose entries have a `planId` (plans, and an image's `diskGenerations`): the entries are matched by it,
  one that isn't named stays, `[]` names none.
- Any other list is wanted as it stands, entry by entry; `[]` empties it. A `null` in it is no entry.
- What is empty equals what is missing: `""`, `[]`, `{}` and `null` make no difference where nothing is there.

`exact` names objects and lists that are wanted as they stand: what isn't named goes, and an order counts.

The service never says some things: the values of secrets, where a file came from that it copied, fields that no
answer has. They can't be compared, and are no difference by themselves; they are sent as wanted along with
anything that differs, and by themselves where `resend` names them. A mask, such as `***`, names no secret, and is
never sent: it would become the secret.

`offers.paths` says how paths are written. One to ignore or to resend takes in all below it; one in `exact` names
just the object or list itself. What is ignored is no difference; and if something else is one, what is there is
sent back for it, or what is wanted where there is nothing, such as a secret.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.comparison import ABSENT, Comparison, Difference, Finding, Kind
from airflow_provider_cpp.offers.paths import Path, Paths, written
from airflow_provider_cpp.services.cloud_partner_portal import returned
from airflow_provider_cpp.wire.confidential import is_confidential

#: Lists of what has a `planId`.
_BY_PLAN = {"plans", "diskGenerations"}

_VERSION = re.compile(r"\d+(?:\.\d+)+")


def compare(
    wanted: Any,
    there: Any,
    ignore: Iterable[str] = (),
    *,
    exact: Iterable[str] = (),
    resend: Iterable[str] = (),
    not_returned: Collection[str] = (),
) -> Comparison:
    """Compare what is wanted with what is there.

    :param wanted: JSON primitives.
    :param there: the same; what isn't wanted otherwise is kept.
    :param ignore: paths that don't count, and keep what is there.
    :param exact: paths of objects and lists that are wanted as they stand.
    :param resend: paths that differ, where they can't be compared.
    :param not_returned: fields of the document itself that no answer has.
    :raises CppConfigurationError: if a path can't be one, or a plan is wanted twice or has no `planId`.
    """
    comparing = _Comparing(
        Paths("ignore", ignore), Paths("exact", exact), Paths("resend", resend), frozenset(not_returned)
    )
    merged = comparing.walk(without_masks(wanted), there, ())
    return Comparison(tuple(comparing.found), None if merged is ABSENT else deepcopy(without_masks(merged)))


def differences(
    wanted: Any, there: Any, ignore: Iterable[str] = (), *, exact: Iterable[str] = ()
) -> tuple[Difference, ...]:
    """Return what of what is wanted differs from what is there.

    :param wanted: JSON primitives.
    :param there: the same.
    :param ignore: paths that don't count.
    :param exact: paths of objects and lists that are wanted as they stand.
    :raises CppConfigurationError: if a path can't be one, or a plan is wanted twice or has no `planId`.
    """
    return compare(wanted, there, ignore, exact=exact).differences


def merged(wanted: Any, there: Any, ignore: Iterable[str] = (), *, exact: Iterable[str] = ()) -> Any:
    """Return what is there, changed into what is wanted: compared with that, nothing differs any more.

    :param wanted: JSON primitives.
    :param there: the same; what isn't wanted otherwise is kept.
    :param ignore: paths that keep what is there.
    :param exact: paths of objects and lists that are wanted as they stand.
    :raises CppConfigurationError: if a path can't be one, or a plan is wanted twice or has no `planId`.
    """
    return compare(wanted, there, ignore, exact=exact).merged


def without_nulls(value: Any) -> Any:
    """Return a value as it is sent where there is nothing yet: `null` names no field and no entry."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return value


def without_masks(value: Any, path: Path = ()) -> Any:
    """Return a value without what only stands for a secret: sent back, it would become the secret."""
    if isinstance(value, Mapping):
        places = ((key, item, (*path, str(key))) for key, item in value.items())
        return {
            key: without_masks(item, place)
            for key, item, place in places
            if not (returned.is_mask(item) and returned.is_secret(place))
        }
    if isinstance(value, list):
        return [without_masks(item, (*path, str(number))) for number, item in enumerate(value)]
    return value


def plan_ids(plans: Any) -> tuple[str, ...]:
    """Return the identifiers of a list of plans, in its order; nothing for anything else."""
    return tuple(filter(None, map(_plan_id, plans))) if isinstance(plans, list) else ()


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the places of a document that a path can name."""
    if path:
        yield path
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        entries = value.items()
    elif isinstance(value, list):
        entries = ((_plan_id(entry) or number, entry) for number, entry in enumerate(value))
    for name, item in entries:
        yield from places(item, (*path, str(name)))


@dataclass(slots=True)
class _Comparing:
    """One comparison: what it goes by, and what it has found so far."""

    ignore: Paths
    exact: Paths
    resend: Paths
    not_returned: frozenset[str]
    found: list[Finding] = field(default_factory=list)

    def walk(self, wanted: Any, there: Any, path: Path) -> Any:
        """Note what is found at a place and below it; return what it is to be, `ABSENT` for nothing."""
        if self.ignore.name(path):
            return self._ignored(wanted, there, path)
        if wanted is None:
            if not _is_nothing(there):
                self._note(Kind.DIFFERS, path, there)
            return ABSENT
        if len(path) == 1 and path[0] in self.not_returned:
            self._cannot_compare(path, there, wanted)
            return without_nulls(wanted)
        if isinstance(wanted, Mapping) and isinstance(there, Mapping):
            return self._object(wanted, there, path)
        if isinstance(wanted, list):
            wanted = [entry for entry in wanted if entry is not None]
            if isinstance(there, list) or (_is_nothing(there) and any(map(_plan_id, wanted))):
                return self._list(wanted, there if isinstance(there, list) else [], path)
        wanted = without_nulls(wanted)
        if _is_nothing(wanted) and _is_nothing(there):
            return wanted if there is ABSENT or there is None else there
        return self._value(wanted, there, path)

    def _value(self, wanted: Any, there: Any, path: Path) -> Any:
        if isinstance(wanted, Mapping) and _is_nothing(there):
            secrets = list(_secrets(wanted, path))
            if secrets and all(value is not ABSENT for _, value in secrets):
                for place, value in secrets:
                    self._cannot_compare(place, ABSENT, value)
                return wanted
        is_blank = _is_nothing(there) or returned.is_mask(there)
        if isinstance(wanted, Mapping | list) or isinstance(there, Mapping | list):
            self._note(Kind.DIFFERS, path, there, wanted)
        elif (returned.is_secret(path) and is_blank and not _is_nothing(wanted)) or (
            returned.is_copy(there) and returned.is_file_elsewhere(wanted)
        ):
            self._cannot_compare(path, there, wanted)
        elif returned.same(wanted, there, path):
            return there
        else:
            self._note(Kind.DIFFERS, path, there, wanted)
        return wanted

    def _ignored(self, wanted: Any, there: Any, path: Path) -> Any:
        everything = _Comparing(Paths("ignore", ()), self.exact, Paths("resend", ()), self.not_returned)
        everything.walk(wanted, there, path)
        for finding in everything.found:
            if finding.kind in {Kind.DIFFERS, Kind.NOT_COMPARED}:
                self._note(Kind.IGNORED, finding.path, finding.there, finding.wanted)
        if not _is_nothing(there):
            return there
        return ABSENT if wanted is None else without_nulls(wanted)

    def _object(self, wanted: Mapping[str, Any], there: Mapping[str, Any], path: Path) -> dict[str, Any]:
        result = dict(there)
        has_versions = _holds_versions(path, there)
        for key, value in wanted.items():
            place = (*path, str(key))
            before = there.get(returned.other_name(key, there), ABSENT)
            known = len(self.found)
            after = self.walk(value, before, place)
            if after is ABSENT:
                result.pop(key, None)
                continue
            result[key] = after
            is_new = before is ABSENT and any(
                each.kind is Kind.DIFFERS and each.path == place for each in self.found[known:]
            )
            if is_new and there and not has_versions and not self.resend.take_in(place):
                self._note(Kind.NEW_FIELD, place, tuple(map(str, there)), value)
        for key in [key for key in there if key not in wanted]:
            place = (*path, str(key))
            if returned.is_secret(place) and returned.is_mask(there[key]):
                continue  # no more is known of it
            if self.exact.name(path):
                if not self.ignore.take_in(place):
                    if not _is_nothing(there[key]):
                        self._note(Kind.DIFFERS, place, there[key])
                    del result[key]
            elif has_versions and not self.ignore.take_in(place):
                self._note(Kind.KEPT, place, there[key])
        return result

    def _list(self, wanted: list[Any], there: list[Any], path: Path) -> list[Any]:
        if all(map(_plan_id, wanted or there)):
            return self._plans(wanted, there, path)
        for number, entry in enumerate(wanted):
            if any(map(_plan_id, wanted)) and not _plan_id(entry):
                raise CppConfigurationError(
                    f"Entry {number} of {written(path)} names no planId, and others do. Nothing was sent."
                )
        there = [entry for entry in there if entry is not None]
        if len(wanted) != len(there):
            after = without_nulls(wanted)
            self._note(Kind.DIFFERS, path, there, after)
            return list(after)
        tried = [
            self._tried(entry, other, (*path, str(number)))
            for number, (entry, other) in enumerate(zip(wanted, there, strict=True))
        ]
        if not all(entry for _, entry in tried) and not self.exact.name(path):
            ordered = self._in_another_order(wanted, there, path)
            if ordered is not None:
                self._cannot_compare(path, there, wanted)
                return ordered
        for trial, _ in tried:
            self.found += trial.found
        return [
            # An entry that differs is another one: nothing of what was there belongs to it.
            after[0] if after else without_nulls(entry)
            for (_, after), entry in zip(tried, wanted, strict=True)
        ]

    def _tried(self, wanted: Any, there: Any, path: Path) -> tuple[_Comparing, tuple[Any, ...]]:
        """Compare two entries apart from all else; return what they become, or nothing if they differ."""
        trial = _Comparing(self.ignore, self.exact, self.resend, self.not_returned)
        after = trial.walk(wanted, there, path)
        differing = [each for each in trial.found if each.kind is Kind.DIFFERS]
        if differing:
            trial.found = differing
        return trial, () if differing else (after,)

    def _in_another_order(self, wanted: list[Any], there: list[Any], path: Path) -> list[Any] | None:
        left = list(there)
        result = []
        for number, entry in enumerate(wanted):
            for other in left:
                trial, after = self._tried(entry, other, (*path, str(number)))
                if after and not trial.found:
                    result.append(after[0])
                    left.remove(other)
                    break
            else:
                return None
        return result

    def _plans(self, wanted: list[Any], there: list[Any], path: Path) -> list[Any]:
        plans = _by_plan(there)
        if len(_by_plan(wanted)) != len(wanted):
            names = [_plan_id(plan) for plan in wanted]
            twice = next(name for name in names if names.count(name) > 1)
            raise CppConfigurationError(f"The definition names plan {twice!r} twice in {written(path)}.")
        named = {}
        for plan_id, plan in _by_plan(wanted).items():
            place = (*path, plan_id)
            named[plan_id] = self.walk(plan, plans.get(plan_id, ABSENT), place)
            if plan_id not in plans and not self.ignore.take_in(place):
                self._note(Kind.NEW_PLAN, place, tuple(plans), plan)
        result = []
        for entry in there:
            plan_id = _plan_id(entry)
            place = (*path, plan_id)
            if plan_id in named:
                result.append(named.pop(plan_id))
            elif self.exact.name(path) and not self.ignore.take_in(place):
                self._note(Kind.DIFFERS, place, entry)
            else:
                if plan_id and not self.ignore.take_in(place):
                    self._note(Kind.KEPT, place, entry)
                result.append(entry)
        return [*result, *named.values()]

    def _cannot_compare(self, path: Path, there: Any, wanted: Any) -> None:
        kind = Kind.DIFFERS if self.resend.take_in(path) else Kind.NOT_COMPARED
        self._note(kind, path, there, wanted)

    def _note(self, kind: Kind, path: Path, there: Any = ABSENT, wanted: Any = ABSENT) -> None:
        self.found.append(Finding(kind, path, there, wanted, is_hidden=_is_hidden(path)))


def _is_nothing(value: Any) -> bool:
    return value is ABSENT or value is None or (isinstance(value, str | Mapping | list) and len(value) == 0)


def _holds_versions(path: Path, there: Mapping[str, Any]) -> bool:
    """Tell whether an object is a map of image versions, and not one of fields."""
    return "vmimages" in (path[-1] if path else "").casefold() or (
        any(_VERSION.fullmatch(str(key)) for key in there)
    )


def _secrets(wanted: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield each place of an object that has a value, with the value if it is a secret, otherwise `ABSENT`."""
    if isinstance(wanted, Mapping):
        for key, value in wanted.items():
            yield from _secrets(value, (*path, str(key)))
    elif not _is_nothing(wanted):
        yield path, wanted if returned.is_secret(path) else ABSENT


def _plan_id(entry: Any) -> str:
    plan_id = entry.get("planId") if isinstance(entry, Mapping) else None
    return plan_id if isinstance(plan_id, str) else ""


def _by_plan(plans: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for plan in plans:
        if _plan_id(plan):
            found.setdefault(_plan_id(plan), plan)
    return found


def _is_hidden(path: Path) -> bool:
    """Tell whether a path leads into a secret field; what follows a list of plans is a plan's id, and no field."""
    above = ("", *path)
    return any(is_confidential(name) and above[n] not in _BY_PLAN for n, name in enumerate(path))
