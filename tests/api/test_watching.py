"""How an operation is watched to its true end."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_cpp.api.answers import Answer, Reading
from airflow_provider_cpp.api.calls import Call
from airflow_provider_cpp.api.locations import OperationLocation, parse_location
from airflow_provider_cpp.api.operations import Operation, read_operation
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.api.watching import Watch
from tests.api.scripted import (
    GUID,
    LOST,
    NOW,
    OFFER,
    ORIGIN,
    PUBLISHER,
    UNSENT,
    UNTRUSTED,
    Runner,
    answered,
    forever,
    message,
    operation,
    refused,
    step,
    submission,
)

DAY = 86400.0
LOCATION = OperationLocation(ORIGIN, PUBLISHER, OFFER, GUID)
DONE = operation("completed")


def watch(**more: Any) -> Watch:
    return Watch(**{"location": LOCATION, "started_at": NOW, "deadline": NOW + 14 * DAY, **more})


def follow(
    service: Callable[[Call, float], Reading] | list[Reading], *, at_once: bool = True, **more: Any
) -> tuple[Any, Runner]:
    """Watch at the middle of every jitter, and return the event and the runner."""
    runner = Runner(service, now=more.pop("now", NOW))
    event = runner.run(watch(**more).follow(at_once=at_once, draw=lambda: 0.5))
    assert json.loads(json.dumps(event, allow_nan=False)) == event
    return event, runner


def listing(*submissions: dict[str, Any], otherwise: list[Reading]) -> Callable[[Call, float], Reading]:
    """A service that lists these submissions, and answers reads of the operation from a script."""
    script = forever(*otherwise)

    def service(call: Call, now: float) -> Reading:
        return answered(200, list(submissions)) if call.path.endswith("/submissions/") else next(script)

    return service


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


# What it logs


def test_the_first_line_says_what_is_watched_until_when_and_where_it_stands() -> None:
    _, runner = follow([operation("running", step("displaycertify", progressPercentage=20)), DONE])

    (line, *_) = runner.lines()
    for part in (GUID, OFFER, "2027-01-29 08:00:00 UTC", "Certification (displaycertify)", "20 %", "< 5 day"):
        assert part in line


def test_each_change_of_step_is_logged_once_with_its_percentage_and_estimate() -> None:
    first = operation("running", step("displaycertify", "inProgress"), step("live", "notStarted"))
    second = operation(
        "running",
        step("displaycertify", "complete", progressPercentage=100),
        step("live", "inProgress", progressPercentage=5, estimatedTimeFrame="~2-5 days"),
    )
    _, runner = follow([first, first, second, second, second, DONE])

    changes = runner.lines()[1:]
    assert changes == [
        "Step Certification (displaycertify): complete, 100 %, estimated < 5 day",
        "Step Live: inProgress, 5 %, estimated ~2-5 days",
    ]


def test_a_quiet_operation_says_nothing_for_days() -> None:
    quiet = operation("running", step("displaycertify"))
    _, runner = follow([quiet] * 300 + [DONE])

    assert len(runner.sent) == 301
    assert len(runner.lines()) == 1


def test_a_document_that_differs_in_nothing_but_its_time_is_quiet_too() -> None:
    bodies = [operation("running", step("displaycertify"), lastActionDateTime=f"{n}") for n in range(50)]
    _, runner = follow([*bodies, DONE])
    assert len(runner.lines()) == 1


def test_an_unknown_word_keeps_it_running_and_is_warned_of_once_per_word() -> None:
    script = [operation(word) for word in ("Reticulating", "Reticulating", "running", "Reticulating", "Herding")]
    event, runner = follow([*script, operation("running", step(status="splining")), DONE])

    assert event["status"] == "succeeded"
    assert [
        word for line in runner.warnings() for word in ("Reticulating", "Herding", "splining") if word in line
    ] == [
        "Reticulating",
        "Herding",
        "splining",
    ]
    assert len(runner.warnings()) == 3


@pytest.mark.parametrize("status", ["blocked", "rejected"])
def test_a_blocked_steps_messages_are_logged_at_once_and_it_is_watched_on(status: str) -> None:
    blocked = step("displaycertify", status, messages=[message("<p>No agent in <b>gold</b></p>")])
    event, runner = follow(
        [operation("running", step()), operation("running", blocked), operation("running", blocked), DONE]
    )

    assert event["status"] == "succeeded"
    (warning,) = runner.warnings()
    assert "No agent in gold" in warning
    assert status in warning


def test_a_step_that_is_blocked_already_at_the_first_look_is_told_too() -> None:
    _, runner = follow([operation("running", step(status="blocked", messages=[message("No agent")])), DONE])
    assert any("No agent" in line for line in runner.warnings())


def test_messages_that_come_after_the_block_are_told_as_well() -> None:
    _, runner = follow(
        [
            operation("running", step(status="blocked")),
            operation("running", step(status="blocked", messages=[message("No agent")])),
            operation("running", step(status="blocked", messages=[message("No agent")]), offerVersion=3),
            DONE,
        ]
    )
    assert sum("No agent" in line for line in runner.warnings()) == 1


def test_a_stuck_operation_is_told_once_with_the_portals_link_and_fails_nothing() -> None:
    stuck = operation("running", step("displaycertify", progressPercentage=20))
    event, runner = follow([stuck] * 200 + [DONE], stuck_after=3 * 3600.0)

    assert event["status"] == "succeeded"
    (warning,) = runner.warnings()
    for part in ("stuck", GUID, "Certification (displaycertify)", "https://partner.microsoft.com/"):
        assert part in warning


def test_a_change_of_step_in_time_keeps_a_watch_from_calling_it_stuck() -> None:
    script = [
        operation("running", step(status=word)) for word in ("inProgress", "blocked", "inProgress", "complete")
    ]
    event, runner = follow([*script, DONE], stuck_after=100.0)
    assert not any("stuck" in line for line in runner.lines())
    assert event["status"] == "succeeded"


def test_what_changed_while_the_triggerer_was_away_is_not_called_stuck() -> None:
    event, runner = follow(
        [operation("running")] * 3 + [DONE], at_once=False, started_at=NOW - 2 * DAY, stuck_after=float(DAY)
    )
    assert event["status"] == "succeeded"
    assert runner.warnings() == []


def test_nothing_is_called_stuck_unless_that_is_asked_for() -> None:
    _, runner = follow([operation("running")] * 500 + [DONE])
    assert runner.warnings() == []


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


# Reads that fail

FAILED_READS = {
    "refused connection": UNSENT,
    "no answer": LOST,
    "408": refused(408),
    "429": refused(429),
    "500": refused(500),
    "502": answered(502, b"<html>Bad Gateway</html>"),
    "503": refused(503),
    "504": answered(504),
    "599": answered(599),
    "HTML with 200": answered(200, b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    "empty": answered(200),
    "cut": Answer(200, {}, damage="the body is cut"),
    "too large": Answer(200, {}, damage="the body is larger than 1048576 bytes"),
    "no status": answered(200, {"steps": []}),
    "status null": answered(200, {"status": None}),
    "two operations": answered(200, [{"status": "failed"}, {"status": "failed"}]),
    "an error in a 200": answered(200, {"error": {"code": "InternalServerError", "message": "later"}}),
    "redirect": answered(302, Location="https://evil.example/"),
    "204": answered(204),
}


@pytest.mark.parametrize("reading", FAILED_READS.values(), ids=FAILED_READS.keys())
def test_a_failed_read_is_read_again_and_never_a_verdict(reading: Reading) -> None:
    event, runner = follow([operation("running"), *[reading] * 9, DONE])

    assert event["status"] == "succeeded"
    assert len(runner.warnings()) == 1, "the same trouble is told once"
    assert "can be read again, after 9 failed reads" in runner.lines()[-1]


def test_ten_failed_reads_in_a_row_are_no_reason_within_fifteen_minutes() -> None:
    event, runner = follow(forever(refused(503)), schedule=PollSchedule(30, 30))

    assert event["status"] == "unknown"
    assert event["error"] == "OperationStatusUnknown"
    assert runner.now - NOW == 900
    assert len(runner.sent) == 31
    assert "says nothing about the operation itself" in event["message"]


def test_fifteen_minutes_are_no_reason_before_ten_failed_reads_in_a_row() -> None:
    event, runner = follow(forever(LOST), schedule=PollSchedule(600, 600))

    assert event["status"] == "unknown"
    assert len(runner.sent) == 10
    assert runner.now - NOW == 5400


def test_one_good_read_starts_the_count_anew() -> None:
    script = ([refused(500)] * 9 + [operation("running")]) * 20
    event, runner = follow([*script, DONE], schedule=PollSchedule(600, 600))
    assert event["status"] == "succeeded"
    assert len(runner.sent) == 201


def test_a_terminal_word_behind_hours_of_failed_reads_counts() -> None:
    event, _ = follow([refused(500)] * 9 + [operation("failed")], schedule=PollSchedule(600, 600))
    assert event["status"] == "failed"


@pytest.mark.parametrize(
    ("reading", "error"),
    [
        (refused(400), "CppBadRequest"),
        (refused(401), "CppAuthError"),
        (refused(403), "CppAuthError"),
        (refused(405), "CppBadRequest"),
        (refused(422), "CppBadRequest"),
    ],
)
def test_a_refusal_that_no_waiting_mends_ends_the_watch_at_once(reading: Reading, error: str) -> None:
    event, runner = follow([operation("running"), reading])

    assert (event["status"], event["error"]) == ("unknown", error)
    assert len(runner.sent) == 2
    assert GUID in event["message"]


def test_a_certificate_that_is_not_trusted_is_refused_at_the_workers_first_look() -> None:
    event, runner = follow([UNTRUSTED])
    assert (event["status"], event["error"]) == ("unknown", "CppConfigurationError")
    assert len(runner.sent) == 1


def test_a_certificate_that_expires_later_is_a_failed_read_like_any_other() -> None:
    for script, at_once in (([operation("running"), UNTRUSTED, DONE], True), ([UNTRUSTED, DONE], False)):
        event, _ = follow(script, at_once=at_once)
        assert event["status"] == "succeeded"


# An operation that isn't found


def test_a_404_in_the_first_five_minutes_means_that_it_runs() -> None:
    def service(call: Call, now: float) -> Reading:
        assert call.path.endswith(GUID), "no submissions are looked at yet"
        return refused(404) if now < NOW + 300 else DONE

    event, runner = follow(service)
    assert event["status"] == "succeeded"
    assert runner.warnings() == []


def test_three_late_404s_in_a_row_are_looked_up_among_the_submissions() -> None:
    late = {"started_at": NOW - 3600, "schedule": PollSchedule(30, 30)}
    for state, status in (("completed", "succeeded"), ("failed", "failed"), ("canceled", "canceled")):
        event, runner = follow(listing(submission(GUID, state), otherwise=[refused(404)]), **late)
        assert event["status"] == status
        assert event["operation"]["raw_status"] == state
        assert [call.path.endswith("/submissions/") for call in runner.sent] == [False] * 3 + [True]


def test_two_late_404s_are_passed_over() -> None:
    event, runner = follow(
        [refused(404), refused(404), operation("running"), refused(404), refused(404), DONE], started_at=NOW - 3600
    )
    assert event["status"] == "succeeded"
    assert all(call.path.endswith(GUID) for call in runner.sent)


@pytest.mark.parametrize("age", [0.0, 3600.0])
def test_one_410_is_looked_up_among_the_submissions_at_once(age: float) -> None:
    event, runner = follow(listing(submission(GUID, "completed"), otherwise=[refused(410)]), started_at=NOW - age)
    assert event["status"] == "succeeded"
    assert len(runner.sent) == 2


def test_an_operation_that_is_found_nowhere_is_unknown_never_failed() -> None:
    event, _ = follow(listing(submission("another"), otherwise=[refused(410)]))
    assert (event["status"], event["error"]) == ("unknown", "OperationStatusUnknown")


def test_an_operation_of_the_old_form_is_watched_on_while_any_runs() -> None:
    """The list names operations by other identifiers than a location of the old form does."""
    location = parse_location(f"/api/operations/{PUBLISHER}${OFFER}$2$production", origin=ORIGIN)
    service = listing(submission("a-guid", "running"), otherwise=[refused(410), DONE])
    event, _ = follow(service, location=location)
    assert event["status"] == "succeeded"
    event, _ = follow(listing(submission("a-guid", "completed"), otherwise=[refused(410)]), location=location)
    assert event["status"] == "unknown"


def test_an_operation_that_is_listed_as_running_is_watched_on() -> None:
    service = listing(
        submission(GUID.upper(), "running"), otherwise=[refused(410), refused(410), operation("failed")]
    )
    event, _ = follow(service)
    assert event["status"] == "failed"


def test_an_operation_known_by_the_list_alone_is_quiet_too() -> None:
    def service(call: Call, now: float) -> Reading:
        if call.path.endswith("/submissions/"):
            return answered(200, [submission(GUID, "running" if now < NOW + DAY else "completed")])
        return refused(410)

    event, runner = follow(service)
    assert event["status"] == "succeeded"
    assert len(runner.lines()) <= 4, "a line per state, not one per poll"


def test_an_unreadable_list_of_submissions_is_a_failed_read() -> None:
    def service(call: Call, now: float) -> Reading:
        return refused(503) if call.path.endswith("/submissions/") else refused(410)

    event, runner = follow(service)
    assert event["status"] == "unknown"
    assert runner.now - NOW >= 900


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
FATAL = {"403"}


@settings(max_examples=200, deadline=None)
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
        else:
            assert call.path == LOCATION.path
            reading = next(script)
        answers.append(reading)
        return reading

    runner = Runner(service, latency=0.01)
    event = runner.run(watch(deadline=NOW + lasting).follow(at_once=at_once, draw=lambda: draw))

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
