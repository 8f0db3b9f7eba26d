"""How what is wanted is compared with what is there, and what becomes of it: one walk over both documents.

The rules that hold for each service's documents:

- Only what is wanted counts: what it doesn't name stays. `null` removes (JSON merge patch, RFC 7396), `{}` names
  nothing and changes nothing.
- A list whose entries have a key is matched by it; an entry that isn't named stays.
- Any other list is wanted as it stands, entry by entry; `[]` empties it. A `null` in it is no entry.
- What is empty equals what is missing.
- A blank (`***`) in place of a secret, as in what `blanks.blanked` returns, means what is there.

What else a service's documents need is said by its `Rules`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.blanks import is_blank_of
from airflow_provider_cpp.offers.comparison import ABSENT, Comparison, Finding, Kind
from airflow_provider_cpp.offers.paths import Path, Paths, written


class Rules(Protocol):
    """What the documents of a service need to be compared."""

    #: Whether a mask is sent back where it is there, as the service takes it for the secret that it has.
    keeps_masks: bool

    def key_name(self, path: Path, entries: Sequence[Any]) -> str:
        """Return the field by which the entries of a list are known; empty where they have none.

        :param path: where the list is.
        :param entries: what it holds: what is wanted, or, where that is nothing, what is there.
        """

    def is_new_plan(self, path: Path) -> bool:
        """Return whether an entry that a keyed list doesn't have yet is a new plan."""

    def other_name(self, key: str, there: Mapping[str, Any]) -> str:
        """Return the name by which a field came back."""

    def is_secret(self, path: Path) -> bool:
        """Return whether the value at a place is one that the service doesn't return."""

    def is_mask(self, value: Any) -> bool:
        """Return whether a value only stands for a secret."""

    def is_copy_of_file(self, wanted: Any, there: Any, path: Path) -> bool:
        """Return whether there is the service's copy of a file, of which nobody knows where it came from."""

    def same(self, wanted: Any, there: Any, path: Path) -> bool:
        """Return whether two values that are neither objects nor lists say the same."""

    def is_so_anyway(self, wanted: Any, path: Path) -> bool:
        """Return whether what is wanted is so where nothing is there, as it is the default."""

    def holds_versions(self, path: Path, there: Mapping[str, Any]) -> bool:
        """Return whether an object is a map of image versions, and not one of fields."""

    def is_hidden(self, path: Path) -> bool:
        """Return whether a place is in a secret field, of which nothing is shown."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a comparison leaves aside, and what it takes as it stands.

    :param ignore: paths that don't count, and keep what is there.
    :param exact: paths of objects and lists that are wanted as they stand.
    :param resend: paths that differ, where they can't be compared.
    :param not_returned: fields of the document itself that no answer has.
    :raises CppConfigurationError: if a path can't be one.
    """

    ignore: Iterable[str] = ()
    exact: Iterable[str] = ()
    resend: Iterable[str] = ()
    not_returned: Collection[str] = ()

    def __post_init__(self) -> None:
        for name in ("ignore", "exact", "resend"):
            object.__setattr__(self, name, Paths(name, getattr(self, name)).given)


#: Everything counts.
NO_OPTIONS = Options()


def compare_by(
    rules: Rules, wanted: Any, there: Any, options: Options = NO_OPTIONS, path: Path = ()
) -> Comparison:
    """Compare what is wanted with what is there.

    :param rules: those of the service that the documents are of.
    :param wanted: JSON primitives.
    :param there: the same; what isn't wanted otherwise is kept. `ABSENT` for nothing.
    :param options: what doesn't count.
    :param path: where both are.
    :raises CppConfigurationError: if an entry of a list is wanted twice, or has no key where it needs one.
    """
    comparing = _Comparing(
        rules,
        Paths("ignore", options.ignore),
        Paths("exact", options.exact),
        Paths("resend", options.resend),
        frozenset(options.not_returned),
    )
    merged = comparing.walk(without_masks(rules, wanted, path), there, path)
    if merged is ABSENT:
        return Comparison(tuple(comparing.found), None)
    return Comparison(
        tuple(comparing.found), deepcopy(merged if rules.keeps_masks else without_masks(rules, merged, path))
    )


def without_nulls(value: Any) -> Any:
    """Return a value as it is sent where there is nothing yet: `null` names no field and no entry."""
    if isinstance(value, Mapping):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value if item is not None]
    return value


def without_masks(rules: Rules, value: Any, path: Path = ()) -> Any:
    """Return a value without what only stands for a secret: sent back, it would become the secret."""
    if isinstance(value, Mapping):
        places = ((key, item, (*path, str(key))) for key, item in value.items())
        return {
            key: without_masks(rules, item, place)
            for key, item, place in places
            if not (rules.is_mask(item) and rules.is_secret(place))
        }
    if isinstance(value, list):
        return [without_masks(rules, item, (*path, str(number))) for number, item in enumerate(value)]
    return value


def keys_of(rules: Rules, entries: Any, path: Path) -> tuple[str, ...]:
    """Return the keys of a list's entries, in its order; nothing for anything else."""
    if not isinstance(entries, list):
        return ()
    name = rules.key_name(path, entries)
    return tuple(filter(None, (key_in(name, entry) for entry in entries)))


