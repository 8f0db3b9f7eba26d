"""An operation is followed to the end that the service names, and no other is concluded: on any service."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    OperationCanceled,
    OperationFailed,
    OperationStatusUnknown,
    OperationTimeout,
)
from airflow_provider_cpp.lro.ends import End
from airflow_provider_cpp.lro.goals import COMPLETED, SIGNOFF, goal_until
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.records import Started
from airflow_provider_cpp.lro.seam import Watched
from tests.contract.stage import DAY, GOING_LIVE, PUBLISHING, Stage
from tests.runner import LOST, UNSENT, answered, refused

HOUR = 3600.0


def begun(stage: Stage, act: str = GOING_LIVE) -> Watched:
    """Start, and return what is watched."""
    stage.ready()
    outcome, _ = stage.start(act)
    assert isinstance(outcome, Started), outcome
    return outcome.watched


def has_to_cross(end: End) -> None:
    """An end crosses Airflow's database, and says there what it said before."""
    event = json.loads(json.dumps(end.to_event()))
    kept = Operation.read(end.operation.to_dict()) if end.operation else None
    assert End.read(event) == replace(end, operation=kept)
    assert End.read(event).to_event() == event


def test_a_success_is_the_finished_operation(stage: Stage) -> None:
    watched = begun(stage)
    stage.at(5 * HOUR, stage.end)
    end, runner = stage.watch(watched)
    assert end.status == "succeeded", end.message
    assert end.error_class(by_sensor=True) is None
    result = end.result(by_sensor=True)
    assert result["status"] == "succeeded"
    assert end.location == watched.url
    assert end.message.startswith(f"O{str(stage.offer)[1:]}")
    assert runner.posts == []
    assert runner.warnings() == []
    has_to_cross(end)


def test_a_quiet_operation_costs_one_request_a_look_and_few_of_them(stage: Stage) -> None:
    watched = begun(stage)
    stage.at(2 * DAY, stage.end)
    end, runner = stage.watch(watched)
    assert end.status == "succeeded"
    looks = [name for name, _ in runner.counted].count("polls")
    assert len(runner.sent) <= looks + 2
    assert looks < 2 * DAY / 500
    assert len(runner.lines()) < 10, "nothing is logged that didn't change"


@pytest.mark.parametrize("act", [GOING_LIVE, PUBLISHING])
def test_a_failure_says_why_in_the_services_words_without_their_secrets(stage: Stage, act: str) -> None:
    watched = begun(stage, act)
    why = "The image at https://x.blob.core.example/a.vhd?sv=1&sig=abc%2Fdef isn't generalized."
    stage.at(HOUR, lambda: stage.end("failed", why))
    end, _ = stage.watch(watched)
    assert end.status == "failed"
    assert issubclass(end.error_class(by_sensor=False) or int, OperationFailed)
    assert "isn't generalized" in end.message
    assert "abc%2Fdef" not in json.dumps(end.to_event())
    assert end.message.startswith(f"O{str(stage.offer)[1:]}")
    assert watched.operation_id in end.message
    has_to_cross(end)


def test_a_failure_without_a_reason_says_that_there_is_none(stage: Stage) -> None:
    watched = begun(stage)
    stage.at(HOUR, lambda: stage.end("failed"))
    end, _ = stage.watch(watched)
    assert end.status == "failed"
    assert watched.support in end.message


def test_what_somebody_canceled_is_canceled(stage: Stage) -> None:
    watched = begun(stage)
    stage.at(HOUR, lambda: stage.end("canceled"))
    end, _ = stage.watch(watched)
    assert end.error_class(by_sensor=True) is OperationCanceled, end.message
    has_to_cross(end)


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_what_isnt_found_by_itself_is_followed_by_the_list(stage: Stage, outcome: str) -> None:
    watched = begun(stage)
    stage.at(HOUR, stage.forget)
    stage.at(5 * HOUR, lambda: stage.end(outcome))
    end, _ = stage.watch(watched)
    assert end.status == outcome, end.message


def test_what_is_found_nowhere_any_more_is_unknown_and_never_failed(stage: Stage) -> None:
    watched = begun(stage)
    stage.at(HOUR, stage.vanish)
    end, runner = stage.watch(watched)
    assert end.error_class(by_sensor=True) is OperationStatusUnknown, end.message
    assert runner.now - runner.started_at < 3 * HOUR
    has_to_cross(end)


def test_what_isnt_found_in_the_first_minutes_isnt_there_yet(stage: Stage) -> None:
    watched = begun(stage)
    stage.reads = [refused(404)] * 3
    stage.at(2 * HOUR, stage.end)
    end, _ = stage.watch(watched)
    assert end.status == "succeeded", end.message


