"""A TLS server that answers polls as cheaply as Python can, so that it never is what a benchmark measures.

``python -m benchmarks.server CERTIFICATE`` prints its port, then answers each line of JSON on its standard
input, which sets ``latency`` (seconds) and ``changing`` (whether the document's progress changes with every
answer), with what it counted since the line before. ``ended`` is a list of the operations that have succeeded
from then on, by number; ``noting`` has it note anew which operations are asked for, which is the count ``seen``,
and ``told`` is when each that has ended was first said to have, in seconds since 1970. It ends when its standard
input does.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import os
import re
import ssl
import sys
import time
from typing import Any

from benchmarks.machine import SERVER_CORE, pin

#: A bearer token of Microsoft's login is some 1.4 KB.
TOKEN = "T" * 1400

_STEPS = (
    ("displaydummycertify", "Validate Pre-Requisites", "complete"),
    ("displaycertify", "Certification", "inProgress"),
    ("displayprovision", "Provisioning", "notStarted"),
    ("displaypackage", "Packaging and Lead Generation Registration", "notStarted"),
    ("publisher-signoff", "Publisher signoff", "notStarted"),
    ("live", "Live", "notStarted"),
)


#: The number of the operation that a request is for.
_NUMBER = re.compile(rb"(\d+)(?:\?\S*)? HTTP/")


def document(progress: int, *, ended: bool = False) -> bytes:
    """Return the status document of an operation in its second step, or of one that has succeeded."""
    steps = [
        {
            "estimatedTimeFrame": "< 5 day",
            "id": identifier,
            "stepName": name,
            "description": f"Step {name}",
            "status": "complete" if ended else status,
            "messages": [],
            "progressPercentage": progress if status == "inProgress" else 100 * (ended or status == "complete"),
        }
        for identifier, name, status in _STEPS
    ]
    whole = {
        "status": "succeeded" if ended else "running",
        "messages": [],
        "publishingVersion": 2,
        "offerVersion": 3,
        "cancellationRequestState": "canCancel",
        "steps": steps,
        "previewLinks": [],
        "liveLinks": [],
    }
    return json.dumps(whole).encode()


def job(progress: int) -> bytes:
    """Return the status document of a job of the Product Ingestion API that runs."""
    whole = {
        "$schema": "https://schema.mp.microsoft.com/schema/configure-status/2022-03-01-preview2",
        "jobId": "7f9a0c1e-0000-4000-8000-00000000c0de",
        "jobStatus": "running",
        "jobResult": "pending",
        "jobStart": f"2026-05-04T09:12:31.52354{progress:02}Z",
        "jobEnd": "0001-01-01T00:00:00",
        "errors": [],
    }
    return json.dumps(whole).encode()


def answer(body: bytes, status: str = "200 OK") -> bytes:
    """Return a whole HTTP answer."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "x-ms-request-id: 6f6c6e12-0000-4d53-9d0c-1d2d3c4b5a69\r\n\r\n"
    )
    return head.encode() + body


class Service:
    """What the server answers, and what it has counted.

    The paths of `HttpSensorTrigger` begin with /sensor and get the same document as a 404, the one answer
    that keeps it polling.
    """

    def __init__(self) -> None:
        self.latency = 0.0
        self.changing = False
        self.counts: collections.Counter[str] = collections.Counter()
        self.open = 0
        self.port = 0
        self.noting = False
        self.seen: set[int] = set()
        self.ended: set[int] = set()
        self.told: dict[int, float] = {}
        documents = [document(progress) for progress in range(100)]
        self._answers = {
            "operation": [answer(body) for body in documents],
            "sensor": [answer(body, "404 Not Found") for body in documents],
            "job": [answer(job(progress)) for progress in range(100)],
        }
        self._end = answer(document(100, ended=True))

    def kind_of(self, request: bytes) -> str:
        """Return what a request asks for."""
        if request.startswith(b"GET /sensor/"):
            return "sensor"
        if request.startswith(b"GET /rp/product-ingestion/configure/"):
            return "job"
        if request.startswith(b"POST ") and b"/oauth2/v2.0/token" in request:
            return "token"
        return "login" if b"/.well-known/" in request else "operation"

    def answer_to(self, kind: str, request: bytes) -> bytes:
        """Return the answer to a request, and count it."""
        self.counts[kind] += 1
        if kind in self._answers:
            if self.noting and self._has_ended(request):
                return self._end
            return self._answers[kind][self.counts[kind] % 100 if self.changing else 1]
        if kind == "token":
            return answer(json.dumps({"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN}).encode())
        tenant = request.split(b"/", 2)[1].decode()
        base = f"https://localhost:{self.port}/{tenant}"
        endpoints = {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
        }
        return answer(json.dumps(endpoints).encode())

    def _has_ended(self, request: bytes) -> bool:
        """Note which operation is asked for, and return whether it has ended."""
        found = _NUMBER.search(request)
        number = int(found[1]) if found else -1
        self.seen.add(number)
        if number not in self.ended:
            return False
        self.told.setdefault(number, time.time())
        return True

    def control(self, line: bytes) -> bytes:
        """Set what a line of JSON says; return what was counted since the last one."""
        options: dict[str, Any] = json.loads(line)
        self.latency = options.get("latency", self.latency)
        self.changing = options.get("changing", self.changing)
        self.ended.update(options.get("ended", ()))
        if "noting" in options:
            self.noting = options["noting"]
            self.seen.clear()
        counted = {
            **self.counts,
            "open": self.open,
            "most_open": self.counts["most_open"] or self.open,
            "seen": len(self.seen),
            "told": self.told,
        }
        self.counts.clear()
        self.counts["most_open"] = self.open
        return json.dumps(counted).encode() + b"\n"


class Exchange(asyncio.Protocol):
    """One connection: no parsing beyond finding where a request ends."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection."""
        self._transport: Any = transport
        service = self._service
        service.open += 1
        service.counts["connections"] += 1
        service.counts["most_open"] = max(service.counts["most_open"], service.open)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it as gone."""
        self._service.open -= 1

    def data_received(self, data: bytes) -> None:
        """Answer each whole request, after the latency."""
        self._buffer += data
        while True:
            head, blank, rest = self._buffer.partition(b"\r\n\r\n")
            if not blank:
                return
            size = 0
            if head.startswith(b"POST"):
                _, _, after = head.lower().partition(b"\r\ncontent-length:")
                size = int(after.split(b"\r\n", 1)[0] or 0)
            if len(rest) < size:
                return
            self._buffer = rest[size:]
            reply = self._service.answer_to(self._service.kind_of(head), head)
            if self._service.latency:
                asyncio.get_running_loop().call_later(self._service.latency, self._write, reply)
            else:
                self._write(reply)

    def _write(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)


async def serve(certificate: str) -> None:
    """Serve until standard input ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    service = Service()
    server = await loop.create_server(lambda: Exchange(service), "127.0.0.1", 0, ssl=context, backlog=4096)
    service.port = server.sockets[0].getsockname()[1]
    over = asyncio.Event()

    def read() -> None:
        line = sys.stdin.buffer.readline()
        if not line:
            over.set()
            return
        os.write(1, service.control(line))

    loop.add_reader(0, read)
    os.write(1, f"{service.port}\n".encode())
    await over.wait()


if __name__ == "__main__":
    pin(SERVER_CORE)
    with contextlib.suppress(ImportError):  # the quick form in tests/performance does without
        import uvloop

        uvloop.install()
    asyncio.run(serve(sys.argv[1]))
