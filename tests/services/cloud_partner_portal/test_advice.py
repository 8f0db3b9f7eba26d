"""What a refusal means: the advice fits the call and the service's words, and never contradicts them."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppBadRequest, CppConflict, CppUnavailable, is_retried
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.services.cloud_partner_portal.advice import CASES, needs_no_cancel
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.wire.answers import error_of
from airflow_provider_cpp.wire.call import Call
from tests.runner import answered, refused
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER

WHO = PUBLISHER, OFFER
PUT = calls.put_offer(*WHO, {})
GO_LIVE, PUBLISH, CANCEL = calls.go_live(*WHO), calls.publish(*WHO), calls.cancel(*WHO)
GET, STATUS, SUBMISSIONS = calls.get_offer(*WHO), calls.get_offer_status(*WHO), calls.list_submissions(*WHO)
PREVIEW, PRODUCTION = calls.get_offer(*WHO, slot="view"), calls.get_offer(*WHO, slot="live")
VERSION = calls.get_offer(*WHO, version=7)
OPERATION = OperationLocation(ORIGIN, *WHO, GUID).to_read()
OFFERS, PUBLISHERS = calls.list_offers(PUBLISHER), calls.list_publishers()

EXISTS = (
    "Offer ID already exists. If you wanted to update an existing offer, please ensure If-Match header is "
    "specified as per documentation."
)
IDENTIFIERS, RUNS, CORRECT = (
    "check the identifiers (an offer's id",
    "Another operation seems to run",
    "Correct what",
)


@pytest.mark.parametrize(
    ("call", "status", "message", "words", "never"),
    [
        # What isn't there
        (PREVIEW, 404, "Not found.", "hasn't been published to preview", IDENTIFIERS),
        (PREVIEW, 404, f"Offer {OFFER} has nothing at Preview.", "hasn't been published", IDENTIFIERS),
        (PREVIEW, 404, "Offer was not found in slot Preview.", "Nothing is in that slot", IDENTIFIERS),
        (PRODUCTION, 404, "Not found.", "isn't live yet", IDENTIFIERS),
        (PRODUCTION, 410, "", "isn't live yet", IDENTIFIERS),
        (PREVIEW, 404, f"Offer {OFFER} does not exist.", IDENTIFIERS, "Nothing is in that slot"),
        (VERSION, 404, "Not found.", "no such version", IDENTIFIERS),
        (VERSION, 404, "Publisher acmee does not exist.", "check publisher_id", "version"),
        (OPERATION, 404, "Operation not found.", "list_submissions", IDENTIFIERS),
        (OPERATION, 404, "Publisher 'acmee' was not found", "check publisher_id", "list_submissions"),
        (GET, 404, "The publisher with id acmee could not be found.", "check publisher_id", IDENTIFIERS),
        (GO_LIVE, 404, "PublisherNotFound", "check publisher_id", IDENTIFIERS),
        (GO_LIVE, 400, "Unknown publisher acmee.", "check publisher_id", CORRECT),
        (GET, 404, "Offer x of publisher acme doesn't exist.", IDENTIFIERS, "check publisher_id"),
        (GET, 404, "Publisher acme: offer x was not found.", IDENTIFIERS, "check publisher_id"),
        (STATUS, 404, "", IDENTIFIERS, "check publisher_id"),
        (SUBMISSIONS, 404, "No such entity.", IDENTIFIERS, "check publisher_id"),
        (OFFERS, 404, "No such entity.", f"doesn't know publisher {PUBLISHER}", IDENTIFIERS),
        (PUBLISHERS, 404, "", "connection's host", "check"),
        # What is there, and is another
        (PUT, 409, "etag mismatch", "isn't the one that If-Match names", RUNS),
        (PUT, 409, "The ETag does not match.", "isn't the one that If-Match names", RUNS),
        (PUT, 409, "The offer was modified by another user.", "isn't the one that If-Match names", RUNS),
        (PUT, 409, EXISTS, "exists already", RUNS),
        (PUT, 400, "The If-Match header is required.", "under a condition", CORRECT),
        (PUT, 400, "Please specify an If-Match header.", "under a condition", CORRECT),
        (PUT, 428, "Precondition required", "If-Match", CORRECT),
        (PUT, 412, "", "isn't the one that If-Match names", CORRECT),
        (PUT, 412, "The condition specified using HTTP conditional header(s) is not met.", "If-Match", CORRECT),
        (PUT, 409, "Another operation is already running.", RUNS, "If-Match"),
        # What can't be just now
        (GO_LIVE, 409, "Another operation is already running.", RUNS, "If-Match"),
        (PUBLISH, 409, "", RUNS, "If-Match"),
        (GO_LIVE, 409, "A cancellation is in progress.", "A cancellation is under way", RUNS),
        (PUBLISH, 409, "The offer is being cancelled.", "A cancellation is under way", RUNS),
        (PUBLISH, 409, "The offer is locked for migration.", "locked", RUNS),
        (PUT, 423, "", "locked", CORRECT),
        (CANCEL, 409, "Going live.", "can't be canceled just now", "or cancel it"),
        # The principal
        (GO_LIVE, 401, "IDX10214: Audience validation failed.", "scope", "service principal"),
        (GO_LIVE, 401, "Invalid audience", "scope", "tenant_id"),
        (GO_LIVE, 401, "The token is expired.", "clock", "scope"),
        (GO_LIVE, 401, "Unauthorized", "tenant_id", "clock"),
        (PUBLISH, 403, "You have to accept the publisher agreement.", "owner", "object id"),
        (PUBLISH, 403, "License terms of 2023 were not accepted.", "owner", "object id"),
        (GET, 403, "User does not have the required permissions", "object id", "owner"),
        # What is wrong with the request
        (GET, 400, "Invalid api version. Allowed values are [2016-08-01-preview]", "api_version", CORRECT),
        (GO_LIVE, 400, "Offer is not in a valid state for this operation.", "publish it to preview", CORRECT),
        (GO_LIVE, 400, "Nothing waits for the publisher's sign-off.", "publish it to preview", CORRECT),
        (GO_LIVE, 400, "The argument 'offerId' is malformed.", CORRECT, "sign-off"),
        (PUBLISH, 422, "The offer is not in a valid state.", CORRECT, "sign-off"),
        (PUT, 400, "The argument: 'OfferTypeId' cannot be null or empty.", CORRECT, "If-Match"),
        (PUT, 400, "", "doesn't say why", CORRECT),
        (PUT, 405, "", "host and proxy", CORRECT),
        (PUT, 413, "", "too large", CORRECT),
        (PUT, 415, "", "headers", CORRECT),
        (PUT, 431, "", "headers", CORRECT),
        # What passes
        (GET, 408, "", "in time", "throttling"),
        (GET, 429, "", "throttling", "asks to wait"),
        (GET, 502, "", "gateway", "of its own"),
        (GET, 504, "", "gateway", "of its own"),
        (GET, 500, "", "of its own", "gateway"),
    ],
)
def test_advice_fits_the_case(call: Call, status: int, message: str, words: str, never: str) -> None:
    body = {"error": {"message": message}} if message else None
    text = str(error_of(call, answered(status, body)))
    advice = text.rpartition(f"'{message.rstrip('.')}" if message else f"HTTP {status}")[2]
    assert words in advice, text
    assert never not in advice, text


@pytest.mark.parametrize("status", [429, 503])
def test_how_long_the_service_asks_to_wait_is_told(status: int) -> None:
    text = str(error_of(GET, refused(status, Retry_After="30")))
    assert "asks to wait 30 s" in text


@pytest.mark.parametrize(
    "where",
    [
        "https://login.microsoftonline.com/common/oauth2/authorize?client_id=x",
        "https://partner.microsoft.com/en-us/signin",
        "/Account/Login",
    ],
)
def test_a_redirect_to_a_page_to_sign_in_at_is_known(where: str) -> None:
    text = str(error_of(GET, answered(302, Location=where)))
    assert "page to sign in at" in text
    assert where not in text
    assert "page to sign in at" not in str(error_of(GET, answered(302, Location="https://x.example/elsewhere")))


def test_words_that_stand_in_no_json_count_too() -> None:
    assert "gateway" in str(error_of(GET, answered(503, b"<html><title>503</title>nginx</html>")))
    header = {"WWW-Authenticate": 'Bearer error="invalid_token", error_description="The audience is invalid"'}
    assert "set the connection's scope" in str(error_of(GET, answered(401, None, **header)))


def test_a_lock_passes_as_a_conflict_does() -> None:
    error = error_of(PUT, refused(423))
    assert type(error) is CppConflict
    assert is_retried(error)
    assert type(error_of(PUT, refused(428))) is CppBadRequest
    assert type(error_of(GET, refused(511))) is CppUnavailable


def test_every_case_is_some_refusals_advice() -> None:
    """One that nothing comes to stands behind another that takes it all."""
    for number, case in enumerate(CASES):
        wider = [
            earlier
            for earlier in CASES[:number]
            if not earlier.says and not earlier.call and all(s in earlier.statuses for s in _of(case.statuses))
        ]
        assert not wider, case.advice


def _of(statuses: Any) -> list[int]:
    return [status for status in range(200, 600) if status in statuses]


@pytest.mark.parametrize(
    "message",
    [
        "A cancellation is already in progress.",
        "Cancellation in progress",
        "Cancel request has already been submitted for this operation.",
        "The submission is being canceled.",
        "Cancelling.",
        "The operation was already cancelled.",
        "Operation has been canceled",
        "There is nothing to cancel.",
        "No operation to cancel",
        "No operation is in progress.",
        "There are no active submissions for this offer.",
        "The operation has already completed.",
        "The operation is already complete",
        "Operation already finished and can't be cancelled.",
        "Cannot cancel a submission that has succeeded.",
        "Submission is in a terminal state.",
        "The operation is not running.",
        "Cancel is pending.",
        "OperationCancelInProgress",
        "cancel_in_progress",
        "CancellationPending",
        "CancelRequested",
        "AlreadyCanceled",
        "The offer has a pending cancellation.",
        "Duplicate cancel request",
        "A cancel request has been received.",
        "Cannot cancel: cancellation already in progress",
        "Unable to cancel because a cancel request is pending",
        "You can't cancel an operation that is already being canceled",
        "Abort already requested",
        "The operation is stopping",
    ],
)
def test_a_cancel_that_isnt_needed_is_known_by_the_services_words(message: str) -> None:
    assert needs_no_cancel(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Refused No.",
        "The operation can't be canceled.",
        "Cannot cancel while certification is in progress.",
        "Cancellation is not allowed at this stage.",
        "The request is malformed.",
        "The argument 'notification-emails' is not valid.",
        "User does not have the required permissions",
        "You are not authorized to cancel",
        "Cancel isn't possible now that go-live is under way",
        "This operation can only be canceled by its owner",
    ],
)
def test_a_refused_cancel_is_no_more_than_that(message: str) -> None:
    assert not needs_no_cancel(message)
