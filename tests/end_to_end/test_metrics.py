"""The provider's metrics, as they arrive at a StatsD server from a real Airflow's worker and triggerer."""

from __future__ import annotations

import time

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

OFFERS = {"succeeds": "succeed", "fails": "fail", "skips": "fail", "retries": "fail"}


@pytest.fixture(scope="module")
def arrived(local_airflow, portal, metrics):
    """What arrived by the time that waits without a worker had ended, well after the last report was due."""
    for name, outcome in OFFERS.items():
        portal.add_offer(f"without-worker-{name}", outcome=outcome)
    for name in "ab":
        portal.add_offer(f"without-worker-mapped-{name}")
    run_id = local_airflow.trigger("without_worker")
    local_airflow.observe("without_worker", run_id).wait(timeout=110)
    wanted = {f"airflow.cpp.operation.duration.{outcome}" for outcome in ("succeeded", "failed")}
    deadline = time.monotonic() + 60
    while not (wanted <= metrics.values.keys()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return metrics.values


def test_polls_and_token_requests_of_the_triggerer_are_counted(arrived):
    # At least one for each of the six; those of other tests in the same Airflow come here, too.
    assert sum(int(value.removesuffix("|c")) for value in arrived["airflow.cpp.polls"]) >= 6
    assert sum(int(value.removesuffix("|c")) for value in arrived["airflow.cpp.token_requests"]) >= 1


def test_each_outcome_has_its_duration(arrived):
    for outcome in ("succeeded", "failed"):
        for value in arrived[f"airflow.cpp.operation.duration.{outcome}"]:
            assert value.endswith("|ms")
            assert 0 < float(value.removesuffix("|ms")) < 110_000


def test_the_number_of_watchers_rises_and_falls(arrived, metrics):
    deadline = time.monotonic() + 60
    while metrics.values["airflow.cpp.watchers"][-1] != "0|g" and time.monotonic() < deadline:
        time.sleep(0.2)
    watchers = [int(value.removesuffix("|g")) for value in metrics.values["airflow.cpp.watchers"]]
    assert max(watchers) >= 1
    assert watchers[-1] == 0
