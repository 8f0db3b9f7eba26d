"""A client of the second door that speaks plain HTTP and knows the pages alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from airflow_provider_cpp.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

OFFER = "contoso-virtualmachineoffer"
BASE = "/rp/product-ingestion"
VERSION = "2022-03-01-preview2"
SCOPE = "https://graph.microsoft.com/.default"


def schema(kind: str, version: str = VERSION) -> str:
    return f"https://schema.mp.microsoft.com/schema/{kind}/{version}"


class IngestionClient:
    """Send requests with a token for Graph, unless a test says otherwise."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.session = requests.Session()
        # Otherwise REQUESTS_CA_BUNDLE wins over the CA that is given here.
        self.session.trust_env = False
        self.session.verify = str(emulator.ca_file)
        self._tokens: dict[str, str] = {}

    def token(self, scope: str = SCOPE) -> str:
        if scope not in self._tokens:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.emulator.client_id,
                "client_secret": self.emulator.client_secret,
                "scope": scope,
            }
            url = f"{self.emulator.authority}/{self.emulator.tenant_id}/oauth2/v2.0/token"
            self._tokens[scope] = self.session.post(url, data=form, timeout=10).json()["access_token"]
        return self._tokens[scope]

    def send(self, method: str, path: str, *, base: str = BASE, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token()}"} | options.pop("headers", {})
        return self.session.request(
            method,
            self.emulator.url + base + path,
            headers={name: value for name, value in headers.items() if value is not None},
            allow_redirects=False,
            timeout=options.pop("timeout", 10),
            **options,
        )

    def get(self, path: str, status: int = 200, **options: Any) -> Any:
        answer = self.send("GET", path, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    # -- the first door

    def portal(self, method: str, call: str = "", offer: str = OFFER, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token('https://cloudpartner.azure.com/.default')}"}
        return self.session.request(
            method,
            f"{self.emulator.url}/api/publishers/contoso/offers/{offer}{call}",
            headers=headers | options.pop("headers", {}),
            params={"api-version": "2017-10-31"},
            timeout=10,
            **options,
        )

    # -- what the pages' examples do

    def product(self, offer: str = OFFER) -> str:
        (product,) = self.get("/product", params={"externalId": offer})["value"]
        kind, _, guid = product["id"].partition("/")
        assert kind == "product"
        return str(guid)

    def post(self, *resources: Any, **options: Any) -> requests.Response:
        body = {"$schema": schema("configure"), "resources": list(resources)}
        return self.send("POST", "/configure", **{"json": body} | options)

    def start(self, *resources: Any, **options: Any) -> str:
        answer = self.post(*resources, **options)
        assert answer.status_code == 202, answer.text
        assert (answer.json()["jobStatus"], answer.json()["jobResult"]) == ("notStarted", "pending")
        return str(answer.json()["jobId"])

    def job(self, job_id: str) -> Any:
        return self.get(f"/configure/{job_id}/status")

    def end(self, job_id: str) -> tuple[str, str]:
        job = self.job(job_id)
        return job["jobStatus"], job["jobResult"]

    def failed(self, *resources: Any, **options: Any) -> Any:
        """Return the one error of a job that has to fail."""
        job = self.job(self.start(*resources, **options))
        assert (job["jobStatus"], job["jobResult"]) == ("completed", "failed")
        (error,) = job["errors"]
        return error

    def submission(self, target: str, number: str | None = None, offer: str = OFFER) -> dict[str, Any]:
        guid = self.product(offer)
        return {
            "$schema": schema("submission"),
            **({} if number is None else {"id": f"submission/{guid}/{number}"}),
            "product": f"product/{guid}",
            "target": {"targetType": target},
        }

    def publish(self, offer: str = OFFER) -> str:
        return self.start(self.submission("preview", offer=offer))

    def go_live(self, number: str, offer: str = OFFER) -> str:
        return self.start(self.submission("live", number, offer))

    def rows(self, offer: str = OFFER) -> list[tuple[str, str, str]]:
        """Return target, status and result of the rows besides the draft."""
        return [(row["target"]["targetType"], row["status"], row["result"]) for row in self.documents(offer)]

    def documents(self, offer: str = OFFER) -> list[Any]:
        rows = self.get(f"/submission/{self.product(offer)}")["value"]
        (draft,) = (row for row in rows if row["target"]["targetType"] == "draft")
        assert draft["id"].endswith("/0")
        assert not {"status", "result", "created"} & set(draft)
        return [row for row in rows if row is not draft]

    def preview(self, offer: str = OFFER) -> str:
        """Return the number of the submission in preview."""
        (row,) = (row for row in self.documents(offer) if row["target"]["targetType"] == "preview")
        return str(row["id"].rpartition("/")[2])

    def tree(self, target: str = "draft", offer: str = OFFER, **params: str) -> Any:
        return self.get(f"/resource-tree/product/{self.product(offer)}", params={"targetType": target, **params})

    def of_kind(self, kind: str, target: str = "draft", offer: str = OFFER) -> list[Any]:
        resources = self.tree(target, offer)["resources"]
        return [resource for resource in resources if resource["id"].startswith(f"{kind}/")]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(duration=100) as running:
        running.add_offer(OFFER)
        yield running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[IngestionClient]:
    it = IngestionClient(emulator)
    yield it
    it.session.close()
