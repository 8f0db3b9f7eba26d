"""A connection of type `product_ingestion` becomes a client of the Product Ingestion API."""

from __future__ import annotations

from typing import Any

from airflow_provider_cpp.hooks.connection_form import standard_fields, widgets
from airflow_provider_cpp.hooks.offers import OffersHook


class ProductIngestionHook(OffersHook):
    """Call Microsoft's Product Ingestion API, which serves whatever was made in Partner Center.

    The constructor does no I/O: the connection is read at the first call.

    .. seealso:: the connection guide, ``docs/connection.md``

    :param cpp_conn_id: id of a connection of type ``product_ingestion``; ``cpp_default`` by default.
    :raises CppConfigurationError: if that can't be one, as a template that wasn't rendered.
    """

    conn_type = "product_ingestion"
    hook_name = "Azure Marketplace (Product Ingestion API)"

    # The form for Airflow before 3.2, which passes over a method that a hook inherits.

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the connection form's extra fields, for Airflow before 3.2."""
        return widgets(cls.conn_type)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return how the form shows the standard fields, for Airflow before 3.2."""
        return standard_fields(cls.conn_type)
