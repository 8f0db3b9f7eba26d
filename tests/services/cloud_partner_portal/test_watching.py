"""How an operation is watched to its true end: when it is looked at, and what ends the watch."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import NOW, Runner, answered, forever, refused
from tests.services.cloud_partner_portal.scripted import GUID, message, operation, step, submission
from tests.services.cloud_partner_portal.watched import DAY, DONE, FAILED_READS, LOCATION, follow, watch

# How it ends


@pytest.mark.parametrize(
    ("word", "status"), [("completed", "succeeded"), ("Failed", "failed"), ("cancelled", "canceled")]
)
def test_the_services_own_word_ends_the_watch(word: str, status: str) -> None:
    event, runner = follow([operation("running"), operation("running"), operation(word)])

    assert event["status"] == status
    assert event["operation"]["raw_status"] == word
    assert len(runner.sent) == 3
    assert all(call.method == "GET" for call in runner.sent), "watching changes nothing"


def test_an_array_of_one_is_watched_like_an_object() -> None:
    event, _ = follow([answered(200, [{"status": "running"}]), answered(200, [{"status": "succeeded"}])])
    assert event["status"] == "succeeded"


def test_a_worker_looks_at_once_and_a_restarted_triggerer_within_the_first_delay() -> None:
    _, at_once = follow([DONE])
    _, later = follow([DONE], at_once=False)

    assert at_once.waits == []
    assert later.waits == [15.0], "half of the 30 s, as the draw is a half"


def test_a_202_means_that_it_still_runs_with_or_without_a_body() -> None:
    event, runner = follow([answered(202), answered(202, {"status": "running"}), answered(202, b"<html>"), DONE])

    assert event["status"] == "succeeded"
    assert runner.warnings() == []


def test_a_terminal_word_in_a_202_is_an_end_too() -> None:
    event, _ = follow([answered(202, {"status": "failed"})])
    assert event["status"] == "failed"


def test_polls_bad_reads_and_how_long_it_took_are_counted() -> None:
    _, runner = follow([operation("running"), refused(503), operation("failed")], schedule=PollSchedule(60, 60))
    names = [name for name, _ in runner.counted]
    assert names == ["polls", "polls", "bad_reads", "polls", "operation.duration.failed"]
    assert runner.counted[-1][1] == 120


def test_a_wait_that_is_over_is_counted_with_its_time() -> None:
    _, runner = follow(forever(operation("running")), deadline=NOW + 500)
    assert runner.counted[-1] == ("operation.duration.timeout", 500)


def test_what_had_ended_before_anybody_watched_has_no_duration() -> None:
    _, runner = follow([DONE])
    assert runner.counted == [("polls", None)]


# When it looks


def test_polls_come_in_proportion_to_how_long_nothing_has_changed() -> None:
    _, runner = follow([operation("running")] * 60 + [DONE])

    assert runner.gaps[0] == 30
    assert runner.gaps[-1] == 600
    assert runner.gaps == sorted(runner.gaps)


def test_a_change_of_step_brings_the_polls_back_to_the_shortest_interval() -> None:
    _, runner = follow(
        [operation("running", step())] * 60 + [operation("running", step(status="complete"))] * 2 + [DONE]
    )
    assert runner.gaps[59] == 600
    assert runner.gaps[60] == 30


def test_after_a_failed_read_it_looks_again_soon() -> None:
    _, runner = follow([operation("running")] * 60 + [refused(503), DONE])
    assert runner.gaps[-1] == 30


@pytest.mark.parametrize("reading", [operation("running"), refused(429), refused(503), answered(202)])
def test_retry_after_is_a_floor_for_the_next_look(reading: Answer) -> None:
    asked = Answer(reading.status, {"retry-after": "1000"}, reading.body)
    _, runner = follow([asked, DONE])
    assert runner.gaps == [1000]


def test_retry_after_never_waits_longer_than_an_hour_or_beyond_the_deadline() -> None:
    asked = Answer(200, {"retry-after": "864000"}, operation("running").body)
    _, runner = follow([asked, DONE])
    assert runner.gaps == [3600]

    event, runner = follow([asked, operation("running")], deadline=NOW + 100)
    assert (event["status"], runner.gaps) == ("timeout", [100])


def test_nonsense_in_retry_after_is_ignored() -> None:
    asked = Answer(429, {"retry-after": "soon"}, b"")
    _, runner = follow([asked, DONE])
    assert runner.gaps == [30]


# The deadline


def test_the_last_look_comes_exactly_at_the_deadline() -> None:
    event, runner = follow(lambda call, now: operation("running"), deadline=NOW + 1000.5)

    assert event["status"] == "timeout"
    assert runner.sent_at[-1] == NOW + 1000.5
    assert sum(at >= NOW + 1000.5 for at in runner.sent_at) == 1


def test_an_operation_that_ends_at_the_deadline_has_ended() -> None:
    event, _ = follow(lambda call, now: DONE if now >= NOW + 1000 else operation("running"), deadline=NOW + 1000)
    assert event["status"] == "succeeded"


def test_a_restart_after_the_deadline_still_looks_once() -> None:
    for last, status in ((operation("running"), "timeout"), (DONE, "succeeded")):
        event, runner = follow([last], at_once=False, now=NOW + 20 * DAY)
        assert event["status"] == status
        assert len(runner.sent) == 1
        assert runner.waits == []


def test_a_restart_doesnt_extend_the_deadline() -> None:
    event, runner = follow(lambda call, now: operation("running"), at_once=False, now=NOW + 13 * DAY)
    assert event["status"] == "timeout"
    assert runner.now == NOW + 14 * DAY


def test_a_timeout_says_which_operation_may_still_run_and_what_its_last_read_came_to() -> None:
    event, _ = follow(forever(operation("running", step()), refused(503, "Busy", "Later.")), deadline=NOW + 500)
    for part in (GUID, "Certification", "503", "Later.", "still be running", "https://partner.microsoft.com/"):
        assert part in event["message"]


# Any sequence of readings


READINGS: dict[str, Reading] = {
    **FAILED_READS,
    "running": operation("running", step()),
    "next step": operation("running", step(status="complete"), step("live")),
    "blocked": operation("running", step(status="blocked", messages=[message("x")])),
    "odd word": operation("reticulating"),
    "202": answered(202),
    "404": refused(404),
    "410": refused(410),
    "throttled": refused(429, Retry_After="120"),
    "asks for long": refused(503, Retry_After="9999999"),
    "succeeded": operation("succeeded"),
    "completed": operation("completed"),
    "failed": operation("failed"),
    "canceled": operation("canceled"),
    "403": refused(403),
}


@settings(max_examples=2 * settings.default.max_examples)
@given(
    st.lists(st.sampled_from(sorted(READINGS)), max_size=60),
    st.sampled_from(["running", "503", "404", "410", "completed"]),
    st.sampled_from([[], [submission(GUID, "running")], [submission(GUID, "failed")], None]),
    st.floats(0, 1),
    st.floats(0, 3 * DAY),
    st.booleans(),
)
def test_whatever_comes_it_ends_in_time_and_with_the_services_own_word(
    names: list[str],
    then: str,
    listed: list[dict[str, Any]] | None,
    draw: float,
    lasting: float,
    at_once: bool,
) -> None:
    script = forever(*(READINGS[name] for name in [*names, then]))
    answers: list[Reading] = []

    def service(call: Call, now: float) -> Reading:
        if call.path.endswith("/submissions/"):
            reading: Reading = refused(500) if listed is None else answered(200, listed)
        elif call.path.endswith("/slot/Production"):
            return refused(503)  # what customers see says nothing of the operation
        else:
            assert call.path == LOCATION.path
            reading = next(script)
        answers.append(reading)
        return reading

    runner = Runner(service, latency=0.01)
    event = runner.run(watch(deadline=NOW + lasting).follow(at_once=at_once, draw=lambda: draw)).to_event()

    assert json.loads(json.dumps(event, allow_nan=False)) == event
    assert runner.now <= NOW + lasting + 1
    assert len(runner.sent) <= 2 * (3 + lasting / 27), "it doesn't hammer the service"
    ends = [
        read.status
        for reading in answers
        if isinstance(reading, Answer) and reading.status in {200, 202}
        if isinstance(read := read_operation(reading), Operation) and read.is_terminal
    ]
    if event["status"] in {"succeeded", "failed", "canceled"}:
        by_list = listed and event["status"] == "failed" and listed[0]["submissionState"] == "failed"
        assert ends == [event["status"]] or by_list
        assert event["operation"]["status"] == event["status"]
    else:
        assert event["status"] in {"timeout", "unknown"}
        assert ends == [], "an end that could be read is never passed over"
    if event["status"] == "timeout":
        assert runner.now >= NOW + lasting
    assert all(text.isprintable() for _, text in runner.said)
    assert all(level in {logging.INFO, logging.WARNING} for level, _ in runner.said)
