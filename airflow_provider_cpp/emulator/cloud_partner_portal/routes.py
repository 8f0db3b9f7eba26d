"""Decides which calls Cloud Partner Portal takes; what a call does is decided elsewhere."""

from __future__ import annotations

from airflow_provider_cpp.emulator.routing import served

SERVICE = "cloud_partner_portal"

#: For whom a token has to be.
AUDIENCE = "https://cloudpartner.azure.com"

_OFFER = r"/api/publishers/(?P<publisher>[^/]+)/offers/(?P<offer>[^/]+)"
_LEGACY = r"(?P<publisher>[^/$]+)\$(?P<offer>[^/$]+)\$[^/$]+\$[^/$]+"

ROUTES = served(
    SERVICE,
    (
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
    ),
)
