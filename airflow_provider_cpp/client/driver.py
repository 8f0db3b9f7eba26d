"""Drives procedures: what both clients do alike with what one asks for.

Only what takes time differs between the two: to send, and to wait. All else is done in here, once.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar, cast

from airflow_provider_cpp.client.counts import COUNTS
from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.procedures import Count, Keep, Procedure, Reply, Say, Send, Wait

Asked = TypeVar("Asked")
Given = TypeVar("Given")
T = TypeVar("T")

#: Writes a line of a level into the log.
Sayer = Callable[[int, str], object]
#: Keeps a record for a later try of the task.
Keeper = Callable[[dict[str, object]], object]


def handled(
    procedure: Procedure[T], *, say: Sayer, keep: Keeper, send: Callable[[Send], Reading] | None = None
) -> Generator[Send | float, Reading | None, T]:
    """Do what a procedure asks for, leave to the caller what takes time, and return what it comes to.

    Yields seconds to wait, and calls to send where `send` is None; a call is replied to with its reading, or
    with the error thrown in.

    :param procedure: what to run.
    :param say: writes a line into the log.
    :param keep: keeps a record for a later try of the task.
    :param send: sends a call.
    """
    try:
        request = next(procedure)
        while True:
            reading: Reading | None = None
            match request:
                case Send():
                    failure: CppError | None = None
                    try:
                        reading = (yield request) if send is None else send(request)
                    except CppError as error:
                        failure = error
                    # Not above: whatever the procedure raises later on would be shown as coming of this one.
                    if failure is not None:  # the procedure may know what to do without, or what to mend first
                        request = procedure.throw(failure)
                        continue
                case Wait(seconds):
                    if seconds > 0:
                        yield seconds
                case Say(text, level):
                    say(level, text)
                case Count(name, seconds):
                    COUNTS.note(name, seconds)
                case Keep(record):
                    keep(record)
            request = procedure.send(Reply(time.time(), reading))
    except StopIteration as end:
        return cast("T", end.value)


def driven(steps: Generator[Asked, Given, T], give: Callable[[Asked], Given]) -> T:
    """Run a generator to its end, and return what it comes to.

    :param steps: asks for what it needs.
    :param give: gives it; its `CppError` is thrown into the generator.
    """
    try:
        asked = next(steps)
        while True:
            try:
                given = give(asked)
            except CppError as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(given)
                del given  # an answer isn't kept in memory through the wait that follows
    except StopIteration as end:
        return cast("T", end.value)


async def adriven(steps: Generator[Asked, Given, T], give: Callable[[Asked], Awaitable[Given]]) -> T:
    """Run a generator to its end as `driven` does, on an event loop."""
    try:
        asked = next(steps)
        while True:
            try:
                given = await give(asked)
            except CppError as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(given)
                del given  # an answer isn't kept in memory through the wait that follows
    except StopIteration as end:
        return cast("T", end.value)
