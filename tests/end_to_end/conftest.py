"""One real Airflow, and one Cloud Partner Portal for it to talk to, for all tests of a session."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from airflow_provider_cpp.emulator import Emulator
from dev.local_airflow import LocalAirflow

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent


def processes_of(home: Path) -> list[str]:
    """Return what runs with this AIRFLOW_HOME, whoever its parent is."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("AIRFLOW_HOME") == str(home) and process.status() != "zombie":
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
    return found


@pytest.fixture(scope="session")
def portal() -> Iterator[Emulator]:
    """A Cloud Partner Portal whose operations take a few seconds."""
    with Emulator(duration=6) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def local_airflow(portal: Emulator) -> Iterator[LocalAirflow]:
    """A real Airflow with this repository's DAGs; its connection ``cpp_default`` leads to the portal."""
    with LocalAirflow(
        [REPOSITORY / "dags", HERE / "dags"],
        env={"AIRFLOW_CONN_CPP_DEFAULT": portal.connection_json()},
        pythonpath=[REPOSITORY],
    ) as airflow:
        yield airflow
        home, pids = airflow.home, airflow.pids()
    left = [pid for pid in pids if psutil.pid_exists(pid)]
    assert not left
    assert processes_of(home) == []
