"""Decides when something that fails again and again is worth a line in the log.

An answer's words don't decide it, as request ids, times and ports are new in each, but what kind of failure it is.
"""

from __future__ import annotations

from airflow_provider_cpp.lro.story import duration_in_words

#: Seconds until a failure that goes on is logged again; twice as many until the next time, and so on.
FIRST_REMINDER = 300.0
#: Seconds between two reminders at most: some watches have no end, and nobody reads their log every day.
LAST_REMINDER = 86400.0
#: Seconds without a failure after which the next one counts as new: what fails at every other look is one.
CALM = 3600.0
#: Kinds of failure of one thing that are logged when they come up, at most.
MAX_KINDS = 5


class RepeatedFailure:
    """Something that fails: logged when it begins and in a new way, then ever more seldom, and when it is over."""

    __slots__ = ("_failed_at", "_gap", "_is_logged", "_kinds", "_logged_at", "count", "since")

    def __init__(self) -> None:
        #: How often it failed since it worked last.
        self.count = 0
        #: When it began to, in seconds since 1970 (UTC).
        self.since = 0.0
        self._kinds: set[str] = set()
        self._failed_at = self._logged_at = float("-inf")
        self._gap = FIRST_REMINDER
        self._is_logged = False

    def again(self, kind: str, now: float) -> bool:
        """Note that it failed, and return whether that is worth a line now.

        :param kind: what failures of one kind have in common; neither an id nor a time.
        :param now: seconds since 1970 (UTC).
        """
        if now - self._failed_at >= CALM and not self.count:
            self._kinds, self._gap, self._logged_at = set(), FIRST_REMINDER, float("-inf")
        if not self.count:
            self.since = now
        self.count += 1
        self._failed_at = now
        is_new = kind not in self._kinds and len(self._kinds) < MAX_KINDS
        if not is_new and now - self._logged_at < self._gap:
            return False
        if not is_new:
            self._gap = min(2 * self._gap, LAST_REMINDER)
        self._kinds.add(kind)
        self._logged_at, self._is_logged = now, True
        return True

    def over(self) -> int:
        """Note that it works, and return after how many failures, where that was logged; else 0."""
        count, self.count = (self.count if self._is_logged else 0), 0
        self._is_logged = False
        return count


class RepeatedFailures:
    """What fails of many things, by name."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[str, RepeatedFailure] = {}

    def again(self, what: str, kind: str, now: float) -> bool:
        """Note that something failed; return whether that is worth a line now, as `RepeatedFailure.again` does."""
        return self._of.setdefault(what, RepeatedFailure()).again(kind, now)

    def over(self, what: str) -> int:
        """Note that something works, and return after how many failures, as `RepeatedFailure.over` does."""
        failure = self._of.get(what)
        return failure.over() if failure else 0

    def often(self, what: str, now: float) -> str:
        """Return in words how often something has failed by now; nothing for the first time."""
        return often(self._of[what], now)


def often(failure: RepeatedFailure, now: float) -> str:
    """Return in words how often something has failed by now; nothing for the first time."""
    if failure.count < 2:
        return ""
    return f", after {failure.count} failures in {duration_in_words(now - failure.since)}"
