"""What is news to somebody who looks at a publisher's offers again and again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.offers.gone_live import GoneLive, Reported, completed_go_lives, read_reported
from airflow_provider_cpp.services.cloud_partner_portal.submissions import read_submission
from tests.runner import answered
from tests.services.cloud_partner_portal.scripted import read_list, submission


def went_live(offer="vm", operation="1", at=100.0):
    return GoneLive(offer, operation, 1, at)


def test_only_go_lives_that_succeeded_count():
    listed = read_list(
        read_submission,
        answered(
            200,
            [
                submission("a", "succeeded", "staging"),
                submission("b", "running"),
                submission("c", "failed"),
                submission("d", "canceled"),
                submission("e", "completed", offerVersion=7, changedTime="2026-11-20T10:00:00.1234567Z"),
                submission("f", "complete", offerVersion="x", changedTime="yesterday"),
            ],
        ),
    ).entries
    first, second = completed_go_lives("vm", listed)
    assert (first.operation_id, first.version) == ("e", 7)
    assert first.changed_time == "2026-11-20T10:00:00.123456+00:00"
    assert (second.operation_id, second.version, second.changed_time) == ("f", None, None)


def test_what_was_live_before_the_first_look_is_old():
    look = {"vm": (went_live(at=99.0), went_live(operation="2", at=None)), "other": ()}
    told = Reported.before(look, since=100.0)
    assert told.news(look) == ()
    assert told.after(look).news(look) == ()


def test_a_first_look_can_go_back():
    look = {"vm": (went_live(at=99.0), went_live(operation="2", at=101.0))}
    assert [each.operation_id for each in Reported.before(look, since=100.0).news(look)] == ["2"]


def test_each_go_live_is_news_once_in_the_order_of_their_ends():
    told = Reported.before({"vm": (), "other": ()}, 0.0).after({"vm": (), "other": ()})
    look = {"vm": (went_live(at=30.0),), "other": (went_live("other", "2", 20.0),)}
    assert [each.offer_id for each in told.news(look)] == ["other", "vm"]
    told = told.after(look)
    assert told.news(look) == ()
    more = {**look, "vm": (*look["vm"], went_live(operation="3", at=25.0))}
    assert [each.operation_id for each in told.news(more)] == ["3"]


def test_all_of_an_offer_that_was_not_there_at_first_is_news():
    told = Reported.before({}, 1000.0).after({})
    assert [each.operation_id for each in told.news({"new": (went_live("new", at=5.0),)})] == ["1"]


def test_an_offer_that_could_not_be_read_at_first_begins_with_its_first_reading():
    told = Reported.before({"vm": None}, since=100.0).after({"vm": None})
    look = {"vm": (went_live(at=50.0), went_live(operation="2", at=150.0))}
    assert [each.operation_id for each in told.news(look)] == ["2"]


def test_an_offer_that_cannot_be_read_for_a_while_loses_nothing():
    told = Reported.before({"vm": ()}, 0.0).after({"vm": ()})
    told = told.after({"vm": None})
    assert [each.operation_id for each in told.news({"vm": (went_live(),)})] == ["1"]


def test_an_offer_that_is_not_listed_for_a_while_is_no_news_afterwards():
    look = {"vm": (went_live(),)}
    told = Reported.before(look, 1000.0).after(look).after({})
    assert told.news(look) == ()


offers = st.dictionaries(
    st.sampled_from("abc"),
    st.none() | st.lists(st.sampled_from("123456"), unique=True).map(tuple),
)


@given(st.lists(offers, min_size=1, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_over_any_looks_and_restarts_nothing_is_told_twice_and_nothing_lost(looks, restarts):
    seen: list[tuple[str, str]] = []
    looks = [
        {
            offer: ids if ids is None else tuple(GoneLive(offer, i, 1, 50.0) for i in ids)
            for offer, ids in each.items()
        }
        for each in looks
    ]
    told = Reported.before(looks[0], since=100.0)
    for look, restart in zip(looks, restarts, strict=False):
        seen += [(each.offer_id, each.operation_id) for each in told.news(look)]
        told = told.after(look)
        if restart:
            told = read_reported(json.loads(json.dumps(told.to_dict())))
    assert len(seen) == len(set(seen))
    old: set[tuple[str, str]] = set()
    for offer in looks[0]:  # the first time that one of these is read
        first = next((look[offer] for look in looks if look.get(offer) is not None), ())
        old |= {(offer, each.operation_id) for each in first}
    shown = {(offer, each.operation_id) for look in looks for offer in look for each in look[offer] or ()}
    assert set(seen) == shown - old


@pytest.mark.parametrize(
    "record", [None, "x", {}, {"since": 1.0}, {"since": "x", "offers": {}}, {"since": 1, "offers": {"a": 1}}]
)
def test_a_record_of_something_else_is_none(record):
    assert read_reported(record) is None
