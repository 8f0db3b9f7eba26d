"""What a poll costs against a bare session, and what a thousand watchers ask of the service and of memory."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc

import pytest

from benchmarks.contenders import floor, floor_of_jobs, ours, ours_on_jobs
from benchmarks.polling import Load, cost
from benchmarks.restart import herd
from tests.measuring import least_ratio

pytestmark = pytest.mark.measures

BACK_TO_BACK = Load(watchers=100, interval=0.0, seconds=0.4)


def per_poll(contender, portal, load):
    """Return a function that measures the microseconds of a processor's time per poll."""
    return lambda: asyncio.run(cost(contender, portal, load)).per_poll


@pytest.mark.parametrize("changing", [False, True], ids=["quiet", "changing"])
@pytest.mark.parametrize(
    ("watch", "bare"), [(ours, floor), (ours_on_jobs, floor_of_jobs)], ids=["operations", "jobs"]
)
def test_a_poll_costs_little_more_than_one_of_a_bare_session(portal, watch, bare, changing):
    load = Load(**{**vars(BACK_TO_BACK), "changing": changing})
    # The goals are below 1.5, which `make bench` looks at; a session per poll takes some nine times as much.
    assert least_ratio(per_poll(watch, portal, load), per_poll(bare, portal, load), 3) < 3


@pytest.mark.parametrize("watch", [ours, ours_on_jobs], ids=["operations", "jobs"])
def test_all_watchers_share_one_token_and_twenty_connections(portal, watch):
    watched = asyncio.run(cost(watch, portal, BACK_TO_BACK))
    assert watched.polls > BACK_TO_BACK.watchers
    assert watched.counted["token"] == 1
    # One of them is the login's.
    assert watched.counted["connections"] <= 21


def test_more_watchers_make_no_poll_dearer(portal):
    few, many = (Load(watchers=number, interval=0.0, seconds=0.3) for number in (50, 500))
    # The goal is 1.3, which `make bench` looks at.
    assert least_ratio(per_poll(ours, portal, many), per_poll(ours, portal, few), 3) < 3


@pytest.mark.parametrize("spread", [1.0, 0.0], ids=["spread", "overdue"])
def test_a_thousand_triggers_that_start_together_share_one_token_and_few_connections(portal, spread):
    started = asyncio.run(herd(portal, 1000, spread))
    assert started.polls >= (1000 if not spread else 1)
    assert started.tokens == 1
    assert started.connections <= 32


def test_a_sleeping_watcher_takes_a_few_kilobytes(portal):
    number = 500

    async def taken():
        async with ours(portal, 2.0) as watch:  # so that hardly any waits for its answer just then
            tasks = [asyncio.ensure_future(watch(each)) for each in range(100)]
            await asyncio.sleep(2.5)
            gc.collect()
            tracemalloc.start()
            tasks += [asyncio.ensure_future(watch(100 + each)) for each in range(number)]
            await asyncio.sleep(4.0)
            gc.collect()
            found = tracemalloc.take_snapshot()
            tracemalloc.stop()
            # Without what a connection reads into, 256 KB: how many of the twenty were opened before is chance.
            ours_alone = found.filter_traces([tracemalloc.Filter(False, "*sslproto.py")])
            size = sum(each.size for each in ours_alone.statistics("filename"))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            return size / number

    # A session of its own takes at least 8 KB more, one with an open connection 300.
    assert 1024 < asyncio.run(taken()) < 15 * 1024
