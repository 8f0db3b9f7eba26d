"""A publication that was started, for tests of what becomes of it."""

from __future__ import annotations

from typing import Any

from airflow_provider_cpp.lro.ends import End
from airflow_provider_cpp.lro.goals import COMPLETED
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion.service import ProductIngestion
from tests.runner import Runner
from tests.services.product_ingestion.portal import GUID, ORIGIN, Portal
from tests.services.product_ingestion.submitted import error

SERVICE = ProductIngestion(ORIGIN, "2022-07-01")
OFFER = OfferRef("contoso", "vm")

#: A certification's failure: its code seems to say that it may pass, and its reason is below it.
CERTIFICATION = error(
    "internalServerError",
    "Operation failed",
    [
        error(
            "invalidState",
            "Certification",
            [error("invalidState", "Issues found during Certification. See https://x.blob/r?sig=abc%2Fdef")],
        )
    ],
    resourceId=f"submission/{GUID}/1",
)


class Release:
    """A publication that was started, and is watched from there on, by whoever has its location alone."""

    def __init__(self, what: str = "live", *, posts: list[Any] | None = None, **more: Any) -> None:
        self.portal = Portal(posts=posts or [], **more)
        self.old = self.portal.add("live", age=1e7)
        if what == "live":
            self.portal.add("preview")
        intent = SERVICE.going_live(OFFER) if what == "live" else SERVICE.publishing(OFFER)
        self.runner = Runner(self.portal)
        self.location = self.runner.run(Start(intent).once()).location
        self.row = self.portal.rows[-1]

    def watch(self, goal: Any = COMPLETED, script: dict[int, Any] | None = None, **more: Any) -> End:
        """Watch; `script` does something to the portal after so many looks."""
        looks = 0
        serve = self.portal.__call__

        def service(call: Any, now: float) -> Any:
            nonlocal looks
            if call.method == "GET":
                looks += 1
                if script and looks in script:
                    script[looks](now)
            return serve(call, now)

        self.runner = Runner(service, now=self.runner.now)
        watched = SERVICE.located(more.pop("location", self.location))
        watch = Watch(
            watched,
            started_at=self.runner.now,
            deadline=self.runner.now + 30 * 86400,
            schedule=PollSchedule(60, 600),
            goal=goal,
            **more,
        )
        end: End = self.runner.run(watch.follow(at_once=True, draw=lambda: 0.5))
        assert End.read(end.to_event()).location == end.location
        return end
