"""What became of a request that met a conflict, or has no clear answer, by the list of operations.

Two stories: after a conflict the list names what runs; after silence it shows what came of the request, if
anything did.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from airflow_provider_cpp.exceptions import CppError, UntrustedLocation
from airflow_provider_cpp.lro.records import How, Started, keep, pauses, taken, unclear
from airflow_provider_cpp.lro.rows import Row
from airflow_provider_cpp.lro.seam import Conflict, Intent, Prepared, Unclear
from airflow_provider_cpp.wire.answers import Reading, describe
from airflow_provider_cpp.wire.listing import Listed, Unlisted
from airflow_provider_cpp.wire.procedures import Procedure, Say, Wait

NO_TRACE = "left no trace among"


def after_conflict(
    intent: Intent, reading: Reading, prepared: Prepared, conflict: Conflict, *, is_last: bool
) -> Procedure[Started | Row]:
    """Return what the request met, or what came of one before it.

    If a first request was refused because of an operation of its kind that may be another than is wanted, that
    one's row is returned.

    :param intent: what was to be started.
    :param reading: what the request came to.
    :param prepared: what there was before it.
    :param conflict: what the service says of it.
    :param is_last: whether a request was sent before it that left no trace.
    :raises CppConflict: another operation runs.
    :raises AmbiguousOutcome: the list can't be read.
    """
    rows: tuple[Row, ...] | None = None
    unlisted = ""
    for pause in pauses():
        yield Wait(pause)
        listed = yield from _listed_after(intent, reading, refused=not is_last)
        if isinstance(listed, Unlisted):
            rows, unlisted = None, listed.why
            continue
        rows = listed.entries
        if is_last or intent.is_keyed:
            # A publish that ran before the first request may be of an older draft; and what has another key is
            # something else.
            is_any = not (intent.meets_others or intent.is_keyed)
            ours = intent.ours(rows, prepared.record, or_running=is_any)
        else:
            # What is new and has ended isn't what a first request met, nor did that start anything.
            ours = intent.ours(rows, None, or_running=True)
        if ours is not None and not is_last and intent.meets_others:
            return ours
        if ours is not None:
            return (yield from _found(intent, reading, ours))
        if not is_last or any(row.is_running for row in rows):
            break
    if rows is None and is_last:
        # The last look counts: an earlier one may have come too soon to show it.
        raise unclear(intent, reading, f"and {intent.list_in_words} can't be read: {unlisted}")
    raise _naming_what_runs(intent, conflict.error, rows, unlisted)


def after_silence(
    intent: Intent, reading: Reading, prepared: Prepared, verdict: Unclear
) -> Procedure[Started | None]:
    """Return what came of the request, or None if there is provably nothing: then it may be sent again.

    :param intent: what was to be started.
    :param reading: what the request came to.
    :param prepared: what there was before it.
    :param verdict: what the service's intent makes of that.
    :raises AmbiguousOutcome: the list can't be read, or doesn't fit the answer.
    """
    if verdict.note:
        yield Say(verdict.note, logging.WARNING)
    if verdict.is_accepted:
        # A retry has to know it, should this try end before it finds what came of it.
        yield keep(intent, "unclear", **prepared.record)
    yield Say(
        f"{intent}: {describe(reading)}. It may have been accepted: looking for it among {intent.list_in_words} "
        "before anything is sent again.",
        logging.WARNING,
    )
    rows: tuple[Row, ...] | None = None
    unlisted = ""
    for pause in pauses():
        yield Wait(pause)
        listed = yield from _listed_after(intent, reading, refused=False)
        if isinstance(listed, Unlisted):
            rows, unlisted = None, listed.why
            continue
        rows = listed.entries
        ours = intent.ours(rows, prepared.record)
        if ours is not None:
            return (yield from _found(intent, reading, ours))
    if rows is None:
        raise unclear(intent, reading, f"and {intent.list_in_words} can't be read: {unlisted}")
    if not prepared.is_known:
        raise unclear(intent, reading, f"and {intent.list_in_words} couldn't be read before it")
    if verdict.is_accepted or not intent.may_repeat:
        raise unclear(intent, reading, f"but no {intent.row_in_words} came of it")
    if any(row.is_running and intent.is_new(row, prepared.record) for row in rows):
        raise unclear(intent, reading, "and another operation has begun to run on the offer since")
    return None


def _found(intent: Intent, reading: Reading, ours: Row) -> Procedure[Started]:
    """Take what the list has as what came of the request."""
    try:
        watched = intent.at(ours)
    except UntrustedLocation as untrusted:
        raise unclear(intent, reading, f"and what came of it can't be located: {untrusted}") from None
    return (yield from taken(intent, watched, How.ADOPTED))


def _naming_what_runs(intent: Intent, error: CppError, rows: Sequence[Row] | None, unlisted: str) -> CppError:
    """Return the error of a conflict, which names what runs, or says why it can't."""
    running = ", ".join(str(row) for row in rows or () if row.is_running) or "none that the list names"
    if rows is None:
        running = f"not known, as {intent.list_in_words} can't be read: {unlisted.rstrip('.')}"
    return error.with_more(f"Running on it: {running}.")


def _listed_after(intent: Intent, reading: Reading, *, refused: bool) -> Procedure[Listed[Row] | Unlisted]:
    """List the operations after an answer that leaves open what became of the request.

    :param refused: whether it is clear that it started nothing.
    """
    try:
        return (yield from intent.rows())
    except CppError as error:  # the login refuses by now, which says nothing of the request
        if refused:
            raise
        raise unclear(
            intent, reading, f"and {intent.list_in_words} can't be read: {error.message.rstrip('.')}"
        ) from None
