"""How a running operation is canceled, and the cancel watched to its end."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.api.answers import Reading
from airflow_provider_cpp.api.cancelling import Cancel
from airflow_provider_cpp.api.locations import OperationLocation
from airflow_provider_cpp.exceptions import CppAuthError, CppBadRequest, CppConflict, CppError, CppNotFound
from tests.api.scripted import GUID, LOST, NOW, OFFER, ORIGIN, PUBLISHER, Runner, answered, operation, refused

LOCATION = OperationLocation(ORIGIN, PUBLISHER, OFFER, GUID)
RUNNING = operation("running")


def cancel(*readings: Reading, within: float = 300.0) -> tuple[Any, Runner]:
    script = iter(readings)
    runner = Runner(lambda call, now: next(script, readings[-1]))
    return runner.run(Cancel(LOCATION, within).confirmed(draw=lambda: 0.5)), runner


def test_a_cancel_is_sent_once_and_watched_until_it_is_done() -> None:
    event, runner = cancel(RUNNING, answered(202), RUNNING, RUNNING, operation("canceled"))

    assert event["status"] == "canceled"
    assert [call.path.rsplit("/", 1)[1] for call in runner.posts] == ["cancel"]
    assert "Confirmed" in runner.lines()[-1]


@pytest.mark.parametrize(
    ("word", "status"), [("completed", "succeeded"), ("failed", "failed"), ("canceled", "canceled")]
)
def test_what_has_ended_is_not_canceled(word: str, status: str) -> None:
    event, runner = cancel(operation(word))
    assert event["status"] == status
    assert runner.posts == [], "the cancel would hit whatever runs on the offer now"


@pytest.mark.parametrize("reading", [LOST, refused(500), answered(200, b"<html>"), answered(200, {})])
def test_nothing_is_canceled_whose_status_cant_be_read(reading: Reading) -> None:
    event, runner = cancel(reading)
    assert event["status"] == "unknown"
    assert runner.posts == [], "the cancel would hit whatever runs on the offer now"
    assert "Not canceling" in runner.warnings()[-1]


def test_a_cancel_that_does_nothing_is_told_as_not_confirmed() -> None:
    event, runner = cancel(RUNNING, answered(202), RUNNING, within=60)
    assert event["status"] == "timeout"
    assert runner.now == NOW + 60
    assert "isn't confirmed" in runner.warnings()[-1]
    assert len(runner.posts) == 1


def test_an_operation_that_ended_before_the_cancel_took_effect_is_told_as_it_ended() -> None:
    event, _ = cancel(RUNNING, answered(202), operation("completed"))
    assert event["status"] == "succeeded"


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(408)])
def test_a_cancel_whose_answer_got_lost_is_not_sent_again_but_watched(reading: Reading) -> None:
    event, runner = cancel(RUNNING, reading, operation("canceled"))
    assert event["status"] == "canceled"
    assert len(runner.posts) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(400, CppBadRequest), (403, CppAuthError), (404, CppNotFound), (409, CppConflict)]
)
def test_a_refused_cancel_is_an_error(status: int, error: type[CppError]) -> None:
    with pytest.raises(error):
        cancel(RUNNING, refused(status))


@pytest.mark.parametrize("status", [404, 410])
def test_an_operation_that_isnt_found_is_no_reason_to_cancel_whatever_runs_on_the_offer(status: int) -> None:
    runner = Runner(lambda call, now: refused(status))
    with pytest.raises(CppError):
        runner.run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))
    assert runner.posts == []
