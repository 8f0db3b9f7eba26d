"""Decides which call a method and a path mean; what the call does is decided elsewhere.

A trailing slash never matters: the list's page has one, clients leave it out, ``pub`` adds one to operations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """Name a call.

    :param action: e.g. ``golive``; ``unknown`` for a path that isn't served
    :param publisher_id: from the path
    :param offer_id: from the path
    :param item: a version, a slot, an operation's id or a tenant, if the path ends in one
    :param allowed: the method is one that the path takes
    """

    action: str
    publisher_id: str | None = None
    offer_id: str | None = None
    item: str | None = None
    allowed: bool = True


_OFFER = r"/api/publishers/(?P<publisher>[^/]+)/offers/(?P<offer>[^/]+)"
_LEGACY = r"(?P<publisher>[^/$]+)\$(?P<offer>[^/$]+)\$[^/$]+\$[^/$]+"

_ROUTES = tuple(
    (method, re.compile(pattern + "/?"), action)
    for method, pattern, action in (
        ("GET", r"/api/publishers", "publishers"),
        ("GET", r"/api/publishers/(?P<publisher>[^/]+)/offers", "offers"),
        ("GET", _OFFER, "offer"),
        ("PUT", _OFFER, "put-offer"),
        ("GET", _OFFER + r"/versions/(?P<item>[^/]+)", "offer-version"),
        ("GET", _OFFER + r"/slot/(?P<item>[^/]+)", "offer-slot"),
        ("GET", _OFFER + r"/status", "status"),
        ("POST", _OFFER + r"/publish", "publish"),
        ("POST", _OFFER + r"/golive", "golive"),
        ("POST", _OFFER + r"/cancel", "cancel"),
        ("GET", _OFFER + r"/submissions", "submissions"),
        ("GET", _OFFER + r"/operations/(?P<item>[^/]+)", "operation"),
        ("GET", rf"/api/operations/(?P<item>{_LEGACY})", "operation"),
        ("GET", r"/(?P<item>[^/]+)/v2\.0/\.well-known/openid-configuration", "discovery"),
        ("POST", r"/(?P<item>[^/]+)/oauth2/v2\.0/token", "token"),
        ("POST", r"/(?P<item>[^/]+)/oauth2/token", "token"),
    )
)

LOGIN_ACTIONS = frozenset({"discovery", "token"})
ACTIONS = tuple(dict.fromkeys(action for _, _, action in _ROUTES))


def resolve(method: str, path: str) -> Route:
    """Tell what a request asks for.

    :param method: in capitals
    :param path: decoded, without the query
    """
    other: Route | None = None
    for allowed, pattern, action in _ROUTES:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        parts = match.groupdict()
        route = Route(
            action, parts.get("publisher"), parts.get("offer"), parts.get("item"), allowed=method == allowed
        )
        if route.allowed:
            return route
        other = other or route
    return other or Route("unknown")
