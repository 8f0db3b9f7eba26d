"""Counts what the clients do, until somebody who knows where to report it takes the counts.

Counting costs next to nothing; where it goes is decided elsewhere.
"""

from __future__ import annotations

import threading
from collections import Counter


class Counts:
    """Numbers of what happened, and how long things took; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()
        self._durations: list[tuple[str, float]] = []

    def note(self, name: str, seconds: float | None = None) -> None:
        """Count one more of these, or how long one took.

        :param name: what happened.
        :param seconds: how long it took; None to count it only.
        """
        with self._lock:
            if seconds is None:
                self._numbers[name] += 1
            else:
                self._durations.append((name, seconds))

    def take(self) -> tuple[dict[str, int], list[tuple[str, float]]]:
        """Return the numbers and durations since the last call, and begin anew."""
        with self._lock:
            taken = dict(self._numbers), self._durations
            self._numbers, self._durations = Counter(), []
        return taken


#: Those of this process.
COUNTS = Counts()
