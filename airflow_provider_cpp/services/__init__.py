"""The services that offers are published through: what each of them says and does, a folder each."""

from __future__ import annotations

from typing import Protocol

from airflow_provider_cpp.services.cloud_partner_portal.service import CloudPartnerPortal


class Connected(Protocol):
    """What of a connection a service has to know."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the API."""

    @property
    def api_version(self) -> str:
        """The version of the API."""


def of(settings: Connected) -> CloudPartnerPortal:
    """Return the service that a connection leads to."""
    return CloudPartnerPortal(settings.origin, settings.api_version)
