"""What is counted, and that reporting it disturbs nobody."""

from __future__ import annotations

import asyncio

import pytest

from airflow_provider_cpp import airflow_versions, metrics
from airflow_provider_cpp.client.counts import COUNTS, Counts


@pytest.fixture(autouse=True)
def nothing_counted():
    COUNTS.take()


class Stats:
    """Takes what Airflow's metrics take."""

    def __init__(self):
        self.sent = []

    def incr(self, name, count=1):
        self.sent.append((name, count))

    def timing(self, name, duration):
        self.sent.append((name, duration.total_seconds()))

    def gauge(self, name, value):
        self.sent.append((name, value))


@pytest.fixture
def stats(monkeypatch):
    taking = Stats()
    monkeypatch.setattr(airflow_versions, "stats", lambda *, in_triggerer: taking)
    return taking


def test_counts_begin_anew_once_they_are_taken():
    counts = Counts()
    counts.note("polls")
    counts.note("polls")
    counts.note("operation.duration.failed", 1.5)
    assert counts.take() == ({"polls": 2}, [("operation.duration.failed", 1.5)])
    assert counts.take() == ({}, [])


def test_a_worker_reports_what_it_counted_and_no_watchers(stats):
    COUNTS.note("polls")
    COUNTS.note("operation.duration.succeeded", 60.0)
    metrics.report()
    assert stats.sent == [("cpp.polls", 1), ("cpp.operation.duration.succeeded", 60.0)]
    metrics.report()
    assert len(stats.sent) == 2


def test_metrics_that_cant_be_reported_fail_nothing(monkeypatch):
    def broken(*, in_triggerer):
        raise OSError("no such host")

    monkeypatch.setattr(airflow_versions, "stats", broken)
    COUNTS.note("polls")
    metrics.report(3)


def test_a_triggerer_reports_while_anybody_watches_and_a_last_time_after(stats, monkeypatch):
    monkeypatch.setattr(metrics, "INTERVAL", 0.05)

    async def watch():
        async with metrics.watching(), metrics.watching():
            COUNTS.note("polls")
            await asyncio.sleep(0.3)
        COUNTS.note("bad_reads")
        await asyncio.sleep(0.3)
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(watch()) == [], "nobody reports where nobody watches"
    watchers = [value for name, value in stats.sent if name == "cpp.watchers"]
    assert watchers[0] == 2
    assert watchers[-1] == 0
    assert {"cpp.polls", "cpp.bad_reads"} <= {name for name, _ in stats.sent}


def test_airflows_metrics_are_found_on_workers_and_in_triggerers():
    for in_triggerer in (True, False):
        found = airflow_versions.stats(in_triggerer=in_triggerer)
        assert {"incr", "timing", "gauge"} <= set(dir(found)) or callable(found.incr)
