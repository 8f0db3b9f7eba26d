"""Run the services of a Compose file as processes on this machine, and leave nothing of them behind.

Airflow's parts, Redis and PostgreSQL have the file's commands and environment, and a folder each, with the file's
volumes in it. What differs: addresses and ports, as all share the loopback interface, and a worker's name, which
is its host's in a container.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import psutil

from dev import airflow_image
from dev.airflow_api import AirflowApi
from dev.airflow_settings import free_ports
from dev.compose_addresses import LOOPBACK, USUAL_PORTS, on_loopback
from dev.compose_file import Service, in_order, read_services
from dev.kept_process import KeptProcess
from dev.postgres import LocalPostgres
from dev.statsd_receiver import StatsdReceiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_GRACE = 20.0
_PATIENCE = 180.0
_TICK = 0.1
_LONGEST_PAUSE = 60.0


class LocalClusterError(Exception):
    """A part can't be started, or has ended for good; the message has the end of its log."""


class Kept(Protocol):
    """What runs one replica of a service."""

    @property
    def has_ended(self) -> bool: ...  # noqa: D102
    def start(self) -> None: ...  # noqa: D102
    def stop(self) -> None: ...  # noqa: D102
    def kill(self) -> None: ...  # noqa: D102
    def processes(self) -> list[psutil.Process]: ...  # noqa: D102


class Part:
    """One replica of a service, and what is wanted of it.

    :param kept: what runs it
    :param comes_back: whether it is started again when it has ended
    """

    def __init__(self, kept: Kept, comes_back: bool) -> None:
        self.kept = kept
        self.restarts = 0
        self._comes_back = comes_back
        self._is_wanted = True
        self._due = 0.0
        self._one_hand = threading.Lock()

    def start(self) -> None:
        """Start it."""
        with self._one_hand:
            self.kept.start()
            self._is_wanted = True

    def end(self, how: Callable[[], None]) -> None:
        """End it for good.

        :param how: the method of what runs it
        """
        with self._one_hand:
            self._is_wanted = False
            how()

    def start_again_if_due(self) -> None:
        """Start it if it has ended by itself, after a pause that doubles each time, as Docker does."""
        with self._one_hand:
            if not (self._comes_back and self._is_wanted and self.kept.has_ended):
                return
            now = time.monotonic()
            if not self._due:
                self._due = now + min(_LONGEST_PAUSE, _TICK * 2**self.restarts)
            elif now >= self._due:
                self._due = 0.0
                self.restarts += 1
                self.kept.start()


