"""What is known of an operation that isn't found by itself: what its offer's list of submissions says of it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.submissions import (
    Submission,
    find_submission,
    read_submission,
)
from airflow_provider_cpp.wire.listing import Listed, Unlisted, listed
from airflow_provider_cpp.wire.procedures import Procedure


@dataclass(frozen=True, slots=True)
class NotListed:
    """An operation that its offer's submissions don't name.

    :param goes_by_other_id: whether it has an identifier of the old form: submissions go by another one, so that
        it may be there all the same.
    :param something_runs: whether any operation runs on the offer.
    """

    goes_by_other_id: bool
    something_runs: bool

    @property
    def may_run(self) -> bool:
        """Tell whether it may be the operation that runs."""
        return self.goes_by_other_id and self.something_runs


def submissions_of(
    publisher_id: str, offer_id: str, origin: str, *, patient: bool = True
) -> Procedure[Listed[Submission] | Unlisted]:
    """List an offer's operations, past and running.

    :param patient: as in `Send`.
    """
    return (
        yield from listed(calls.list_submissions(publisher_id, offer_id), origin, read_submission, patient=patient)
    )


def found_in_list(
    location: OperationLocation, *, patient: bool = True
) -> Procedure[Submission | NotListed | Unlisted]:
    """Return what the list says of an operation that isn't found by itself.

    An operation of which nothing can be learned by either way isn't gone: nothing is known of it.

    :param patient: as in `Send`.
    """
    found = yield from submissions_of(location.publisher_id, location.offer_id, location.origin, patient=patient)
    if isinstance(found, Unlisted):
        return found
    submission = find_submission(found.entries, location)
    if submission is not None:
        return submission
    return NotListed(not location.is_offer_scoped, any(s.is_running for s in found.entries))
