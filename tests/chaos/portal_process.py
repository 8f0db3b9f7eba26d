"""The emulated portal as a process of its own, which can be killed and started again where it was."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from dev.airflow_settings import free_ports
from tests.chaos.release import wait_until

if TYPE_CHECKING:
    from pathlib import Path

_REQUEST = re.compile(r"^\d+ (?P<method>\S+) (?P<path>\S+) (?P<status>\d+) (?P<action>\S+)", re.MULTILINE)


class PortalProcess:
    """``cpp-emulator`` with state, certificate and ports that outlive it.

    :param folder: where it keeps them
    :param duration: seconds that an operation takes
    """

    def __init__(self, folder: Path, duration: float) -> None:
        self._folder = folder
        self._ready = folder / "ready.json"
        self._log = folder / "requests.log"
        port, plain_port = free_ports(2)
        options: dict[str, Any] = {
            "port": port,
            "plain-port": plain_port,
            "ca-file": folder / "ca.pem",
            "state-file": folder / "state.json",
            "ready-file": self._ready,
            "duration": duration,
            "offer": "contoso/contoso-restarted",
        }
        arguments = [f"--{name}={value}" for name, value in options.items()]
        self._command = [sys.executable, "-m", "airflow_provider_cpp.emulator", *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it listens."""
        self._ready.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=log)
        wait_until(self._ready.exists, "the portal to listen")

    def kill(self) -> None:
        """Kill -9 it; what it had not written is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def connection_json(self) -> str:
        """The Airflow connection that leads to it, before and after a restart."""
        return json.dumps(json.loads(self._ready.read_text(encoding="utf-8"))["connection"])

    def requests(self, action: str) -> list[int]:
        """Return the status of each request of one kind, from all of its lives."""
        lines = _REQUEST.finditer(self._log.read_text(encoding="utf-8"))
        return [int(line["status"]) for line in lines if line["action"] == action]
