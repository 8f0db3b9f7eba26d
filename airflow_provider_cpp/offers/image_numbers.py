"""How the number of an image version is written, and which of two is the newer."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

#: Three numbers, which any plan's image versions have (schema of the technical configuration).
_NUMBER = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_DATE = re.compile(r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})")

#: Characters that a number has at most (the same schema).
MOST_CHARACTERS = 32


def is_number(text: str) -> bool:
    """Return whether a text can be the number of an image version: three numbers with dots, a date or not."""
    return _NUMBER.fullmatch(text) is not None and len(text) <= MOST_CHARACTERS


def is_date(number: str) -> bool:
    """Return whether a number is a day that there is, such as `2026.11.30`."""
    found = _DATE.fullmatch(number)
    if found is None:
        return False
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True


def needs_date(there: Collection[str], *, is_new_one_a_date: bool) -> bool:
    """Return whether the next number of a core virtual machine's plan has to be a date.

    Pages and samples have dates there (create-or-modify page), some publishers have other numbers (Debian,
    AlmaLinux, Flatcar). Beside dates any other number would be older than all that is there.

    :param there: the numbers that the plan has.
    :param is_new_one_a_date: what a plan without any begins with.
    """
    return all(map(is_date, there)) if there else is_new_one_a_date


def order_of(number: str) -> tuple[int, ...]:
    """Return what numbers are ordered by; empty for one that has no order.

    The greatest is the one that customers get who ask for `latest`.
    """
    parts = number.split(".") if len(number) <= MOST_CHARACTERS else ("",)
    return tuple(map(int, parts)) if all(part.isascii() and part.isdecimal() for part in parts) else ()
