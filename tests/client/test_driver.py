"""What both clients do alike with what a procedure asks for, and that each of them does it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator
from typing import Any

import pytest

from airflow_provider_cpp.client.counts import COUNTS
from airflow_provider_cpp.client.driver import adriven, driven, handled
from airflow_provider_cpp.exceptions import CppError, CppUnavailable
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.procedures import Count, Keep, Procedure, Say, Send, Wait

CALL = Call("Read", "offer contoso/vm", "GET", "/offers/vm")
OK = Answer(200)


def everything(seconds: float = 1.5) -> Procedure[list[object]]:
    replies = [(yield Say("hello", logging.WARNING)), (yield Keep({"state": "sent"})), (yield Count("polls"))]
    replies += [(yield Wait(0.0)), (yield Wait(seconds)), (yield Send(CALL))]
    return [reply.reading for reply in replies]


def test_what_takes_no_time_is_done_and_the_rest_is_asked_for() -> None:
    said: list[object] = []
    kept: list[object] = []
    COUNTS.take()
    steps = handled(everything(), say=lambda *line: said.append(line), keep=kept.append)
    assert next(steps) == 1.5
    assert (said, kept) == ([(logging.WARNING, "hello")], [{"state": "sent"}])
    assert COUNTS.take() == ({"polls": 1}, [])
    assert steps.send(None) == Send(CALL)
    with pytest.raises(StopIteration) as end:
        steps.send(OK)
    assert end.value.value == [None, None, None, None, None, OK]


def test_where_calls_are_sent_as_well_only_waits_are_left() -> None:
    steps = handled(everything(), say=print, keep=print, send=lambda request: Answer(200, {"x": str(request)}))
    assert list(steps) == [1.5]


def bears(error: type[CppError]) -> Procedure[str]:
    try:
        yield Send(CALL)
    except error:
        yield Wait(1.0)
        return "went on"
    return "all is well"


@pytest.mark.parametrize("by_itself", [True, False])
def test_an_error_is_for_the_procedure_to_bear(by_itself: bool) -> None:
    def send(request: object) -> Reading:
        raise CppUnavailable(f"no {request}")

    def give(asked: Send | float) -> Reading | None:
        return send(asked) if isinstance(asked, Send) else None

    steps = handled(bears(CppUnavailable), say=print, keep=print, send=send if by_itself else None)
    assert driven(steps, give) == "went on"
    with pytest.raises(CppUnavailable):
        driven(handled(bears(KeyError), say=print, keep=print, send=send), give)  # type: ignore[type-var]


def adder() -> Generator[int, int, int]:
    total = 0
    for number in (1, 2, 3):
        try:
            total += yield number
        except CppError:
            total += 1000
    return total


def blocking(give: Callable[[int], int]) -> int:
    return driven(adder(), give)


def asynchronous(give: Callable[[int], int]) -> int:
    async def agive(asked: int) -> int:
        await asyncio.sleep(0)
        return give(asked)

    return asyncio.run(adriven(adder(), agive))


@pytest.mark.parametrize("drive", [blocking, asynchronous])
def test_both_loops_give_what_is_asked_for_and_throw_what_fails(drive: Callable[[Any], int]) -> None:
    def give(asked: int) -> int:
        if asked == 2:
            raise CppUnavailable("down")
        return asked * 10

    assert drive(give) == 10 + 1000 + 30


@pytest.mark.parametrize("drive", [blocking, asynchronous])
def test_what_isnt_ours_ends_it(drive: Callable[[Any], int]) -> None:
    def give(asked: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(give)