FAILED_READS = {
    "lost": LOST,
    "unsent": UNSENT,
    "408": refused(408),
    "500": refused(500),
    "502": answered(502, b"<html>Bad Gateway</html>"),
    "503": refused(503),
    "HTML": answered(200, b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    "empty": answered(200),
    "no status": answered(200, {"steps": []}),
    "redirect": answered(302, Location="https://evil.example/"),
}


@pytest.mark.parametrize("name", FAILED_READS)
def test_a_failed_read_is_read_again_and_no_verdict(stage: Stage, name: str) -> None:
    watched = begun(stage)
    stage.at(HOUR, lambda: stage.reads.extend([FAILED_READS[name]] * 5))
    stage.at(5 * HOUR, stage.end)
    end, runner = stage.watch(watched)
    assert end.status == "succeeded", end.message
    assert sum("Couldn't read the status" in line for line in runner.warnings()) <= 1
    assert any("can be read again, after 5 failed reads" in line for line in runner.lines())


@pytest.mark.parametrize("name", FAILED_READS)
def test_one_that_stays_is_unknown_after_ten_and_a_quarter_of_an_hour(stage: Stage, name: str) -> None:
    watched = begun(stage)
    stage.at(HOUR, lambda: setattr(stage, "looks", FAILED_READS[name]))
    stage.at(HOUR, lambda: setattr(stage, "list_reads", FAILED_READS[name]))
    end, runner = stage.watch(watched)
    assert end.error_class(by_sensor=True) is OperationStatusUnknown, end.message
    assert runner.now - runner.started_at >= HOUR + 900
    assert "reads in a row failed" in end.message
    has_to_cross(end)


def test_retry_after_is_a_floor_for_the_next_look(stage: Stage) -> None:
    watched = begun(stage)
    stage.reads = [refused(429, Retry_After="1800")]
    stage.at(5 * HOUR, stage.end)
    end, runner = stage.watch(watched)
    assert end.status == "succeeded"
    assert runner.gaps[0] >= 1800


@pytest.mark.parametrize(
    ("reading", "error"),
    [(refused(401), CppAuthError), (refused(403), CppAuthError), (refused(400), CppBadRequest)],
)
def test_a_refusal_that_no_waiting_mends_ends_the_watch(stage: Stage, reading: Any, error: type) -> None:
    watched = begun(stage)
    stage.at(HOUR, lambda: stage.reads.append(reading))
    end, _ = stage.watch(watched)
    assert end.error_class(by_sensor=True) is error, end.message
    has_to_cross(end)


def test_a_time_that_is_over_says_what_was_seen_last_and_that_it_may_run_on(stage: Stage) -> None:
    watched = begun(stage)
    end, runner = stage.watch(watched, days=1)
    assert end.error_class(by_sensor=True) is OperationTimeout
    assert runner.now - runner.started_at == DAY
    assert "It may still be running: nothing was canceled" in end.message
    has_to_cross(end)


def test_a_restart_of_the_watch_sees_the_same(stage: Stage) -> None:
    watched = begun(stage)
    stage.end("failed", "The logo is missing.")
    first, _ = stage.watch(watched)
    second, _ = stage.watch(stage.service.located(first.location), age=DAY)
    assert second.status == first.status
    assert second.message == first.message


# A publish has two ends


def test_a_publish_until_signoff_ends_in_preview(stage: Stage) -> None:
    watched = begun(stage, PUBLISHING)
    stage.at(5 * HOUR, stage.reach_preview)
    end, _ = stage.watch(watched, SIGNOFF)
    assert end.status == "succeeded", end.message
    assert "waits for your sign-off" in end.message
    assert goal_until("signoff") is SIGNOFF
    has_to_cross(end)


@pytest.mark.parametrize("how_far", ["begun", "ended"])
def test_what_somebody_takes_live_before_a_look_has_been_through_its_signoff(stage: Stage, how_far: str) -> None:
    watched = begun(stage, PUBLISHING)

    def taken_live() -> None:
        stage.reach_preview()
        if how_far == "begun":
            stage.somebody_goes_live()
        else:
            stage.sign_off()

    stage.at(5 * HOUR, taken_live)
    end, runner = stage.watch(watched, SIGNOFF)
    assert end.status == "succeeded", end.message
    assert runner.now - runner.started_at < 6 * HOUR
    assert "sign-off" in end.message
    has_to_cross(end)


def test_a_publish_until_completed_waits_on_and_says_what_for(stage: Stage) -> None:
    watched = begun(stage, PUBLISHING)
    stage.at(5 * HOUR, stage.reach_preview)
    stage.at(15 * HOUR, stage.sign_off)
    end, runner = stage.watch(watched, COMPLETED)
    assert end.status == "succeeded", end.message
    assert runner.now - runner.started_at >= 15 * HOUR
    assert any("waits for your sign-off" in line for line in runner.lines())
    assert goal_until("completed") is COMPLETED


def test_a_publish_that_fails_reaches_neither(stage: Stage) -> None:
    watched = begun(stage, PUBLISHING)
    stage.at(HOUR, lambda: stage.end("failed", "The logo is missing."))
    end, _ = stage.watch(watched, SIGNOFF)
    assert end.status == "failed"
    assert "The logo is missing" in end.message
    assert issubclass(end.error_class(by_sensor=False) or int, OperationFailed)


def test_what_was_adopted_is_followed_like_what_was_started(stage: Stage) -> None:
    stage.ready()
    stage.posts("lost answer")
    outcome, _ = stage.start(GOING_LIVE)
    stage.at(HOUR, stage.end)
    end, _ = stage.watch(outcome.watched)
    assert end.status == "succeeded", end.message


def test_stuck_is_said_once(stage: Stage) -> None:
    watched = begun(stage)
    stage.at(3 * DAY, stage.end)
    end, runner = stage.watch(watched, stuck_after=DAY)
    assert end.status == "succeeded"
    assert sum("may be stuck" in line for line in runner.warnings()) == 1
