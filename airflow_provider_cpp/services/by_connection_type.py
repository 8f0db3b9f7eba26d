"""Which service a connection's type names."""

from __future__ import annotations

from typing import Protocol

from airflow_provider_cpp.services.cloud_partner_portal.service import CloudPartnerPortal


class Connected(Protocol):
    """What of a connection a service has to know."""

    @property
    def conn_type(self) -> str:
        """The connection's type."""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the API."""

    @property
    def api_version(self) -> str:
        """The version of the API."""


#: The services by the types of the connections that lead to them. Any other type is refused where it is read.
_SERVICES = {"cpp": CloudPartnerPortal}


def service_of(settings: Connected) -> CloudPartnerPortal:
    """Return the service that a connection leads to.

    :param settings: the connection.
    """
    return _SERVICES[settings.conn_type](settings.origin, settings.api_version)