class LocalCluster:
    """A context manager: all services on entering, none on leaving.

    :param compose: the file
    :param variables: what Compose would find in ``.env``
    :param scale: other numbers of replicas, by service
    :param dags: the folder to mount as DAGs in place of the file's
    :param env: variables of Airflow's parts beside the file's
    """

    def __init__(
        self,
        compose: Path,
        variables: Mapping[str, str],
        *,
        scale: Mapping[str, int],
        dags: Path,
        env: Mapping[str, str],
    ) -> None:
        self._compose = compose
        self._services = read_services(compose.read_text(encoding="utf-8"), variables, scale)
        self._login = (
            self._services["init"].environment["_AIRFLOW_WWW_USER_USERNAME"],
            self._services["init"].environment["_AIRFLOW_WWW_USER_PASSWORD"],
        )
        self._dags = dags
        self._env = dict(env)
        self._ports: dict[tuple[str, int], int] = {}
        self._exit_stack = contextlib.ExitStack()
        self.folder = Path()
        self.parts: dict[str, Part] = {}

    def __enter__(self) -> Self:
        """Start everything in the file's order; return when the API server and what it reports of are healthy."""
        with contextlib.ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="cluster-"))
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.api = AirflowApi(f"http://{LOOPBACK}:{self._port('api-server', 8080)}", self._login)
            stack.callback(self.api.close)
            for service in in_order(self._services):
                self._start_service(service, stack)
            self._wait_until_healthy()
            stack.enter_context(self._starting_again())
            self._exit_stack = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        """End every process of the cluster, then remove its folder."""
        self._exit_stack.__exit__(None, None, None)

    # What is done to it

    def processes(self, *names: str) -> list[psutil.Process]:
        """Return the processes of some parts, or of all."""
        return [process for name in names or self.parts for process in self.parts[name].kept.processes()]

    def kill(self, name: str) -> None:
        """End a part and its children with SIGKILL, as a lost machine would; it stays down."""
        self.parts[name].end(self.parts[name].kept.kill)

    def stop(self, name: str) -> None:
        """End a part in good order; it stays down."""
        self.parts[name].end(self.parts[name].kept.stop)

    def start(self, name: str) -> None:
        """Start a part that is down."""
        self.parts[name].start()

    @property
    def came_back(self) -> dict[str, int]:
        """How often a part ended by itself and was started again, as the file's ``restart`` says."""
        return {name: part.restarts for name, part in self.parts.items() if part.restarts}

    # How it starts

    def _start_service(self, service: Service, stack: contextlib.ExitStack) -> None:
        program = service.image.rpartition("/")[2].partition(":")[0]
        if program == "statsd-exporter":
            self.statsd = stack.enter_context(StatsdReceiver(self._port(service.name, 9125)))
        elif program == "postgres":
            port = self._port(service.name, USUAL_PORTS["postgresql"])
            said = service.environment
            postgres = LocalPostgres(
                port=port,
                user=said["POSTGRES_USER"],
                password=said["POSTGRES_PASSWORD"],
                database=said["POSTGRES_DB"],
            )
            self.parts[service.name] = Part(stack.enter_context(postgres), service.comes_back)
        elif program == "redis":
            self._start_redis(service, stack)
        else:
            self._start_airflow(service, stack)

    def _start_redis(self, service: Service, stack: contextlib.ExitStack) -> None:
        found = shutil.which(service.command[0])
        if found is None:
            raise LocalClusterError(f"There is no {service.command[0]} here; on Debian: apt install redis-server")
        port = str(self._port(service.name, USUAL_PORTS["redis"]))
        folder = self.folder / service.name
        folder.mkdir()
        # Below /data in its container, which outlives a restart.
        here = ["--bind", LOOPBACK, "--port", port, "--dir", str(folder)]
        self._keep(service.name, service, [found, *service.command[1:], *here], os.environ, folder, stack)

    def _start_airflow(self, service: Service, stack: contextlib.ExitStack) -> None:
        for name in service.replica_names:
            folder = self._home(name, service)
            env = self._airflow_environment(service, folder)
            first, *_ = service.command
            # In a container of its own a worker is called by its host.
            named = ["--celery-hostname", f"{name}@%h"] if first == "celery" else []
            *before, last = [
                [sys.executable, "-m", "airflow", *each]
                for each in airflow_image.commands([*service.command, *named], service.environment)
            ]
            for command in before if service.comes_back else [*before, last]:
                self._run(name, command, env, folder)
            if service.comes_back:
                self._keep(name, service, last, env, folder, stack)

    def _airflow_environment(self, service: Service, home: Path) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "_AIRFLOW_"))
        }
        own = dict(zip(airflow_image.OWN_PORTS, map(str, free_ports(len(airflow_image.OWN_PORTS))), strict=True))
        return {
            **kept,
            **on_loopback(service.environment, self._services, self._port),
            **own,
            "AIRFLOW__API__HOST": LOOPBACK,
            "AIRFLOW__API__PORT": str(self._port("api-server", 8080)),
            "AIRFLOW_HOME": str(home),
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": f"{LOOPBACK},localhost",
            "no_proxy": f"{LOOPBACK},localhost",
            **self._env,
        }

    def _home(self, name: str, service: Service) -> Path:
        home = self.folder / name
        home.mkdir()
        for source, target in service.volumes:
            if source.startswith("."):
                mounted = self._dags if Path(target).name == "dags" else (self._compose.parent / source).resolve()
            else:
                mounted = self.folder / "volumes" / source
                mounted.mkdir(parents=True, exist_ok=True)
            (home / Path(target).relative_to(airflow_image.HOME)).symlink_to(mounted)
        return home

    def _run(self, name: str, command: list[str], env: Mapping[str, str], folder: Path) -> None:
        process = KeptProcess(name, command, env, folder / "output.log", _GRACE, folder)
        process.start()
        try:
            _wait_until(lambda: process.exit_code is not None, f"{name} to end", process.log_tail)
        finally:
            process.kill()
        if process.exit_code != 0:
            raise LocalClusterError(f"{name} ended with exit code {process.exit_code}:\n{process.log_tail()}")

    def _keep(
        self,
        name: str,
        service: Service,
        command: list[str],
        env: Mapping[str, str],
        folder: Path,
        stack: contextlib.ExitStack,
    ) -> None:
        process = KeptProcess(name, command, env, folder / "output.log", _GRACE, folder)
        self.parts[name] = Part(process, service.comes_back)
        # At the end nobody waits for tasks and connections.
        stack.callback(process.kill)
        process.start()

    def _port(self, service: str, port: int) -> int:
        if (service, port) not in self._ports:
            (self._ports[service, port],) = free_ports(1)
        return self._ports[service, port]

    def _wait_until_healthy(self) -> None:
        names = {"metadatabase", "scheduler", "triggerer", "dag_processor"}

        def is_healthy() -> bool:
            if ended := [name for name, part in self.parts.items() if part.kept.has_ended]:
                raise LocalClusterError(f"{ended[0]} has ended:\n{self.output(ended[0], 40)}")
            health = self.api.health()
            return {name for name, status in health.items() if status == "healthy"} >= names

        _wait_until(is_healthy, "a healthy Airflow", self.log_tails)

    def log_tails(self, lines: int = 15) -> str:
        """Return the end of what each part said."""
        return "\n".join(f"--- {name}\n{self.output(name, lines)}" for name in self.parts)

    def output(self, name: str, lines: int) -> str:
        """Return the end of what one part said."""
        file = self.folder / name / "output.log"
        return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.exists() else ""

    # What Docker does about a container that has ended

    @contextlib.contextmanager
    def _starting_again(self) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(_TICK):
                for part in self.parts.values():
                    part.start_again_if_due()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _wait_until(is_so: Callable[[], bool], what: str, tails: Callable[[], str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        if time.monotonic() > deadline:
            raise LocalClusterError(f"waited {_PATIENCE:g} s in vain for {what}\n{tails()}")
        time.sleep(_TICK * 5)


def left_running(folder: Path) -> list[str]:
    """Return the processes that run in a folder, or that its path was given to."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = [process.cwd(), *process.cmdline(), *process.environ().values()]
            if any(str(folder) in word for word in words):
                found.append(f"{process.pid} {' '.join(process.cmdline())}")
    return found
