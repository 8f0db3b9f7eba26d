"""The Airflow that is disturbed, the portal that it talks to, and the story of each disturbance."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airflow_provider_cpp.emulator import Emulator
from dev.local_airflow import LocalAirflow
from tests.chaos.portal_process import PortalProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent

#: Seconds without a sign of life after which Airflow takes a triggerer for lost.
TRIGGERER_THRESHOLD = 8

#: Airflow's own defaults would have each test wait for minutes.
NOTICE_SOON = {
    "AIRFLOW__CORE__PARALLELISM": "6",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": str(TRIGGERER_THRESHOLD),
}

_STORIES = pytest.StashKey[list[tuple[str, list[str]]]]()


@pytest.fixture(scope="session")
def portal() -> Iterator[Emulator]:
    """A Cloud Partner Portal whose operations take twenty seconds."""
    with Emulator(duration=20) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def portal_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalProcess]:
    """A portal that can be killed; the connection ``cpp_process`` leads to it."""
    process = PortalProcess(tmp_path_factory.mktemp("portal"), duration=40)
    process.start()
    yield process
    process.kill()


@pytest.fixture(scope="session")
def undisturbed_airflow(portal: Emulator, portal_process: PortalProcess) -> Iterator[LocalAirflow]:
    """A real Airflow with two triggerers, hence on PostgreSQL; ``cpp_default`` leads to the portal."""
    from dev.postgres import LocalPostgres

    with (
        LocalPostgres() as postgres,
        LocalAirflow(
            HERE / "dags",
            env={
                "AIRFLOW_CONN_CPP_DEFAULT": portal.connection_json(),
                "AIRFLOW_CONN_INGESTION": portal.connection_json(api="product_ingestion"),
                "AIRFLOW_CONN_CPP_PROCESS": portal_process.connection_json,
                **NOTICE_SOON,
            },
            pythonpath=[REPOSITORY],
            database_url=postgres.url,
            triggerers=2,
        ) as airflow,
    ):
        yield airflow


@pytest.fixture
def airflow(undisturbed_airflow: LocalAirflow) -> Iterator[LocalAirflow]:
    """The Airflow, whole again after each test."""
    yield undisturbed_airflow
    if down := [part for part in undisturbed_airflow.parts if not undisturbed_airflow.pids(part)]:
        undisturbed_airflow.restart(*down)


@pytest.fixture(params=["cpp_default", "ingestion"])
def conn_id(request: pytest.FixtureRequest) -> str:
    """Return the connection to go by: each of them leads to another of the portal's APIs."""
    name: str = request.param
    return name


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Tell a part of the test's story, which is printed at the end with the seconds since its start."""
    began = time.monotonic()
    told: list[str] = []
    request.config.stash.setdefault(_STORIES, []).append((request.node.name, told))
    return lambda what: told.append(f"{time.monotonic() - began:5.0f} s  {what}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was seen."""
    for name, told in config.stash.get(_STORIES, []):
        terminalreporter.section(name.removeprefix("test_").replace("_", " "), sep="-")
        for line in told:
            terminalreporter.write_line(line)
