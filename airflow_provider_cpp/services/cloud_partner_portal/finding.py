"""What is known of an operation that isn't found by itself: what its offer's list of submissions says of it."""

from __future__ import annotations

from airflow_provider_cpp.lro.looks import NotListed
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import Submission
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.submissions import find_submission, read_submission
from airflow_provider_cpp.wire.listing import Listed, Unlisted, listed
from airflow_provider_cpp.wire.procedures import Procedure


def submissions_of(
    ref: OfferRef, origin: str, *, patient: bool = True
) -> Procedure[Listed[Submission] | Unlisted]:
    """List an offer's operations, past and running.

    :param ref: the offer.
    :param origin: scheme, host and port of the API.
    :param patient: as in `Send`.
    """
    call = calls.list_submissions(ref.publisher_id, ref.offer_id)
    return (yield from listed(call, origin, read_submission, patient=patient))


def found_in_list(
    ref: OfferRef,
    origin: str,
    operation_id: str,
    *,
    goes_by_other_id: bool,
    patient: bool = True,
) -> Procedure[Submission | NotListed | Unlisted]:
    """Return what the list says of an operation that isn't found by itself.

    An operation of which nothing can be learned by either way isn't gone: nothing is known of it.

    :param goes_by_other_id: whether its identifier is of the old form: submissions go by another one.
    :param patient: as in `Send`.
    """
    found = yield from submissions_of(ref, origin, patient=patient)
    if isinstance(found, Unlisted):
        return found
    submission = find_submission(found.entries, operation_id)
    if submission is not None:
        return submission
    return NotListed(goes_by_other_id, goes_by_other_id and any(s.is_running for s in found.entries))
