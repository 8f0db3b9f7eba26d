"""Decide when a process and all that descends from it must go, and see to it that none is left.

``python keeper.py GRACE COMMAND...`` runs the command and stays until the whole family has gone. The family
is ended when the owner says so on the keeper's standard input (a line ``terminate`` or ``kill``), when the
owner is no more (end of file, which the kernel sends even after ``kill -9``), when the keeper gets SIGTERM,
or when the command itself has exited.

Airflow's parts start children in sessions and process groups of their own, and those that lose their parent
would go to init, where no walk down the process tree finds them. So on Linux the keeper is a *subreaper*:
orphans of the family become its own children. Elsewhere it ends those that it can still see.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_TICK = 0.05
_LAST_WORDS = 1.0
"""Seconds, at most, that orphans get between SIGTERM and SIGKILL, once the command itself has gone."""


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


class Keeper:
    """The owner of one command's family of processes.

    :param command: the program and its arguments
    :param grace: seconds between SIGTERM and SIGKILL for the command itself
    """

    def __init__(self, command: Sequence[str], grace: float) -> None:
        self.grace = grace
        self.exit_code: int | None = None
        self._told_to_stop = False
        self._said = b""
        signal.signal(signal.SIGTERM, self._on_sigterm)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            # Should somebody kill -9 the keeper, the command still hears of it.
            preexec_fn=lambda: _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509 - one thread only
        )

    def run(self) -> int:
        """Stay until the family has gone; return the command's exit code as a shell would."""
        while not self._told_to_stop and self.exit_code is None:
            self._listen()
            self._reap()
        self._end()
        code = self.exit_code or 0
        return code if code >= 0 else 128 - code

    def _on_sigterm(self, *_: object) -> None:
        self._told_to_stop = True

    def _listen(self) -> None:
        readable, _, _ = select.select([0], [], [], _TICK)
        if not readable:
            return
        heard = os.read(0, 1024)
        self._said += heard
        if b"kill\n" in self._said:
            self.grace = 0
        if not heard or b"\n" in self._said:
            self._told_to_stop = True

    def _reap(self) -> None:
        """Bury whoever has exited, adopted orphans included."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self._process.pid:
                    self.exit_code = self._process.returncode = os.waitstatus_to_exitcode(status)

    def _end(self) -> None:
        if self.grace > 0:
            if self.exit_code is None:
                _send(signal.SIGTERM, [psutil.Process(self._process.pid)])
                self._wait_until(lambda: self.exit_code is not None, self.grace)
            _send(signal.SIGTERM, _family())
            self._wait_until(lambda: not _family(), min(self.grace, _LAST_WORDS))
        while family := _family():
            _send(signal.SIGKILL, family)
            self._wait_until(lambda: not _family(), _TICK)
        self._reap()

    def _wait_until(self, is_so: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self._reap()
            if is_so() or time.monotonic() > deadline:
                return
            time.sleep(_TICK / 2)


def _family() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def _send(number: signal.Signals, processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        # psutil compares the start time first: a pid that the kernel gave to somebody else is left alone.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


if __name__ == "__main__":
    sys.exit(Keeper(sys.argv[2:], grace=float(sys.argv[1])).run())
