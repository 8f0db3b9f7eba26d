"""Whether a go-live is due, by the rows of the product's submissions alone.

It is due when what is in preview is ready, and isn't live. The service states so in no word of its own: the
clients that are public read it from the rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict
from airflow_provider_cpp.lro.seam import FORCED, Due, Dueness, Live, Runs
from airflow_provider_cpp.lro.words import RUNNING, SUCCEEDED
from airflow_provider_cpp.services.product_ingestion.submissions import LIVE, SubmissionRow, in_preview, newest


def dueness(what: str, rows: Sequence[SubmissionRow], *, required: bool) -> Dueness:
    """Return whether a go-live is due.

    :param what: the go-live in words.
    :param rows: the product's submissions.
    :param required: raise where it isn't.
    :raises CppConflict: a publish runs on the offer.
    :raises CppBadRequest: nothing in preview waits for going live.
    """
    going_live = newest(row for row in rows if row.target == LIVE and row.state == RUNNING)
    preview = in_preview(rows)
    if going_live is not None and preview is not None and preview.state == SUCCEEDED:
        if not required:
            return Due("whether it is due isn't asked")
        raise CppConflict(
            f"{what} isn't due: the go-live of another submission runs. Nothing was sent. Wait for its end; "
            f"{FORCED} In preview: {preview.in_words}. What runs: {going_live}."
        )
    if going_live is not None:
        return Runs(going_live)
    live = newest(row for row in rows if row.is_live)
    if preview is None:
        last = newest(rows)
        if last is not None and last.target == LIVE and last.state == SUCCEEDED:
            message = f"{what} isn't due: {last.in_words}, the last one in preview, is live already."
            return Live(f"{message} Nothing was sent.")
        return _not_due(what, _why_nothing_is_in_preview(last), required)
    if preview.state == SUCCEEDED:
        is_live = f"; {live.in_words} is live" if live else ""
        return Due(f"{preview.in_words} is ready in preview, and isn't live{is_live}")
    if preview.state == RUNNING:
        if not required:
            return Due("whether it is due isn't asked")
        raise CppConflict(
            f"{what} isn't due: a publish runs on the offer. Nothing was sent. Wait until it is ready in preview, "
            f"or cancel it; {FORCED} What runs: {preview}."
        )
    return _not_due(
        what, f"the last publish, {preview.in_words}, has come to nothing ({preview.state_word})", required
    )


def _why_nothing_is_in_preview(last: SubmissionRow | None) -> str:
    if last is None:
        return "it was never published"
    return f"the last go-live, of {last.in_words}, has come to nothing ({last.state_word})"


def _not_due(what: str, why: str, required: bool) -> Due:
    if not required:
        return Due("whether it is due isn't asked")
    raise CppBadRequest(
        f"{what} isn't due: nothing in preview waits for it, as {why}. Nothing was sent. Publish the offer to "
        f"preview first; {FORCED}"
    )
