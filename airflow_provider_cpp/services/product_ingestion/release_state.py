"""The state of an offer, by the rows of its submissions: one request for each offer that the list has."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_cpp.lro.words import FAILED
from airflow_provider_cpp.offers.overview import CORRECTION, CREATED, SIGNOFF, ReleaseState, Submitted
from airflow_provider_cpp.services.product_ingestion.offer_status import status_by
from airflow_provider_cpp.services.product_ingestion.operations_on import Publications
from airflow_provider_cpp.services.product_ingestion.submissions import (
    LIVE,
    SubmissionRow,
    newest,
    running,
    waits_for_signoff,
)
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.procedures import Procedure


def release_state_of(publications: Publications) -> Procedure[ReleaseState]:
    """Find out which state an offer is in.

    :param publications: the publications of the offer.
    :raises CppError: its submissions can't be read.
    """
    found = yield from publications.rows()
    if isinstance(found, Unlisted):
        raise found.error
    return release_state_by(found.entries)


def release_state_by(rows: Sequence[SubmissionRow]) -> ReleaseState:
    """Return which state an offer is in.

    :param rows: its submissions.
    """
    status = status_by(rows).raw_status
    live = _submitted(newest(row for row in rows if row.is_live))
    runs = running(rows)
    ready = waits_for_signoff(rows)
    if runs is not None:
        # What goes live stays in preview until it is there: its row is only called otherwise.
        preview = runs if runs.target == LIVE else ready
        return ReleaseState(status, live, _submitted(preview), _submitted(runs))
    if ready is not None:
        return ReleaseState(status, live, _submitted(ready), None, _submitted(ready), SIGNOFF)
    last = newest(rows)
    if last is not None and last.state == FAILED:
        return ReleaseState(status, live, waiting=_submitted(last), waits_for=CORRECTION)
    return ReleaseState(status, live)


def _submitted(row: SubmissionRow | None) -> Submitted | None:
    if row is None:
        return None
    # That is the only time that the service says: when it came into preview, or went live, it doesn't.
    return Submitted(row.id, row.kind, at=row.created_at, time_of="" if row.created_at is None else CREATED)
