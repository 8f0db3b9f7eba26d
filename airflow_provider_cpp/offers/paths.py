"""Which places of a document a path names.

A path is written as a JSON Pointer (RFC 6901) without its first slash, as keys of an offer hold dots: segments
between slashes, `~1` for a slash in a key, `~0` for a tilde. A list's entry is its `planId`, or its number from 0.
In a path, `*` stands for any characters within a segment, and a segment `**` for any number of segments:

    definition/offer/microsoft-azure-marketplace.smallLogo
    definition/plans/gold/microsoft-azure-virtualmachines.vmImages
    definition/plans/*/*.vmImages/*/osVhdUrl
    **/osVhdUrl
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.wire.arguments import holds_template, kind_of, shown

Path = tuple[str, ...]


def written(path: Path) -> str:
    """Return a place in the form that an argument takes."""
    return "/".join(segment.replace("~", "~0").replace("/", "~1") for segment in path)


def field_name(path: Path) -> str:
    """Return the field that a place is of: of a list's entry, the list's; without what is before its last dot."""
    name = next((segment for segment in reversed(path) if not segment.isdecimal()), "")
    return name.rpartition(".")[2]


class Paths:
    """The paths of one argument.

    :param argument: its name, for errors.
    :param paths: what it names; they stay in `given`.
    :raises CppConfigurationError: if one of them can't be a path, as silently it would name nothing.
    """

    def __init__(self, argument: str, paths: Iterable[str]) -> None:
        if isinstance(paths, str | bytes | Mapping) or not isinstance(paths, Iterable):
            raise CppConfigurationError(
                f"{argument}={shown(paths)} is {kind_of(paths)}; it has to be a list of paths."
            )
        self.given = tuple(paths)
        self._patterns = [_pattern(argument, path) for path in self.given]

    def name(self, path: Path) -> bool:
        """Return whether one of them names this place itself."""
        if not self._patterns or not path:
            return False
        text = f"{written(path)}/"
        return any(pattern.fullmatch(text) for pattern in self._patterns)

    def idle(self, places: Iterable[Path]) -> tuple[str, ...]:
        """Return those that name none of these places, as they were written."""
        texts = [f"{written(place)}/" for place in places] if self._patterns else []
        pairs = zip(self.given, self._patterns, strict=True)
        return tuple(path for path, pattern in pairs if not any(map(pattern.fullmatch, texts)))

    def take_in(self, path: Path) -> bool:
        """Return whether one of them names this place, or one that it is in."""
        return bool(self._patterns) and any(self.name(path[:end]) for end in range(1, len(path) + 1))


def _pattern(argument: str, path: object) -> re.Pattern[str]:
    segments = path.strip().strip("/").split("/") if isinstance(path, str) else []
    if not segments or not all(segments):
        raise CppConfigurationError(f"{argument} names {path!r}, which is no path.")
    if len(segments) == 1 and "." in segments[0] and "*" not in segments[0]:
        # No key of an offer itself has a dot.
        raise CppConfigurationError(
            f"{argument} names {path!r}: segments of a path are separated by slashes, as keys hold dots. For "
            "example definition/offer/microsoft-azure-marketplace.title, or **/osVhdUrl for any that ends so."
        )
    if holds_template(str(path)):
        raise CppConfigurationError(f"{argument} names {path!r}, a template that wasn't rendered.")
    last = len(segments) - 1
    parts = []
    for number, segment in enumerate(segments):
        if segment == "**":
            parts.append("(?:[^/]*/)+" if number == last else "(?:[^/]*/)*?")
        else:
            parts.append("[^/]*".join(re.escape(part) for part in segment.split("*")) + "/")
    return re.compile("".join(parts), re.DOTALL)
