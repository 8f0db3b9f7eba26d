"""Decides which services are reached through the one listener, and which of them a request is for.

All of them speak about the same offers. What a service says is in its folder, of which no other module but
``settings`` knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator import login, routing
from airflow_provider_cpp.emulator.answer import Answer, ApiError, Call, traceable
from airflow_provider_cpp.emulator.cloud_partner_portal import routes as portal_routes
from airflow_provider_cpp.emulator.cloud_partner_portal.api import CloudPartnerPortal
from airflow_provider_cpp.emulator.cloud_partner_portal.words import STATE_PROPERTIES as PORTAL_STATES
from airflow_provider_cpp.emulator.product_ingestion import routes as ingestion_routes
from airflow_provider_cpp.emulator.product_ingestion.api import ProductIngestion
from airflow_provider_cpp.emulator.refused import Refused

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.door import Door
    from airflow_provider_cpp.emulator.portal import Portal
    from airflow_provider_cpp.emulator.routing import Route

_CALLS = (*portal_routes.ROUTES, *ingestion_routes.ROUTES, *login.ROUTES)

ACTIONS = tuple(dict.fromkeys((*(call.action for call in _CALLS), *ingestion_routes.NAMED_BY_THE_BODY)))
#: For whom the login host issues tokens.
AUDIENCES = frozenset({portal_routes.AUDIENCE, ingestion_routes.AUDIENCE})
#: The properties in which documents have a state.
STATE_PROPERTIES = frozenset((*PORTAL_STATES, *ingestion_routes.STATE_PROPERTIES))
#: The headers and the properties that lead to what was started; and the properties that lead elsewhere.
LOCATION_HEADERS = ("Location", "Operation-Location")
LOCATION_PROPERTIES = frozenset(ingestion_routes.JOB_IDS)
LINK_PROPERTIES = frozenset(ingestion_routes.LINKS)

#: The services, the first one unless another is asked for.
APIS = (portal_routes.SERVICE, ingestion_routes.SERVICE)
#: Of each the type of an Airflow connection, and what its extra has besides what all have.
CONNECTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    portal_routes.SERVICE: ("cpp", {}),
    ingestion_routes.SERVICE: ("product_ingestion", {"scope": f"{ingestion_routes.AUDIENCE}/.default"}),
}


class Doors:
    """Answer the calls of every service, and of the login host.

    :param portal: offers and operations
    :param host: issues tokens
    :param publisher_id: the account that a service has which isn't asked about a publisher
    """

    def __init__(self, portal: Portal, host: login.Login, publisher_id: str) -> None:
        self._portal = portal
        self._host = host
        first = CloudPartnerPortal(portal, host)
        self._first: Door = first
        self._services: dict[str, Door] = {
            portal_routes.SERVICE: first,
            ingestion_routes.SERVICE: ProductIngestion(portal, host, publisher_id),
        }

    def route(self, call: Call) -> Route:
        """Tell what a request asks for.

        :param call: the request
        """
        route = routing.resolve(_CALLS, call.method, call.path)
        with self._portal.lock:
            return self.door(route).named(call, route)

    def door(self, route: Route) -> Door:
        """Return the service that a request is for; the first one for a path that none has.

        :param route: what it asks for
        """
        return self._services.get(route.service, self._first)

    def answer(self, call: Call, route: Route) -> Answer:
        """Answer a request.

        :param call: the request
        :param route: what it asks for
        """
        door = self.door(route)
        try:
            with self._portal.lock:
                answer = self._answer(call, route)
        except Refused as refused:
            answer = door.refusal(door.in_its_words(refused))
        except ApiError as error:
            answer = door.refusal(error)
        return traceable(answer)

    def _answer(self, call: Call, route: Route) -> Answer:
        if route.action == "unknown":
            raise ApiError(404, "NotFound", f"No resource was found at {call.path}.")
        if not route.allowed:
            raise ApiError(405, "MethodNotAllowed", f"{call.path} does not take {call.method}.")
        if route.service == login.SERVICE:
            return self._host.answer(call, route, self._portal.settings.token_lifetime)
        return self._services[route.service].answer(call, route)
