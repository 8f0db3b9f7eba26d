"""`docs/reliability.md` says what these tests have proven, and nothing else."""

from __future__ import annotations

import pytest

from tests.reliability import (
    test_before_the_post,
    test_canceling,
    test_going_live,
    test_publishing,
    test_watching,
    waiting,
)
from tests.reliability.fault_table import APIS, PHASES, committed_rows


def test_every_row_of_this_run_stands_in_the_document(proven, request):
    if request.config.getoption("--write-docs", default=False):
        return  # it is written when this run has ended
    committed = committed_rows()
    for row in proven:
        assert committed.get((row.phase, row.fault, row.api)) == row.cells, (
            "write it anew: pytest tests/reliability --write-docs"
        )


@pytest.mark.parametrize("api", APIS)
def test_the_document_has_a_row_for_every_case(api):
    committed = committed_rows()
    for of_phase, cases in (
        (test_going_live.PHASE, test_going_live.CASES),
        (test_publishing.PHASE, test_publishing.SHARED),
        (waiting.PHASE, test_watching.CASES),
        (test_canceling.PHASE, test_canceling.CASES),
        (test_before_the_post.PHASE, test_before_the_post.AT_THE_LIST),
    ):
        assert {fault for phase, fault, of_api in committed if (phase, of_api) == (of_phase, api)} >= set(cases)
    assert {phase for phase, *_ in committed} == set(PHASES)


def test_the_document_has_no_row_that_this_run_did_not_prove(proven, request):
    """Only a run of all of these tests can tell."""
    modules = {item.path.name for item in request.session.items if item.path.parent == request.path.parent}
    everything = {path.name for path in request.path.parent.glob("test_*.py")}
    if modules != everything or request.config.option.keyword or request.session.testsfailed:
        return
    assert set(committed_rows()) == {(row.phase, row.fault, row.api) for row in proven}
