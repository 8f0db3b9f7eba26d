"""Which of two versions of an API, or of a schema, is the later one: they are dates, and some are previews."""

from __future__ import annotations

import re

_VERSION = re.compile(r"(\d{4}-\d\d-\d\d)(?:-(dev|preview)(\d*))?", re.IGNORECASE)

#: What comes out on one date, in its order.
_KINDS = ("dev", "preview", "")


def version_order(version: str) -> tuple[str, int, int]:
    """Return by what versions are put into order.

    `2022-03-01-preview2` is before `2022-03-01`, and that before `2022-07-01`.

    :param version: a version; what isn't one is before all that are.
    """
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        return "", 0, 0
    date, kind, number = match.groups()
    return date, _KINDS.index((kind or "").lower()), int(number or 0)


def is_version(version: str) -> bool:
    """Return whether a text is a version."""
    return _VERSION.fullmatch(version.strip()) is not None


def latest(*versions: str) -> str:
    """Return the latest of versions; of two that are the same, the one that was given first."""
    return max(versions, key=version_order, default="")
