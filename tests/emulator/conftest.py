"""One emulator per test, and a client that speaks plain HTTP and knows the pages alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from airflow_provider_cpp.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFER = "contoso-virtualmachineoffer"


class Client:
    """Send requests with a token, a version and the emulator's CA, unless a test says otherwise."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.session = requests.Session()
        # Otherwise REQUESTS_CA_BUNDLE wins over the CA that is given here.
        self.session.trust_env = False
        self.session.verify = str(emulator.ca_file)
        self._token: str | None = None

    def token(self, **changes: str) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.emulator.client_id,
            "client_secret": self.emulator.client_secret,
            "scope": "https://cloudpartner.azure.com/.default",
        } | changes
        tenant = form.pop("tenant", self.emulator.tenant_id)
        return self.session.post(f"{self.emulator.authority}/{tenant}/oauth2/v2.0/token", data=form)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        if self._token is None:
            self._token = self.token().json()["access_token"]
        headers = {"Authorization": f"Bearer {self._token}"} | options.pop("headers", {})
        params = {"api-version": "2017-10-31"} | options.pop("params", {})
        base = options.pop("base", self.emulator.url)
        return self.session.request(
            method,
            base + path,
            headers={name: value for name, value in headers.items() if value is not None},
            params={name: value for name, value in params.items() if value is not None},
            allow_redirects=False,
            timeout=options.pop("timeout", 10),
            **options,
        )

    def get(self, path: str = "", **options: Any) -> requests.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.send("POST", path, **options)

    def on_offer(self, method: str, call: str = "", offer: str = OFFER, **options: Any) -> requests.Response:
        return self.send(method, f"/api/publishers/contoso/offers/{offer}{call}", **options)

    def golive(self, offer: str = OFFER, **options: Any) -> requests.Response:
        return self.on_offer("POST", "/golive", offer, **options)

    def operation(self, location: str) -> dict[str, Any]:
        answer = self.get(location.split("?", maxsplit=1)[0].removeprefix(self.emulator.url))
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(duration=100) as running:
        running.add_offer(OFFER)
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    it = Client(emulator)
    yield it
    it.session.close()
