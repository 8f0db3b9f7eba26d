"""A plan with two generations, on either service: what there is, what somebody else does, and what gets lost."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from copy import deepcopy
from typing import Any

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.offers.images import image_version
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.cloud_partner_portal.service import CloudPartnerPortal
from airflow_provider_cpp.services.product_ingestion.service import ProductIngestion
from airflow_provider_cpp.services.protocol import Service
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import Runner, WorkerDied
from tests.services.cloud_partner_portal import put_service, scripted
from tests.services.cloud_partner_portal.offer_documents import put_body
from tests.services.product_ingestion import draft_service, tree_documents

SIGNATURE = "hUsh9Zk%2Bw%2F3Qd%3D%3D"
TYPES = ("x64Gen1", "x64Gen2")
GALLERY = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/galleries/g/images/i/versions/1.0.9"
TENANT = "0d9c4f1e-0000-4000-8000-000000000001"


def sas(file: str, signature: str = SIGNATURE) -> str:
    return f"https://contoso.blob.core.windows.net/vhds/{file}.vhd?sv=2023-11-03&sp=rl&sig={signature}"


def images(number: str, *types: str, signature: str = SIGNATURE) -> list[dict[str, Any]]:
    return [
        {"image_type": kind, "os_disk": sas(f"{kind}-{number}", signature), "data_disks": []}
        for kind in types or TYPES
    ]


class PlanStage(ABC):
    """An offer with the plans `gold`, of versions 1.0.0 and 1.0.1, and `silver`."""

    service: Service
    offer: OfferRef
    #: Whether the service can say that somebody else changed what was read.
    notices_changes: bool
    #: What becomes of a version that is retired.
    retired: str

    @abstractmethod
    def __call__(self, call: Call, now: float) -> Reading:
        """Answer."""

    @abstractmethod
    def lose(self, reading: Reading, *, carried_out: bool) -> None:
        """Have the next request that writes come back as this."""

    @abstractmethod
    def meanwhile(self, action: Any) -> None:
        """Have something happen right before the next request that writes, once."""

    @abstractmethod
    def somebody_renames_the_offer(self) -> None:
        """Change something else in the draft."""

    @abstractmethod
    def somebody_adds(self, number: str) -> None:
        """Add a version to the plan."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What somebody may have changed."""

    @abstractmethod
    def urls(self, plan_id: str = "gold") -> dict[str, dict[str, str]]:
        """Return the disks of a plan's versions that are there, by number and generation."""

    @abstractmethod
    def offered(self) -> list[str]:
        """Return the numbers of the versions that customers can deploy."""

    @property
    @abstractmethod
    def writes(self) -> int:
        """How many requests have arrived that write."""

    def add(
        self,
        number: str = "1.0.2",
        of: Any = None,
        *,
        plan_id: str = "gold",
        dies_after: int | None = None,
        **more: Any,
    ) -> tuple[Any, Runner]:
        """Add a version, as one try of a task does; return what it came to, or its error, and the runner."""
        runner = Runner(self, dies_after=dies_after)
        outcome: Any
        try:
            asked = image_version(plan_id, number, images(number) if of is None else of, more.pop("keep", None))
            outcome = runner.run(self.service.add_image_version(self.offer, asked, **more))
        except WorkerDied:
            outcome = None
        except CppError as error:
            outcome = error
        result = json.dumps(outcome.to_dict()) if hasattr(outcome, "to_dict") else str(outcome)
        assert all(SIGNATURE not in text for text in (result, repr(outcome), *runner.lines()))
        return outcome, runner


class OnCloudPartnerPortal(PlanStage):
    """A plan of Cloud Partner Portal: a map of versions of its own, and one in `diskGenerations`."""

    service = CloudPartnerPortal(scripted.ORIGIN, "2017-10-31")
    offer = OfferRef(scripted.PUBLISHER, scripted.OFFER)
    notices_changes = True
    retired = "taken out"

    def __init__(self, *, etags: bool = True) -> None:
        document = put_body()
        document["definition"]["plans"] = [
            {
                "planId": plan,
                put_service.IMAGES: {n: self._version("x64Gen1", n) for n in ("1.0.0", "1.0.1")},
                "diskGenerations": [
                    {
                        "planId": f"{plan}-gen2",
                        put_service.IMAGES: {n: self._version("x64Gen2", n) for n in ("1.0.0", "1.0.1")},
                    }
                ],
            }
            for plan in ("gold", "silver")
        ]
        self.model = put_service.Service({**document, "version": 1}, etags=etags)
        self.sent = 0

    @staticmethod
    def _version(kind: str, number: str) -> dict[str, Any]:
        return {"osVhdUrl": sas(f"{kind}-{number}", f"old-{SIGNATURE}"), "lunVhdDetails": []}

    def __call__(self, call: Call, now: float) -> Reading:
        self.sent += call.method == "PUT"
        return self.model(call, now)

    def lose(self, reading: Reading, *, carried_out: bool) -> None:
        self.model.faults.append((reading, carried_out))

    def meanwhile(self, action: Any) -> None:
        def once() -> None:
            self.model.meanwhile = lambda: None
            action()

        self.model.meanwhile = once

    def _change(self, change: Any) -> None:
        document = deepcopy(self.model.document)
        change(document)
        self.model.change(**document)

    def somebody_renames_the_offer(self) -> None:
        self._change(lambda document: document["definition"].update(displayText="Renamed"))

    def somebody_adds(self, number: str) -> None:
        def change(document: dict[str, Any]) -> None:
            own = document["definition"]["plans"][0]
            own[put_service.IMAGES][number] = self._version("x64Gen1", number)
            own["diskGenerations"][0][put_service.IMAGES][number] = self._version("x64Gen2", number)

        self._change(change)

    @property
    def title(self) -> str:
        return self.model.document["definition"]["displayText"]

    def _skus(self, plan_id: str) -> dict[str, dict[str, Any]]:
        plans = {plan["planId"]: plan for plan in self.model.document["definition"]["plans"]}
        own = plans[plan_id]
        return {
            "x64Gen1": own[put_service.IMAGES],
            "x64Gen2": own["diskGenerations"][0][put_service.IMAGES],
        }

    def urls(self, plan_id: str = "gold") -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for kind, versions in self._skus(plan_id).items():
            for number, version in versions.items():
                found.setdefault(number, {})[kind] = version["osVhdUrl"]
        return found

    def offered(self) -> list[str]:
        return sorted(self.urls())

    @property
    def writes(self) -> int:
        return self.sent


