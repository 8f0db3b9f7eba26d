"""What a page on many offers says, in which words, and in which order: who waits longest for a person first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from airflow_provider_cpp.lro.story import duration_in_words
from airflow_provider_cpp.offers.overview import CREATED, SIGNOFF, OfferOverview, Submitted
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from airflow_provider_cpp.wire.plain_text import one_line

_KINDS = {GO_LIVE: "go-live", PUBLISH: "publish"}

#: What has a meaning within a line of Markdown, in whichever dialect; a line begins with none of ours.
_MARKS = re.compile(r"([\\`*_\[\]<>|~&])")


@dataclass(frozen=True, slots=True)
class OverviewPart:
    """One thing that is said of an offer.

    :param what: what it is: `version 4`, or `go-live: Certification: inProgress, 40 %`.
    :param since: how long it has been so: `since 3 days`; empty if nothing is known of that.
    :param at: the time that this is from, with its zone: `2026-11-30 08:30 UTC`; empty if the service says none.
    """

    what: str
    since: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class OverviewEntry:
    """An offer of the report: its row, and what is said of it. What there is nothing of is None.

    :param row: the offer's row.
    :param title: its name for people, or else its id.
    :param live: what customers have.
    :param preview: what is in preview and isn't live.
    :param running: the operation that runs.
    :param waiting: what waits for a person.
    """

    row: OfferOverview
    title: str
    live: OverviewPart | None
    preview: OverviewPart | None
    running: OverviewPart | None
    waiting: OverviewPart | None


@dataclass(frozen=True, slots=True)
class OverviewReport:
    """A report on many offers, each in one of three groups.

    :param taken_at: when the offers were looked at, with its zone.
    :param limit: how long an offer may wait before it is urgent, in words.
    :param summary: how many there are of each kind, in a sentence.
    :param urgent: offers that wait for a person for longer than that, or nobody knows since when; the one that
        waits longest first.
    :param unread: other offers that couldn't be read, or not as a whole.
    :param others: all others: those that wait for a person first, then those on which something runs.
    """

    taken_at: str
    limit: str
    summary: str
    urgent: tuple[OverviewEntry, ...]
    unread: tuple[OverviewEntry, ...]
    others: tuple[OverviewEntry, ...]


def overview_report(rows: Iterable[OfferOverview], now: float, waiting_longer_than: float) -> OverviewReport:
    """Return the report on many offers: pure, so that a template has nothing to decide.

    Where a service says only when a submission was created, it has waited for that long at most: it counts from
    there, as it is better shown a bit early than late.

    :param rows: the offers' rows.
    :param now: when they were looked at, in seconds since 1970 (UTC).
    :param waiting_longer_than: seconds after which an offer that waits for a person is urgent.
    """
    entries = [_entry(row, now) for row in sorted(rows, key=lambda row: row.offer_id.casefold())]
    urgent = [entry for entry in entries if _is_urgent(entry.row, now - waiting_longer_than)]
    rest = [entry for entry in entries if entry not in urgent]
    others = sorted(
        (entry for entry in rest if not entry.row.problem),
        key=lambda entry: (entry.waiting is None, entry.running is None),
    )
    return OverviewReport(
        _moment(now),
        _duration(waiting_longer_than),
        _summary([entry.row for entry in entries]),
        tuple(sorted(urgent, key=lambda entry: _began(entry.row))),
        tuple(entry for entry in rest if entry.row.problem),
        tuple(others),
    )


def in_markdown(text: object) -> str:
    """Return a text so that Markdown shows it as it is, on one line, also within a table.

    :param text: the text; anything else as Python writes it.
    """
    return _MARKS.sub(r"\\\1", one_line(str(text)))


def _is_urgent(row: OfferOverview, since: float) -> bool:
    return row.waiting is not None and _began(row) <= since


def _began(row: OfferOverview) -> float:
    at = row.waiting.at if row.waiting is not None else None
    return float("-inf") if at is None else at


def _summary(rows: list[OfferOverview]) -> str:
    counts = [
        (sum(row.waiting is not None for row in rows), "waiting for a person"),
        (sum(row.running is not None for row in rows), "with an operation that runs"),
        (sum(row.preview is not None for row in rows), "with a new preview"),
        (sum(row.live is not None for row in rows), "live"),
        (sum(bool(row.problem) for row in rows), "that couldn't be read as a whole"),
    ]
    said = ", ".join(f"{number} {what}" for number, what in counts if number)
    if not rows:
        return "0 offers: the connection's principal sees none, or there is none."
    return f"{len(rows)} offer{'' if len(rows) == 1 else 's'}{f': {said}' if said else ''}."


def _entry(row: OfferOverview, now: float) -> OverviewEntry:
    return OverviewEntry(
        row,
        row.name or row.offer_id,
        live=_part(row.live, now),
        preview=_part(row.preview, now),
        running=_running(row.running, now),
        waiting=_waiting(row, now),
    )


def _part(part: Submitted | None, now: float) -> OverviewPart | None:
    if part is None:
        return None
    what = f"submission {part.id}" if part.id else "a submission"
    if part.version is not None:
        what = f"version {part.version}"
    return _dated(what, part, now, "since {}")


def _running(part: Submitted | None, now: float) -> OverviewPart | None:
    if part is None:
        return None
    what = _KINDS.get(part.kind, part.kind or "an operation")
    # When it changed last isn't when it began.
    said = "since {}" if part.time_of == CREATED else "last changed {} ago"
    return _dated(f"{what}: {part.step}" if part.step else what, part, now, said, created=said)


def _waiting(row: OfferOverview, now: float) -> OverviewPart | None:
    part = row.waiting
    if part is None:
        return None
    what = _KINDS.get(part.kind, part.kind or "operation")
    said = (
        "sign-off: look at the preview, and go live" if row.waits_for == SIGNOFF else f"correction of the {what}"
    )
    found = _dated(said, part, now, "since {}", created="since {} at most")
    return found if found.since else OverviewPart(said, "nobody knows since when")


def _dated(what: str, part: Submitted, now: float, said: str, *, created: str = "created {} ago") -> OverviewPart:
    if part.at is None:
        return OverviewPart(what)
    form = created if part.time_of == CREATED else said
    return OverviewPart(what, form.format(_duration(now - part.at)), _moment(part.at))


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _duration(seconds: float) -> str:
    """Return a duration in whole units: a report is read hours after it was made."""
    seconds = max(0.0, seconds)  # the service's clock may be ahead
    size = next((size for size in (86400, 3600, 60) if seconds >= 2 * size), 1)
    return duration_in_words(seconds // size * size)
