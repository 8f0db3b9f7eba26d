"""Run one of Airflow's processes under a keeper, with its output in a file."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from dev import keeper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE = 20.0
"""Seconds that a keeper gets beyond the grace before it is taken for stuck."""


class AirflowPart:
    """One running part of Airflow, such as the scheduler.

    :param name: what messages call it, such as ``triggerer-2``
    :param command: arguments to ``airflow``
    :param env: the whole environment
    :param log_file: where its output is appended to
    :param grace: seconds between SIGTERM and SIGKILL
    """

    def __init__(
        self, name: str, command: list[str], env: Mapping[str, str], log_file: Path, grace: float
    ) -> None:
        self.name = name
        self.command = command
        self.log_file = log_file
        self.grace = grace
        self._env = dict(env)
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; return at once."""
        airflow = [sys.executable, "-m", "airflow", *self.command]
        with self.log_file.open("ab") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, keeper.__file__, str(self.grace), *airflow],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                # A Ctrl-C in the terminal is for the owner alone, who ends the parts in good order.
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """Return None as long as the part runs or has children left."""
        return self._keeper.poll() if self._keeper else None

    def processes(self) -> list[psutil.Process]:
        """Return the part's process, first, and all that descend from it; empty if it doesn't run."""
        if self._keeper is None or self._keeper.poll() is not None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._keeper.pid).children(recursive=True)
        return []

    def tell(self, word: str) -> None:
        """Tell the keeper to ``terminate`` or ``kill`` the part and its children; return at once."""
        if self._keeper is not None and self._keeper.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._keeper.stdin.write(f"{word}\n".encode())
                self._keeper.stdin.close()

    def wait_until_gone(self) -> None:
        """Wait until neither the part nor any child of it is left."""
        if self._keeper is None:
            return
        try:
            self._keeper.wait(self.grace + _PATIENCE)
        except subprocess.TimeoutExpired:
            for process in self.processes():
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self._keeper.kill()
            self._keeper.wait()

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of the part's output."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
