"""What a rule may ask of whoever runs it: send a call, wait, say a line, keep a record.

A rule that takes several exchanges with the service (start an operation, watch it) is a generator which
yields these requests and is sent a `Reply` to each. The blocking and the asynchronous client both run it,
so that the rule is written once, and a test can run it with neither network nor clock.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a call.

    :param call: what to send.
    :param patient: repeat it, as far as `retries.may_repeat` allows, before coming back with a failure.
        Where the procedure has a schedule of its own, it isn't patient.
    """

    call: Call
    patient: bool = True


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait.

    :param seconds: how long; 0 to learn the time only.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Write a line into the task's log.

    :param text: the line.
    :param level: a level of `logging`.
    """

    text: str
    level: int = logging.INFO


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep a record where a later try of the task finds it, before anything else is done.

    :param record: JSON primitives; it replaces the one before.
    """

    record: dict[str, object]


@dataclass(frozen=True, slots=True)
class Count:
    """Count what happened, for whoever watches the watchers.

    :param name: what happened: `polls`, `bad_reads`, `operation.duration.<outcome>`.
    :param seconds: how long it took; None to count it only.
    """

    name: str
    seconds: float | None = None


Request = Send | Wait | Say | Keep | Count


@dataclass(frozen=True, slots=True)
class Reply:
    """What a procedure gets after each request.

    :param now: time, in seconds since 1970 (UTC).
    :param reading: what a call came to; None after any other request.
    """

    now: float
    reading: Reading | None = None


#: Asks for nothing but the time.
NOW = Wait(0.0)

Procedure = Generator[Request, Reply, T]


def sent(call: Call, *, patient: bool = True) -> Procedure[tuple[Reading, float]]:
    """Send a call; return what it came to, and the time after it.

    :param call: what to send.
    :param patient: as in `Send`.
    """
    reply = yield Send(call, patient)
    assert reply.reading is not None  # noqa: S101 - a Send is always replied to with one
    return reply.reading, reply.now
