"""Which call may be sent again, by what came back: table 4.2 of the project's page on long-running operations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.product_ingestion import calls as product_ingestion
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered
from airflow_provider_cpp.wire.retries import (
    is_failed_read,
    may_have_been_taken,
    may_repeat,
    pause,
    was_refused_unread,
)
from tests.runner import LOST, UNSENT, UNTRUSTED, answered, refused
from tests.services.cloud_partner_portal.scripted import OFFER

POST = calls.go_live("contoso", OFFER)
JOB = product_ingestion.configure("Publish", "offer vm", [])
CANCEL_JOB = product_ingestion.cancel_job("offer vm", "1")
READ_JOB = product_ingestion.get_job("offer vm", "1")
GET = calls.list_submissions("contoso", OFFER)

#: reading, whether a POST may be repeated just so, whether a GET may.
TABLE: dict[str, tuple[Reading, bool, bool]] = {
    "provably not sent": (UNSENT, True, True),
    "certificate not trusted": (UNTRUSTED, False, False),
    "no answer": (LOST, False, True),
    "200": (answered(200, {}), False, False),
    "202": (answered(202), False, False),
    "202, cut body": (Answer(202, {}, damage="the body is cut"), False, True),
    "302": (answered(302), False, False),
    "400": (refused(400), False, False),
    "401": (refused(401), False, False),
    "403": (refused(403), False, False),
    "404": (refused(404), False, False),
    "408": (refused(408), False, True),
    "409": (refused(409), False, False),
    "410": (refused(410), False, False),
    "412": (refused(412), False, False),
    "422": (refused(422), False, False),
    "429": (refused(429), True, True),
    "429 with Retry-After": (refused(429, Retry_After="5"), True, True),
    "500": (refused(500), False, True),
    "500 with Retry-After": (refused(500, Retry_After="5"), False, True),
    "501": (refused(501), False, True),
    "502": (refused(502), False, True),
    "503": (refused(503), False, True),
    "503 with Retry-After": (refused(503, Retry_After="5"), True, True),
    "503 with nonsense in Retry-After": (refused(503, Retry_After="soon"), False, True),
    "504": (refused(504), False, True),
}


@pytest.mark.parametrize(("reading", "post", "get"), TABLE.values(), ids=TABLE.keys())
def test_a_post_is_repeated_only_if_provably_nothing_came_of_it(reading: Reading, post: bool, get: bool) -> None:
    assert may_repeat(POST, reading) is post
    assert may_repeat(GET, reading) is get


def test_which_answers_mean_that_nothing_was_done_the_call_says() -> None:
    unread = {"provably not sent", "429", "429 with Retry-After"}
    for call, more in ((POST, {"503 with Retry-After"}), (JOB, set()), (CANCEL_JOB, set())):
        repeated = {name for name, (reading, *_) in TABLE.items() if may_repeat(call, reading)}
        assert repeated == unread | more, call
        taken = {name for name, (reading, *_) in TABLE.items() if may_have_been_taken(call, reading)}
        assert not taken & repeated, call
        assert ("503 with Retry-After" in taken) is (not more), call
    read = {name for name, (reading, *_) in TABLE.items() if may_repeat(READ_JOB, reading)}
    assert "503 with Retry-After" in read, "what only reads is read again"


@given(st.integers(100, 599), st.sampled_from(["", "5", "soon"]), st.none() | st.just("cut"))
def test_a_post_that_may_be_repeated_was_refused_unread(status: int, asked: str, damage: str | None) -> None:
    reading = Answer(status, {"retry-after": asked} if asked else {}, damage=damage)
    if may_repeat(POST, reading):
        assert was_refused_unread(POST, reading)
        assert status in {429, 503}
    if status < 400 and damage is None:
        assert not is_failed_read(reading)


def test_only_what_never_left_may_be_sent_again_without_an_answer() -> None:
    repeated = [loss for loss in Loss if may_repeat(POST, Unanswered(loss, "why"))]
    assert repeated == [Loss.NOT_SENT]


@pytest.mark.parametrize(("attempt", "most"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (20, 30)])
def test_attempts_are_spread_over_a_growing_time(attempt: int, most: float) -> None:
    assert pause(UNSENT, attempt, 0.0) == 0
    assert pause(UNSENT, attempt, 1.0) == most


@given(st.integers(1, 10), st.floats(0, 1), st.floats(0, 3600))
def test_retry_after_is_a_floor(attempt: int, draw: float, asked: float) -> None:
    assert pause(refused(429, Retry_After=repr(asked)), attempt, draw) >= asked


def test_callers_told_the_same_retry_after_dont_come_back_together() -> None:
    throttled = refused(429, Retry_After="100")
    assert pause(throttled, 1, 0.0) == 100
    assert pause(throttled, 1, 1.0) == pytest.approx(110)
