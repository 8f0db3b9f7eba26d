"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds that a step may take where all begins at once on a busy machine; it only ends what hangs.
PATIENCE = 240.0


def eventually(condition: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """Return what a condition gives once it is true; fail if it isn't within the time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.4)
    return found
