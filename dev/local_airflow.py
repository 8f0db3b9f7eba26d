"""Run a real Airflow of the installed version in a folder of its own, and leave nothing of it behind."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import importlib.metadata
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dev.airflow_api import AirflowApi, AirflowApiError, log_lines, run_path
from dev.airflow_settings import environment, free_ports, is_free
from dev.kept_process import KeptProcess
from dev.room import obstacle, temporary_obstacle
from dev.run_observer import RunObserver, StateChange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType, TracebackType

_JOBS = {"scheduler": "SchedulerJob", "dag-processor": "DagProcessorJob", "triggerer": "TriggererJob"}


class LocalAirflowError(Exception):
    """The local Airflow can't do what it was asked to; the message has the log's tail or Airflow's words."""


class LocalAirflow:
    """Scheduler, API server, DAG processor and triggerers as processes of their own: a context manager.

    :param dags: folder with DAG files, or several
    :param home: AIRFLOW_HOME, kept afterwards; a temporary folder, removed afterwards, if None
    :param env: further environment variables for Airflow's processes, such as ``AIRFLOW_CONN_CPP_DEFAULT``;
        ``AIRFLOW__SECTION__OPTION`` overrides what is set here
    :param pythonpath: folders that DAGs import from
    :param database_url: SQLAlchemy URL of the metadata database; SQLite in the home if None
    :param triggerers: how many of them
    :param port: the API server's; a free one if None
    :param start_timeout: seconds until Airflow must be healthy
    :param grace: seconds that a part gets to stop in good order; the API server takes 4 s to exit after its
        last answer, and the scheduler waits for running tasks, neither of which is worth waiting for here
    """

    def __init__(
        self,
        dags: Path | Sequence[Path],
        *,
        home: Path | None = None,
        env: Mapping[str, str] | None = None,
        pythonpath: Sequence[Path] = (),
        database_url: str | None = None,
        triggerers: int = 1,
        port: int | None = None,
        start_timeout: float = 180,
        grace: float = 3,
    ) -> None:
        self._dags = [dags] if isinstance(dags, Path) else list(dags)
        self._given_home = home
        self._extra_env = dict(env or {})
        self._pythonpath = list(pythonpath)
        self._database_url = database_url
        self._triggerers = triggerers
        self._port = port
        self._start_timeout = start_timeout
        self._grace = grace
        self._parts: dict[str, KeptProcess] = {}
        self._killed: set[str] = set()
        #: How often each part was killed so far.
        self.kills: collections.Counter[str] = collections.Counter()
        self._exit_stack = contextlib.ExitStack()
        self._one_writer = threading.Lock()
        self.home = Path()
        self.env: dict[str, str] = {}
        self.url = ""

    def __enter__(self) -> Self:
        """Start everything and return when it is healthy."""
        version = importlib.metadata.version("apache-airflow-core")
        if not version.startswith("3."):
            raise LocalAirflowError(f"LocalAirflow runs Airflow 3, this is {version}")
        if self._port is not None and not is_free(self._port):
            raise LocalAirflowError(f"port {self._port} is taken, or none to listen on; give another one")
        with contextlib.ExitStack() as stack:
            stack.enter_context(_sigterm_raises())
            self.home = self._make_home(stack)
            stack.push(self._blame_a_full_disk)
            port = self._port if self._port is not None else free_ports(1)[0]
            self.url = f"http://127.0.0.1:{port}"
            self.env = environment(
                self.home,
                [folder.resolve() for folder in self._dags],
                port,
                database_url=self._database_url,
                pythonpath=[folder.resolve() for folder in self._pythonpath],
                extra=self._extra_env,
            )
            self._api = AirflowApi(self.url)
            stack.callback(self._api.close)
            stack.callback(self._stop)
            self._migrate()
            since = dt.datetime.now(dt.UTC)
            for name in ["api-server", "scheduler", "dag-processor", *self._triggerer_names()]:
                self._start_part(name)
            self._wait_until_healthy(since)
            self._exit_stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End every process that descends from this Airflow, then remove a temporary home."""
        self._exit_stack.__exit__(kind, error, traceback)

    # What runs

    @property
    def parts(self) -> list[str]:
        """The names of the parts: scheduler, api-server, dag-processor, triggerer, triggerer-2..."""
        return list(self._parts)

    def pids(self, part: str | None = None) -> list[int]:
        """Return the process ids of one part and its children (the part's first), or of all."""
        parts = [self._parts[part]] if part else self._parts.values()
        return [process.pid for each in parts for process in each.processes()]

    def kill(self, part: str) -> None:
        """End one part and its children with SIGKILL, as a lost machine would; it stays down."""
        self._killed.add(part)
        self.kills[part] += 1
        self._parts[part].tell("kill")
        self._parts[part].wait_until_gone()

    def restart(self, *parts: str) -> None:
        """Stop parts in good order (unless they are down already), start them anew, and wait until they work."""
        for part in parts:
            self._parts[part].tell("terminate")
        for part in parts:
            self._parts[part].wait_until_gone()
            self._killed.discard(part)
        since = dt.datetime.now(dt.UTC)
        for part in parts:
            self._parts[part].start()
        counts = collections.Counter(_kind(part) for part in parts)
        self._wait(
            lambda: bool(self._api.health()) and self._have_started(counts, since), f"the new {', '.join(parts)}"
        )

    def check(self) -> None:
        """Make sure that every part runs, unless it was killed on purpose.

        :raises LocalAirflowError: one has ended; the message has the tail of its log
        """
        for name, part in self._parts.items():
            if part.exit_code is not None and name not in self._killed:
                raise LocalAirflowError(f"{name} ended with exit code {part.exit_code}:\n{part.log_tail()}")

    def part_log(self, part: str, lines: int = 40) -> str:
        """Return the end of a part's own output."""
        return self._parts[part].log_tail(lines)

    # What it does

    def add_connection(self, conn_id: str, connection: Mapping[str, Any]) -> None:
        """Add a connection to Airflow's database, where its UI shows it.

        :param connection: as ``AIRFLOW_CONN_...`` has it. A port in its host goes into the field for the port:
            without one, Airflow 3.3.1 and 3.3.2 answer the button *Test Connection* with *Bad Request*
        """
        fields = dict(connection)
        host, _, port = str(fields["host"]).rpartition(":")
        if port.isdigit():
            fields = {**fields, "host": host, "port": fields.get("port", int(port))}
        extra = json.dumps(fields.pop("extra", {}))
        self.api("POST", "/connections", {"connection_id": conn_id, **fields, "extra": extra})

    def api(self, method: str, path: str, json: Any = None, params: Any = None) -> Any:
        """Call Airflow's REST API: ``api("GET", "/dags/go_live")``; return the parsed answer."""
        return self._api.call(method, path, json, params)

    def trigger(
        self,
        dag_id: str,
        conf: Mapping[str, Any] | None = None,
        logical_date: str | None = None,
        timeout: float = 60,
    ) -> str:
        """Start a run of a DAG as soon as Airflow knows the DAG; return the run's id.

        :raises LocalAirflowError: the DAG isn't there; the message has the import errors
        """
        self.wait_for_dag(dag_id, timeout)
        with self._one_writer:  # SQLite has only one
            self.api("PATCH", f"/dags/{dag_id}", {"is_paused": False}, {"update_mask": "is_paused"})
            body = {"conf": dict(conf or {}), "logical_date": logical_date}
            run_id: str = self.api("POST", f"/dags/{dag_id}/dagRuns", body)["dag_run_id"]
        return run_id

    def wait_for_dag(self, dag_id: str, timeout: float = 60) -> None:
        """Wait until a DAG's file has been parsed.

        :raises LocalAirflowError: it wasn't within the time, or some file can't be imported
        """
        deadline = time.monotonic() + timeout
        broken_since: float | None = None
        while not self._knows(dag_id):
            errors = self.api("GET", "/importErrors")["import_errors"]
            now = time.monotonic()
            broken_since = (broken_since or now) if errors else None
            # The broken file may be another one, with the DAG's own next in the queue.
            if now > deadline or (broken_since and now - broken_since > 5):
                said = "\n".join(f"{each['filename']}:\n{each['stack_trace']}" for each in errors)
                raise LocalAirflowError(f"Airflow doesn't know the DAG {dag_id}. {said or 'No import errors.'}")
            self.check()
            time.sleep(0.2)

    def observe(self, dag_id: str, run_id: str, poll_seconds: float = 0.25) -> RunObserver:
        """Return an observer of a run, who tells how long each task held a worker."""
        return RunObserver(self._api, dag_id, run_id, poll_seconds)

    def wait_for_run(
        self,
        dag_id: str,
        run_id: str,
        timeout: float,
        on_change: Callable[[StateChange], None] | None = None,
    ) -> str:
        """Wait until a run has ended; return its state.

        :raises TimeoutError: it names each task's state
        """
        return self.observe(dag_id, run_id).wait(timeout, on_change)

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the run's task instances as Airflow's API has them."""
        found: list[dict[str, Any]] = self.api("GET", run_path(dag_id, run_id, "taskInstances"))["task_instances"]
        return found

    def logs(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1) -> list[str]:
        """Return a task's log, one string per entry, worker's and triggerer's interleaved as in the UI."""
        path = run_path(dag_id, run_id, "taskInstances", task_id, "logs", str(try_number))
        return log_lines(self.api("GET", path, params={"full_content": "true", "map_index": map_index}))

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """Return a value that a task pushed."""
        path = run_path(dag_id, run_id, "taskInstances", task_id, "xcomEntries", key)
        return self.api("GET", path, params={"map_index": map_index})["value"]

    # How it starts and stops

    def _make_home(self, stack: contextlib.ExitStack) -> Path:
        if self._given_home:
            self._given_home.mkdir(parents=True, exist_ok=True)
            return self._given_home.resolve()
        home = Path(tempfile.mkdtemp(prefix="airflow-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        return home

    def _blame_a_full_disk(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        """Raise what is behind an error of Airflow's that names only its database, before the home is removed."""
        if isinstance(error, Exception):
            problem = obstacle(self.home, 1) if self._given_home else temporary_obstacle(1)
            if problem:
                raise LocalAirflowError(f"Airflow's files have no place any more: {problem}. {error}") from error

    def _triggerer_names(self) -> list[str]:
        return ["triggerer" if number == 1 else f"triggerer-{number}" for number in range(1, self._triggerers + 1)]

    def _migrate(self) -> None:
        done = self._run_part("db-migrate", ["db", "migrate"])
        if done.exit_code != 0:
            raise LocalAirflowError(f"airflow db migrate failed:\n{done.log_tail()}")

    def _run_part(self, name: str, command: list[str]) -> KeptProcess:
        part = self._start(name, command)
        deadline = time.monotonic() + self._start_timeout
        while part.exit_code is None and time.monotonic() < deadline:
            time.sleep(0.05)
        del self._parts[name]
        return part

    def _start_part(self, name: str) -> None:
        kind = _kind(name)
        # The API server reads the log files itself, as all are on one machine.
        options = ["--skip-serve-logs"] if kind in {"scheduler", "triggerer"} else []
        self._start(name, [kind, *options])

    def _start(self, name: str, arguments: list[str]) -> KeptProcess:
        command = [sys.executable, "-m", "airflow", *arguments]
        part = KeptProcess(name, command, self.env, self.home / f"{name}.log", self._grace)
        self._parts[name] = part
        part.start()
        return part

    def _stop(self) -> None:
        for part in self._parts.values():
            part.tell("terminate")
        for part in self._parts.values():
            part.wait_until_gone()

    def _wait_until_healthy(self, since: dt.datetime) -> None:
        names = {"metadatabase", "scheduler", "triggerer", "dag_processor"}
        counts = collections.Counter(_kind(part) for part in self._parts)

        def is_healthy() -> bool:
            healthy = {name for name, status in self._api.health().items() if status == "healthy"}
            # In a home that was used before, health may be that of its former inhabitants.
            return healthy >= names and self._have_started(counts, since)

        self._wait(is_healthy, "a healthy Airflow")

    def _wait(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self._start_timeout
        while not is_so():
            self.check()
            if time.monotonic() > deadline:
                tails = "\n".join(f"--- {name}\n{part.log_tail(15)}" for name, part in self._parts.items())
                raise LocalAirflowError(f"waited {self._start_timeout:g} s in vain for {what}\n{tails}")
            time.sleep(0.2)

    def _have_started(self, counts: Mapping[str, int], since: dt.datetime) -> bool:
        return all(self._jobs(_JOBS[kind], since) >= count for kind, count in counts.items() if kind in _JOBS)

    def _jobs(self, job_type: str, since: dt.datetime) -> int:
        query = {"job_type": job_type, "start_date_gte": since.isoformat()}
        found: int = self.api("GET", "/jobs", params=query)["total_entries"]
        return found

    def _knows(self, dag_id: str) -> bool:
        try:
            # The row of a DAG comes before what a run is made of, where a file has several.
            self.api("GET", f"/dags/{dag_id}/details")
        except AirflowApiError as error:
            if error.status_code != 404:
                raise
            return False
        return True


def _kind(part: str) -> str:
    return "triggerer" if part.startswith("triggerer-") else part


@contextlib.contextmanager
def _sigterm_raises() -> Any:
    """Make SIGTERM end the ``with`` block as Ctrl-C does, unless the program has a handler of its own."""
    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )

    def leave(*_: int | FrameType | None) -> None:
        sys.exit(128 + signal.SIGTERM)

    if is_ours:
        signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
