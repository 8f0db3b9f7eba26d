"""Decides which values a setting can have, and says of any other what it has to be."""

from __future__ import annotations

from collections.abc import Collection


def check_choice(name: str, value: object, allowed: Collection[str]) -> None:
    """Refuse what isn't among the choices.

    :param name: what the value is, for the message
    :param value: any
    :param allowed: the choices
    :raises ValueError: if it is none of them
    """
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it can be {', '.join(allowed)}")


def check_truth(name: str, value: object) -> None:
    """Refuse what is neither true nor false.

    :param name: what the value is, for the message
    :param value: any
    :raises ValueError: if it is neither
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}; it has to be true or false")


def strings(name: str, value: object) -> tuple[str, ...]:
    """Return a list of strings as it is kept.

    :param name: what the value is, for the message
    :param value: any
    :raises ValueError: if it is no list of strings
    """
    if isinstance(value, Collection) and not isinstance(value, str):
        kept = tuple(value)
        if all(isinstance(entry, str) for entry in kept):
            return kept
    raise ValueError(f"{name} is {value!r}; it has to be a list of strings")


def check_seconds(name: str, value: object) -> None:
    """Refuse what isn't a length of time.

    :param name: what the value is, for the message
    :param value: a number of seconds
    :raises ValueError: if it is no number, or negative
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
        raise ValueError(f"{name} is {value!r}; it has to be a number of seconds, 0 or more")
