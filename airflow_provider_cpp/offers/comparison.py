"""What a comparison of two documents found, and how that is shown: on one line, cut, and without secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from airflow_provider_cpp.offers.paths import Path, written
from airflow_provider_cpp.wire.confidential import redacted
from airflow_provider_cpp.wire.plain_text import one_line

#: Characters of a value that are shown, and how many before the first that differs.
SHOWN = 160
_CONTEXT = 30

#: What isn't there.
ABSENT: Any = object()


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


class Kind(Enum):
    """What was found at a place."""

    DIFFERS = auto()
    #: It differs, or can't be compared, and doesn't count.
    IGNORED = auto()
    #: The service doesn't say what is there, or says it in another order.
    NOT_COMPARED = auto()
    #: It is there and stays, though a map of image versions or a list of plans is wanted without it.
    KEPT = auto()
    #: A plan that isn't there yet, beside those that `there` names.
    NEW_PLAN = auto()
    #: A field that isn't there yet, beside those that `there` names.
    NEW_FIELD = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a comparison found.

    :param kind: what.
    :param path: where.
    :param there: what is there; for something new, the names of what is there beside it.
    :param wanted: what is wanted there.
    :param is_hidden: whether it is, or belongs to, a secret: of its values no part is shown.
    """

    kind: Kind
    path: Path
    there: Any = field(default=ABSENT, repr=False)
    wanted: Any = field(default=ABSENT, repr=False)
    is_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found, and what is there changed into what is wanted.

    :param found: all that was found.
    :param merged: what is there, changed: compared with what is wanted, nothing differs any more.
    """

    found: tuple[Finding, ...]
    merged: Any = field(repr=False)

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        """Return what was found of one kind."""
        return tuple(finding for finding in self.found if finding.kind is kind)

    def paths(self, kind: Kind) -> tuple[str, ...]:
        """Return where something of one kind was found."""
        return tuple(written(finding.path) for finding in self.of(kind))

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What differs, to be shown."""
        return tuple(map(_difference, self.of(Kind.DIFFERS)))


def _shown(value: Any, *, is_hidden: bool) -> str | None:
    """Return a value as JSON on one line, without secrets; None for nothing."""
    if value is ABSENT or value is None:
        return None
    shown = redacted(value, is_secret=is_hidden)
    return one_line(json.dumps(shown, ensure_ascii=False, default=str))


def _difference(finding: Finding) -> Difference:
    path = finding.path
    before = _shown(finding.there, is_hidden=finding.is_hidden)
    after = _shown(finding.wanted, is_hidden=finding.is_hidden)
    if before is None or after is None:
        return Difference(written(path), _cut(before), _cut(after))
    if before == after:
        return Difference(written(path), _cut(before), f"{_cut(after)} (what differs isn't shown)")
    # Of a long description that has a new word, the word.
    pairs = enumerate(zip(before, after, strict=False))
    same = next((number for number, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(0, same - _CONTEXT) if same > SHOWN - _CONTEXT else 0
    return Difference(written(path), _cut(before, start), _cut(after, start))


def _cut(text: str | None, start: int = 0) -> str | None:
    if text is None:
        return None
    part = text[start : start + SHOWN]
    return f"{'...' if start else ''}{part}{'...' if start + SHOWN < len(text) else ''}"
