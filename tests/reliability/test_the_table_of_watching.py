"""`docs/reliability.md` says of watching what these tests have proven, and nothing else.

By itself, as a process of its own runs the tests of this part.
"""

from __future__ import annotations

from tests.reliability import waiting
from tests.reliability.fault_table import compare


def test_the_document_says_what_this_run_has_proven_and_nothing_else(proven, request):
    compare(proven, {waiting.PHASE}, request)
