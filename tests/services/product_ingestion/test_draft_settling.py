"""A request whose answer got lost is settled by reading the tree, and never repeated blindly."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict, CppUnavailable
from airflow_provider_cpp.wire.answers import Reading
from tests.runner import LOST, UNSENT, Runner, answered, refused
from tests.services.product_ingestion import tree_documents as documents
from tests.services.product_ingestion.draft_service import RUNNING, Draft, listing, put
from tests.services.product_ingestion.test_draft_putting import TestCreating

NEW = listing(title="New")
UNCLEAR = [
    LOST,
    refused(500),
    refused(502),
    refused(408),
    answered(202, {}),
    answered(202, b"<html>"),
    answered(204),
]


@pytest.mark.parametrize("reading", UNCLEAR)
def test_what_was_carried_out_isnt_sent_again(reading: Reading) -> None:
    runner = Runner(Draft(documents.tree(), (reading, True)))
    result = runner.run(put(NEW).once())
    assert result.changed
    assert len(runner.posts) == 1
    assert any("was carried out, though its answer got lost" in line for line in runner.lines())


@pytest.mark.parametrize("reading", UNCLEAR)
def test_what_left_no_trace_for_a_minute_is_sent_once_more(reading: Reading) -> None:
    runner = Runner(Draft(documents.tree(), (reading, False)))
    assert runner.run(put(NEW).once()).changed
    first, second = (at for call, at in zip(runner.sent, runner.sent_at, strict=True) if call.method == "POST")
    assert second - first >= 60.0


def test_what_comes_into_effect_late_is_waited_for() -> None:
    draft = Draft(documents.tree(), (LOST, True))
    draft.lag = 25.0
    runner = Runner(draft)
    assert runner.run(put(NEW).once()).changed
    assert len(runner.posts) == 1


def test_it_is_sent_twice_at_most() -> None:
    runner = Runner(Draft(documents.tree(), (LOST, False), (LOST, False)))
    with pytest.raises(CppUnavailable, match=r"The offer is as it was\. A later try compares anew"):
        runner.run(put(NEW).once())
    assert len(runner.posts) == 2


def test_a_job_that_nobody_knows_is_settled_by_the_tree() -> None:
    draft = Draft(documents.tree(), (answered(202, RUNNING), True), job=(refused(404, "notFound"),))
    runner = Runner(draft)
    assert runner.run(put(NEW).once()).changed
    assert len(runner.posts) == 1


def test_what_is_neither_as_before_nor_as_wanted_is_a_conflict() -> None:
    draft = Draft(documents.tree(), (LOST, False))
    draft.meanwhile = lambda: draft.change(
        {**documents.of_type("listing", documents.tree()), "title": "Somebody else's"}
    )
    runner = Runner(draft)
    with pytest.raises(CppConflict, match=r"neither what it was nor what is wanted .*Somebody else's"):
        runner.run(put(NEW).once())
    assert len(runner.posts) == 1


def test_one_that_cant_be_read_any_more_is_left_to_a_later_try() -> None:
    draft = Draft(documents.tree(), (LOST, True))
    runner = Runner(lambda call, now: refused(503) if draft.posted and call.method == "GET" else draft(call, now))
    with pytest.raises(CppUnavailable, match="whether it was carried out can't be read"):
        runner.run(put(NEW).once())
    assert len(runner.posts) == 1


def test_what_provably_wasnt_read_is_no_riddle() -> None:
    runner = Runner(Draft(documents.tree(), *[(UNSENT, False)] * 5))
    with pytest.raises(CppUnavailable, match="not sent"):
        runner.run(put(NEW).once())
    assert not any("may have been carried out" in line for line in runner.lines())


def test_a_refusal_is_one() -> None:
    with pytest.raises(CppBadRequest, match="HTTP 400 badRequest 'Title is missing'"):
        Runner(Draft(documents.tree(), (refused(400, "badRequest", "Title is missing"), False))).run(
            put(NEW).once()
        )


@pytest.mark.parametrize("was_carried_out", [True, False])
def test_so_is_a_product_that_is_created(was_carried_out: bool) -> None:
    runner = Runner(Draft(None, (LOST, was_carried_out)))
    result = runner.run(put(list(TestCreating.NEW), create=True).once())
    assert (result.changed, result.created) == (True, True)
    assert len(runner.posts) == (1 if was_carried_out else 2)
