"""What differs between an offer's definition that is wanted and the one that is there.

Only what is wanted counts: a key that it doesn't name is left as it is. So a definition may name little.

- Lists whose entries have a `planId` (plans, and an image's `diskGenerations`) are matched by it; an entry that
  isn't named stays. Other lists are wanted as they stand, entry by entry.
- Nothing is nothing: a key that is missing, `null`, or empty.

A path is written as a JSON Pointer (RFC 6901) without its first slash, as keys of an offer hold dots: segments
between slashes, `~1` for a slash in a key, `~0` for a tilde. A list's entry is its `planId`, or its number from 0.
In a path to ignore, `*` stands for any characters within a segment, and a segment `**` for any number of
segments. A path to ignore takes in all below it:

    definition/offer/microsoft-azure-marketplace.smallLogo
    definition/plans/gold/microsoft-azure-virtualmachines.vmImages
    definition/plans/*/*.vmImages/*/osVhdUrl
    **/osVhdUrl

Two kinds of fields have to be ignored, as the service never says what they are (pages on retrieving and on
creating an offer): secrets, whose values it doesn't return, and files (logos, disks), whose URLs it replaces by
its own. What is ignored is no difference; and if something else is one, what is there is sent back for it, or
what is wanted where there is nothing, such as a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from airflow_provider_cpp.api.confidential import redacted
from airflow_provider_cpp.api.plain_text import one_line
from airflow_provider_cpp.exceptions import CppConfigurationError

#: Characters of a value that are shown, and how many before the first that differs.
SHOWN = 160
_CONTEXT = 30

#: What isn't there.
_ABSENT: Any = object()

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs, without secrets.

    :param path: where, in the form that `ignore` takes.
    :param before: what is there, as JSON, cut if it is long; None for nothing.
    :param after: what is wanted, likewise.
    """

    path: str
    before: str | None
    after: str | None

    def to_dict(self) -> dict[str, object]:
        """Return the difference as JSON primitives."""
        return {"path": self.path, "before": self.before, "after": self.after}

    def __str__(self) -> str:
        """Return the difference on one line."""
        return f"{self.path}: {self.before or 'nothing'} -> {self.after or 'nothing'}"


def differences(wanted: Any, there: Any, ignore: Iterable[str] = ()) -> tuple[Difference, ...]:
    """Return what of what is wanted differs from what is there.

    :param wanted: JSON primitives.
    :param there: the same.
    :param ignore: paths that don't count.
    :raises CppConfigurationError: if a path can't be one, or a plan is wanted twice.
    """
    return tuple(
        _difference(path, before, after) for path, before, after in _compare(wanted, there, (), _Ignored(ignore))
    )


def merged(wanted: Any, there: Any, ignore: Iterable[str] = ()) -> Any:
    """Return what is there, changed into what is wanted: compared with that, nothing differs any more.

    :param wanted: JSON primitives.
    :param there: the same; what isn't wanted otherwise is kept.
    :param ignore: paths that keep what is there.
    :raises CppConfigurationError: if a path can't be one, or a plan is wanted twice.
    """
    return deepcopy(_merge(wanted, there, (), _Ignored(ignore)))


class _Ignored:
    """Paths to ignore."""

    def __init__(self, paths: Iterable[str]) -> None:
        if isinstance(paths, str):
            raise CppConfigurationError(f"ignore={paths!r} is a text; it has to be a list of paths.")
        self._patterns = [_pattern(path) for path in paths]

    def covers(self, path: Path) -> bool:
        if not self._patterns:
            return False
        written = f"{_written(path)}/"
        return any(pattern.fullmatch(written) for pattern in self._patterns)


def _pattern(path: object) -> re.Pattern[str]:
    segments = path.strip().strip("/").split("/") if isinstance(path, str) else []
    if not segments or not all(segments):
        raise CppConfigurationError(f"ignore names {path!r}, which is no path.")
    if len(segments) == 1 and "." in segments[0] and "*" not in segments[0]:
        # No key of an offer itself has a dot; silently it would ignore nothing.
        raise CppConfigurationError(
            f"ignore names {path!r}: segments of a path are separated by slashes, as keys hold dots. For "
            "example definition/offer/microsoft-azure-marketplace.title, or **/osVhdUrl for any that ends so."
        )
    last = len(segments) - 1
    parts = []
    for number, segment in enumerate(segments):
        if segment == "**":
            parts.append("(?:[^/]*/)+" if number == last else "(?:[^/]*/)*?")
        else:
            parts.append("[^/]*".join(re.escape(part) for part in segment.split("*")) + "/")
    return re.compile("".join(parts), re.DOTALL)


