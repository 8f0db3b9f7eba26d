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
from tests.reliability.fault_table import APIS, PHASES, committed_rows, compare


def test_the_document_says_what_this_run_has_proven_and_nothing_else(proven, request):
    compare(proven, set(PHASES) - {waiting.PHASE}, request)


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
