"""When a running operation is looked at again."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.lro.schedule import LONGEST_WAIT, PollSchedule, optional_seconds, seconds

DAYS = 86400.0

#: What no interval can be.
NO_INTERVALS = [
    None,
    "30",
    "30s",
    "{{ params.timeout }}",
    True,
    0,
    -1,
    float("nan"),
    float("inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    10**400,
    timedelta(0),
    timedelta.max,
    [30],
    1j,
]


@pytest.mark.parametrize(
    ("age", "delay"),
    [(0, 30), (60, 30), (300, 30), (600, 60), (3600, 360), (6000, 600), (3 * DAYS, 600), (16 * DAYS, 600)],
)
def test_a_poll_comes_after_a_tenth_of_the_age_between_30_s_and_10_minutes(age: float, delay: float) -> None:
    assert PollSchedule().delay(age, 0.5) == pytest.approx(delay)


def test_the_jitter_is_ten_percent() -> None:
    assert PollSchedule().delay(0, 0.0) == pytest.approx(27)
    assert PollSchedule().delay(0, 1.0) == pytest.approx(33)


def test_equal_bounds_make_a_fixed_pace() -> None:
    assert {PollSchedule(60, 60).delay(age, 0.5) for age in (0, 100, DAYS)} == {60.0}


def test_retry_after_is_a_floor_even_above_the_longest_delay() -> None:
    assert PollSchedule().delay(0, 0.5, at_least=100) == 100
    assert PollSchedule().delay(0, 0.5, at_least=3600) == 3600
    assert PollSchedule().delay(0, 0.5, at_least=5) == pytest.approx(30), "but no ceiling"
    assert PollSchedule().delay(0, 0.5, at_least=0) == pytest.approx(30)


@pytest.mark.parametrize(
    ("shortest", "longest"),
    [(0, 600), (-1, 600), (30, 29), (float("nan"), 600), (30, float("nan")), (0, 0)],
)
def test_a_schedule_that_would_never_wait_or_never_look_is_refused(shortest: float, longest: float) -> None:
    with pytest.raises(CppConfigurationError, match="interval"):
        PollSchedule(shortest, longest)


def test_whoever_asks_for_15_minutes_means_no_maximum_of_10() -> None:
    assert PollSchedule.between(900, 600) == PollSchedule(900, 900)
    assert PollSchedule.between(30, 600) == PollSchedule(30, 600)


bounds = st.tuples(st.floats(0.01, 3600), st.floats(0.01, 3600)).map(sorted)
ages, draws = st.floats(0, 30 * DAYS), st.floats(0, 1)


@given(bounds, ages, draws, st.none() | st.floats(0, 3600))
def test_every_delay_lies_within_the_bounds_but_for_jitter_and_what_the_service_asks(
    limits: list[float], age: float, draw: float, asked: float | None
) -> None:
    delay = PollSchedule(*limits).delay(age, draw, asked)
    assert delay >= 0.89 * limits[0] > 0
    assert delay >= (asked or 0)
    assert delay <= max(1.11 * limits[1], asked or 0)


@given(bounds, st.lists(ages, min_size=2, max_size=2).map(sorted), draws)
def test_the_longer_nothing_changes_the_rarer_the_polls(
    limits: list[float], two: list[float], draw: float
) -> None:
    schedule = PollSchedule(*limits)
    assert schedule.delay(two[0], draw) <= schedule.delay(two[1], draw)


@given(bounds, ages, draws)
def test_the_first_poll_of_a_restarted_watch_comes_within_one_delay(
    limits: list[float], age: float, draw: float
) -> None:
    schedule = PollSchedule(*limits)
    assert 0 <= schedule.first_delay(age, draw) <= schedule.delay(age, 0.5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (30, 30.0),
        (0.5, 0.5),
        (Decimal("1.5"), 1.5),
        (Fraction(1, 2), 0.5),
        (timedelta(minutes=1), 60.0),
        (LONGEST_WAIT, LONGEST_WAIT),
    ],
)
def test_seconds_are_a_number_of_any_kind_or_a_timedelta(value: object, expected: float) -> None:
    assert seconds("timeout", value) == expected


@pytest.mark.parametrize("value", NO_INTERVALS, ids=repr)
def test_what_is_no_interval_is_refused_by_its_name(value: object) -> None:
    with pytest.raises(CppConfigurationError, match=r"^stuck_after=.*takes seconds, above 0, ten years at most"):
        seconds("stuck_after", value)


def test_a_lookback_may_be_0_and_an_optional_interval_none() -> None:
    assert seconds("lookback", 0, or_zero=True) == 0
    assert optional_seconds("stuck_after", None) is None
    with pytest.raises(CppConfigurationError, match=r"lookback=-1.*0 or more"):
        seconds("lookback", -1, or_zero=True)
