"""Decides what the emulator plays, which takes no network: it puts portal, login, faults and log together."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator import state_file as kept_state
from airflow_provider_cpp.emulator.answer import Answer, Delivery
from airflow_provider_cpp.emulator.disturbance import disturbed
from airflow_provider_cpp.emulator.doors import AUDIENCES, Doors
from airflow_provider_cpp.emulator.faults import FaultList
from airflow_provider_cpp.emulator.login import Login
from airflow_provider_cpp.emulator.offer_folder import OfferFile, OfferFolder
from airflow_provider_cpp.emulator.offers import VM_OFFER_TYPE, Offer, other_properties, sample_definition
from airflow_provider_cpp.emulator.operations import GO_LIVE, Operation, View
from airflow_provider_cpp.emulator.plans import sample_plans
from airflow_provider_cpp.emulator.portal import Portal
from airflow_provider_cpp.emulator.refused import Refused
from airflow_provider_cpp.emulator.request_log import RecordedRequest, RequestLog
from airflow_provider_cpp.emulator.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.answer import Call
    from airflow_provider_cpp.emulator.faults import Fault
    from airflow_provider_cpp.emulator.routing import Route

PUBLISHER_ID = "contoso"


class Emulation:
    """Play the two APIs that publish offers, and their login host, to whoever hands over a request.

    What goes wrong on the way to a client is added to ``faults``, a ``FaultList``.

    :param state_file: keep offers, operations and tokens here, and go on with them at the next start
    :param offers: folder of JSON files, one per offer, to begin with; what PUT takes is written back there
    :param publisher_id: the publisher that offers belong to unless another is named; by default the one of
        the folder's first offer, or else ``contoso``
    :param tenant_id: the directory (tenant) id that the login host knows
    :param client_id: the application (client) id that it knows
    :param client_secret: that application's secret
    :param clock: returns seconds since the epoch
    :param on_request: called with each record once its answer is decided
    :param settings: how the portal behaves at first, see ``Settings``
    :raises ValueError: for an unknown setting or value, a state file that can't be read, or a file of the
        folder that is no offer
    """

    def __init__(
        self,
        *,
        state_file: Path | None,
        offers: Path | None,
        publisher_id: str | None,
        tenant_id: str,
        client_id: str,
        client_secret: str,
        clock: Callable[[], float],
        on_request: Callable[[RecordedRequest], None] | None,
        settings: Mapping[str, Any],
    ) -> None:
        self._state_file = state_file
        self._base_clock = clock
        self._advanced = 0.0
        folder = None if offers is None else OfferFolder(offers)
        files = folder.read(publisher_id or PUBLISHER_ID) if folder else []
        self.publisher_id = publisher_id or (files[0].publisher_id if files else PUBLISHER_ID)
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.client_secret = client_secret
        self.portal = Portal(clock=self._clock, settings=Settings().changed(settings), on_change=self._save)
        self.portal.publishers.add(self.publisher_id)
        self._login = Login(
            clock=self._clock,
            tenant_id=tenant_id,
            client_id=client_id,
            client_secret=client_secret,
            audiences=AUDIENCES,
            on_change=self._save,
        )
        self._doors = Doors(self.portal, self._login, self.publisher_id)
        self._log = RequestLog(on_request)
        self.faults: FaultList = FaultList()
        self._load()
        for file in files:
            self._take(file)
        if folder is not None:
            self.portal.on_put = folder.write

    def answer(self, call: Call) -> Delivery:
        """Answer a request to the API or the login host, and log it.

        :param call: the request
        """
        route = self._doors.route(call)
        fault = self.faults.take(route.action, route.offer_id)
        number = self._log.begin(
            at=self._clock(),
            method=call.method,
            path=call.path,
            query=call.query,
            headers=call.headers,
            body=call.body,
            action=route.action,
            publisher_id=route.publisher_id,
            offer_id=route.offer_id,
            fault=fault.kind if fault else None,
        )
        if fault is not None and fault.kind == "revoked":
            self._login.revoke()
        if fault is not None and fault.kind == "overtaken":
            self._overtake(fault, route)
        acts = fault is None or fault.accepts
        answer = self._doors.answer(call, route) if acts else Answer(202)
        delivery = (
            disturbed(fault, answer, call, self._clock(), self._doors.door(route)) if fault else Delivery(answer)
        )
        self._log.finish(number, status=delivery.status, accepted=acts and 200 <= answer.status < 300)
        return delivery

    # -- what it does

    @property
    def settings(self) -> Settings:
        """How the portal behaves now."""
        return self.portal.settings

    def __getattr__(self, name: str) -> Any:
        """Return a setting, which is an attribute as well."""
        if name in SETTINGS:
            return getattr(self.settings, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        """Change a setting that is assigned to, as `configure` does."""
        if name in SETTINGS:
            self.configure(**{name: value})
        else:
            super().__setattr__(name, value)

    def configure(self, **settings: Any) -> Settings:
        """Change how the portal behaves from now on; of several settings a wrong one changes none.

        :param settings: new values, see ``Settings``
        :raises ValueError: for an unknown name or value
        """
        return self.portal.configure(settings)

    def add_offer(
        self,
        offer_id: str,
        publisher_id: str | None = None,
        state: str = "preview_ready",
        *,
        definition: Mapping[str, Any] | None = None,
        plans: int | None = None,
        offer_type_id: str = VM_OFFER_TYPE,
        **overrides: Any,
    ) -> Offer:
        """Seed an offer, replacing one of this name together with its operations.

        :param offer_id: its name
        :param publisher_id: whose; the emulator's own publisher by default
        :param state: ``draft``, ``preview_ready`` (default; alias ``ready``) or ``live``
        :param definition: its definition; a small valid one by default
        :param plans: how many plans that one has, each with two generations of image version 1.0.0; one plan
            without images by default
        :param offer_type_id: its type; a virtual machine by default
        :param overrides: ``outcome``, ``duration``, ``step_durations``, ``failed_step`` or
            ``failure_messages`` for this offer only
        :raises ValueError: for an unknown state, override or value
        """
        if plans is not None:
            if definition is not None or plans < 1:
                raise ValueError(f"plans is {plans!r}; it has to be 1 or more, and goes without a definition")
            definition = {**sample_definition(offer_id), "plans": sample_plans(offer_id, plans)}
        return self.portal.add_offer(
            publisher_id or self.publisher_id,
            offer_id,
            state=state,
            definition=definition,
            offer_type_id=offer_type_id,
            overrides=overrides,
        )

    def override(self, offer_id: str, publisher_id: str | None = None, **overrides: Any) -> Offer:
        """Change ``outcome``, ``duration`` and the like for one offer, from its next operation on.

        :param offer_id: its name
        :param publisher_id: whose; the emulator's own publisher by default
        :param overrides: as for ``add_offer``
        :raises ValueError: for an unknown override or value
        """
        return self.portal.override(publisher_id or self.publisher_id, offer_id, overrides)

    def offer(self, offer_id: str, publisher_id: str | None = None) -> Offer:
        """Return an offer's record.

        :raises Refused: for an unknown one
        """
        return self.portal.offer(publisher_id or self.publisher_id, offer_id)

    def operations(self, offer_id: str, publisher_id: str | None = None) -> list[Operation]:
        """Return an offer's operations, oldest first; a seeded offer has those that brought it to its state.

        :raises Refused: for an unknown offer
        """
        return self.portal.operations(publisher_id or self.publisher_id, offer_id)

    def view(self, operation: Operation) -> View:
        """Show an operation as it is now: its state and steps."""
        return self.portal.view(operation)

    def finish(self, offer_id: str, outcome: str = "succeed", publisher_id: str | None = None) -> Operation:
        """End the operation that runs on an offer now.

        :param offer_id: the offer's name
        :param outcome: ``succeed``, ``fail`` or ``cancel``
        :param publisher_id: whose; the emulator's own publisher by default
        :raises ValueError: for another outcome, or if nothing runs
        """
        return self.portal.finish(publisher_id or self.publisher_id, offer_id, outcome)

    def advance(self, seconds: float) -> None:
        """Let time pass at once: operations go on and tokens expire as if it had.

        :param seconds: how much
        """
        self._advanced += seconds

    def revoke_tokens(self) -> int:
        """Make every issued token invalid; return how many there were."""
        return self._login.revoke()

    # -- what it saw

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request to the API and the login host, oldest first; none of those under ``/emulator/``."""
        return self._log.all()

    def requests_for(self, action: str | None = None, offer_id: str | None = None) -> list[RecordedRequest]:
        """Return the requests of one kind.

        :param action: e.g. ``golive``, ``operation`` or ``token``; None for all
        :param offer_id: None for all
        """
        return [
            record
            for record in self.requests
            if action in (None, record.action) and offer_id in (None, record.offer_id)
        ]

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._log.clear()

    # -- within

    def _overtake(self, fault: Fault, route: Route) -> None:
        """Do what somebody else asks for just before a client does; what can't be done now isn't."""
        names = route.publisher_id or self.publisher_id, fault.offer_id or route.offer_id or ""
        with contextlib.suppress(Refused):
            if fault.value == GO_LIVE:
                self.portal.go_live(*names)
            else:
                self.portal.publish(*names, replacing=True)

    def _clock(self) -> float:
        return self._base_clock() + self._advanced

    def _take(self, file: OfferFile) -> None:
        names, document = (file.publisher_id, file.offer_id), file.document
        if any((offer.publisher_id, offer.offer_id) == names for offer in self.portal.offers()):
            # Kept in the state file, with its operations; the draft is what the folder says.
            if self.portal.offer(*names).definition != document["definition"]:
                self.portal.put_offer(*names, document)
            return
        self.portal.add_offer(
            *names,
            state=file.state,
            definition=document["definition"],
            offer_type_id=str(document["offerTypeId"]),
            content=other_properties(document),
            version=file.version,
        )

    def _save(self) -> None:
        if self._state_file is not None:
            kept_state.save(self._state_file, self.portal, self._login)

    def _load(self) -> None:
        if self._state_file is not None and kept_state.load(self._state_file, self.portal, self._login):
            self.portal.publishers.add(self.publisher_id)
