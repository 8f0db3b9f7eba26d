"""A connection of type `cpp` becomes a client of Cloud Partner Portal."""

from __future__ import annotations

from typing import Any

from airflow_provider_cpp.hooks.connection_form import standard_fields, widgets
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.offers.document import Publisher


class CloudPartnerPortalHook(OffersHook):
    """Call Microsoft's Cloud Partner Portal API.

    The constructor does no I/O: the connection is read at the first call.

    .. seealso:: the connection guide, ``docs/connection.md``

    :param cpp_conn_id: id of a connection of type ``cpp``; ``cpp_default`` by default.
    :raises CppConfigurationError: if that can't be one, as a template that wasn't rendered.
    """

    conn_type = "cpp"
    hook_name = "Azure Cloud Partner Portal"

    # The form for Airflow before 3.2, which passes over a method that a hook inherits.

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the connection form's extra fields, for Airflow before 3.2."""
        return widgets(cls.conn_type)

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return how the form shows the standard fields, for Airflow before 3.2."""
        return standard_fields(cls.conn_type)

    def list_publishers(self) -> list[Publisher]:
        """List the publishers that this principal can see.

        The call is on no page of the reference; a published client uses it.

        :raises CppAuthError: the principal isn't let in.
        :raises CppUnavailable: the answer can't be had or read just now.
        """
        return self._list(self.service.publishers())
