"""What comes back from a call, and which error it means."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
)
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.wire.answers import (
    Answer,
    describe,
    error_of,
    parsed_body,
    request_id,
    retry_after,
    service_error,
)
from tests.runner import LOST, UNSENT, UNTRUSTED, answered, refused
from tests.services.cloud_partner_portal.scripted import OFFER

GO_LIVE = calls.go_live("contoso", OFFER)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # The considerations page's form, and the 400 that clients saw.
        (
            {"error": {"code": "BadRequest", "message": "The argument: 'OfferTypeId' cannot be null or empty."}},
            ("BadRequest", "The argument: 'OfferTypeId' cannot be null or empty."),
        ),
        (
            {"error": {"code": "Forbidden", "message": "User does not have the required permissions"}},
            ("Forbidden", "User does not have the required permissions"),
        ),
        ({"Message": "Authorization has been denied."}, (None, "Authorization has been denied.")),
        ({"message": "lower case"}, (None, "lower case")),
        ({"code": "X", "message": "flat"}, ("X", "flat")),
        ({"Error": {"Code": "X", "Message": "y"}}, ("X", "y")),
        (
            {"error": "invalid_client", "error_description": "AADSTS7000215: no"},
            ("invalid_client", "AADSTS7000215: no"),
        ),
        ({"error": {"code": 17, "message": "number"}}, ("17", "number")),
        ({"error": {"code": "X", "message": "<p>Fix <b>this</b></p>"}}, ("X", "Fix this")),
        ({"error": {"code": "X", "message": ["two", "texts"]}}, ("X", "two; texts")),
        ({"error": None}, (None, None)),
        ({"error": {}}, (None, None)),
        ([], (None, None)),
        ([{"error": {"code": "X"}}], ("X", None)),
        ("text", (None, "text")),
        (17, (None, "17")),
        (b"", (None, None)),
        (b"   ", (None, None)),
        (b"<html><body>Bad Gateway</body></html>", (None, "Bad Gateway")),
        (b'{"error": {"code": "X", "mess', (None, '{"error": {"code": "X", "mess')),
        (b"\xff\xfe\x00", (None, None)),
        # The considerations page's own sample of 2018, which isn't valid JSON.
        (
            '{"error":{"code":“InvalidAPIVersion”}}'.encode(),
            (None, '{"error":{"code":“InvalidAPIVersion”}}'),
        ),
    ],
)
def test_the_services_code_and_message_are_found_wherever_they_stand(
    body: object, expected: tuple[str | None, str | None]
) -> None:
    assert service_error(answered(400, body)) == expected


def test_a_body_that_is_nested_too_deeply_holds_nothing() -> None:
    assert parsed_body(answered(200, b"[" * 500_000)) is None


def test_a_number_too_long_for_python_holds_nothing() -> None:
    assert parsed_body(answered(200, b'{"status": ' + b"9" * 10_000 + b"}")) is None


def test_a_damaged_body_is_not_read() -> None:
    assert parsed_body(Answer(200, {}, b'{"status": "succeeded"}', damage="the body is cut")) is None


@pytest.mark.parametrize(
    "name",
    [
        "x-ms-request-id",
        "ms-requestid",  # Partner Center's own APIs
        "ms-request-id",
        "x-ms-requestid",
        "request-id",
        "x-request-id",
        "x-ms-correlation-request-id",
        "x-ms-correlation-id",
        "x-ms-correlationid",
        "ms-correlationid",
        "ms-correlation-id",
        "x-correlation-id",
        "x-ms-activity-id",
        "x-azure-ref",  # Azure Front Door
        "x-ms-client-request-id",
    ],
)
def test_the_request_id_is_found_under_any_of_its_names(name: str) -> None:
    assert request_id(Answer(500, {name: "8f0c-1"})) == "8f0c-1"


def test_the_services_own_request_id_comes_before_the_clients() -> None:
    assert request_id(Answer(500, {"x-ms-client-request-id": "mine", "x-ms-request-id": "theirs"})) == "theirs"
    assert request_id(Answer(500, {})) is None


@pytest.mark.parametrize(
    "body",
    [
        {"requestId": "8f0c-1"},
        {"correlationId": "8f0c-1"},
        {"error": {"code": "X", "activityId": "8f0c-1"}},
        {"error": "invalid_client", "trace_id": "8f0c-1"},
        {"title": "Not Found", "traceId": "8f0c-1"},
        {"error": {"code": "X", "innererror": {"request-id": "8f0c-1", "client-request-id": "mine"}}},
        {"error": {"code": "X", "details": [{"code": "Y", "innerError": {"RequestId": "8f0c-1"}}]}},
    ],
)
def test_the_request_id_is_found_in_the_body_where_no_header_has_one(body: object) -> None:
    assert request_id(answered(500, body)) == "8f0c-1"
    assert request_id(answered(500, body, ms_correlationid="header")) == "header"
    assert "(request id 8f0c-1)" in describe(answered(500, body))


def test_a_request_id_cant_forge_a_line() -> None:
    told = request_id(Answer(500, {"x-ms-request-id": "a\nb" + "x" * 1000}))
    assert told is not None
    assert told.isprintable()
    assert len(told) <= 100


# Retry-After


def _date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


SERVICE_TIME = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 5 ", 5.0),
        ("0", 0.0),
        ("2.5", 2.5),
        ("3600", 3600.0),
        ("864000", 3600.0),  # ten days
        ("1e300", 3600.0),
        ("-5", None),
        ("nan", None),
        ("NaN", None),
        ("inf", None),
        ("-inf", None),
        ("Infinity", None),
        ("1e999", None),
        ("soon", None),
        ("", None),
        ("5, 10", None),
        ("5s", None),
        ("0x10", None),
        ("1_0", None),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
        ("Mon,", None),
        ("\x00", None),
        ("٣٠", 30.0),
    ],
)
def test_retry_after_in_seconds_is_a_wait_of_an_hour_at_most(value: str, seconds: float | None) -> None:
    assert retry_after(Answer(429, {"retry-after": value})) == seconds


@pytest.mark.parametrize("clock_is_off_by", [0.0, 86400.0 * 400, -86400.0 * 400])
def test_a_date_is_read_against_the_answers_own_date_whatever_our_clock_says(clock_is_off_by: float) -> None:
    headers = {"date": _date(SERVICE_TIME), "retry-after": _date(SERVICE_TIME + timedelta(seconds=90))}
    answer = Answer(503, headers, received_at=SERVICE_TIME.timestamp() + clock_is_off_by)

    assert retry_after(answer) == 90.0


def test_a_date_without_one_to_compare_with_is_read_against_our_clock() -> None:
    retry = {"retry-after": _date(SERVICE_TIME + timedelta(seconds=90))}
    for headers in (retry, {**retry, "date": "yesterday"}):
        assert retry_after(Answer(503, headers, received_at=SERVICE_TIME.timestamp())) == 90.0


@pytest.mark.parametrize(
    "value", ["Sun Mar  1 12:01:30 2026", "Sun, 01 Mar 2026 12:01:30 -0000", "Sunday, 01-Mar-26 12:01:30 GMT"]
)
def test_an_old_date_is_in_gmt_wherever_we_are(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        answer = Answer(503, {"date": _date(SERVICE_TIME), "retry-after": value})
        assert retry_after(answer) == 90.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_date_that_is_past_asks_for_nothing_and_one_of_next_week_for_an_hour() -> None:
    for offset, seconds in ((timedelta(minutes=-5), None), (timedelta(days=10), 3600.0)):
        headers = {"date": _date(SERVICE_TIME), "retry-after": _date(SERVICE_TIME + offset)}
        assert retry_after(Answer(503, headers)) == seconds


@given(
    st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [A-Z]{3}")
)
def test_no_retry_after_is_anything_but_ignored_or_a_wait(value: str) -> None:
    seconds = retry_after(Answer(429, {"retry-after": value, "date": value}, received_at=0.0))
    assert seconds is None or 0 <= seconds <= 3600


# What an answer means

MEANINGS = {
    200: CppUnavailable,
    204: CppUnavailable,
    301: CppUnavailable,
    302: CppUnavailable,
    304: CppUnavailable,
    307: CppUnavailable,
    400: CppBadRequest,
    401: CppAuthError,
    402: CppBadRequest,
    403: CppAuthError,
    404: CppNotFound,
    405: CppBadRequest,
    408: CppUnavailable,
    409: CppConflict,
    410: CppNotFound,
    412: CppBadRequest,
    413: CppBadRequest,
    415: CppBadRequest,
    422: CppBadRequest,
    429: CppUnavailable,
    500: CppUnavailable,
    502: CppUnavailable,
    503: CppUnavailable,
    504: CppUnavailable,
    599: CppUnavailable,
}


@pytest.mark.parametrize(("status", "kind"), MEANINGS.items())
def test_every_status_is_an_error_that_says_what_where_why_and_what_to_do(
    status: int, kind: type[CppError]
) -> None:
    error = error_of(GO_LIVE, refused(status, "TheCode", "The message.", x_ms_request_id="id-17"))

    assert type(error) is kind
    assert (error.http_status, error.code, error.request_id) == (status, "TheCode", "id-17")
    text = str(error)
    for part in ("Go Live", f"contoso/{OFFER}", f"HTTP {status}", "TheCode", "The message.", "id-17"):
        assert part in text
    assert text.endswith("."), "what to do about it follows"


@pytest.mark.parametrize("status", MEANINGS)
def test_what_no_retry_can_mend_is_not_retried_by_airflow(status: int) -> None:
    error = error_of(GO_LIVE, answered(status))
    mendable = (CppConflict, CppUnavailable)
    assert isinstance(error, AirflowFailException) is not isinstance(error, mendable)


@pytest.mark.parametrize("status", [400, 402, 412, 418, 422, 451])
@pytest.mark.parametrize("body", [b"", {}, {"error": {"code": "BadRequest"}}, {"error": None}])
def test_nobody_is_sent_to_a_message_that_isnt_there(status: int, body: object) -> None:
    text = str(error_of(GO_LIVE, answered(status, body)))
    assert "message" not in text
    assert "doesn't say why" in text
    assert "https://partner.microsoft.com/" in text


def test_401_and_403_are_told_apart_and_list_the_causes_to_check() -> None:
    unauthenticated, forbidden = (str(error_of(GO_LIVE, answered(status))) for status in (401, 403))

    for cause in ("tenant_id", "login", "password", "scope", "service principal"):
        assert cause in unauthenticated
    for cause in ("publisher", "Partner Center", "object id", "publisher_id"):
        assert cause in forbidden
    assert "token was refused" in unauthenticated
    assert "token was refused" not in forbidden


def test_a_certificate_that_isnt_trusted_is_a_setting_to_correct() -> None:
    error = error_of(GO_LIVE, UNTRUSTED)
    assert type(error) is CppConfigurationError
    assert "ca_file" in str(error)


@pytest.mark.parametrize("reading", [UNSENT, LOST])
def test_no_answer_at_all_may_be_mended_by_a_later_try(reading: object) -> None:
    error = error_of(GO_LIVE, reading)  # type: ignore[arg-type]
    assert type(error) is CppUnavailable
    assert error.http_status is None
    assert "Connection refused" in str(error) or "closed connection" in str(error)


def test_a_hostile_error_message_cant_forge_a_line_or_flood_the_log() -> None:
    body = {"error": {"code": "X" * 5000 + "\n", "message": "no\n2026 ERROR forged\x1b[31m<br>" + "y" * 50_000}}
    text = str(error_of(GO_LIVE, answered(400, body, x_ms_request_id="a\r\nb")))

    assert text.isprintable()
    assert len(text) < 4000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "Message", "x"]) | st.text(max_size=5), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(st.integers(200, 599), json_values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60))
def test_any_body_of_any_status_can_be_described_on_one_line(status: int, body: bytes) -> None:
    answer = Answer(status, {}, body)
    assert describe(answer).isprintable()
    assert isinstance(error_of(GO_LIVE, answer), CppError)


@pytest.mark.parametrize("body", [{"status": 400}, {"statusCode": "400", "requestId": "abc"}, {"traceId": "abc"}])
def test_a_status_and_an_id_are_no_message_by_which_to_correct_something(body: object) -> None:
    assert "the message names" not in str(error_of(GO_LIVE, answered(400, body)))
