"""One offer's draft behind a service of the test's own making, and what is brought to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from airflow_provider_cpp.offers.put_result import PutResult
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion.putting import DraftPut
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import Runner, answered, refused
from tests.services.product_ingestion import tree_documents as documents

ORIGIN = "https://graph.example"
JOB = "7f9a0c1e-0000-4000-8000-00000000c0de"
RUNNING = {"jobId": JOB, "jobStatus": "running", "jobResult": "pending", "errors": []}
SUCCEEDED = {"jobId": JOB, "jobStatus": "completed", "jobResult": "succeeded", "errors": []}


def failed(*errors: dict[str, Any]) -> dict[str, Any]:
    return {"jobId": JOB, "jobStatus": "completed", "jobResult": "failed", "errors": list(errors)}


class Draft:
    """An offer's draft, of which whole resources are replaced, by a job.

    :param tree: what is there; None for no offer.
    :param faults: for each request that writes: None to answer it, or what comes instead, with whether it was
        carried out first.
    :param job: what the job says, look by look; the last one again and again.
    :param others: trees by target, besides the draft.
    """

    def __init__(
        self,
        tree: dict[str, Any] | None,
        *faults: tuple[Reading, bool] | None,
        job: tuple[Any, ...] = (SUCCEEDED,),
        others: Mapping[str, Any] = {},
    ) -> None:
        self.tree = deepcopy(tree)
        self.faults = list(faults)
        self.job = list(job)
        self.others = others
        self.posted: list[dict[str, Any]] = []
        self.reads = 0
        #: Seconds from a request to when the tree shows it.
        self.lag = 0.0
        self._due: list[tuple[float, list[dict[str, Any]]]] = []
        #: Called before each request that writes.
        self.meanwhile = lambda: None

    def __call__(self, call: Call, now: float) -> Reading:
        for due, resources in list(self._due):
            if due <= now:
                self._due.remove((due, resources))
                self._carry_out(resources)
        if call.method == "POST":
            return self._post(call, now)
        if call.path.endswith("/product"):
            return answered(200, {"value": self._products(dict(call.query))})
        if "/resource-tree/" in call.path:
            return self._tree(dict(call.query)["targetType"])
        assert call.path.endswith(f"/configure/{JOB}/status")
        said = self.job.pop(0) if len(self.job) > 1 else self.job[0]
        return answered(200, said) if isinstance(said, dict) else said

    def _products(self, query: dict[str, str]) -> list[dict[str, Any]]:
        there = [] if self.tree is None else [documents.of_type("product", self.tree)]
        if "externalId" in query:
            return [each for each in there if each["identity"]["externalId"] == query["externalId"]]
        return [*there, {"id": documents.PRODUCT, "identity": {"externalId": "contoso-other"}}]

    def _tree(self, target: str) -> Reading:
        tree = self.tree if target == "draft" else self.others.get(target)
        if tree is None:
            return refused(404, "notFound")
        self.reads += 1
        # No order, and each answer signs the assets anew.
        reread = [
            {**each, "url": each["url"].replace(documents.SIGNATURE, f"read{self.reads}")}
            if "url" in each
            else each
            for each in reversed(tree["resources"])
        ]
        return answered(200, {**tree, "resources": reread})

    def _post(self, call: Call, now: float) -> Reading:
        self.meanwhile()
        body = json.loads(call.body)
        self.posted.append(body)
        reading, carried_out = (self.faults.pop(0) if self.faults else None) or (None, self._is_to_succeed)
        if carried_out:
            if self.lag:
                self._due.append((now + self.lag, body["resources"]))
            else:
                self._carry_out(body["resources"])
        return answered(202, RUNNING) if reading is None else reading

    @property
    def _is_to_succeed(self) -> bool:
        last = self.job[-1]
        return isinstance(last, dict) and last["jobResult"] == "succeeded"

    def _carry_out(self, resources: list[dict[str, Any]]) -> None:
        if self.tree is None:
            self.tree = documents.tree({})
            self.tree["resources"] = []
        names: dict[str, str] = {}
        for resource in resources:
            self.change({key: self._referred(value, names) for key, value in resource.items()}, names)

    @staticmethod
    def _referred(value: Any, names: dict[str, str]) -> Any:
        return names[value["resourceName"]] if isinstance(value, dict) and "resourceName" in value else value

    def change(self, resource: dict[str, Any], names: dict[str, str] | None = None) -> None:
        assert self.tree is not None
        kind = resource["$schema"].split("/")[-2]
        durable = resource.get("id") or self._new_id(kind, resource)
        if names is not None and "resourceName" in resource:
            names[resource["resourceName"]] = durable
        kept = {key: value for key, value in resource.items() if key != "resourceName"} | {"id": durable}
        left = [each for each in self.tree["resources"] if each["id"] != durable]
        self.tree["resources"] = left if kept.get("lifecycleState") == "deleted" else [*left, kept]

    @staticmethod
    def _new_id(kind: str, resource: dict[str, Any]) -> str:
        match kind:
            case "product":
                return documents.PRODUCT
            case "plan":
                return f"plan/{documents.GUID}/bbbbbbbb-2222-3333-4444-555555555555"
        if "plan" in resource:
            return f"{kind}/{documents.GUID}/{resource['plan'].rpartition('/')[2]}"
        return f"{kind}/{documents.GUID}/public/main/default/{resource.get('languageId', '')}"


def put(document: Any, **arguments: Any) -> DraftPut:
    return DraftPut(
        OfferRef(documents.PUBLISHER, arguments.pop("offer_id", documents.OFFER)),
        document,
        ORIGIN,
        arguments.pop("api_version", "2022-07-01"),
        **arguments,
    )


def listing(**fields: Any) -> dict[str, Any]:
    return {"$schema": documents.schema("listing", "2022-03-01-preview2"), "languageId": "en-us", **fields}


def technical(**fields: Any) -> dict[str, Any]:
    return {
        "$schema": documents.schema("virtual-machine-plan-technical-configuration", "2022-03-01-preview2"),
        "plan": {"externalId": "gold"},
        **fields,
    }


def posts(runner: Runner) -> list[list[dict[str, Any]]]:
    return [json.loads(call.body)["resources"] for call in runner.posts]


def run(draft: Draft, wanted: Any, **arguments: Any) -> tuple[Runner, PutResult]:
    runner = Runner(draft)
    result = runner.run(put(wanted, **arguments).once())
    assert isinstance(result, PutResult)
    return runner, result
