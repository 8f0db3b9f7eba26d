"""Run one process under a keeper, with its output in a file."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from dev import keeper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PATIENCE = 20.0
"""Seconds that a keeper gets beyond the grace before it is taken for stuck."""


class KeptProcess:
    """One process and all that descends from it, such as Airflow's scheduler.

    :param name: what messages call it, such as ``triggerer-2``
    :param command: the program and its arguments
    :param env: the whole environment
    :param log_file: where its output is appended to
    :param grace: seconds between SIGTERM and SIGKILL
    :param folder: where it runs; here if None
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        log_file: Path,
        grace: float,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log_file = log_file
        self.grace = grace
        self._env = dict(env)
        self._folder = folder
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; return at once."""
        with self.log_file.open("ab") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, keeper.__file__, str(self.grace), *self.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._folder,
                # A Ctrl-C in the terminal is for the owner alone, who ends the parts in good order.
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """Return None as long as the process runs or has children left."""
        return self._keeper.poll() if self._keeper else None

    @property
    def has_ended(self) -> bool:
        """Whether it was started, and nothing of it is left."""
        return self.exit_code is not None

    def stop(self) -> None:
        """End it in good order, and wait until nothing of it is left."""
        self.tell("terminate")
        self.wait_until_gone()

    def kill(self) -> None:
        """End it and its children with SIGKILL, and wait until nothing of it is left."""
        self.tell("kill")
        self.wait_until_gone()

    def processes(self) -> list[psutil.Process]:
        """Return the process, first, and all that descend from it; empty if it doesn't run."""
        if self._keeper is None or self._keeper.poll() is not None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(self._keeper.pid).children(recursive=True)
        return []

    def tell(self, word: str) -> None:
        """Tell the keeper to ``terminate`` or ``kill`` the process and its children; return at once."""
        if self._keeper is not None and self._keeper.stdin is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):
                self._keeper.stdin.write(f"{word}\n".encode())
                self._keeper.stdin.close()

    def wait_until_gone(self) -> None:
        """Wait until neither the process nor any child of it is left."""
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
        """Return the end of the output."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])
