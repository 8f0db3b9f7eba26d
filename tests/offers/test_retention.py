"""Which image versions are retired."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.offers.image_numbers import is_date, needs_date, order_of
from airflow_provider_cpp.offers.retention import to_retire

BOTH = {"x64Gen1", "x64Gen2"}


def plan(*numbers: str, **of_some: set[str]) -> dict[str, set[str]]:
    return dict.fromkeys(numbers, BOTH)


#: What is offered, what is added, how many stay, and what goes.
TABLE = [
    (plan("1.0.0", "1.0.1", "1.0.2"), "1.0.2", 3, ()),
    (plan("1.0.0", "1.0.1", "1.0.2"), "1.0.2", 9, ()),
    (plan("1.0.0", "1.0.1", "1.0.2"), "1.0.2", 2, ("1.0.0",)),
    (plan("1.0.0", "1.0.1", "1.0.2"), "1.0.2", 1, ("1.0.0", "1.0.1")),
    # By number, not by text, and not by where it stands.
    (plan("1.0.10", "1.0.9", "1.0.11"), "1.0.11", 2, ("1.0.9",)),
    (plan("2026.10.05", "2026.9.30", "2026.11.30"), "2026.11.30", 2, ("2026.9.30",)),
    (plan("1.0.0"), "1.0.0", 1, ()),
    # One of a generation that the new one hasn't: the newest of it stays.
    ({"1.0.0": {"x64Gen1"}, "1.0.1": {"x64Gen1"}, "1.0.2": {"x64Gen2"}}, "1.0.2", 1, ("1.0.0",)),
    ({"1.0.0": BOTH, "1.0.1": {"x64Gen2"}, "1.0.2": {"x64Gen2"}}, "1.0.2", 1, ("1.0.1",)),
    # An older one that is added late takes nothing newer away, and stays itself.
    (plan("1.0.0", "1.0.1", "1.0.2", "2.0.0"), "1.0.2", 2, ("1.0.0", "1.0.1")),
    (plan("2.0.0", "2.0.1", "1.0.0"), "1.0.0", 1, ()),
    # One whose order nobody knows.
    (plan("first", "1.0.0", "1.0.1"), "1.0.1", 1, ("1.0.0",)),
    (plan(f"1.0.{'9' * 5000}", "1.0.0", "1.0.1"), "1.0.1", 1, ("1.0.0",)),
]


def test_the_oldest_go_that_nobody_needs() -> None:
    for offered, added, keep, gone in TABLE:
        assert to_retire(offered, added, keep) == gone, (offered, added, keep)


NUMBERS = st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(lambda n: ".".join(map(str, n)))
TYPES = st.sets(st.sampled_from(["x64Gen1", "x64Gen2", "arm64Gen2"]), min_size=1)


@given(st.dictionaries(NUMBERS, TYPES, min_size=1), st.data(), st.integers(1, 5))
def test_each_generation_keeps_what_customers_get_by_default(offered, data, keep) -> None:
    added = data.draw(st.sampled_from(sorted(offered)))
    gone = to_retire(offered, added, keep)
    left = {number: types for number, types in offered.items() if number not in gone}
    assert added in left
    for kind in set().union(*offered.values()):
        of_kind = [number for number, types in offered.items() if kind in types]
        assert max(of_kind, key=order_of) in left
    assert len(left) >= min(keep, len(offered))
    assert all(order_of(number) < order_of(added) for number in gone)


def test_a_date_is_a_day_that_there_is() -> None:
    for number in ("2026.11.30", "2018.1.1", "2028.02.29"):
        assert is_date(number), number
    for number in ("2026.02.29", "2026.13.01", "1.0.2", "9.7.2025121501", "0.20241230.1600", "2026.11"):
        assert not is_date(number), number


def test_a_core_plan_goes_on_as_it_began() -> None:
    for there, expected in (
        ((), True),
        (("2026.10.30", "2026.11.29"), True),
        (("9.7.2025121501",), False),
        (("2026.10.30", "9.7.2025121501"), False),
    ):
        assert needs_date(there, is_new_one_a_date=True) is expected, there
    assert not needs_date((), is_new_one_a_date=False)
