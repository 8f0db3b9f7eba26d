"""When to look again at a running operation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from numbers import Real

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.wire.arguments import kind_of, shown

#: Share of the age that a change may go unseen: 10 % costs a sixth of the requests of a fixed minute, for
#: a mean delay of a minute and a half on a go-live of several steps (make bench simulates it).
SHARE_OF_AGE = 0.10

JITTER = 0.10

#: The service's own estimates for one publication add up to 16 days; most take less than 14.
DEFAULT_TIMEOUT = timedelta(days=14)

#: In which a cancel has to be confirmed: it takes the service one to three minutes (seen by clients).
CANCEL_TIMEOUT = timedelta(minutes=5)


class Unchosen(float):
    """An interval that nobody chose: the one that a service's pages ask for takes its place, if it is longer."""


DEFAULT_INTERVAL = Unchosen(30.0)
DEFAULT_MAX_INTERVAL = 600.0


#: Seconds: ten years. What is longer than a calendar has no deadline that could be computed, or stored.
LONGEST_WAIT = 3650 * 86400.0


def seconds(name: str, value: object, *, or_zero: bool = False, longest: float = LONGEST_WAIT) -> float:
    """Return an interval or a limit in seconds, if it can be one.

    :param name: the argument that it was given as, for the message.
    :param value: seconds, as a number of any kind, or a `timedelta`.
    :param or_zero: whether it may be 0.
    :param longest: seconds that it may be.
    :raises CppConfigurationError: if it is something else, such as a text or a bool, or isn't above 0, or longer
        than ten years.
    """
    takes = f"It takes seconds, {'0 or more' if or_zero else 'above 0'}, ten years at most, or a timedelta"
    if isinstance(value, Unchosen):
        return value
    if isinstance(value, timedelta):
        given = value.total_seconds()
    elif isinstance(value, bool) or not isinstance(value, Real | Decimal):
        no_template = ", and is no template field" if isinstance(value, str) or hasattr(value, "resolve") else ""
        raise CppConfigurationError(f"{name}={shown(value)} is {kind_of(value)}. {takes}{no_template}.")
    else:
        try:
            given = float(value)
        except (OverflowError, ValueError):  # an int beyond all floats; a signaling NaN
            given = math.inf
    if not (0 < given <= longest or (or_zero and given == 0)):
        raise CppConfigurationError(f"{name}={shown(value)} can't be. {takes}.")
    return given


def optional_seconds(name: str, value: object) -> float | None:
    """Return an interval in seconds, or None for none; as `seconds`, otherwise."""
    return None if value is None else seconds(name, value)


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """Poll in proportion to how long nothing has changed, between two bounds.

    What hasn't changed for hours rarely changes within the next minute, and what has just changed may
    change again soon.

    :param shortest: seconds between two polls at least, give or take 10 %.
    :param longest: seconds between two polls at most, give or take 10 %; equal to `shortest` for a fixed pace.
    """

    shortest: float = DEFAULT_INTERVAL
    longest: float = DEFAULT_MAX_INTERVAL

    def __post_init__(self) -> None:
        """Refuse a schedule that would never wait, or whose bounds are crossed.

        :raises CppConfigurationError: if so.
        """
        if not 0 < self.shortest <= self.longest:
            raise CppConfigurationError(
                f"The poll interval has to be above 0 and at most the largest one; got {self.shortest:g} s "
                f"and {self.longest:g} s."
            )

    def delay(self, age: float, draw: float, at_least: float | None = None) -> float:
        """Return the seconds until the next poll.

        :param age: seconds since the operation's last seen change of step.
        :param draw: a random number from 0 to 1, which spreads watchers that started together by 10 %.
        :param at_least: seconds that the service asks to wait (Retry-After), if it does.
        """
        delay = min(max(SHARE_OF_AGE * age, self.shortest), self.longest) * (1 - JITTER + 2 * JITTER * draw)
        return max(delay, at_least or 0.0)

    def first_delay(self, age: float, draw: float) -> float:
        """Return the seconds until the first poll: anywhere within one delay.

        Spreads the watchers which a restart of the triggerer brings back at the same moment.
        """
        return self.delay(age, 0.5) * draw

    @classmethod
    def between(cls, shortest: float, longest: float, usual: float = 0.0) -> PollSchedule:
        """Return a schedule whose upper bound gives way: whoever asks for 900 s means no 600 s maximum.

        :param shortest: seconds between two polls at least, as they were given.
        :param longest: the same, at most.
        :param usual: seconds that count instead of fewer that nobody chose.
        """
        if isinstance(shortest, Unchosen):
            shortest = max(shortest, usual)
        return cls(float(shortest), max(float(shortest), float(longest)))
