"""Decides how Microsoft's services print a time."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp(at: float) -> str:
    """Print a time as .NET does, with seven decimals and a Z.

    :param at: seconds since the epoch
    """
    moment = datetime.fromtimestamp(at, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0Z"
