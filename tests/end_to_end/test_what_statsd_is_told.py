"""The provider's metrics, as they arrive at a StatsD server from a real Airflow's worker and triggerer.

Nobody watches any more at its end, so this module is the last of these but for one whose waits have ended.
"""

from __future__ import annotations

import time

import pytest

from tests.end_to_end import test_without_worker
from tests.end_to_end.eventually import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def arrived(side_by_side, metrics):
    """What arrived by the time that waits without a worker had ended, well after the last report was due."""
    side_by_side.result(test_without_worker.begin)
    wanted = {f"airflow.cpp.operation.duration.{outcome}" for outcome in ("succeeded", "failed")}
    eventually(lambda: wanted <= metrics.values.keys(), "both outcomes")
    return metrics.values


def test_polls_and_token_requests_of_the_triggerer_are_counted(arrived):
    # At least one for each of the six; those of other tests in the same Airflow come here, too.
    assert sum(int(value.removesuffix("|c")) for value in arrived["airflow.cpp.polls"]) >= 6
    assert sum(int(value.removesuffix("|c")) for value in arrived["airflow.cpp.token_requests"]) >= 1


def test_each_outcome_has_its_duration(arrived, metrics):
    most = (time.monotonic() - metrics.since) * 1000
    for outcome in ("succeeded", "failed"):
        for value in arrived[f"airflow.cpp.operation.duration.{outcome}"]:
            assert value.endswith("|ms")
            assert 0 < float(value.removesuffix("|ms")) < most


def test_the_number_of_watchers_rises_and_falls(arrived, metrics):
    eventually(lambda: metrics.values["airflow.cpp.watchers"][-1] == "0|g", "the end of all watches")
    watchers = [int(value.removesuffix("|g")) for value in metrics.values["airflow.cpp.watchers"]]
    assert max(watchers) >= 1
    assert watchers[-1] == 0
