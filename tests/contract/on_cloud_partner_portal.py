"""Cloud Partner Portal on the contract's stage."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import chain

from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from airflow_provider_cpp.services.cloud_partner_portal.service import CloudPartnerPortal
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from tests.contract.stage import Stage
from tests.runner import answered, refused
from tests.services.cloud_partner_portal.model_service import ModelService, Other
from tests.services.cloud_partner_portal.scripted import OFFER, ORIGIN, PUBLISHER, message, step, submission


@dataclass
class OnCloudPartnerPortal(Stage):
    """One offer of Cloud Partner Portal."""

    model: ModelService = field(default_factory=ModelService)
    reason: str = ""
    refuses_cancels: bool = False
    is_too_far: bool = False

    service = CloudPartnerPortal(ORIGIN, "2017-10-31")
    offer = OfferRef(PUBLISHER, OFFER)
    listed = Offer({"id": OFFER}, id=OFFER)
    conflict_words = "Another operation is already running"

    def never_published(self) -> None:
        self.model.old, self.model.status, self.model.versions = [], {"status": "neverPublished"}, (None, None)

    def ready(self) -> None:
        self.model.old = [submission("old-1", "completed", slot="staging")]
        self.model.status, self.model.versions = {"status": "waitingForPublisherReview"}, (2, 1)

    def live(self) -> None:
        self.model.old = [submission("old-1", "completed")]
        self.model.status, self.model.versions = {"status": "succeeded"}, (2, 2)

    def preview_failed(self) -> None:
        self.model.old = [submission("old-1", "failed", slot="staging")]
        self.model.status = {"status": "failed", "steps": [step(status="failed")]}

    def go_live_failed(self) -> None:
        self.model.old = [submission("old-1", "failed")]
        self.model.status, self.model.versions = {"status": "failed"}, (2, 1)

    def somebody_publishes(self) -> str:
        return self._somebody(PUBLISH)

    def somebody_goes_live(self) -> str:
        return self._somebody(GO_LIVE)

    def _somebody(self, kind: str) -> str:
        name = f"other-{len(self.model.others)}"
        self.model.others = [*self.model.others, Other(0.0, None, kind, "succeeded", begun=self.now)]
        self.model.status = {"status": "running", "steps": [step()]}
        self.model.of[name] = self.model.draft - 1
        return name

    def posts(self, *names: str) -> None:
        self.model.posts = chain(names, self.model.posts)

    def cancels(self, *names: str) -> None:
        self.model.cancels = chain(names, self.model.cancels)

    def lags(self, seconds: float) -> None:
        self.model.lag = seconds

    def end(self, outcome: str = "succeeded", reason: str = "") -> None:
        self.reason = reason
        for other in self.model.others:
            if other.begun is not None and other.lasts is None:
                other.lasts, other.outcome = self.now - other.begun, outcome
        if self.model.started:
            number = len(self.model.started) - 1
            self.model.ends_after = self.now - self.model.started[number][1]
            self.model.outcomes = [*self.model.outcomes, outcome]

    def reach_preview(self) -> None:
        self.model.signoff_after = 0.0

    def sign_off(self) -> None:
        self.end()

    def forget(self) -> None:
        self.model.gone = 404

    def vanish(self) -> None:
        self.model.gone, self.model.lag = 404, float("inf")

    def refuse_cancels(self) -> None:
        self.refuses_cancels = True

    def go_too_far(self) -> None:
        self.is_too_far = True

    def is_list(self, call: Call) -> bool:
        return call.path.endswith("/submissions/")

    def _serve(self, call: Call, now: float) -> Reading:
        if call.method == "POST" and call.path.endswith("/cancel"):
            return self._canceled(call, now)
        if call.method == "POST":
            self.model.kind = call.path.rpartition("/")[2]
        reading = self.model(call, now)
        if "/operations/" in call.path and self.is_too_far and isinstance(reading, Answer):
            return answered(200, {**json.loads(reading.body), "cancellationRequestState": "cannotCancel"})
        if "/operations/" in call.path and reading.code == 200 and self.reason:
            document = {"status": "failed", "messages": [message(self.reason)], "steps": [step(status="failed")]}
            return answered(200, document) if b'"failed"' in getattr(reading, "body", b"") else reading
        return reading

    def _canceled(self, call: Call, now: float) -> Reading:
        if self.refuses_cancels:
            self.end()
            return refused(409, "Conflict", "The operation has completed.")
        reading = self.model(call, now)
        if self.model.canceled:
            self.model.outcome = "canceled"
        return reading

    @property
    def started(self) -> list[str]:
        return [name for name, _ in self.model.started]

    def names(self, watched: Watched) -> str:
        return watched.operation_id
