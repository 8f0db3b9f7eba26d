"""Simulates how many requests a schedule sends, and how late it sees an operation's end."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, quantiles

from airflow_provider_cpp.lro.schedule import PollSchedule

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

#: Seconds until the next look, of the seconds since the last change that was seen; and until the first look.
Delay = Callable[[float], float]

#: Shortest and longest duration of each step of a publication, in seconds; any size between is as likely.
FLOW = (
    (1 * MINUTE, 15 * MINUTE),  # validation of prerequisites
    (2 * HOUR, 3 * DAY),  # certification
    (0.5 * HOUR, 12 * HOUR),  # provisioning
    (5 * MINUTE, 60 * MINUTE),  # packaging
    (5 * MINUTE, 60 * MINUTE),  # going live
)

#: What is watched: how long each of its steps takes at least and at most.
OPERATIONS: dict[str, tuple[tuple[float, float], ...]] = {
    "5 minutes": ((5 * MINUTE, 5 * MINUTE),),
    "4 hours": ((4 * HOUR, 4 * HOUR),),
    "3 days": ((3 * DAY, 3 * DAY),),
    "five steps": FLOW,
}


@dataclass(frozen=True)
class Outcome:
    """What a schedule did over many operations.

    :param requests: per operation, on average.
    :param mean: seconds from an operation's end to its being seen, on average.
    :param p95: the same, for all but the slowest 5 %.
    """

    requests: float
    mean: float
    p95: float


def every_minute(draw: random.Random) -> tuple[float, Delay]:
    """Return the fixed pace that is compared with."""
    return MINUTE * draw.random(), lambda age: MINUTE


def proportional(draw: random.Random) -> tuple[float, Delay]:
    """Return the provider's own schedule with its defaults."""
    schedule = PollSchedule()
    return schedule.first_delay(0.0, draw.random()), lambda age: schedule.delay(age, draw.random())


def simulate(
    schedule: Callable[[random.Random], tuple[float, Delay]],
    steps: Sequence[tuple[float, float]],
    times: int,
    seed: int = 1,
) -> Outcome:
    """Watch many operations with a schedule, each to its end.

    :param steps: shortest and longest duration of each step of the operation.
    :param times: how many operations.
    :param seed: the same operations come with the same seed.
    """
    durations, draw = random.Random(seed), random.Random(seed + 1)
    requests, delays = 0, []
    for _ in range(times):
        changes = []
        end = 0.0
        for shortest, longest in steps:
            end += math.exp(durations.uniform(math.log(shortest), math.log(longest)))
            changes.append(end)
        now, delay = schedule(draw)
        seen, changed_at = 0, 0.0
        requests += 1
        while now < end:
            passed = sum(change <= now for change in changes)
            if passed != seen:
                seen, changed_at = passed, now
            now += delay(now - changed_at)
            requests += 1
        delays.append(now - end)
    return Outcome(requests / times, fmean(delays), quantiles(delays, n=20)[-1])
