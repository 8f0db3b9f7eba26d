"""Starts the benchmark's server in a process of its own, and says what a client needs to reach it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import trustme

from benchmarks.server import TOKEN

ROOT = Path(__file__).parent.parent


class Portal:
    """The server, for the time of a ``with`` block."""

    token = TOKEN

    def __init__(self) -> None:
        #: When each operation that has ended was first said to have, in seconds since 1970, as of the last count.
        self.told: dict[int, float] = {}

    def __enter__(self) -> Self:
        """Start it, with a certificate of an authority of its own."""
        self._folder = TemporaryDirectory()
        folder = Path(self._folder.name)
        authority = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        certificate = folder / "server.pem"
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server", str(certificate)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self.origin = f"https://localhost:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()

    def counted(self, **options: Any) -> dict[str, int]:
        """Return what the server has counted since the last call, and set what it is to do from now on.

        :param options: ``latency`` in seconds, ``changing`` (the document, with every answer), ``ended`` (numbers
            of operations that have succeeded), ``noting`` (note anew which operations are asked for: ``seen``).
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(options).encode() + b"\n")
        self._process.stdin.flush()
        answered = json.loads(self._process.stdout.readline())
        self.told = {int(number): at for number, at in answered.pop("told").items()}
        counted: dict[str, int] = answered
        return counted

    def operation(self, number: int) -> str:
        """Return the location of an operation."""
        return f"{self.origin}/api/publishers/contoso/offers/offer-{number}/operations/operation-{number}"

    def job(self, number: int) -> str:
        """Return the location of a job of the Product Ingestion API."""
        return f"{self.origin}/rp/product-ingestion/configure/job-{number}/status"

    def connections(self) -> dict[str, str]:
        """Return the environment variables that tell Airflow of this server."""
        port = int(self.origin.rpartition(":")[2])
        extra = {"tenant_id": "contoso.example", "authority": self.origin, "ca_file": self.ca_file}
        cpp = {
            "conn_type": "cpp",
            "host": self.origin,
            "login": "8f1c2b3a-0000-4000-8000-000000000001",
            "password": "not-a-secret",
            "extra": {"publisher_id": "contoso", **extra},
        }
        ingestion = {**cpp, "conn_type": "product_ingestion"}
        http = {"conn_type": "http", "schema": "https", "host": "localhost", "port": port}
        return {
            "AIRFLOW_CONN_CPP_DEFAULT": json.dumps(cpp),
            "AIRFLOW_CONN_INGESTION": json.dumps(ingestion),
            "AIRFLOW_CONN_HTTP_DEFAULT": json.dumps(http),
            # HttpSensorTrigger has no setting for it; aiohttp reads this one when it is imported.
            "SSL_CERT_FILE": self.ca_file,
        }
