"""Decides which call a method and a path mean, of those that are listed; the lists are elsewhere.

A trailing slash never matters: Cloud Partner Portal's list has one, clients leave it out, ``pub`` adds one to
operations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Route:
    """Name a call.

    :param action: e.g. ``golive``; ``unknown`` for a path that isn't served
    :param service: who serves it; empty for a path that isn't served
    :param publisher_id: from the path
    :param offer_id: from the path
    :param item: a version, a slot, an operation's id or a tenant, if the path ends in one
    :param allowed: the method is one that the path takes
    """

    action: str
    service: str = ""
    publisher_id: str | None = None
    offer_id: str | None = None
    item: str | None = None
    allowed: bool = True


@dataclass(frozen=True)
class Served:
    """Say which calls one path and method mean.

    :param service: who serves it
    :param method: in capitals
    :param pattern: of the path, decoded; its groups ``publisher``, ``offer`` and ``item`` are the route's
    :param action: what it asks for
    """

    service: str
    method: str
    pattern: re.Pattern[str]
    action: str


def served(service: str, calls: Iterable[tuple[str, str, str]]) -> tuple[Served, ...]:
    """Return the calls that a service serves.

    :param service: who
    :param calls: of each the method, the path's pattern without a trailing slash, and the action
    """
    return tuple(Served(service, method, re.compile(pattern + "/?"), action) for method, pattern, action in calls)


def resolve(calls: Iterable[Served], method: str, path: str) -> Route:
    """Tell what a request asks for.

    :param calls: what there is; the first that fits is meant
    :param method: in capitals
    :param path: decoded, without the query
    """
    other: Route | None = None
    for call in calls:
        match = call.pattern.fullmatch(path)
        if match is None:
            continue
        parts = match.groupdict()
        route = Route(
            call.action,
            call.service,
            parts.get("publisher"),
            parts.get("offer"),
            parts.get("item"),
            allowed=method == call.method,
        )
        if route.allowed:
            return route
        other = other or route
    return other or Route("unknown")