class WithoutETags(OnCloudPartnerPortal):
    """The same of an offer that was migrated to Partner Center."""

    notices_changes = False

    def __init__(self) -> None:
        super().__init__(etags=False)


class OnProductIngestion(PlanStage):
    """A plan of the Product Ingestion API: a list of versions in its technical configuration."""

    service = ProductIngestion(draft_service.ORIGIN, "2022-07-01")
    offer = OfferRef(tree_documents.PUBLISHER, tree_documents.OFFER)
    notices_changes = False
    retired = "deprecated"

    def __init__(self) -> None:
        tree = tree_documents.tree()
        own = tree_documents.of_type("virtual-machine-plan-technical-configuration", tree)
        own["skus"] = [{"imageType": "x64Gen2", "skuId": "gold"}, {"imageType": "x64Gen1", "skuId": "gold-gen1"}]
        own["vmImageVersions"] = [self._version(n) for n in ("1.0.0", "1.0.1")]
        silver = deepcopy(own)
        plan = deepcopy(tree_documents.of_type("plan", tree))
        other = tree_documents.PLAN.replace("aaaaaaaa", "bbbbbbbb")
        plan |= {"id": plan["id"].replace(tree_documents.PLAN, other), "identity": {"externalId": "silver"}}
        silver |= {"id": own["id"].replace(tree_documents.PLAN, other), "plan": plan["id"]}
        tree["resources"] += [plan, silver]
        self.model = draft_service.Draft(tree)

    @staticmethod
    def _version(number: str) -> dict[str, Any]:
        return {
            "versionNumber": number,
            "vmImages": [
                {
                    "imageType": kind,
                    "source": {
                        "sourceType": "sasUri",
                        "osDisk": {"uri": sas(f"{kind}-{number}", f"old-{SIGNATURE}")},
                        "dataDisks": [],
                    },
                }
                for kind in TYPES
            ],
        }

    def __call__(self, call: Call, now: float) -> Reading:
        return self.model(call, now)

    def lose(self, reading: Reading, *, carried_out: bool) -> None:
        self.model.faults.append((reading, carried_out))

    def meanwhile(self, action: Any) -> None:
        def once() -> None:
            self.model.meanwhile = lambda: None
            action()

        self.model.meanwhile = once

    def _technical(self, plan_id: str = "gold") -> dict[str, Any]:
        assert self.model.tree is not None
        plan = next(
            each["id"]
            for each in self.model.tree["resources"]
            if each.get("identity", {}).get("externalId") == plan_id and "/plan/" in each["$schema"]
        )
        return next(
            each
            for each in self.model.tree["resources"]
            if each.get("plan") == plan and "technical-configuration" in each["$schema"]
        )

    def somebody_renames_the_offer(self) -> None:
        assert self.model.tree is not None
        tree_documents.of_type("listing", self.model.tree)["title"] = "Renamed"

    def somebody_adds(self, number: str) -> None:
        self._technical()["vmImageVersions"].append(self._version(number))

    @property
    def title(self) -> str:
        assert self.model.tree is not None
        return str(tree_documents.of_type("listing", self.model.tree)["title"])

    def urls(self, plan_id: str = "gold") -> dict[str, dict[str, str]]:
        return {
            version["versionNumber"]: {
                image["imageType"]: image["source"]["osDisk"]["uri"] for image in version["vmImages"]
            }
            for version in self._technical(plan_id)["vmImageVersions"]
        }

    def offered(self) -> list[str]:
        return sorted(
            version["versionNumber"]
            for version in self._technical()["vmImageVersions"]
            if version.get("lifecycleState", "generallyAvailable") == "generallyAvailable"
        )

    @property
    def writes(self) -> int:
        return len(self.model.posted)


PLAN_STAGES = {
    "cloud partner portal": OnCloudPartnerPortal,
    "cloud partner portal without ETags": WithoutETags,
    "product ingestion": OnProductIngestion,
}
