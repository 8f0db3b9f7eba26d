"""Which service a connection's type names. Only that one is imported, as the triggerer's loop waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.protocol import Service


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

    def publisher(self, given: str | None, *, is_needed: bool = True) -> str:
        """Return the publisher that a call is for: the one given, or else the connection's."""


def _cloud_partner_portal(origin: str, api_version: str) -> Service:
    from airflow_provider_cpp.services.cloud_partner_portal.service import CloudPartnerPortal

    return CloudPartnerPortal(origin, api_version)


def _product_ingestion(origin: str, api_version: str) -> Service:
    from airflow_provider_cpp.services.product_ingestion.service import ProductIngestion

    return ProductIngestion(origin, api_version)


#: The services by the types of the connections that lead to them. Any other type is refused where it is read.
_SERVICES: dict[str, Callable[[str, str], Service]] = {
    "cpp": _cloud_partner_portal,
    "product_ingestion": _product_ingestion,
}


def service_of(settings: Connected) -> Service:
    """Return the service that a connection leads to.

    :param settings: the connection.
    """
    return _SERVICES[settings.conn_type](settings.origin, settings.api_version)


def offer_of(settings: Connected, publisher_id: str | None, offer_id: str) -> OfferRef:
    """Return the offer that a task or a trigger names.

    :param settings: the connection.
    :param publisher_id: its publisher; the connection's by default.
    :param offer_id: its identifier.
    :raises CppConfigurationError: an identifier can't be one, or the publisher is missing.
    """
    service = service_of(settings)
    return service.offer(settings.publisher(publisher_id, is_needed=service.needs_publisher), offer_id)
