"""Decides what the emulator offers to Python code: it puts portal, login, log and server together."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_cpp.emulator import certificates, state_file
from airflow_provider_cpp.emulator.answer import Answer, Delivery
from airflow_provider_cpp.emulator.api import Api
from airflow_provider_cpp.emulator.control import PREFIX, answer_control
from airflow_provider_cpp.emulator.disturbance import disturbed
from airflow_provider_cpp.emulator.faults import FaultList
from airflow_provider_cpp.emulator.login import Login
from airflow_provider_cpp.emulator.offer_folder import OfferFile, OfferFolder
from airflow_provider_cpp.emulator.offers import VM_OFFER_TYPE, Offer, other_properties
from airflow_provider_cpp.emulator.operations import Operation, View
from airflow_provider_cpp.emulator.portal import Portal
from airflow_provider_cpp.emulator.request_log import RecordedRequest, RequestLog
from airflow_provider_cpp.emulator.routes import resolve
from airflow_provider_cpp.emulator.server import Server
from airflow_provider_cpp.emulator.setting_attribute import SettingAttribute
from airflow_provider_cpp.emulator.settings import Settings

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.answer import Call

TENANT_ID = "0d9c4f1e-0000-4000-8000-000000000001"
CLIENT_ID = "a5d7c3e1-0000-4000-8000-000000000002"
CLIENT_SECRET = "emulator-secret"  # noqa: S105 - opens nothing but an emulator
PUBLISHER_ID = "contoso"


class Emulator:
    """Play Cloud Partner Portal and its login host on loopback.

    Use it as a context manager, or call ``start`` and ``stop``. Everything can be called from any thread.
    What goes wrong on the way to a client is added to ``faults``, a ``FaultList``.

    >>> with Emulator(duration=1) as emulator:  # doctest: +SKIP
    ...     emulator.add_offer("contoso-virtualmachineoffer")
    ...     os.environ["AIRFLOW_CONN_CPP_DEFAULT"] = emulator.connection_json()

    :param host: address to bind; ``127.0.0.1``
    :param port: port of the https listener (API and login); 0, the default, for a free one
    :param plain_port: port of the http listener; 0, the default, for a free one, None for none
    :param name: host name in the URLs and the certificate; ``localhost``
    :param ca_file: where to write the CA's certificate; in a temporary folder by default. If it and the key
        beside it exist, they are used again
    :param state_file: keep offers, operations and tokens here, and go on with them at the next start
    :param offers: folder of JSON files, one per offer, to begin with; what PUT takes is written back there
    :param publisher_id: the publisher that offers belong to unless another is named; by default the one of
        the folder's first offer, or else ``contoso``
    :param tenant_id: the directory (tenant) id that the login host knows
    :param client_id: the application (client) id that it knows
    :param client_secret: that application's secret
    :param clock: returns seconds since the epoch; ``time.time``
    :param on_request: called with each record once its answer is decided, on the server's thread
    :param settings: how the portal behaves, see ``Settings``; the same names can be assigned to as attributes
    :raises ValueError: for an unknown setting or value, a state file that can't be read, or a file of the
        folder that is no offer
    """

    location_form = SettingAttribute[str]()
    vocabulary = SettingAttribute[str]()
    body_form = SettingAttribute[str]()
    duration = SettingAttribute[float]()
    step_durations = SettingAttribute[Mapping[str, float]]()
    outcome = SettingAttribute[str]()
    failed_step = SettingAttribute[str]()
    failure_messages = SettingAttribute[tuple[str, ...]]()
    strict_golive = SettingAttribute[bool]()
    cancel_mode = SettingAttribute[str]()
    cancel_duration = SettingAttribute[float]()
    token_lifetime = SettingAttribute[float]()
    forbidden_publishers = SettingAttribute[tuple[str, ...]]()
    api_versions = SettingAttribute[tuple[str, ...]]()
    etag_on_get = SettingAttribute[bool]()
    migrated = SettingAttribute[bool]()
    secret_fields = SettingAttribute[tuple[str, ...]]()
    copied_fields = SettingAttribute[tuple[str, ...]]()
    message_form = SettingAttribute[str]()
    step_names = SettingAttribute[str]()
    signoff_status = SettingAttribute[str]()
    operation_properties = SettingAttribute[str]()
    reason_form = SettingAttribute[str]()
    live_status = SettingAttribute[str]()
    stalled_word = SettingAttribute[str]()
    page_size = SettingAttribute[int]()
    page_form = SettingAttribute[str]()
    changed_time = SettingAttribute[str]()

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        plain_port: int | None = 0,
        name: str = "localhost",
        ca_file: str | Path | None = None,
        state_file: str | Path | None = None,
        offers: str | Path | None = None,
        publisher_id: str | None = None,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        clock: Callable[[], float] = time.time,
        on_request: Callable[[RecordedRequest], None] | None = None,
        **settings: Any,
    ) -> None:
        self._host = host
        self._port = port
        self._plain_port = plain_port
        self._name = name
        self._wanted_ca_file = None if ca_file is None else Path(ca_file)
        self._state_file = None if state_file is None else Path(state_file)
        self._base_clock = clock
        self._advanced = 0.0
        self._server: Server | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._ca_file: Path | None = None
        folder = None if offers is None else OfferFolder(Path(offers))
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
            on_change=self._save,
        )
        self._api = Api(self.portal, self._login)
        self._log = RequestLog(on_request)
        self.faults: FaultList = FaultList()
        self._load()
        for file in files:
            self._take(file)
        if folder is not None:
            self.portal.on_put = folder.write

    # -- its life

    def start(self) -> Self:
        """Listen; returns once clients can connect.

        :raises RuntimeError: if trustme isn't installed, or it has been started already
        :raises OSError: if a port is taken
        """
        if self._server is not None:
            raise RuntimeError("the emulator runs already")
        self._folder = tempfile.TemporaryDirectory(prefix="cpp-emulator-", ignore_cleanup_errors=True)
        try:
            self._ca_file, tls = certificates.write(Path(self._folder.name), self._wanted_ca_file, self._name)
            server = Server(self._answer, host=self._host, port=self._port, plain_port=self._plain_port, tls=tls)
            server.start()
        except BaseException:
            self._folder.cleanup()
            raise
        self._server = server
        # Started again, it is to be found where it was.
        self._port, self._plain_port = server.port, server.plain_port
        return self

    def stop(self) -> None:
        """Close the listeners and every connection; offers, operations and the log stay."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    # -- where it is

    @property
    def url(self) -> str:
        """The API's base URL, https."""
        self._started()
        return f"https://{self._name}:{self._port}"

    @property
    def plain_url(self) -> str:
        """The API's base URL without TLS, on loopback.

        :raises RuntimeError: if there is no plain listener
        """
        self._started()
        if self._plain_port is None:
            raise RuntimeError("the emulator was made without a plain listener")
        return f"http://{self._name}:{self._plain_port}"

    @property
    def authority(self) -> str:
        """The login host's URL; the same listener as the API's, as both need https."""
        return self.url

    @property
    def ca_file(self) -> Path:
        """The file with the CA's certificate, by which clients verify the https listener."""
        self._started()
        if self._ca_file is None:
            raise RuntimeError("the emulator has no certificate")
        return self._ca_file

    def connection(self, **extra: Any) -> dict[str, Any]:
        """Return an Airflow connection to this emulator, in the JSON form of ``AIRFLOW_CONN_...``.

        :param extra: further or other values of the connection's extra
        """
        own = {
            "publisher_id": self.publisher_id,
            "tenant_id": self.tenant_id,
            "authority": self.authority,
            "ca_file": str(self.ca_file),
        }
        return {
            "conn_type": "cpp",
            "host": self.url,
            "login": self.client_id,
            "password": self.client_secret,
            "extra": own | extra,
        }

    def connection_json(self, **extra: Any) -> str:
        """Return ``connection`` as the value of an environment variable ``AIRFLOW_CONN_CPP_DEFAULT``.

        :param extra: further or other values of the connection's extra
        """
        return json.dumps(self.connection(**extra))

    # -- what it does

    @property
    def settings(self) -> Settings:
        """How the portal behaves now."""
        return self.portal.settings

    def configure(self, **settings: Any) -> Settings:
        """Change several settings at once; a wrong one changes none.

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
        offer_type_id: str = VM_OFFER_TYPE,
        **overrides: Any,
    ) -> Offer:
        """Seed an offer, replacing one of this name together with its operations.

        :param offer_id: its name
        :param publisher_id: whose; the emulator's own publisher by default
        :param state: ``draft``, ``preview_ready`` (default; alias ``ready``) or ``live``
        :param definition: its definition; a small valid one by default
        :param offer_type_id: its type; a virtual machine by default
        :param overrides: ``outcome``, ``duration``, ``step_durations``, ``failed_step`` or
            ``failure_messages`` for this offer only
        :raises ValueError: for an unknown state, override or value
        """
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

        :raises ApiError: for an unknown one
        """
        return self.portal.offer(publisher_id or self.publisher_id, offer_id)

    def operations(self, offer_id: str, publisher_id: str | None = None) -> list[Operation]:
        """Return an offer's operations, oldest first; a seeded offer has those that brought it to its state.

        :raises ApiError: for an unknown offer
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

    def _clock(self) -> float:
        return self._base_clock() + self._advanced

    def _started(self) -> None:
        if self._server is None:
            raise RuntimeError("the emulator isn't running: use it in a with statement, or call start()")

    def _answer(self, call: Call) -> Delivery:
        if call.path.startswith(PREFIX):
            return Delivery(answer_control(self, call))
        route = resolve(call.method, call.path)
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
        acts = fault is None or fault.accepts
        answer = self._api.answer(call, route) if acts else Answer(202)
        delivery = disturbed(fault, answer, call, self._clock()) if fault else Delivery(answer)
        self._log.finish(number, status=delivery.status, accepted=acts and 200 <= answer.status < 300)
        return delivery

    def _take(self, file: OfferFile) -> None:
        names, document = (file.publisher_id, file.offer_id), file.document
        if any((offer.publisher_id, offer.offer_id) == names for offer in self.portal.offers()):
            # Kept in the state file, with its operations; the draft is what the folder says.
            if self.portal.offer(*names).definition != document["definition"]:
                self.portal.put_offer(*names, document, "*")
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
            state_file.save(self._state_file, self.portal, self._login)

    def _load(self) -> None:
        if self._state_file is not None and state_file.load(self._state_file, self.portal, self._login):
            self.portal.publishers.add(self.publisher_id)
