"""When something that fails is worth a line, whatever its words are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.lro.repeated_failures import (
    CALM,
    FIRST_REMINDER,
    LAST_REMINDER,
    MAX_KINDS,
    RepeatedFailure,
    often,
)
from airflow_provider_cpp.wire.answers import Answer, Loss, Unanswered, kind_of
from tests.runner import NOW, answered, refused


def lines(trouble: RepeatedFailure, kinds: list[str], every: float, start: float = NOW) -> list[float]:
    """When failures of these kinds, one after the other, are told, in seconds since the first one."""
    moments = [start + number * every for number in range(len(kinds))]
    return [now - start for now, kind in zip(moments, kinds, strict=True) if trouble.again(kind, now)]


def test_it_is_told_when_it_begins_and_then_ever_more_seldom() -> None:
    assert lines(RepeatedFailure(), ["503"] * 241, every=15) == [0, 300, 900, 2100]


def test_a_reminder_says_how_often_and_for_how_long() -> None:
    trouble = RepeatedFailure()
    trouble.again("503", NOW)
    assert often(trouble, NOW) == ""
    trouble.again("503", NOW + 600)
    assert often(trouble, NOW + 600) == ", after 2 failures in 10 minutes"


def test_another_way_to_fail_is_told_once_however_often_the_two_take_turns() -> None:
    assert lines(RepeatedFailure(), ["503", "timeout"] * 9, every=15) == [0, 15]


def test_a_service_that_fails_in_another_way_each_time_fills_no_log() -> None:
    assert len(lines(RepeatedFailure(), [str(number) for number in range(60)], every=5)) == MAX_KINDS


def test_that_it_works_again_is_told_where_its_trouble_was() -> None:
    trouble = RepeatedFailure()
    assert trouble.over() == 0
    lines(trouble, ["503"] * 3, every=15)
    assert trouble.over() == 3
    assert trouble.over() == 0


def test_what_fails_at_every_other_look_is_one_trouble() -> None:
    trouble, told = RepeatedFailure(), 0
    for number in range(60):
        told += trouble.again("503", NOW + number * 30)
        told += trouble.over() > 0
    assert told <= 2 * 3, "two lines at first, after 5 and after 15 minutes"


def test_after_an_hour_of_calm_it_begins_anew() -> None:
    trouble = RepeatedFailure()
    lines(trouble, ["503"] * 100, every=15)
    trouble.over()
    assert trouble.again("503", NOW + 1500 + CALM)
    assert trouble.since == NOW + 1500 + CALM


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(1, 4000), st.booleans()), max_size=300))
def test_however_it_fails_the_lines_stay_few(story: list[tuple[str, float, bool]]) -> None:
    trouble, now, told, fresh = RepeatedFailure(), NOW, 0, 0
    began = NOW
    for kind, pause, works in story:
        now += pause
        if pause >= CALM:
            fresh += 1
        told += trouble.again(kind, now)
        if works:
            told += trouble.over() > 0
    hours = (now - began) / FIRST_REMINDER
    assert told <= 2 * (1 + fresh) * (MAX_KINDS + 1 + hours)


def test_the_longest_watch_is_reminded_of_once_a_day() -> None:
    told = lines(RepeatedFailure(), ["401"] * (6 * 24 * 30), every=600)
    assert told[-1] - told[-2] >= LAST_REMINDER
    assert len(told) < 40


IDS = ["4f0c2a", "00000000-0000-4000-8000-000000000001"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (refused(503, x_ms_request_id=IDS[0]), refused(503, x_ms_request_id=IDS[1])),
        (refused(503, message=f"try later, {IDS[0]}"), refused(503, message=f"try later, {IDS[1]}")),
        (answered(502, b"<html>at 10:01"), answered(502, b"<html>at 10:02")),
        (
            Unanswered(Loss.UNCLEAR, "ServerTimeoutError: 10.0.0.1:4242"),
            Unanswered(Loss.UNCLEAR, "ServerTimeoutError: 10.0.0.2:7"),
        ),
        (Unanswered(Loss.NOT_SENT, "OSError: [0x7f1]"), Unanswered(Loss.NOT_SENT, "OSError: [0x7f2]")),
    ],
)
def test_ids_times_and_addresses_make_no_other_kind(one: Answer | Unanswered, other: Answer | Unanswered) -> None:
    assert kind_of(one) == kind_of(other)


def test_status_code_and_loss_do() -> None:
    readings = [
        refused(503),
        refused(500),
        refused(503, code="Other"),
        Unanswered(Loss.UNCLEAR, "ServerTimeoutError: x"),
        Unanswered(Loss.UNCLEAR, "ClientOSError: x"),
        Unanswered(Loss.NOT_SENT, "ClientOSError: x"),
    ]
    assert len({kind_of(each) for each in readings}) == len(readings)
