"""How a publication is followed to its true end: by its job, and then by the row of its submission."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppConflict,
    OperationCanceled,
    OperationFailed,
    OperationStatusUnknown,
    WatchedOperationFailed,
)
from airflow_provider_cpp.lro.ends import End
from airflow_provider_cpp.lro.goals import COMPLETED, SIGNOFF
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.services.product_ingestion.following import LAG
from tests.runner import NOW, Runner, answered, refused
from tests.services.product_ingestion.portal import BASE, GUID, Portal
from tests.services.product_ingestion.released import CERTIFICATION, OFFER, SERVICE, Release
from tests.services.product_ingestion.submitted import error


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
        message = end.message
        assert message.index("Issues found during Certification") < message.index("Operation failed")
        assert "abc%2Fdef" not in message
        assert f"ubmission {release.old.number}" in message
        assert "is still live" in message

    @pytest.mark.parametrize(
        ("reason", "is_retried"),
        [
            (CERTIFICATION, False),
            (error("internalServerError", "Operation failed"), True),
            (error("invalidState", "The preview isn't ready."), True),
            (error("badRequest", "Certification of the domain"), True),
        ],
    )
    def test_what_failed_in_certification_isnt_started_again_by_a_retry(
        self, reason: Any, is_retried: bool
    ) -> None:
        release = Release("preview")
        end = release.watch(script={3: lambda now: release.portal.end("failed", reason, now=now)})
        end = End.read(json.loads(json.dumps(end.to_event())))
        error_class = end.error_class(by_sensor=False)
        assert error_class is (OperationFailed if is_retried else WatchedOperationFailed)
        assert end.error_class(by_sensor=True) is WatchedOperationFailed

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
