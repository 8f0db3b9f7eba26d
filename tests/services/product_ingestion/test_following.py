"""How a publication is followed to its true end: by its job, and then by the row of its submission."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppConfigurationError,
    CppConflict,
    CppNotFound,
    OperationCanceled,
    OperationFailed,
    OperationStatusUnknown,
    UntrustedLocation,
)
from airflow_provider_cpp.lro.cancelling import Cancel
from airflow_provider_cpp.lro.ends import End
from airflow_provider_cpp.lro.goals import COMPLETED, SIGNOFF
from airflow_provider_cpp.lro.schedule import DEFAULT_INTERVAL, PollSchedule
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion.following import LAG
from airflow_provider_cpp.services.product_ingestion.service import ProductIngestion
from tests.runner import NOW, Runner, answered, refused
from tests.services.product_ingestion.portal import BASE, GUID, ORIGIN, Portal, error

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


class TestGoLive:
    def test_two_live_rows_are_usual_and_ours_is_picked_by_its_id(self) -> None:
        release = Release()
        end = release.watch(script={4: lambda now: release.portal.end(now=now)})
        assert end.status == "succeeded", end.message
        assert end.result(by_sensor=True)["steps"] == []
        assert "offer contoso/vm" in end.message.lower()

    def test_a_look_is_one_request_while_the_job_runs(self) -> None:
        release = Release()
        end = release.watch(script={9: lambda now: release.portal.end(now=now)})
        paths = [call.path for call in release.runner.sent]
        assert end.status == "succeeded"
        assert paths[:9] == [f"{BASE}/configure/job-1/status"] * 9
        assert paths[9:] == [f"{BASE}/submission/{GUID}"]
        assert min(release.runner.gaps[:8]) >= 50

    def test_a_row_may_lag_behind_its_job_for_some_minutes(self) -> None:
        release = Release(lag=400.0)
        end = release.watch(script={3: lambda now: release.portal.end(now=now)})
        assert end.status == "succeeded", end.message
        lags = [line for line in release.runner.lines() if "lag behind" in line]
        assert lags
        assert len(lags) == len(set(lags)), "each change once"

    def test_both_disagree_for_good(self) -> None:
        release = Release()

        def failed_after_all(now: float) -> None:
            release.portal.end(now=now)
            release.row.result = "failed"

        began = release.runner.now
        end = release.watch(script={3: failed_after_all})
        assert end.error_class(by_sensor=True) is OperationStatusUnknown, end
        assert "'succeeded'" in end.message
        assert "failed" in end.message
        assert release.runner.now - began >= LAG
        assert release.runner.posts == []

    def test_why_it_failed_stands_in_a_tree_the_innermost_reason_first(self) -> None:
        release = Release()
        end = release.watch(script={3: lambda now: release.portal.end("failed", CERTIFICATION, now=now)})
        assert end.error_class(by_sensor=False) is OperationFailed
        message = end.message
        assert message.index("Issues found during Certification") < message.index("Operation failed")
        assert "abc%2Fdef" not in message
        assert f"ubmission {release.old.number}" in message
        assert "is still live" in message

    def test_a_job_that_isnt_known_any_more_leaves_the_row(self) -> None:
        release = Release()
        forget = {5: lambda now: release.portal.jobs.clear(), 12: lambda now: release.portal.end(now=now)}
        end = release.watch(script=forget)
        assert end.status == "succeeded", end.message

    def test_and_without_a_job_the_row_says_that_it_failed(self) -> None:
        release = Release(posts=["lost"])
        end = release.watch(script={3: lambda now: release.portal.end("failed", now=now)})
        assert end.status == "failed"

    def test_a_live_row_that_was_replaced_by_a_newer_one_was_live(self) -> None:
        release = Release(posts=["lost"])

        def replaced(now: float) -> None:
            release.portal.end(now=now)
            release.portal.rows[:] = []
            release.portal.add("live", age=NOW - now)

        end = release.watch(script={3: replaced})
        assert end.status == "succeeded", end.message
        assert any("It was live, and was replaced by submission" in line for line in release.runner.warnings())

    def test_but_the_one_that_was_live_before_is_no_newer_one(self) -> None:
        release = Release(posts=["lost"])

        def withdrawn(now: float) -> None:
            release.portal.rows[:] = [release.old]

        end = release.watch(script={3: withdrawn})
        assert end.error_class(by_sensor=True) is OperationStatusUnknown, end.message

    def test_cancelled_is_canceled(self) -> None:
        release = Release()
        end = release.watch(script={3: lambda now: release.portal.end("cancelled", now=now)})
        assert end.error_class(by_sensor=True) is OperationCanceled

    def test_a_conflict_that_the_job_says_late_is_no_operation_that_failed(self) -> None:
        release = Release()

        def late(now: float) -> None:
            release.row.target, release.row.status, release.row.result = "preview", "completed", "succeeded"
            release.portal.last_job.end("failed", error("conflict", "An In Progress submission already exists"))

        end = release.watch(script={3: late})
        assert end.error_class(by_sensor=True) is CppConflict
        assert "In Progress" in end.message
        assert end.message.startswith("Go-live of offer contoso/vm was refused after it had been accepted: ")
        assert "job-1" in end.message.rpartition("It never began")[2], "ids last"

    def test_words_that_nobody_knows_wait_on_with_what_stands_beside_them(self) -> None:
        release = Release()

        def odd(now: float) -> None:
            release.portal.last_job.status, release.portal.last_job.result = "meditating", "halfway"

        def on(now: float) -> None:
            release.portal.end(now=now)

        end = release.watch(script={3: odd, 6: on})
        assert end.status == "succeeded"
        (warning,) = release.runner.warnings()
        assert "meditating" in warning
        assert "halfway" in warning

    @pytest.mark.parametrize("name", ["jobID", "JobId", "jobid"])
    def test_names_of_members_in_another_case_and_members_nobody_knows(self, name: str) -> None:
        body = {name: "job-77", "jobStatus": "notStarted", "jobResult": "pending", "new": {"a": [1]}}
        portal = Portal(posts=[answered(202, body)])
        portal.add("preview")
        runner = Runner(portal)
        outcome = runner.run(Start(SERVICE.going_live(OFFER)).once())
        assert "/configure/job-77/status" in outcome.location

    @pytest.mark.parametrize(
        "details", [{}, {"code": "invalidState", "message": "Deep."}, None, "Deep.", [["Deep."]]]
    )
    def test_details_may_be_anything(self, details: Any) -> None:
        release = Release()
        tree = {"code": "badRequest", "message": "Shallow.", "details": details}
        end = release.watch(script={2: lambda now: release.portal.end("failed", tree, now=now)})
        assert end.status == "failed"
        assert "Shallow." in end.message
        assert ("Deep." in end.message) == bool(details)


class TestPublish:
    def test_it_is_ready_for_signoff_at_its_jobs_success(self) -> None:
        release = Release("preview")
        end = release.watch(SIGNOFF, script={3: lambda now: release.portal.end(now=now)})
        assert end.status == "succeeded", end.message
        assert "waits for your sign-off" in end.message

    def test_until_completed_it_waits_for_a_live_row_of_that_id(self) -> None:
        release = Release("preview")

        def signed_off(now: float) -> None:
            release.row.target, release.row.status, release.row.result = "live", "running", "pending"

        script = {3: lambda now: release.portal.end(now=now), 8: signed_off}
        script[12] = lambda now: release.portal.end(now=now)
        end = release.watch(script=script)
        assert end.status == "succeeded", end.message
        assert any("is in preview and waits for your sign-off" in line for line in release.runner.lines())

    @pytest.mark.parametrize("goal", [SIGNOFF, COMPLETED])
    def test_a_preview_that_was_replaced_by_a_newer_one_wasnt_published(self, goal: Any) -> None:
        release = Release("preview")

        def replaced(now: float) -> None:
            release.portal.end(now=now)
            release.portal.rows.remove(release.row)
            release.portal.add("preview", age=NOW - now)

        end = release.watch(goal, script={3: replaced})
        assert end.status == "failed", end
        assert "was replaced by submission" in end.message
        assert "Somebody published the offer anew" in end.message

    def test_a_row_that_may_be_anothers_fails_nothing_once_its_job_isnt_known(self) -> None:
        release = Release("preview")

        def forgotten(now: float) -> None:
            release.portal.end(now=now)
            release.portal.jobs.clear()
            release.portal.rows.remove(release.row)
            release.portal.add("preview", "failed", age=NOW - now)

        end = release.watch(SIGNOFF, script={3: forgotten})
        assert end.error_class(by_sensor=True) is OperationStatusUnknown, end.message

    def test_one_that_failed_says_why(self) -> None:
        release = Release("preview")
        tree = error("badRequest", "Invalid.", [error("invalidResource", "The logo is missing.")])
        end = release.watch(SIGNOFF, script={3: lambda now: release.portal.end("failed", tree, now=now)})
        assert end.status == "failed"
        assert "The logo is missing." in end.message

    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_one_that_was_replaced_isnt_taken_for_its_successor_while_its_job_cant_be_asked(
        self, status: int
    ) -> None:
        release = Release("preview")
        detail = f"{BASE}/configure/job-1"

        def replaced(now: float) -> None:
            release.portal.end(now=now)
            release.portal.answers[detail] = refused(status)
            release.portal.rows.remove(release.row)
            release.portal.add("preview", age=NOW - now)

        end = release.watch(SIGNOFF, script={3: replaced, 9: lambda now: release.portal.answers.clear()})
        # By then the job says which submission it made.
        assert end.status == "failed", end
        assert "was replaced by submission" in end.message

    @pytest.mark.parametrize(("result", "status"), [("failed", "failed"), ("cancelled", "canceled")])
    def test_one_that_came_to_nothing_isnt_taken_for_what_somebody_publishes_since(
        self, result: str, status: str
    ) -> None:
        release = Release("preview")

        def published_anew(now: float) -> None:
            release.portal.end(result, error("internalServerError", "Certification"), now=now)
            release.portal.rows[:] = [each for each in release.portal.rows if each is not release.row]
            other = release.portal.add("preview", age=NOW - now)
            other.status, other.result = "running", "pending"

        began = release.runner.now
        end = release.watch(SIGNOFF, script={3: published_anew})
        assert end.status == status, end
        # It may be its own row that lags behind.
        assert release.runner.now - began >= LAG


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