def places(rules: Rules, value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the places of a document that a path can name."""
    if path:
        yield path
    entries: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        entries = value.items()
    elif isinstance(value, list):
        name = rules.key_name(path, value)
        entries = ((key_in(name, entry) or number, entry) for number, entry in enumerate(value))
    for key, item in entries:
        yield from places(rules, item, (*path, str(key)))


def key_in(name: str, entry: Any) -> str:
    """Return what an entry of a list is known by; empty for nothing.

    :param name: the field that holds it: a text, or a whole number.
    :param entry: the entry.
    """
    key = entry.get(name) if name and isinstance(entry, Mapping) else None
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    return str(key) if isinstance(key, str | int) and not isinstance(key, bool) else ""


@dataclass(slots=True)
class _Comparing:
    """One comparison: what it goes by, and what it has found so far."""

    rules: Rules
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
            if isinstance(there, list) or (wanted and _is_nothing(there) and self.rules.key_name(path, wanted)):
                return self._list(wanted, there if isinstance(there, list) else [], path)
        wanted = without_nulls(wanted)
        if _is_nothing(there):
            if _is_nothing(wanted):
                return wanted if there is ABSENT or there is None else there
            if self.rules.is_so_anyway(wanted, path):
                return there
        return self._value(wanted, there, path)

    def _value(self, wanted: Any, there: Any, path: Path) -> Any:
        if isinstance(wanted, Mapping) and _is_nothing(there):
            secrets = list(self._secrets(wanted, path))
            if secrets and all(value is not ABSENT for _, value in secrets):
                for place, value in secrets:
                    self._cannot_compare(place, ABSENT, value)
                return wanted
        if is_blank_of(wanted, there):
            return there
        is_unknown = _is_nothing(there) or self.rules.is_mask(there)
        if isinstance(wanted, Mapping | list) or isinstance(there, Mapping | list):
            self._note(Kind.DIFFERS, path, there, wanted)
        elif (self.rules.is_secret(path) and is_unknown and not _is_nothing(wanted)) or (
            self.rules.is_copy_of_file(wanted, there, path)
        ):
            self._cannot_compare(path, there, wanted)
        elif self.rules.same(wanted, there, path):
            return there
        else:
            self._note(Kind.DIFFERS, path, there, wanted)
        return wanted

    def _ignored(self, wanted: Any, there: Any, path: Path) -> Any:
        everything = _Comparing(
            self.rules, Paths("ignore", ()), self.exact, Paths("resend", ()), self.not_returned
        )
        everything.walk(wanted, there, path)
        for finding in everything.found:
            if finding.kind in {Kind.DIFFERS, Kind.NOT_COMPARED}:
                self._note(Kind.IGNORED, finding.path, finding.there, finding.wanted)
        if not _is_nothing(there):
            return there
        return ABSENT if wanted is None else without_nulls(wanted)

    def _object(self, wanted: Mapping[str, Any], there: Mapping[str, Any], path: Path) -> dict[str, Any]:
        result = dict(there)
        has_versions = self.rules.holds_versions(path, there)
        for key, value in wanted.items():
            place = (*path, str(key))
            before = there.get(self.rules.other_name(key, there), ABSENT)
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
            if self.rules.is_secret(place) and self.rules.is_mask(there[key]):
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
        if name := self.rules.key_name(path, wanted or there):
            return self._keyed(name, wanted, there, path)
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
        trial = replace(self, found=[])
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

    def _keyed(self, name: str, wanted: list[Any], there: list[Any], path: Path) -> list[Any]:
        keys = [key_in(name, entry) for entry in wanted]
        if "" in keys:
            raise CppConfigurationError(
                f"Entry {keys.index('')} of {written(path)} names no {name}, by which entries of that list are "
                "known. Nothing was sent."
            )
        if len(set(keys)) != len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise CppConfigurationError(f"The definition names {name} {twice!r} twice in {written(path)}.")
        before: dict[str, Any] = {}
        for entry in there:
            before.setdefault(key_in(name, entry), entry)
        named = {}
        for key, entry in zip(keys, wanted, strict=True):
            place = (*path, key)
            named[key] = self.walk(entry, before.get(key, ABSENT), place)
            if key not in before and not self.ignore.take_in(place) and self.rules.is_new_plan(path):
                self._note(Kind.NEW_PLAN, place, tuple(filter(None, before)), entry)
        result = []
        for entry in there:
            key = key_in(name, entry)
            place = (*path, key)
            if key in named:
                result.append(named.pop(key))
            elif self.exact.name(path) and not self.ignore.take_in(place):
                self._note(Kind.DIFFERS, place, entry)
            else:
                if key and not self.ignore.take_in(place):
                    self._note(Kind.KEPT, place, entry)
                result.append(entry)
        return [entry for entry in (*result, *named.values()) if entry is not ABSENT]

    def _secrets(self, wanted: Any, path: Path) -> Iterator[tuple[Path, Any]]:
        """Yield each place of an object that has a value, with the value if it is a secret, otherwise `ABSENT`."""
        if isinstance(wanted, Mapping):
            for key, value in wanted.items():
                yield from self._secrets(value, (*path, str(key)))
        elif not _is_nothing(wanted):
            yield path, wanted if self.rules.is_secret(path) else ABSENT

    def _cannot_compare(self, path: Path, there: Any, wanted: Any) -> None:
        kind = Kind.DIFFERS if self.resend.take_in(path) else Kind.NOT_COMPARED
        self._note(kind, path, there, wanted)

    def _note(self, kind: Kind, path: Path, there: Any = ABSENT, wanted: Any = ABSENT) -> None:
        self.found.append(Finding(kind, path, there, wanted, is_hidden=self.rules.is_hidden(path)))


def _is_nothing(value: Any) -> bool:
    return value is ABSENT or value is None or (isinstance(value, str | Mapping | list) and len(value) == 0)
