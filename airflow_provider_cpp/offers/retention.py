"""Which image versions are retired, so that no more than a given number stays offered."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.image_numbers import order_of
from airflow_provider_cpp.wire.arguments import digits_of, kind_of, shown


def to_retire(offered: Mapping[str, Collection[str]], added: str, keep: int) -> tuple[str, ...]:
    """Return which versions to retire, the oldest first.

    Never one of these, even if more than `keep` stay:

    - the one that is added, and any that is newer: an old one that is added late takes nothing newer away;
    - the newest of each image type: customers who ask for `latest` get it, and without it a SKU would have no
      active image, which the service refuses;
    - one whose number has no order.

    :param offered: image types of each version that customers can deploy, the added one among them.
    :param added: the number of that one.
    :param keep: how many are to stay offered.
    """
    ordered = sorted(filter(order_of, offered), key=order_of)
    newest = {kind: number for number in ordered for kind in offered[number]}
    needed = {added, *newest.values()}
    older = [number for number in ordered if order_of(number) < order_of(added) and number not in needed]
    return tuple(older[: max(0, len(offered) - keep)])


def checked_keep(keep: object) -> int | None:
    """Return how many versions are to stay offered; None for all.

    :param keep: a whole number from 1 on, also as text; what is empty or None, or says so, is none.
    :raises CppConfigurationError: if it is anything else.
    """
    if keep is None or (isinstance(keep, str) and keep.strip().casefold() in {"", "none", "null"}):
        return None
    digits = keep.strip() if isinstance(keep, str) else digits_of(keep)
    if digits is None or not (digits.isascii() and digits.isdecimal()) or not int(digits[:9]) > 0 or digits[9:]:
        raise CppConfigurationError(
            f"keep={shown(keep)} is {kind_of(keep)} that can't be a number of versions: it takes a whole number "
            "from 1 on, or None to retire none. Nothing was sent."
        )
    return int(digits)
