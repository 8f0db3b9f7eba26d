"""Both colours of the client behind one name, and the connections that lead to an emulator or a raw server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_cpp.client.asynchronous import AsyncClient
from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.client.settings import Settings, read_settings
from airflow_provider_cpp.emulator import Emulator
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.client.raw_server import response
from tests.trusted import one_ca

OFFER = "contoso-virtualmachineoffer"
TOKEN = "hush-this-is-the-token"

POST = calls.go_live("contoso", OFFER)
GET = calls.list_submissions("contoso", OFFER)
LOCATION = f"/api/publishers/contoso/offers/{OFFER}/operations/1-2-3"
ACCEPTED = response("202 Accepted", Location=LOCATION, x_ms_request_id="r-1")


@pytest.fixture(autouse=True)
def no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"}:
            monkeypatch.delenv(name)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(duration=100) as running:
        running.add_offer(OFFER)
        yield running


def settings_for(emulator: Emulator, **changes: Any) -> Settings:
    """The emulator's connection; what is no field of a connection goes into its extra."""
    fields = emulator.connection()
    extra = fields.pop("extra")
    for name, value in changes.items():
        (fields if name in {"conn_type", "host", "login", "password", "port"} else extra)[name] = value
    return read_settings("cpp_default", extra=extra, **fields)


def settings_at(url: str, **extra: Any) -> Settings:
    """A connection whose token is at hand."""
    password = extra.pop("password", TOKEN)
    more = {"ca_file": one_ca()} if url.startswith("http:") else {}
    return read_settings(
        "cpp_default", host=url, password=password, extra={"auth": "token", "timeout": 5, **more, **extra}
    )


Exchange = Callable[..., Reading]


def _blocking(settings: Settings, call: Call, *, patient: bool = False) -> Reading:
    client = BlockingClient(settings, sleep=lambda seconds: None)
    return client.send(call) if patient else client.exchange(call)


def _asynchronous(settings: Settings, call: Call, *, patient: bool = False) -> Reading:
    async def run() -> Reading:
        client = AsyncClient(settings)
        try:
            return await (client.send(call) if patient else client.exchange(call))
        finally:
            await client.close()

    return asyncio.run(run())


@pytest.fixture(params=[_blocking, _asynchronous], ids=["blocking", "asynchronous"])
def exchange(request: pytest.FixtureRequest) -> Exchange:
    """Send a call with a fresh client of either colour."""
    function: Exchange = request.param
    return function
