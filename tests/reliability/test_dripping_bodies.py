"""A head that is whole counts, even if its body comes byte by byte for hours."""

from __future__ import annotations

import time

from tests.reliability import test_going_live
from tests.reliability.dripping import AT_MOST, PATH, Portal
from tests.reliability.going_live import go_live, told


def test_of_an_accepted_post_whose_body_drips_the_location_counts(pauses, lines, proves, dripping):
    with dripping(Portal(b"POST")) as portal:
        began = time.monotonic()
        outcome = go_live()
        assert time.monotonic() - began < AT_MOST
        assert outcome.result == f"{portal.url}{PATH}"
        assert portal.count(b"POST") == 1
    words = told(outcome, lines)
    assert words == test_going_live.RETURNED
    proves(test_going_live.PHASE, "202 at once, its body byte by byte", (1, 1), words)
