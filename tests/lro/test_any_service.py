"""What the engine bears of a service: looks of two exchanges, prepared requests, conflicts that come late."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppAuthError,
    CppBadRequest,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
    OperationCanceled,
)
from airflow_provider_cpp.lro.cancelling import Cancel, CancelOffer
from airflow_provider_cpp.lro.prechecking import NotStarted, Precheck
from airflow_provider_cpp.lro.records import How, Started
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.lro.watching import Watch
from tests.lro.model_service import Job, Opening, Shelf
from tests.runner import LOST, NOW, Runner, WorkerDied, answered, refused

OPENING = Opening()
CLOSING = Opening("closing")


def start(shelf: Shelf, intent: Opening = OPENING, if_running: str = "fail", **more: Any) -> tuple[Any, Runner]:
    runner = Runner(shelf, now=more.pop("now", NOW))
    try:
        return runner.run(Start(intent, if_running).once(**more)), runner
    except CppError as error:
        return error, runner


def watched(shelf: Shelf, name: str, **more: Any) -> tuple[Any, Runner]:
    runner = Runner(shelf)
    watch = Watch(Job(name), started_at=more.pop("started_at", NOW), deadline=NOW + 86400.0, **more)
    return runner.run(watch.follow(at_once=True, draw=lambda: 0.5)).to_event(), runner


class TestStarting:
    def test_the_request_is_what_was_prepared(self) -> None:
        outcome, runner = start(Shelf(["job"]))
        assert outcome == Started(Job("job-0"), How.POSTED)
        assert [record["state"] for record in runner.kept] == ["begun", "intended", "started"]
        assert runner.kept[1] == {"of": OPENING.subject, "state": "intended", "key": "brass", "lines": 0}

    def test_what_goes_by_another_name_once_it_is_confirmed_is_kept_by_that_one(self) -> None:
        outcome, runner = start(Shelf(["moves"]))
        assert outcome == Started(Job("job-0"), How.POSTED)
        assert runner.kept[-1]["location"] == Job("job-0").url

    @pytest.mark.parametrize("path", ["/key", "/rows"])
    @pytest.mark.parametrize("answer", [LOST, refused(503), refused(401)], ids=["no answer", "503", "401"])
    def test_what_cant_be_prepared_isnt_sent(self, path: str, answer: Any) -> None:
        outcome, runner = start(Shelf(["job"], answers={path: answer}))
        assert isinstance(outcome, CppAuthError if answer is not LOST and answer.status == 401 else CppUnavailable)
        assert "Nothing was sent" in str(outcome)
        assert runner.posts == []

    @pytest.mark.parametrize("post", ["lost", "mute"])
    def test_what_was_accepted_without_a_word_is_found(self, post: str) -> None:
        shelf = Shelf([post])
        shelf.add(state="succeeded")
        outcome, runner = start(shelf)
        assert outcome == Started(Job("job-1"), How.ADOPTED)
        assert len(runner.posts) == 1

    def test_what_left_no_trace_is_sent_once_more(self) -> None:
        outcome, runner = start(Shelf(["swallowed", "job"]))
        assert outcome == Started(Job("job-0"), How.POSTED)
        assert len(runner.posts) == 2
        assert "left no trace among the shelf's ledger" in runner.warnings()[-1]

    def test_twice_without_a_trace_nobody_knows(self) -> None:
        outcome, runner = start(Shelf(["swallowed", "swallowed"]))
        assert isinstance(outcome, AmbiguousOutcome)
        assert "Look at the counter" in str(outcome)
        assert runner.kept[-1]["state"] == "unclear"

    @pytest.mark.parametrize("post", ["busy", "late"])
    def test_a_conflict_names_what_runs_whether_it_comes_at_once_or_late(self, post: str) -> None:
        shelf = Shelf([post])
        shelf.add("closing")
        outcome, runner = start(shelf)
        assert isinstance(outcome, CppConflict)
        assert "Running on it: closing job-0 (running)" in str(outcome)
        assert "Nothing was started" in str(outcome)
        assert runner.kept[-1]["state"] == "refused"

    @pytest.mark.parametrize("post", ["busy", "late"])
    def test_a_conflict_with_the_same_is_taken_up(self, post: str) -> None:
        shelf = Shelf([post])
        shelf.add("opening")
        outcome, _ = start(shelf)
        assert outcome == Started(Job("job-0"), How.ADOPTED)

    @pytest.mark.parametrize("post", ["job", "lost", "late", "busy", "mute", "swallowed"])
    @pytest.mark.parametrize("steps", range(1, 16))
    def test_a_worker_that_dies_anywhere_starts_no_second_one(self, post: str, steps: int) -> None:
        shelf = Shelf([post, "job", "job"])
        runner = Runner(shelf, dies_after=steps)
        with contextlib.suppress(WorkerDied, CppError):
            runner.run(Start(OPENING).once())
        record = runner.kept[-1] if runner.kept else None
        outcome, _ = start(shelf, record=record, since=NOW, records_are_kept=True, now=NOW + 60)
        assert isinstance(outcome, Started | CppConflict)
        assert len(shelf.rows) <= 1


class TestRetrying:
    def _record(self, shelf: Shelf) -> dict[str, Any]:
        _, runner = start(shelf)
        return runner.kept[-1]

    def test_what_runs_is_taken_up(self) -> None:
        shelf = Shelf(["job"])
        outcome, runner = start(shelf, record=self._record(shelf), since=NOW)
        assert (outcome.how, runner.posts) == (How.REATTACHED, [])

    def test_what_was_canceled_is_raised_once(self) -> None:
        shelf = Shelf(["job"])
        record = self._record(shelf)
        shelf.end("job-0", "canceled")
        outcome, runner = start(shelf, record=record, since=NOW)
        assert isinstance(outcome, OperationCanceled)
        assert "Job job-0 on shelf 7" in str(outcome)
        assert runner.kept[-1]["state"] == "canceled"

    def test_what_failed_is_started_anew(self) -> None:
        shelf = Shelf(["job", "job"])
        record = self._record(shelf)
        shelf.end("job-0", "failed")
        outcome, _ = start(shelf, record=record, since=NOW)
        assert outcome == Started(Job("job-1"), How.POSTED)

    def test_a_record_of_something_else_is_left_aside(self) -> None:
        outcome, runner = start(Shelf(["job"]), record={"of": "POST another", "state": "intended"}, since=NOW)
        assert isinstance(outcome, Started)
        assert "POST another: it is left aside" in runner.warnings()[0]


class TestMeetingOthers:
    def test_one_that_is_the_same_is_taken_up(self) -> None:
        shelf = Shelf()
        shelf.add("closing")
        outcome, runner = start(shelf, CLOSING)
        assert (outcome.how, runner.posts) == (How.ADOPTED, [])

    def test_one_that_isnt_is_a_conflict(self) -> None:
        shelf = Shelf(steps={"paint": "inProgress"})
        shelf.add("closing")
        outcome, runner = start(shelf, CLOSING)
        assert isinstance(outcome, CppConflict)
        assert "(a step more)" in str(outcome)
        assert runner.posts == []

    def test_a_restart_cancels_it_and_starts_anew(self) -> None:
        shelf = Shelf(["job"], steps={"paint": "inProgress"})
        shelf.add("closing")
        outcome, _ = start(shelf, CLOSING, "restart")
        assert outcome == Started(Job("job-1"), How.POSTED)
        assert shelf.stops == 1


class TestPrechecking:
    def test_what_runs_is_taken_up(self) -> None:
        shelf = Shelf()
        shelf.add()
        outcome, runner = start(shelf, check=Precheck())
        assert (outcome.how, runner.posts) == (How.ADOPTED, [])

    def test_what_is_live_already_is_refused_or_skipped(self) -> None:
        shelf = Shelf()
        shelf.add(state="succeeded")
        outcome, _ = start(shelf, check=Precheck())
        assert isinstance(outcome, CppBadRequest)
        outcome, _ = start(shelf, check=Precheck(skip_if_live=True))
        assert outcome == NotStarted(True, "Open of shelf 7 isn't due: it is open.")

    def test_a_dry_run_sends_nothing(self) -> None:
        outcome, runner = start(Shelf(), check=Precheck(dry_run=True))
        assert outcome == NotStarted(False, "Dry run: would send Open of shelf 7; it is shut. Nothing was sent.")
        assert (runner.posts, runner.kept) == ([], [])


class TestWatching:
    def test_a_look_of_two_exchanges_ends_with_the_second_ones_word(self) -> None:
        shelf = Shelf(answers={"/jobs/job-0": answered(200, {"state": "succeeded"})})
        shelf.add(state="failed")
        event, runner = watched(shelf, "job-0")
        assert event["status"] == "failed"
        assert [call.path for call in runner.sent] == ["/jobs/job-0", "/rows/job-0"]

    @pytest.mark.parametrize(
        "answer", [LOST, refused(503), answered(200, b"<html>")], ids=["no answer", "503", "HTML"]
    )
    def test_as_long_as_the_second_one_cant_be_read_it_is_watched_on(self, answer: Any) -> None:
        shelf = Shelf(answers={"/rows/job-0": answer})
        shelf.add(state="succeeded")
        event, runner = watched(shelf, "job-0")
        assert event["error"] == "OperationStatusUnknown", "a read that fails says nothing of the job"
        assert len(runner.warnings()) < 10
        del shelf.answers["/rows/job-0"]
        event, _ = watched(shelf, "job-0")
        assert event["status"] == "succeeded"

    def test_what_isnt_found_by_itself_is_looked_for_in_the_list(self) -> None:
        shelf = Shelf(answers={"/jobs/job-0": refused(410)})
        shelf.add(state="succeeded")
        event, runner = watched(shelf, "job-0")
        assert event["status"] == "succeeded"
        assert "lists it among the shelf's ledger as 'succeeded'" in runner.warnings()[0]

    def test_what_isnt_there_either_isnt_known(self) -> None:
        event, _ = watched(Shelf(answers={"/jobs/job-0": refused(410)}), "job-0")
        assert "the shelf's ledger don't list it" in event["message"]
        assert event["message"].endswith("Job job-0.")

    def test_a_quiet_document_is_read_once(self) -> None:
        shelf = Shelf()
        shelf.add()
        document = answered(200, {"state": "running", "steps": {"paint": "inProgress"}})
        shelf.answers["/jobs/job-0"] = document
        runner = Runner(shelf)
        watch = Watch(Job("job-0"), started_at=NOW, deadline=NOW + 3600.0)
        event = runner.run(watch.follow(at_once=True, draw=lambda: 0.5)).to_event()
        assert event["status"] == "timeout"
        assert len(runner.lines(logging.INFO)) == 1


class TestCanceling:
    def test_it_is_canceled_and_confirmed(self) -> None:
        shelf = Shelf()
        shelf.add()
        event = Runner(shelf).run(Cancel(Job("job-0")).confirmed(draw=lambda: 0.5))
        assert (event.status, shelf.stops) == ("canceled", 1)

    def test_what_nobody_can_cancel_isnt_tried(self) -> None:
        runner = Runner(Shelf())
        event = runner.run(Cancel(Job("sealed-1")).confirmed(draw=lambda: 0.5))
        assert event.status == "not_cancelable"
        assert "it is sealed, which nobody can undo" in event.message
        assert runner.posts == []

    def test_what_is_too_far_on_runs_on(self) -> None:
        shelf = Shelf(answers={"/jobs/job-0/stop": refused(400, "Late", "It is painted.")})
        shelf.add()
        event = Runner(shelf).run(Cancel(Job("job-0")).confirmed(draw=lambda: 0.5))
        assert event.status == "not_cancelable"
        assert "the service says HTTP 400 Late 'It is painted.'; it runs on" in event.message

    def test_what_isnt_found_while_the_list_cant_be_read_isnt_gone(self) -> None:
        shelf = Shelf(answers={"/jobs/job-0": refused(404), "/rows": refused(503)})
        with pytest.raises(CppUnavailable):
            Runner(shelf).run(Cancel(Job("job-0")).confirmed(draw=lambda: 0.5))
        shelf = Shelf(answers={"/jobs/job-0": refused(404)})
        with pytest.raises(CppNotFound):
            Runner(shelf).run(Cancel(Job("job-0")).confirmed(draw=lambda: 0.5))

    def test_what_runs_is_found_in_the_list(self) -> None:
        shelf = Shelf()
        shelf.add(state="succeeded")
        shelf.add("closing")
        event = Runner(shelf).run(CancelOffer(OPENING).confirmed(draw=lambda: 0.5))
        assert (event.status, event.location) == ("canceled", Job("job-1").url)
        event = Runner(shelf).run(CancelOffer(OPENING).confirmed(draw=lambda: 0.5))
        assert event.status == "nothing_running"