def _written(path: Path) -> str:
    return "/".join(segment.replace("~", "~0").replace("/", "~1") for segment in path)


def _is_nothing(value: Any) -> bool:
    return value is _ABSENT or value is None or (isinstance(value, str | Mapping | list) and len(value) == 0)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _compare(wanted: Any, there: Any, path: Path, ignored: _Ignored) -> Iterator[tuple[Path, Any, Any]]:
    """Yield path, what is there and what is wanted, of each difference."""
    if (path and ignored.covers(path)) or (_is_nothing(wanted) and _is_nothing(there)):
        return
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        for key, value in wanted.items():
            yield from _compare(value, there.get(key, _ABSENT), (*path, str(key)), ignored)
    elif isinstance(wanted, list) and isinstance(there, list):
        if _have_plans(wanted, there):
            plans = _by_plan(there, path)
            for plan_id, plan in _by_plan(wanted, path, only_once=True).items():
                yield from _compare(plan, plans.get(plan_id, _ABSENT), (*path, plan_id), ignored)
        elif len(wanted) == len(there):
            for number, (entry, other) in enumerate(zip(wanted, there, strict=True)):
                yield from _compare(entry, other, (*path, str(number)), ignored)
        else:
            yield path, there, wanted
    elif not _same(wanted, there):
        yield path, there, wanted


def _merge(wanted: Any, there: Any, path: Path, ignored: _Ignored) -> Any:
    if path and ignored.covers(path):
        return wanted if _is_nothing(there) else there
    if isinstance(wanted, Mapping) and isinstance(there, Mapping):
        changed = {
            key: _merge(value, there.get(key, _ABSENT), (*path, str(key)), ignored)
            for key, value in wanted.items()
        }
        return {**there, **changed}
    if isinstance(wanted, list) and isinstance(there, list):
        if _have_plans(wanted, there):
            plans = _by_plan(there, path)
            named = {
                plan_id: _merge(plan, plans.get(plan_id, _ABSENT), (*path, plan_id), ignored)
                for plan_id, plan in _by_plan(wanted, path, only_once=True).items()
            }
            kept = [named.pop(_plan_id(entry), entry) for entry in there]
            return [*kept, *named.values()]
        if len(wanted) == len(there):
            # An entry that differs is another one: nothing of what was there belongs to it.
            return [
                entry
                if any(_compare(entry, other, (*path, str(number)), ignored))
                else _merge(entry, other, (*path, str(number)), ignored)
                for number, (entry, other) in enumerate(zip(wanted, there, strict=True))
            ]
    if _is_nothing(wanted) and _is_nothing(there) and there is not _ABSENT:
        return there
    return wanted


def _plan_id(entry: Any) -> str:
    plan_id = entry.get("planId") if isinstance(entry, Mapping) else None
    return plan_id if isinstance(plan_id, str) else ""


def _have_plans(wanted: list[Any], there: list[Any]) -> bool:
    """Tell whether two lists are matched by `planId`: each wanted entry has one, or none is wanted of some."""
    return all(_plan_id(entry) for entry in wanted or there)


def _by_plan(plans: list[Any], path: Path, *, only_once: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for plan in plans:
        plan_id = _plan_id(plan)
        if only_once and plan_id in found:
            raise CppConfigurationError(f"The definition names plan {plan_id!r} twice in {_written(path)}.")
        if plan_id:
            found.setdefault(plan_id, plan)
    return found


def _shown(value: Any, path: Path) -> str | None:
    """Return a value as JSON on one line, without secrets; None for nothing."""
    if value is _ABSENT or value is None:
        return None
    name = next((segment for segment in reversed(path) if not segment.isdecimal()), "")
    return one_line(json.dumps(redacted(value, name), ensure_ascii=False, default=str))


def _difference(path: Path, there: Any, wanted: Any) -> Difference:
    before, after = _shown(there, path), _shown(wanted, path)
    if before is None or after is None:
        return Difference(_written(path), _cut(before), _cut(after))
    if before == after:
        return Difference(_written(path), _cut(before), f"{_cut(after)} (what differs isn't shown)")
    # Of a long description that has a new word, the word.
    pairs = enumerate(zip(before, after, strict=False))
    same = next((number for number, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(0, same - _CONTEXT) if same > SHOWN - _CONTEXT else 0
    return Difference(_written(path), _cut(before, start), _cut(after, start))


def _cut(text: str | None, start: int = 0) -> str | None:
    if text is None:
        return None
    part = text[start : start + SHOWN]
    return f"{'...' if start else ''}{part}{'...' if start + SHOWN < len(text) else ''}"
