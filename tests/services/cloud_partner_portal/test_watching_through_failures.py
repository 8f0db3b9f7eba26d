"""What a read means that fails, or that finds no operation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.offers.status_goal import goal_of_offer
from airflow_provider_cpp.services.cloud_partner_portal.locations import OfferLocation, parse_location
from airflow_provider_cpp.wire.answers import Reading, Unanswered
from airflow_provider_cpp.wire.call import Call
from tests.runner import LOST, NOW, UNTRUSTED, answered, forever, refused
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER, operation, submission
from tests.services.cloud_partner_portal.watched import DAY, DONE, FAILED_READS, follow, listing

# Reads that fail


@pytest.mark.parametrize("reading", FAILED_READS.values(), ids=FAILED_READS.keys())
def test_a_failed_read_is_read_again_and_never_a_verdict(reading: Reading) -> None:
    event, runner = follow([operation("running"), *[reading] * 9, DONE])

    assert event["status"] == "succeeded"
    assert len(runner.warnings()) == 1, "the same trouble is told once"
    assert "can be read again, after 9 failed reads" in runner.lines()[-2]


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
    assert "may run on" in event["message"], "so that nobody takes it for the end of the go-live"
    assert "clear this task" in event["message"]


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
    assert len(runner.warnings()) == 2, "each time it is missing is told once"


def test_a_404_in_the_first_minutes_after_failed_reads_is_no_good_news() -> None:
    _, runner = follow([refused(503), refused(404), refused(503), refused(404), DONE])
    assert len(runner.warnings()) == 1
    assert [line for line in runner.lines() if "can be read again" in line] == [runner.lines()[1]]


@pytest.mark.parametrize("name", FAILED_READS)
def test_an_outage_is_one_trouble_though_each_answer_has_an_id_of_its_own(name: str) -> None:
    def with_an_id(number: int) -> Reading:
        reading = FAILED_READS[name]
        if isinstance(reading, Unanswered):
            return replace(reading, reason=f"{reading.reason}, try {number} from port {40000 + number}")
        body = reading.body.replace(b"No.", f"No. Trace {number}".encode())
        return replace(reading, headers={**reading.headers, "x-ms-request-id": f"{number:032x}"}, body=body)

    script = [operation("running"), *(with_an_id(number) for number in range(184))]
    schedule = PollSchedule.between(5.0, 5.0)
    event, runner = follow([*script, operation("running"), DONE], schedule=schedule, started_at=NOW - 3600)
    assert len(runner.warnings()) == (3 if event["status"] == "unknown" else 1), "at first, after 5 and 15 minutes"


def test_an_operation_whose_offer_is_gone_as_well_ends_sooner_than_an_outage() -> None:
    event, runner = follow([refused(404)] * 20, started_at=NOW - 3600)
    assert (event["status"], event["error"]) == ("unknown", "OperationStatusUnknown")
    assert "doesn't know its offer either" in event["message"]
    assert runner.now - NOW < 180
    assert len(runner.warnings()) == 1


def test_an_offer_that_is_gone_ends_the_wait_for_its_status_as_soon() -> None:
    where = {"watched": OfferLocation(ORIGIN, PUBLISHER, OFFER), "goal": goal_of_offer(["succeeded"], [])}
    event, runner = follow([operation("running"), *[refused(404)] * 20], **where)
    assert event["error"] == "CppNotFound"
    assert runner.now - NOW < 240
    assert len(runner.warnings()) == 1


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
    service = listing(submission("a-guid", "running"), otherwise=[refused(410), refused(410), DONE])
    event, runner = follow(service, watched=location)
    assert event["status"] == "succeeded"
    assert sum("Couldn't read the status" in line for line in runner.lines()) == 1, "told, and told once"
    event, _ = follow(listing(submission("a-guid", "completed"), otherwise=[refused(410)]), watched=location)
    assert event["status"] == "unknown"


def test_an_operation_that_is_listed_as_running_is_watched_on() -> None:
    service = listing(
        submission(GUID.upper(), "running"), otherwise=[refused(410), refused(410), operation("failed")]
    )
    event, runner = follow(service)
    assert event["status"] == "failed"
    assert any("lists it among the offer's submissions as 'running'" in line for line in runner.warnings())


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
