"""Decides how the emulator is reached: it puts what is played behind listeners of its own."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_cpp.emulator import certificates
from airflow_provider_cpp.emulator.answer import Delivery
from airflow_provider_cpp.emulator.checks import check_choice
from airflow_provider_cpp.emulator.control import PREFIX, answer_control
from airflow_provider_cpp.emulator.doors import APIS, CONNECTIONS
from airflow_provider_cpp.emulator.emulation import Emulation
from airflow_provider_cpp.emulator.request_log import RecordedRequest
from airflow_provider_cpp.emulator.server import Server

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.answer import Call

TENANT_ID = "0d9c4f1e-0000-4000-8000-000000000001"
CLIENT_ID = "a5d7c3e1-0000-4000-8000-000000000002"
CLIENT_SECRET = "emulator-secret"  # noqa: S105 - opens nothing but an emulator


class Emulator(Emulation):
    """Play Cloud Partner Portal's API, the Product Ingestion API and their login host on loopback.

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
    :param settings: how the portal behaves at first, see ``Settings``; ``configure`` changes it
    :raises ValueError: for an unknown setting or value, a state file that can't be read, or a file of the
        folder that is no offer
    """

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
        super().__init__(
            state_file=None if state_file is None else Path(state_file),
            offers=None if offers is None else Path(offers),
            publisher_id=publisher_id,
            tenant_id=tenant_id,
            client_id=client_id,
            client_secret=client_secret,
            clock=clock,
            on_request=on_request,
            settings=settings,
        )
        self._host = host
        self._port = port
        self._plain_port = plain_port
        self._name = name
        self._wanted_ca_file = None if ca_file is None else Path(ca_file)
        self._server: Server | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._ca_file: Path | None = None

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

    def connection(self, *, api: str = APIS[0], **extra: Any) -> dict[str, Any]:
        """Return an Airflow connection to this emulator, in the JSON form of ``AIRFLOW_CONN_...``.

        :param api: the service that it leads to: ``cloud_partner_portal`` (default) or ``product_ingestion``
        :param extra: further or other values of the connection's extra
        :raises ValueError: for an unknown service
        """
        check_choice("api", api, APIS)
        conn_type, of_service = CONNECTIONS[api]
        own = {
            "publisher_id": self.publisher_id,
            "tenant_id": self.tenant_id,
            "authority": self.authority,
            "ca_file": str(self.ca_file),
        }
        return {
            "conn_type": conn_type,
            "host": self.url,
            "login": self.client_id,
            "password": self.client_secret,
            "extra": own | of_service | extra,
        }

    def connection_json(self, *, api: str = APIS[0], **extra: Any) -> str:
        """Return ``connection`` as the value of an environment variable ``AIRFLOW_CONN_CPP_DEFAULT``.

        :param api: the service that it leads to: ``cloud_partner_portal`` (default) or ``product_ingestion``
        :param extra: further or other values of the connection's extra
        :raises ValueError: for an unknown service
        """
        return json.dumps(self.connection(api=api, **extra))

    def _started(self) -> None:
        if self._server is None:
            raise RuntimeError("the emulator isn't running: use it in a with statement, or call start()")

    def _answer(self, call: Call) -> Delivery:
        if call.path.startswith(PREFIX):
            return Delivery(answer_control(self, call))
        return self.answer(call)
