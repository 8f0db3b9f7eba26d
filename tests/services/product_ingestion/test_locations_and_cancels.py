"""Where a publication is, how it is canceled, and which state its offer is in."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppConfigurationError,
    CppNotFound,
    UntrustedLocation,
)
from airflow_provider_cpp.lro.cancelling import Cancel
from airflow_provider_cpp.lro.schedule import DEFAULT_INTERVAL, PollSchedule
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.offers.status_goal import goal_of_offer
from tests.runner import Runner, answered, refused
from tests.services.product_ingestion.portal import BASE, GUID, ORIGIN, Portal
from tests.services.product_ingestion.released import OFFER, SERVICE, Release


class TestPlainLocations:
    """Without a fragment, as a person may have it."""

    @pytest.mark.parametrize(
        "detail",
        [
            {},
            {"resources": {}},
            {"resources": [None]},
            {"resources": [{"id": f"submission/{GUID}/0", "target": {"targetType": "preview"}}]},
            {"resources": [{"id": f"submission/{GUID}/12", "target": {"targetType": "retail"}}]},
            {"resources": [{"id": f"submission/{GUID}/12"}]},
            {
                "resources": [
                    {"$schema": "https://schema.mp.microsoft.com/schema/submission/2022-03-01-preview2"},
                    {"id": f"plan/{GUID}/{GUID}"},
                ]
            },
        ],
        ids=str,
    )
    def test_a_job_that_may_have_published_isnt_the_end_of_what_it_published(self, detail: Any) -> None:
        release = Release("preview")
        release.portal.answers[f"{BASE}/configure/job-1"] = answered(200, detail)
        end = release.watch(
            location=f"{ORIGIN}{BASE}/configure/job-1/status", script={2: lambda now: release.portal.end(now=now)}
        )
        assert end.status == "unknown", end
        assert "isn't understood" in end.message or "has no resources" in end.message

    def test_a_job_that_publishes_nothing_ends_by_itself(self) -> None:
        release = Release("preview")
        detail = {"resources": [{"id": f"plan/{GUID}/{GUID}"}, {"id": f"submission/{GUID}/0"}]}
        detail["resources"][1]["target"] = {"targetType": "draft"}  # type: ignore[assignment]
        release.portal.answers[f"{BASE}/configure/job-1"] = answered(200, detail)
        end = release.watch(
            location=f"{ORIGIN}{BASE}/configure/job-1/status", script={2: lambda now: release.portal.end(now=now)}
        )
        assert end.status == "succeeded", end

    @pytest.mark.parametrize("tail", ["/status", "/status/", ""])
    def test_a_job_is_asked_what_it_made(self, tail: str) -> None:
        release = Release()
        end = release.watch(
            location=f"{ORIGIN}{BASE}/configure/job-1{tail}", script={3: lambda now: release.portal.end(now=now)}
        )
        assert end.status == "succeeded", end.message

    def test_a_submission_by_itself(self) -> None:
        release = Release()
        location = f"{ORIGIN}{BASE}/submission/{GUID}/{release.row.number}"
        end = release.watch(location=location, script={3: lambda now: release.portal.end(now=now)})
        assert end.status == "succeeded", end.message

    @pytest.mark.parametrize(
        "location",
        [
            f"https://elsewhere.example{BASE}/configure/job-1/status",
            f"https://user@graph.example{BASE}/configure/job-1/status",
            f"{ORIGIN}{BASE}/configure/../product/status",
            f"{ORIGIN}{BASE}/submission/{GUID}/1/../../x",
            f"{ORIGIN}{BASE}/configure/job-1/cancel",
            f"{ORIGIN}{BASE}/configure/job-1/status#product=x",
            f"{ORIGIN}{BASE}/configure/job-1/status#submission=x",
            f"{ORIGIN}{BASE}/configure/job-1/status#target=retail",
            f"{ORIGIN}{BASE}/configure/job-1/status#before=1;2",
            f"{ORIGIN}{BASE}/configure/{{{{ ti }}}}/status",
            "",
            None,
            7,
        ],
    )
    def test_what_isnt_one_is_refused_before_anything_is_sent(self, location: Any) -> None:
        with pytest.raises(UntrustedLocation):
            SERVICE.located(location)

    @pytest.mark.parametrize("job", ["job-2", "../../../v1.0/users", "..%2F..%2Fproduct", "x/cancel?"])
    @pytest.mark.parametrize("path", [f"submission/{GUID}/1", "configure/job-1/status"])
    def test_which_job_it_is_only_the_path_says(self, path: str, job: str) -> None:
        plain = SERVICE.located(f"{ORIGIN}{BASE}/{path}")
        assert SERVICE.located(f"{ORIGIN}{BASE}/{path}#job={job}") == plain

    @pytest.mark.parametrize("others", [0, 3, 19, 20, 21, 300])
    def test_one_that_was_started_can_be_watched_however_many_submissions_there_were(self, others: int) -> None:
        portal = Portal()
        for _ in range(others):
            portal.add("live", age=1e7)
        runner = Runner(portal)
        started = runner.run(Start(SERVICE.publishing(OFFER)).once())
        before = SERVICE.located(started.location).handle.before
        assert before is None if others > 20 else len(before or ()) == others
        assert len(started.location) < 2048

    @pytest.mark.parametrize("host", [ORIGIN, "https://cloudpartner.azure.com", ""])
    def test_one_of_the_other_service_asks_whether_the_connection_was_switched(self, host: str) -> None:
        location = f"{host}/api/publishers/contoso/offers/vm/operations/1?api-version=2017-10-31"
        with pytest.raises(UntrustedLocation, match="connection switched"):
            SERVICE.located(location)


class TestCanceling:
    def cancel(self, release: Release, location: str = "") -> tuple[Any, Runner]:
        runner = Runner(release.portal, now=release.runner.now)
        return runner.run(Cancel(SERVICE.located(location or release.location)).confirmed()), runner

    def test_it_goes_by_the_job(self) -> None:
        release = Release()
        canceled, runner = self.cancel(release)
        assert canceled.status == "canceled", canceled
        assert [call.path for call in runner.posts] == [f"{BASE}/configure/job-1/cancel"]

    def test_what_is_ready_in_preview_runs_no_more_and_cant_be_taken_back(self) -> None:
        release = Release("preview")
        release.portal.end()
        canceled, runner = self.cancel(release)
        assert canceled.status == "nothing_running", canceled
        assert "can't take it back" in canceled.message
        assert runner.posts == []

    def test_without_a_job_it_cant_be(self) -> None:
        release = Release(posts=["lost"])
        canceled, runner = self.cancel(release)
        assert canceled.status == "not_cancelable", canceled
        assert runner.posts == []

    @pytest.mark.parametrize(
        ("result", "status"),
        [("succeeded", "succeeded"), ("failed", "failed"), ("cancelled", "not_cancelable")],
    )
    def test_without_a_job_it_may_have_ended(self, result: str, status: str) -> None:
        release = Release(posts=["lost"])
        release.portal.end(result)
        canceled, runner = self.cancel(release)
        assert canceled.status == status, canceled
        assert "It runs on" not in canceled.message
        assert runner.posts == []

    def test_a_job_that_isnt_known_isnt_an_offer_that_isnt(self) -> None:
        release = Release()
        release.portal.cancel_posts = ["404"]
        with pytest.raises(CppNotFound, match="doesn't know the job") as caught:
            self.cancel(release)
        assert "check offer_id" not in str(caught.value)

    def test_what_is_refused_as_completed_is_settled_by_looking(self) -> None:
        release = Release()
        real = release.portal._canceled

        def too_late(job: Any, now: float) -> Any:
            release.portal.end()
            return real(job, now)

        release.portal._canceled = too_late  # type: ignore[method-assign]
        canceled, _ = self.cancel(release)
        assert canceled.status == "succeeded", canceled


class TestStatus:
    @pytest.mark.parametrize(
        ("rows", "word"),
        [
            ([], "neverPublished"),
            ([("preview", "pending")], "running"),
            ([("live", "succeeded"), ("preview", "succeeded")], "waitingForPublisherReview"),
            ([("live", "succeeded"), ("live", "pending")], "running"),
            ([("live", "succeeded")], "succeeded"),
            ([("live", "succeeded"), ("preview", "failed")], "failed"),
            ([("live", "succeeded"), ("live", "failed")], "failed"),
        ],
    )
    def test_an_offers_status_comes_from_the_rows(self, rows: Any, word: str) -> None:
        portal = Portal()
        for number, (target, result) in enumerate(rows):
            portal.add(target, result, age=1e6 - number * 1e3)
        assert Runner(portal).run(SERVICE.status(OFFER)).raw_status == word

    @pytest.mark.parametrize(
        ("rows", "verdict"),
        [
            ([("live", "succeeded"), ("live", "pending")], "succeeded"),
            ([("live", "pending")], "succeeded"),
            ([("live", "succeeded"), ("preview", "succeeded")], "succeeded"),
            ([("live", "succeeded"), ("preview", "pending")], None),
            ([("live", "succeeded")], None),  # it may be from before
            ([("live", "succeeded"), ("live", "failed")], "failed"),
        ],
    )
    def test_what_is_on_its_way_to_customers_has_been_through_its_signoff(self, rows: Any, verdict: Any) -> None:
        portal = Portal()
        for number, (target, result) in enumerate(rows):
            portal.add(target, result, age=1e6 - number * 1e3)
        goal = goal_of_offer("waitingForPublisherReview", ("failed", "canceled"))
        assert goal.verdict(Runner(portal).run(SERVICE.status(OFFER))) == verdict

    @pytest.mark.parametrize("answer", [refused(401), refused(404), refused(503), answered(200, "x")])
    def test_what_cant_be_read_is_an_error(self, answer: Any) -> None:
        portal = Portal(answers={f"{BASE}/submission/{GUID}": answer})
        with pytest.raises(Exception, match="List submissions"):
            Runner(portal).run(SERVICE.status(OFFER))


def test_looks_are_once_a_minute_at_most_unless_somebody_chooses_another_interval() -> None:
    watched = SERVICE.located(f"{ORIGIN}{BASE}/configure/job-1/status")
    assert PollSchedule.between(DEFAULT_INTERVAL, 600, watched.usual_interval).shortest == 60
    assert PollSchedule.between(30, 600, watched.usual_interval).shortest == 30
    assert PollSchedule.between(900, 600, watched.usual_interval).shortest == 900


def test_there_is_no_list_of_publishers() -> None:
    with pytest.raises(CppConfigurationError, match="doesn't list publishers"):
        SERVICE.publishers()
