"""What is logged of a put: what differs and what doesn't count, and names of what is there beside a slip."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from airflow_provider_cpp.offers.comparison import Comparison, Kind
from airflow_provider_cpp.offers.paths import Path, Paths, written
from airflow_provider_cpp.wire.plain_text import one_line
from airflow_provider_cpp.wire.procedures import Procedure, Say

#: Differences that are logged one by one.
LOGGED = 50

#: Names and paths that one line of the log, or an error, lists.
LISTED = 10

#: What a person who wrote a definition can do about what the service writes in its own way.
TO_IGNORE = ": then name them in `ignore`"


def differing(
    what: str, comparison: Comparison, gone: Sequence[str] | None, *, by_hand: bool = True
) -> Procedure[None]:
    """Log what differs from what is wanted, and what looks like a slip.

    :param what: the offer in words.
    :param comparison: what is wanted, with what is there.
    :param gone: ids of plans that go; None where the offer isn't there yet.
    :param by_hand: whether a person wrote what is wanted, who may have slipped.
    """
    found = comparison.differences
    yield Say(
        f"{what} doesn't exist yet: it is created."
        if gone is None
        else f"{what} differs from what is wanted in {counted('place', found)}:"
    )
    for difference in found[:LOGGED]:
        yield Say(f"  {difference}")
    if len(found) > LOGGED:
        yield Say(f"  and {len(found) - LOGGED} more")
    if gone is not None:
        for each in comparison.of(Kind.NEW_FIELD)[: LOGGED if by_hand else 0]:
            yield Say(
                f"{written(each.path)} isn't there yet and is added. If that is a slip: there are "
                f"{closest(each.path[-1], each.there)}.",
                logging.WARNING,
            )
        if gone:
            yield Say(
                f"{what} loses {counted('plan', gone)}: {', '.join(gone)}: exact says so.",
                logging.WARNING,
            )
    yield from left_aside(comparison, by_hand=by_hand)


def idle_paths(
    paths: Mapping[str, Iterable[str]], wanted: Collection[Path], there: Collection[Path]
) -> Procedure[None]:
    """Log which paths name nothing, as a mistyped one would.

    :param paths: by argument: `exact`, `resend`, `ignore`.
    :param wanted: the places of what is wanted.
    :param there: those of what is there, which may be ignored, too.
    """
    for name, named in paths.items():
        idle = Paths(name, named).idle([*wanted, *there] if name == "ignore" else wanted)
        if idle:
            yield Say(
                f"{name} has no effect here with {', '.join(idle)}: the definition has no such place. A "
                "segment of a path is a field's whole name, of which * stands for any part.",
                logging.WARNING,
            )


def left_aside(comparison: Comparison, *, by_hand: bool = True) -> Procedure[None]:
    """Log what isn't wanted and stays, and what doesn't count.

    :param by_hand: as of `differing`: whoever names one thing only knows that all else stays.
    """
    for kind, start, why in (
        (Kind.KEPT, "Kept", "the definition doesn't name it; to remove it set it to null, or use exact"),
        (Kind.IGNORED, "Ignored", "it differs or can't be compared"),
        (
            Kind.NOT_COMPARED,
            "Not compared",
            "the service doesn't return it as it was sent; a change of it alone isn't sent unless resend names it",
        ),
    ):
        paths = comparison.paths(kind)
        if paths and (by_hand or kind is not Kind.KEPT):
            more = f", and {len(paths) - LISTED} more" if len(paths) > LISTED else ""
            yield Say(f"{start}, {counted('place', paths)}, as {why}: {', '.join(paths[:LISTED])}{more}")


def rewritten(after: Comparison, *, by_hand: bool = True) -> Procedure[None]:
    """Log what was sent and isn't there as it was sent.

    :param after: what was wanted, with what is there now.
    :param by_hand: as of `differing`: else there is no definition that could be written in another way.
    """
    if after.differences:
        shown = "; ".join(map(str, after.differences[:LISTED]))
        yield Say(
            "The service took the definition, but returns it in another way in "
            f"{counted('place', after.differences)}: {shown}."
            + (
                " Until the definition says it in the service's way, or ignore names it, each run sends it again."
                if by_hand
                else " Look at the draft in Partner Center before it is published."
            ),
            logging.WARNING,
        )


def counted(what: str, things: Collection[object]) -> str:
    """Return how many things there are, in words."""
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def closest(name: str, there: Collection[str]) -> str:
    """Return which names there are, the likeliest first."""
    names = sorted(there, key=lambda each: -SequenceMatcher(None, each.casefold(), name.casefold()).ratio())
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{one_line(', '.join(names[:LISTED]))}{more}"
