"""The state of an offer, by its list of submissions and by what runs on it: two requests for each offer.

Whether a publish waits for its sign-off only the operation that runs says, by a step of it, or the offer's status
(retrieve-operations and retrieve-offer-status pages).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.rows import latest
from airflow_provider_cpp.lro.story import progress_of
from airflow_provider_cpp.lro.words import FAILED, SUCCEEDED
from airflow_provider_cpp.offers.overview import CHANGED, CORRECTION, CREATED, SIGNOFF, ReleaseState, Submitted
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH, Submission
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.operations_on import Submissions
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.services.cloud_partner_portal.submissions import read_time
from airflow_provider_cpp.wire.answers import Answer, Reading, content, parsed_body
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.plain_text import one_line
from airflow_provider_cpp.wire.procedures import Procedure, sent


def release_state_of(operations: Submissions) -> Procedure[ReleaseState]:
    """Find out which state an offer is in: reads its submissions, and the one that runs, or else its status.

    :param operations: the operations on the offer.
    :raises CppError: its submissions can't be read. Where the rest can't, the state says so as its error.
    """
    found = yield from operations.rows()
    if isinstance(found, Unlisted):
        raise found.error
    runs = _newest(row for row in found.entries if row.is_running)
    try:
        call = calls.get_offer_status(operations.ref.publisher_id, operations.ref.offer_id)
        if runs is not None and runs.id:
            call = operations.at(runs).to_read()
        reading, _ = yield from sent(call)
        now = content(call, reading, read_operation)
        began = _began(reading)
    except CppError as error:
        return replace(release_state_by(found.entries, None), error=error)
    return release_state_by(found.entries, now, began)


def _began(reading: Reading) -> float | None:
    """Return when an operation was created, which the retrieve-operations page has in its table only."""
    body = parsed_body(reading) if isinstance(reading, Answer) else None
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    fields = {str(name).casefold(): value for name, value in body.items()} if isinstance(body, dict) else {}
    return read_time(fields.get("createddatetime"))


def release_state_by(
    rows: Sequence[Submission], now: Operation | None, began: float | None = None
) -> ReleaseState:
    """Return which state an offer is in.

    :param rows: its submissions.
    :param now: the one that runs; if none does, the offer's status; None if it couldn't be read.
    :param began: when what runs was created, in seconds since 1970 (UTC); None if the service doesn't say.
    """
    runs = _newest(row for row in rows if row.is_running)
    if runs is not None and now is not None and now.is_terminal:  # it has ended since it was listed
        return release_state_by([replace(row, state=now.status) if row == runs else row for row in rows], now)
    live = _newest(row for row in rows if row.kind == GO_LIVE and row.state == SUCCEEDED)
    published = _newest(row for row in rows if row.kind == PUBLISH and row.state == SUCCEEDED)
    preview = published if published is not None and _is_newer(published, live) else None
    status = now.raw_status if now is not None else ""
    if now is not None and now.waits_for_signoff and (runs is None or runs.kind != GO_LIVE):
        # The publish may be listed as running while it waits, or as completed.
        waits = _submitted(runs or preview) or Submitted(kind=PUBLISH)
        return ReleaseState(status, _submitted(live), waits, None, waits, SIGNOFF)
    running = waiting = _submitted(runs, now)
    if running is not None:
        if now is None or not (now.is_alarming or now.failed_steps):
            waiting = None
        if began is not None:
            running = replace(running, at=began, time_of=CREATED)
    else:
        waiting = _submitted(_failed(rows))
    return ReleaseState(
        status, _submitted(live), _submitted(preview), running, waiting, CORRECTION if waiting else ""
    )


def _failed(rows: Sequence[Submission]) -> Submission | None:
    """Return the submission that was the last and failed; none where the times don't say which was the last."""
    last = latest(rows)
    return _newest(last) if all(row.state == FAILED for row in last) else None


def _newest(rows: Iterable[Submission]) -> Submission | None:
    """Return the row that changed last, by its version if the times don't say; without an id if neither does."""
    found = tuple(rows)
    last = max(map(_age, found), default=None)
    newest = [row for row in found if _age(row) == last]
    if not newest:
        return None
    return newest[0] if len(newest) == 1 else replace(newest[0], id="")


def _age(row: Submission) -> tuple[float, float]:
    at, version = row.changed_at, row.offer_version
    return (-math.inf if at is None else at, -math.inf if version is None else version)


def _is_newer(published: Submission, live: Submission | None) -> bool:
    """Return whether a publish came after the go-live that customers have; not if neither times nor versions say.

    By times first: of migrated offers the versions may all be one.
    """
    if live is None:
        return True
    times, versions = (
        (published.changed_at, live.changed_at),
        (published.offer_version, live.offer_version),
    )
    for ours, theirs in (times, versions):
        if ours is not None and theirs is not None and ours != theirs:
            return ours > theirs
    return False


def _submitted(row: Submission | None, now: Operation | None = None) -> Submitted | None:
    if row is None:
        return None
    step = now.current_step if now is not None else None
    return Submitted(
        one_line(row.id),
        row.kind,
        row.offer_version,
        row.changed_at,
        "" if row.changed_at is None else CHANGED,
        progress_of(step) if step is not None else "",
    )
