"""What LocalAirflow promises: it says why it doesn't work, and nothing of it is left behind.

In place of the real one (tests/end_to_end) runs a stand-in whose processes ignore SIGTERM, change their session
and leave their parents, which Airflow's do now and then at best.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from dev.local_airflow import LocalAirflow, LocalAirflowError

END_TO_END = Path(__file__).parent / "end_to_end"
STAND_IN = END_TO_END / "stand_in"

# A shell that runs the tests in its background lets them ignore SIGINT, and what they start inherits that.
RUNNER = """
import signal, sys, time
from pathlib import Path
from dev.local_airflow import LocalAirflow
signal.signal(signal.SIGINT, signal.default_int_handler)
with LocalAirflow(Path(), home=Path(sys.argv[1]), pythonpath=[Path(sys.argv[2])], grace=0.2) as airflow:
    print("up", *airflow.pids(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def stand_in_at(home, **settings):
    return LocalAirflow(END_TO_END / "dags", home=home, pythonpath=[STAND_IN], grace=0.2, **settings)


@pytest.fixture
def stand_in(home):
    return stand_in_at(home)


def alive(pids):
    """Those of the processes that are more than an entry in the process table."""
    found = []
    for pid in pids:
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_for(condition, seconds=15):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def check_for_a_while(airflow):
    for _ in range(100):
        airflow.check()
        time.sleep(0.05)


def is_settled(airflow: LocalAirflow) -> bool:
    """Tell whether all processes are there that stay: one that makes itself a daemon leaves others behind."""
    before = airflow.pids()
    time.sleep(0.3)
    return len(before) == 12 and airflow.pids() == before


def test_nothing_is_left_after_the_block(stand_in):
    with stand_in as airflow:
        pids = airflow.pids()
        # Four parts, each with a child in its own session and a daemon.
        wait_for(lambda: is_settled(airflow))
        pids = airflow.pids()
        assert len(pids) == 12
    assert alive(pids) == []


def test_nothing_is_left_when_the_block_raises(stand_in):
    pids = []

    def body(airflow):
        pids.extend(airflow.pids())
        raise RuntimeError("in the block")

    with pytest.raises(RuntimeError, match="in the block"), stand_in as airflow:
        body(airflow)
    assert pids
    assert alive(pids) == []


@pytest.mark.parametrize("of_its_own", [True, False], ids=["a temporary home", "a home that was named"])
def test_a_disk_that_fills_is_named_whatever_airflow_said(of_its_own, home, monkeypatch):
    def body():
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
        raise RuntimeError("Database error")

    words = r"has 0 MB free.*: remove .*Database error"
    with pytest.raises(LocalAirflowError, match=words), stand_in_at(None if of_its_own else home):
        body()


def test_a_temporary_home_is_removed():
    with stand_in_at(None) as airflow:
        home = airflow.home
        assert home.is_dir()
    assert not home.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_runner_is_ended_by(number, home):
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(home), str(STAND_IN)], stdout=subprocess.PIPE, text=True
    )
    with runner:
        up, *pids = runner.stdout.readline().split()
        assert up == "up"
        runner.send_signal(number)
        told = time.monotonic()
    assert time.monotonic() - told < 30
    assert runner.returncode != 0
    pids = [int(pid) for pid in pids]
    if number == signal.SIGKILL:
        wait_for(lambda: not alive(pids))
    assert alive(pids) == []


@pytest.mark.parametrize("part", ["scheduler", "api-server"])
def test_a_part_that_dies_at_the_start_is_reported_with_its_last_words(part, home):
    dying = stand_in_at(home, env={"DYING_PART": part})
    expected = rf"(?s){part} ended with exit code 3.*the database has left the building"
    with pytest.raises(LocalAirflowError, match=expected), dying:
        pytest.fail("it can't have become healthy")


def test_a_migration_that_fails_is_reported_with_its_last_words(home):
    dying = stand_in_at(home, env={"DYING_PART": "db"})
    with pytest.raises(LocalAirflowError, match="left the building"), dying:
        pytest.fail("it can't have been started")


def test_a_killed_part_takes_its_children_along_and_leaves_the_others(stand_in):
    with stand_in as airflow:
        wait_for(lambda: is_settled(airflow))
        triggerer, scheduler = airflow.pids("triggerer"), airflow.pids("scheduler")
        airflow.kill("triggerer")
        assert alive(triggerer) == []
        assert alive(scheduler) == scheduler
        assert airflow.pids("triggerer") == []
        airflow.check()
        airflow.restart("triggerer")
        wait_for(lambda: alive(airflow.pids("triggerer")))
        assert alive(airflow.pids("triggerer"))


def test_a_part_that_dies_later_is_reported(stand_in):
    with stand_in as airflow:
        wait_for(lambda: is_settled(airflow))
        os.kill(airflow.pids("triggerer")[0], signal.SIGKILL)
        with pytest.raises(LocalAirflowError, match="triggerer ended with exit code 137"):
            check_for_a_while(airflow)


def test_every_triggerer_has_to_come_up(home):
    stand_in = stand_in_at(home, triggerers=2, start_timeout=2)
    # The stand-in has one job only, so that the second one is missed.
    with pytest.raises(LocalAirflowError, match="triggerer-2"), stand_in:
        pytest.fail("one of them is missing")


def test_no_setting_of_another_airflow_gets_through(home, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", "the real one")
    with stand_in_at(home, env={"AIRFLOW_VAR_A": "b"}) as airflow:
        assert airflow.env["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
        assert "AIRFLOW_CONN_CPP_DEFAULT" not in airflow.env
        assert airflow.env["AIRFLOW_VAR_A"] == "b"
        assert os.environ["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
