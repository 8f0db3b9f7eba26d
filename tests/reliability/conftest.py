"""One portal for all of these tests, as good as new for each, by either API; and the table of what they prove."""

from __future__ import annotations

import functools
import json
import os
import socket
import time
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.emulator.settings import Settings
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.hooks.product_ingestion import ProductIngestionHook
from tests.reliability.fault_table import CLOUD_PARTNER_PORTAL, PHASES, PRODUCT_INGESTION, Row, write_table
from tests.reliability.going_live import OFFER
from tests.reliability.waiting import WAYS
from tests.shared_listeners import Login

_ROWS: list[Row] = []


def pytest_addoption(parser):
    parser.addoption("--write-docs", action="store_true", help="write the table in docs/reliability.md anew")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Compare the tables last, when the rows of this run are all there; or write them instead."""
    table = [item for item in items if item.path.name.startswith("test_the_table")]
    items[:] = [item for item in items if item not in table]
    if not config.getoption("--write-docs", default=False):
        items += table


def pytest_sessionfinish(session, exitstatus):
    if session.config.getoption("--write-docs", default=False) and session.testsfailed == 0:
        write_table(_ROWS)


@pytest.fixture(scope="session")
def proven():
    """The rows that were proven in this run."""
    return _ROWS


@pytest.fixture
def api():
    """The API that the portal is reached by; tests that hold of both are parametrized with it."""
    return CLOUD_PARTNER_PORTAL


@pytest.fixture
def hook(api):
    """Makes the hook of that API."""
    return {CLOUD_PARTNER_PORTAL: CloudPartnerPortalHook, PRODUCT_INGESTION: ProductIngestionHook}[api]


@pytest.fixture
def connect_by_api(api, monkeypatch):
    """Connects by that API: takes a portal, and values of the connection's extra."""

    def by_env(portal, **extra):
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", portal.connection_json(api=api, **extra))

    return by_env


@pytest.fixture
def proves(api):
    """Note a row of the table; a second test may only confirm it."""

    def note(phase, fault, saw, did):
        assert phase in PHASES
        row = Row(phase, fault, tuple(str(value) for value in saw), did, api)
        for known in _ROWS:
            if (known.phase, known.fault, known.api) == (phase, fault, api):
                assert row == known
                return
        _ROWS.append(row)

    return note


@pytest.fixture(autouse=True)
def _no_proxy_of_the_machine(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"}:
            monkeypatch.delenv(name)


_login = Login()


@pytest.fixture
def logged_in(_running_portal, monkeypatch):
    """Log in once for all tests that ask for this: a login is most of what a short test costs."""
    _login.share(monkeypatch)
    yield
    _login.forget_refused(_running_portal.requests)


@pytest.fixture(scope="session")
def _running_portal():
    with Emulator(duration=0.0) as emulator:
        yield emulator


@pytest.fixture
def portal(_running_portal, connect_by_api):
    """A portal with one offer, ready to go live, whose operations take no time; the connection leads to it."""
    emulator = _running_portal
    emulator.faults.clear()
    emulator.configure(**{**asdict(Settings()), "duration": 0.0})
    emulator.add_offer(OFFER)
    emulator.clear_requests()
    connect_by_api(emulator, timeout=10)
    return emulator


@pytest.fixture
def pauses(monkeypatch):
    """The seconds that the blocking client waited: they take no time, though its clock goes on by them."""
    from azure.core.pipeline.transport import RequestsTransport

    waited: list[float] = []
    clock = SimpleNamespace(time=lambda: time.time() + sum(waited))
    monkeypatch.setattr("airflow_provider_cpp.client.driver.time", clock)
    monkeypatch.setattr(
        "airflow_provider_cpp.hooks.offer_documents.BlockingClient",
        functools.partial(BlockingClient, sleep=waited.append),
    )
    monkeypatch.setattr(RequestsTransport, "sleep", lambda self, seconds: None)
    return waited


@pytest.fixture
def nameless(monkeypatch):
    """A host whose name nobody can resolve."""
    real = socket.getaddrinfo

    def unknown(host, *arguments, **options):
        if host == "cpp.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    return "https://cpp.invalid"


@pytest.fixture
def dripping(monkeypatch):
    def connect(server):
        extra = {"auth": "token", "publisher_id": "contoso", "timeout": 0.6}
        connection = {"conn_type": "cpp", "host": server.url, "password": "t0ken", "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(connection))
        return server

    return connect


@pytest.fixture
def lines(monkeypatch):
    """The lines that the hook writes into the task's log; Airflow's own logging hides them from pytest."""
    written: list[str] = []
    monkeypatch.setattr(OffersHook, "say", lambda self, level, text: written.append(text))
    return written


@pytest.fixture(params=WAYS)
def wait(request):
    """A function that waits for the operation at a location, on a worker or deferred."""
    return WAYS[request.param]


@pytest.fixture
def location(portal, hook):
    """The location of an operation that has succeeded."""
    location = hook().go_live(OFFER)
    portal.clear_requests()
    return location
