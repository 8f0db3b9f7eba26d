"""Decides what a service has to say, so that it can be reached through the one listener."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.answer import Answer, ApiError, Call
    from airflow_provider_cpp.emulator.refused import Refused
    from airflow_provider_cpp.emulator.routing import Route


class Door(Protocol):
    """Speak for a service."""

    def named(self, call: Call, route: Route) -> Route:
        """Return what a request asks for, where its path doesn't say all of it.

        :param call: the request
        :param route: what its path says
        """

    def answer(self, call: Call, route: Route) -> Answer:
        """Answer a request.

        :param call: the request
        :param route: what it asks for
        :raises ApiError: for what the service refuses
        :raises Refused: for what the portal refuses
        """

    def in_its_words(self, refused: Refused) -> ApiError:
        """Return what the portal refuses, with the service's status and code.

        :param refused: what and why
        """

    def refusal(self, error: ApiError) -> Answer:
        """Return the answer that refuses a request, in the service's form.

        :param error: why
        """

    def unauthorized(self) -> Answer:
        """Return the answer to a request whose token isn't good."""
