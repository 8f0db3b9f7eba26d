"""Reports what was counted through Airflow's own metrics (StatsD, OpenTelemetry).

A worker reports after each exchange. A triggerer, which polls for thousands, reports every few seconds from
a thread, so that no poll waits for a metrics server.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from weakref import WeakKeyDictionary

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.client.counts import COUNTS

#: Seconds between two reports of a triggerer.
INTERVAL = 5.0

#: What all names begin with; Airflow puts its own prefix before that.
PREFIX = "cpp"

log = logging.getLogger(__name__)


class _Reporter:
    """Reports as long as somebody watches in an event loop."""

    def __init__(self) -> None:
        self.watchers = 0
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        while True:
            watchers = self.watchers
            await asyncio.to_thread(report, watchers)
            if not watchers and not self.watchers:
                self.task = None
                return
            await asyncio.sleep(INTERVAL)


_reporters: WeakKeyDictionary[asyncio.AbstractEventLoop, _Reporter] = WeakKeyDictionary()


class watching:  # noqa: N801 - reads as a phrase
    """Count as a watcher of the running event loop meanwhile, and see to it that somebody reports.

    No generator: that of `contextlib` would take half a kilobyte of each watcher.
    """

    __slots__ = ("_reporter",)

    async def __aenter__(self) -> None:
        """Begin to watch."""
        self._reporter = _reporters.setdefault(asyncio.get_running_loop(), _Reporter())
        self._reporter.watchers += 1
        if self._reporter.task is None:
            self._reporter.task = asyncio.create_task(self._reporter.run())

    async def __aexit__(self, *_: object) -> None:
        """Watch no more."""
        self._reporter.watchers -= 1


def report(watchers: int | None = None) -> None:
    """Report what was counted since the last report. Never raises: no release fails for its metrics.

    :param watchers: how many watch in this triggerer just now; None on a worker.
    """
    numbers, durations = COUNTS.take()
    if not numbers and not durations and watchers is None:
        return
    try:
        stats = airflow_versions.stats(in_triggerer=watchers is not None)
        for name, number in numbers.items():
            stats.incr(f"{PREFIX}.{name}", number)
        for name, seconds in durations:
            stats.timing(f"{PREFIX}.{name}", timedelta(seconds=seconds))
        if watchers is not None:
            stats.gauge(f"{PREFIX}.watchers", watchers)
    except Exception:
        log.debug("Metrics can't be reported.", exc_info=True)
