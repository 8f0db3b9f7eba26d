"""The Product Ingestion API on the contract's stage."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.offers.document import Offer
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion.following import Publication
from airflow_provider_cpp.services.product_ingestion.service import ProductIngestion
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.contract.stage import Stage
from tests.runner import answered
from tests.services.product_ingestion.portal import BASE, GUID, IN_PROGRESS, ORIGIN, Portal
from tests.services.product_ingestion.submitted import error


@dataclass
class OnProductIngestion(Stage):
    """One product of the Product Ingestion API."""

    model: Portal = field(default_factory=Portal)
    ends_before_a_cancel: bool = False
    is_too_far: bool = False

    service = ProductIngestion(ORIGIN, "2022-07-01")
    offer = OfferRef("contoso", "vm")
    listed = Offer({"id": f"product/{GUID}"}, id="vm")
    conflict_words = IN_PROGRESS

    def never_published(self) -> None:
        self.model.rows.clear()

    def ready(self) -> None:
        self.model.add("live", age=1e7)
        self.model.add("preview")

    def live(self) -> None:
        self.model.add("live")

    def preview_failed(self) -> None:
        self.model.add("preview", "failed")

    def go_live_failed(self) -> None:
        self.model.add("live", age=1e7)
        self.model.add("live", "failed")

    def somebody_publishes(self) -> str:
        return self._somebody("preview")

    def somebody_goes_live(self) -> str:
        preview = self.model.newest_preview()
        return self._somebody("live", preview.number if preview else "")

    def _somebody(self, target: str, number: str = "") -> str:
        job = self.model.post(target, self.now, by="somebody", number=number)
        assert job.submission is not None
        return job.submission.number

    def posts(self, *names: str) -> None:
        self.model.posts = [*names, *self.model.posts]

    def cancels(self, *names: str) -> None:
        self.model.cancel_posts = [*names, *self.model.cancel_posts]

    def lags(self, seconds: float) -> None:
        self.model.lag = seconds

    def end(self, outcome: str = "succeeded", reason: str = "") -> None:
        result = {"canceled": "cancelled"}.get(outcome, outcome)
        errors = [error("badRequest", "Operation failed", [error("invalidResource", reason)])] if reason else []
        self.model.end(result, *errors, now=self.now)

    def reach_preview(self) -> None:
        self.model.end(now=self.now)

    def sign_off(self) -> None:
        preview = self.model.newest_preview()
        assert preview is not None
        self.model.post("live", self.now, by="somebody", number=preview.number)
        self.model.end(now=self.now)

    def forget(self) -> None:
        self.model.jobs.clear()

    def vanish(self) -> None:
        running = {job.submission.number for job in self.model.jobs.values() if job.submission}
        self.model.rows[:] = [row for row in self.model.rows if row.number not in running]
        self.model.jobs.clear()

    def refuse_cancels(self) -> None:
        self.ends_before_a_cancel = True

    def go_too_far(self) -> None:
        self.is_too_far = True

    def is_list(self, call: Call) -> bool:
        return call.path.startswith(f"{BASE}/submission/")

    def _serve(self, call: Call, now: float) -> Reading:
        if call.path.endswith("/cancel") and self.ends_before_a_cancel:
            self.end()
        if call.path.endswith("/cancel") and self.is_too_far:
            return answered(400, {"error": error("badRequest", "Cannot cancel job, it has gone too far.")})
        return self.model(call, now)

    @property
    def started(self) -> list[str]:
        return [name for name, _ in self.model.started]

    def names(self, watched: Watched) -> str:
        assert isinstance(watched, Publication)
        handle = watched.handle
        if handle.job:
            return self.model.jobs[handle.job].name
        found = [
            job.name
            for job in self.model.jobs.values()
            if job.name and job.submission and job.submission.number == handle.submission
        ]
        return found[-1] if found else f"old {handle.submission}"


@dataclass
class RefusingAtThePost(OnProductIngestion):
    """The same where a conflict is answered at the POST: nobody knows which of the two the service does."""

    model: Portal = field(default_factory=lambda: Portal(conflict_at_post=True))
