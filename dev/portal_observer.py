"""Tell what has happened to one offer in the emulated portal, from the portal's own side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_cpp.emulator.operations import GO_LIVE
from airflow_provider_cpp.emulator.steps import STEPS

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator import Emulator

_STEP_NAMES = {step.id: step.name for step in STEPS}


class PortalObserver:
    """Watch the requests for one offer and the steps of its go-live.

    :param portal: the emulator
    :param offer_id: the offer
    """

    def __init__(self, portal: Emulator, offer_id: str) -> None:
        self._portal = portal
        self._offer_id = offer_id
        self._told: set[int] = set()
        self._steps: dict[tuple[str, str], str] = {}

    @property
    def go_lives(self) -> int:
        """How many POSTs asked for the offer to go live, accepted or not."""
        return len(self._portal.requests_for("golive"))

    @property
    def polls(self) -> int:
        """How often an operation's status was read."""
        return len(self._portal.requests_for("operation"))

    @property
    def is_live(self) -> bool:
        """Whether customers can buy the offer."""
        return self._portal.portal.live_version(self._portal.offer(self._offer_id)) is not None

    def news(self) -> list[str]:
        """Return what is new since the last call, one sentence each."""
        return [*self._new_requests(), *self._new_steps()]

    def _new_requests(self) -> list[str]:
        found = []
        for request in self._portal.requests:
            if request.number in self._told or request.status is None:
                continue
            self._told.add(request.number)
            # The login and the many polls are counted, not told.
            if request.path.startswith(("/api/", "/rp/")) and request.action != "operation":
                found.append(f"{request.method} {request.path} answered with {request.status}")
        return found

    def _new_steps(self) -> list[str]:
        found = []
        for operation in self._portal.operations(self._offer_id):
            if operation.kind != GO_LIVE:
                continue
            for step in self._portal.view(operation).steps:
                key = (operation.id, step.id)
                if self._steps.get(key, "notStarted") != step.status:
                    found.append(f"{_STEP_NAMES[step.id]}: {step.status}")
                self._steps[key] = step.status
        return found
