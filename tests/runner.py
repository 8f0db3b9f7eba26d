"""Runs the rules with neither network nor clock: a service of the test's own making, and time that
passes only when a rule waits."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.wire import retries
from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.procedures import (
    Count,
    Keep,
    Procedure,
    Reply,
    Request,
    Say,
    Send,
    Wait,
)

NOW = 1_800_000_000.0

#: The request got no answer, but may have been read.
LOST = Unanswered(Loss.UNCLEAR, "RemoteDisconnected: Remote end closed connection without response")
#: The request provably never reached the service.
UNSENT = Unanswered(Loss.NOT_SENT, "ConnectionRefusedError: [Errno 111] Connection refused")
UNTRUSTED = Unanswered(Loss.UNTRUSTED_PEER, "SSLCertVerificationError: self-signed certificate")


class WorkerDied(Exception):
    """The procedure was abandoned, as by `kill -9`."""


class Runner:
    """Runs a procedure against a service that is a function, or a script of readings.

    :param service: gives the reading of a call sent at a time; or readings, one after the other.
    :param dies_after: number of requests after which the worker is killed; None for never. A call that was
        sent has reached the service by then.
    :param latency: seconds that every exchange takes.
    :param live: what is live, for who asks at the end of a watch; None to ask the service.
    """

    def __init__(
        self,
        service: Callable[[Call, float], Reading] | Iterable[Reading],
        *,
        now: float = NOW,
        dies_after: int | None = None,
        latency: float = 0.0,
        live: Reading | None = None,
    ) -> None:
        self._live = live
        if callable(service):
            self._service = service
        else:
            script = iter(service)
            self._service = lambda call, now: next(script)
        self.now = now
        self.started_at = now
        self.dies_after = dies_after
        self.latency = latency
        self.sent: list[Call] = []
        #: Calls of a watch that has ended badly, to find out what customers see now.
        self.asked_at_the_end: list[Call] = []
        self.sent_at: list[float] = []
        self.said: list[tuple[int, str]] = []
        self.kept: list[dict[str, Any]] = []
        self.waits: list[float] = []
        self.counted: list[tuple[str, float | None]] = []

    def run(self, procedure: Procedure[Any]) -> Any:
        reply: Reply | None = None
        refusal: CppError | None = None
        requests = 0
        while True:
            try:
                if refusal is not None:
                    request = procedure.throw(refusal)
                else:
                    request = next(procedure) if reply is None else procedure.send(reply)
            except StopIteration as end:
                return end.value
            requests += 1
            reading = refusal = None
            match request:
                case Send(call, patient):
                    try:
                        reading = self._send(call, patient)
                    except CppError as error:  # the login refuses
                        refusal = error
                case Wait(seconds):
                    assert seconds >= 0, "nobody can wait for a negative time"
                    if seconds > 0:
                        self.waits.append(seconds)
                        self.now += seconds
                case _:
                    self._note(request)
            if requests == self.dies_after:
                procedure.close()
                raise WorkerDied
            reply = Reply(self.now, reading)

    def _note(self, request: Request) -> None:
        match request:
            case Say(text, level):
                assert text.isprintable(), f"a line that isn't one: {text!r}"
                self.said.append((level, text))
            case Count(name, seconds):
                self.counted.append((name, seconds))
            case Keep(record):
                self.kept.append(json.loads(json.dumps(record)))

    def _send(self, call: Call, patient: bool) -> Reading:
        if self._live is not None and call.action == "Get production slot":
            self.asked_at_the_end.append(call)
            return self._live
        for attempt in range(1, retries.MAX_ATTEMPTS + 1):
            self.sent.append(call)
            self.sent_at.append(self.now)
            reading = self._service(call, self.now)
            self.now += self.latency
            if not patient or attempt == retries.MAX_ATTEMPTS or not retries.may_repeat(call, reading):
                return reading
            self.now += retries.pause(reading, attempt, 0.5)
        raise AssertionError

    @property
    def posts(self) -> list[Call]:
        return [call for call in self.sent if call.method == "POST"]

    @property
    def gaps(self) -> list[float]:
        """Seconds between one call and the next."""
        return [later - earlier for earlier, later in zip(self.sent_at, self.sent_at[1:], strict=False)]

    def lines(self, level: int = logging.DEBUG) -> list[str]:
        return [text for severity, text in self.said if severity >= level]

    def warnings(self) -> list[str]:
        return self.lines(logging.WARNING)


def answered(status: int, body: Any = None, **headers: str) -> Answer:
    """An answer; `body` is turned into JSON unless it is bytes, `Retry_After="5"` becomes a header."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    names = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, names, raw, received_at=NOW)


def refused(status: int, code: str = "Refused", message: str = "No.", **headers: str) -> Answer:
    return answered(status, {"error": {"code": code, "message": message}}, **headers)


def forever(*readings: Reading) -> Iterator[Reading]:
    """The readings, and the last one again and again."""
    yield from readings
    while True:
        yield readings[-1]


def utc(moment: float) -> str:
    """Return a time as the service writes it."""
    return datetime.fromtimestamp(moment, UTC).isoformat()
