"""One real Airflow, and one Cloud Partner Portal for it to talk to, for all tests of a session."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from airflow_provider_cpp.emulator import Emulator
from dev.local_airflow import LocalAirflow
from dev.scene import SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

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


class Metrics:
    """What arrives at a StatsD server: the values by name, in their order."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.values: dict[str, list[str]] = {}
        self.since = time.monotonic()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            for line in self._socket.recv(65536).decode().splitlines():
                name, _, value = line.partition(":")
                self.values.setdefault(name, []).append(value)


@pytest.fixture(scope="session")
def metrics() -> Metrics:
    """A StatsD server that Airflow's processes report to."""
    return Metrics()


@pytest.fixture(scope="session")
def local_airflow(
    portal: Emulator, metrics: Metrics, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAirflow]:
    """A real Airflow with this repository's DAGs; its connection ``cpp_default`` leads to the portal.

    On PostgreSQL: on SQLite, DAGs that run side by side wait a minute for each other's writes, and then fail.
    """
    from dev.postgres import LocalPostgres

    with (
        LocalPostgres() as postgres,
        LocalAirflow(
            [REPOSITORY / "dags", HERE / "dags"],
            env={
                "AIRFLOW_CONN_CPP_DEFAULT": portal.connection_json(),
                "AIRFLOW_CONN_INGESTION": portal.connection_json(api="product_ingestion"),
                "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
                **SIGNATURE,
                # A task mostly waits, if only for Airflow to notice its end.
                "AIRFLOW__CORE__PARALLELISM": "8",
                # No file changes meanwhile, and to parse all of them every five seconds takes half a processor.
                # Now and then they have to be: only then begins the watcher of a DAG that was switched on.
                "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "20",
                "AIRFLOW__CORE__XCOM_BACKEND": "tests.end_to_end.outside.StoresOutside",
                "AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH": f"file://{tmp_path_factory.mktemp('outside')}",
                "AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_THRESHOLD": "0",
                "AIRFLOW__METRICS__STATSD_ON": "True",
                "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
                "AIRFLOW__METRICS__STATSD_PORT": str(metrics.port),
            },
            pythonpath=[REPOSITORY, HERE / "preloaded"],
            database_url=postgres.url,
        ) as airflow,
    ):
        yield airflow
        home, pids = airflow.home, airflow.pids()
    left = [pid for pid in pids if psutil.pid_exists(pid)]
    assert not left
    assert processes_of(home) == []


class SideBySide:
    """What the modules have their DAGs do, all at once: a run mostly waits, and so can others meanwhile.

    A module's ``begin(airflow, portal)`` does whatever disturbs no other, and returns what came of it.
    """

    def __init__(self, pool: ThreadPoolExecutor, airflow: LocalAirflow, portal: Emulator) -> None:
        self._pool, self._airflow, self._portal = pool, airflow, portal
        self._begun: dict[Callable[..., Any], Future[Any]] = {}

    def begin(self, begin: Callable[[LocalAirflow, Emulator], Any]) -> Future[Any]:
        """Begin with this, unless it was begun already."""
        if begin not in self._begun:
            self._begun[begin] = self._pool.submit(begin, self._airflow, self._portal)
        return self._begun[begin]

    def wait(self) -> None:
        """Wait until all is done: whoever then kills a part of Airflow disturbs nobody."""
        wait(self._begun.values())

    def result(self, begin: Callable[[LocalAirflow, Emulator], Any]) -> Any:
        """Return what came of it, once it is done."""
        return self.begin(begin).result()


@pytest.fixture(scope="session")
def side_by_side(
    request: pytest.FixtureRequest, local_airflow: LocalAirflow, portal: Emulator
) -> Iterator[SideBySide]:
    """What all modules have begun whose tests are going to run."""
    modules: dict[ModuleType, None] = {
        item.module: None
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path.parent == HERE and item.get_closest_marker("airflow")
    }
    pool = ThreadPoolExecutor(len(modules))
    all_of_them = SideBySide(pool, local_airflow, portal)
    for module in modules:
        if hasattr(module, "begin"):
            all_of_them.begin(module.begin)
    yield all_of_them
    pool.shutdown(wait=False, cancel_futures=True)
