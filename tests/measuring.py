"""Measurements on a machine that may be busy with something else, which only ever adds to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: A machine that is busy during each of so many isn't one to measure on.
ROUNDS = 10


def least(measure: Callable[[], float], goal: float) -> float:
    """Return the least of several measurements: as many as it takes until one is below the goal.

    :param measure: takes one, of whatever unit.
    :param goal: what it has to be below.
    """
    found = measure()
    for _ in range(ROUNDS - 1):
        if found < goal:
            break
        found = min(found, measure())
    return found


def least_ratio(measure: Callable[[], float], reference: Callable[[], float], goal: float) -> float:
    """Return how many times as much one thing takes as another, both measured in turn, at their least.

    They are measured twice at least, as a reference that was disturbed makes the ratio too good, and then as
    often as it takes until it is below the goal.

    :param measure: takes a measurement of the one.
    :param reference: takes one of the other, of the same unit.
    :param goal: what the ratio has to be below.
    """
    one, other = measure(), reference()
    for _ in range(ROUNDS - 1):
        one, other = min(one, measure()), min(other, reference())
        if one < goal * other:
            break
    return one / other
