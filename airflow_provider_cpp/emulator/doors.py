"""Decides which services are reached through the one listener, and which of them a request is for.

All of them speak about the same offers. What a service says is in its folder, of which no other module but
``settings`` knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator import login, routing
from airflow_provider_cpp.emulator.answer import Answer, ApiError, Call, traceable
from airflow_provider_cpp.emulator.cloud_partner_portal import routes, words
from airflow_provider_cpp.emulator.cloud_partner_portal.api import CloudPartnerPortal
from airflow_provider_cpp.emulator.cloud_partner_portal.documents import offer_document, operation_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_cpp.emulator.offers import Offer
    from airflow_provider_cpp.emulator.operations import Operation
    from airflow_provider_cpp.emulator.portal import Portal
    from airflow_provider_cpp.emulator.routing import Route

_CALLS = (*routes.ROUTES, *login.ROUTES)

ACTIONS = tuple(dict.fromkeys(call.action for call in _CALLS))
#: For whom the login host issues tokens.
AUDIENCES = frozenset({routes.AUDIENCE})
#: The properties in which documents have a state.
STATE_PROPERTIES = frozenset(words.STATE_PROPERTIES)


def resolve(method: str, path: str) -> Route:
    """Tell what a request asks for.

    :param method: in capitals
    :param path: decoded, without the query
    """
    return routing.resolve(_CALLS, method, path)


class Doors:
    """Answer the calls of every service, and of the login host.

    :param portal: offers and operations
    :param host: issues tokens
    """

    def __init__(self, portal: Portal, host: login.Login) -> None:
        self._portal = portal
        self._services: dict[str, Callable[[Call, Route], Answer]] = {
            login.SERVICE: lambda call, route: host.answer(call, route, portal.settings.token_lifetime),
            routes.SERVICE: CloudPartnerPortal(portal, host).answer,
        }

    def answer(self, call: Call, route: Route) -> Answer:
        """Answer a request.

        :param call: the request
        :param route: what it asks for
        """
        try:
            with self._portal.lock:
                answer = self._answer(call, route)
        except ApiError as error:
            answer = error.answer()
        return traceable(answer)

    def _answer(self, call: Call, route: Route) -> Answer:
        if not route.service:
            raise ApiError(404, "NotFound", f"No resource was found at {call.path}.")
        if not route.allowed:
            raise ApiError(405, "MethodNotAllowed", f"{call.path} does not take {call.method}.")
        return self._services[route.service](call, route)


def printed_offer(portal: Portal, offer: Offer) -> dict[str, Any]:
    """Print an offer as Cloud Partner Portal lists it, through whichever door it came.

    :param portal: where it is
    :param offer: its record
    """
    return offer_document(
        offer, "", offer.definition, offer.version, whole=False, migrated=portal.settings.migrated
    )


def printed_operation(portal: Portal, operation: Operation) -> dict[str, Any]:
    """Print an operation as Cloud Partner Portal does, through whichever door it was started.

    :param portal: where it is
    :param operation: its record
    """
    return operation_document(operation, portal.view(operation), portal.settings)
