"""Versions are put into the order in which they came out, and a call names the later of two."""

from __future__ import annotations

from itertools import pairwise

import pytest

from airflow_provider_cpp.wire.api_versions import is_version, latest, version_order
from airflow_provider_cpp.wire.call import Call

IN_ORDER = (
    "nonsense",
    "2017-10-31",
    "2022-03-01-dev",
    "2022-03-01-preview2",
    "2022-03-01-preview5",
    "2022-03-01-preview12",
    "2022-03-01",
    "2022-07-01",
    "2026-04-01-preview1",
)


def test_a_preview_is_before_what_it_became_and_a_later_date_after_both() -> None:
    for earlier, later in pairwise(IN_ORDER):
        assert version_order(earlier) < version_order(later)


@pytest.mark.parametrize("versions", [IN_ORDER, IN_ORDER[::-1]])
def test_the_latest_is_found_wherever_it_is(versions: tuple[str, ...]) -> None:
    assert latest(*versions) == "2026-04-01-preview1"


def test_of_none_there_is_no_latest() -> None:
    assert latest() == ""


@pytest.mark.parametrize(
    ("text", "is_one"), [("2022-07-01", True), ("2022-03-01-preview2", True), ("v1", False), ("", False)]
)
def test_what_is_a_version(text: str, is_one: bool) -> None:
    assert is_version(text) is is_one


@pytest.mark.parametrize(
    ("least", "sent"),
    [
        ("", "2022-07-01"),
        ("2022-03-01-preview5", "2022-07-01"),
        ("2026-04-01-preview1", "2026-04-01-preview1"),
    ],
)
def test_a_call_names_the_connections_version_or_the_later_one_that_it_needs(least: str, sent: str) -> None:
    call = Call("Read", "it", "GET", "/x", version_parameter="$version", least_version=least)
    assert call.url("https://host.example", "2022-07-01") == f"https://host.example/x?%24version={sent}"
