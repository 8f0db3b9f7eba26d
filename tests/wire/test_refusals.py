"""Which words of a body say why, wherever in it they stand."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.services.cloud_partner_portal.offers import read_listed_offer, read_offer
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.wire.answers import Answer, describe, service_error
from airflow_provider_cpp.wire.listing import Unlisted
from airflow_provider_cpp.wire.refusals import MAX_SHOWN, refusal_in
from tests.runner import answered
from tests.services.cloud_partner_portal.scripted import read_list

# In the forms of real answers (test data and issues of clients of Cloud Partner Portal and Partner Center, the
# REST guidelines' errors), with invented values.
BODIES: dict[str, tuple[object, str | None, str]] = {
    "a service behind the portal": (
        {"Variant": {"error": "Disk 3 is missing."}},
        None,
        "Variant: Disk 3 is missing.",
    ),
    "a service's exception": (
        {
            "Product": {
                "serviceName": "Product",
                "error": "Ingestion.Http404Exception: product contoso-vm not found.\r\n   at A.B() in D:\\a.cs",
                "exceptionCode": "Http404Exception",
                "httpStatusCode": "NotFound",
            }
        },
        "Http404Exception",
        "Product: Ingestion.Http404Exception: product contoso-vm not found.",
    ),
    "an exception's cause": (
        {"error": "Outer: no.\n ---> Inner: the disk.\n   at A.B()\n   --- End of inner trace ---"},
        None,
        "Outer: no. ---> Inner: the disk.",
    ),
    "validations": (
        {
            "value": [
                {
                    "errorCode": "Resell-20007",
                    "severity": "Error",
                    "message": "No reseller.",
                    "resource": "Resell",
                },
                {"errorCode": "Plan-1", "message": "No plan."},
            ]
        },
        "Resell-20007",
        "No reseller. (Resell); Plan-1: No plan.",
    ),
    "a description": ({"code": "900", "description": "Offer is locked."}, "900", "Offer is locked."),
    "inner errors": (
        {
            "code": "InternalServerError",
            "data": [],
            "details": [],
            "message": "An internal server error occurred.",
            "innererror": {
                "code": "Inner",
                "data": [],
                "message": "The plan is gone.",
                "innererror": {"code": "Deep"},
            },
            "source": "Ingestion Api",
        },
        "InternalServerError",
        "An internal server error occurred; Inner: The plan is gone; Deep",
    ),
    "details": (
        {
            "error": {
                "code": "badRequest",
                "message": "Two faults.",
                "details": [{"code": "a", "message": "One.", "target": "plans[0]"}, {"message": "Other."}],
            }
        },
        "badRequest",
        "Two faults; a: One. (plans[0]); Other.",
    ),
    "texts": ({"errors": ["No logo.", "No plan."]}, None, "No logo; No plan."),
    "errors": ({"Errors": [{"Code": 7, "Message": "No logo."}]}, "7", "No logo."),
    "ModelState": (
        {"Message": "The request is invalid.", "ModelState": {"offer.id": ["Too long.", "Not lower case."]}},
        None,
        "The request is invalid; offer.id: Too long; offer.id: Not lower case.",
    ),
    "problem+json": (
        {
            "type": "https://tools.example/400",
            "title": "Validation failed.",
            "status": 400,
            "detail": "See errors.",
            "errors": {"$.plans": ["Not a list."]},
        },
        None,
        "Validation failed; See errors; $.plans: Not a list.",
    ),
    "odata": (
        {"odata.error": {"code": "Request_BadRequest", "message": {"lang": "en", "value": "Bad filter."}}},
        "Request_BadRequest",
        "Bad filter.",
    ),
    "a login": (
        {"error": "invalid_client", "error_description": "AADSTS7000215: No.", "error_codes": [7000215]},
        "invalid_client",
        "AADSTS7000215: No.",
    ),
    "an array": (["No logo.", {"message": "No plan."}], None, "No logo; No plan."),
    "a JSON text": ("Offer is locked.", None, "Offer is locked."),
    "JSON in a text": (json.dumps({"message": "Offer is locked."}), None, "Offer is locked."),
    "JSON in a message": (
        {"error": {"code": "X", "message": json.dumps({"error": {"code": "Y", "message": "Locked."}})}},
        "X",
        "Y: Locked.",
    ),
    "plain text": (b"Offer is locked.\r\n", None, "Offer is locked."),
    "a page": (
        b"<!DOCTYPE html><html><head><title>Sign in</title><script>x()</script></head><body>Enter</body></html>",
        None,
        "Sign in: Enter",
    ),
    "a page with nothing but a title": (
        b"<html><head><title>502 Bad Gateway</title></head></html>",
        None,
        "502 Bad Gateway",
    ),
    "XML": (
        b'<?xml version="1.0"?><Error><Code>Auth</Code><Message>No &amp; no.</Message></Error>',
        "Auth",
        "No & no.",
    ),
    "OData's XML": (
        b'<m:error xmlns:m="urn:m"><m:code>A</m:code><m:message lang="en"><![CDATA[a < b]]></m:message></m:error>',
        "A",
        "a < b",
    ),
    "a byte order mark": (b'\xef\xbb\xbf{"message": "Locked."}', None, "Locked."),
    "UTF-16": ('{"message": "Locked."}'.encode("utf-16"), None, "Locked."),
    "Latin 1": ("Ungültig".encode("latin-1"), None, "Ungültig"),
    "Latin 1 in JSON": ('{"message": "Ungültig"}'.encode("latin-1"), None, "Ungültig"),
    "UTF-8 that is cut within a letter": ("Ungültig: é".encode()[:-1], None, "Ungültig: \ufffd"),
    "JSON that is cut": (b'{"message": "Locked', None, '{"message": "Locked'),
    "names that nobody knows": ({"fault": {"hint": "Look at plan 3."}}, None, "fault: hint: Look at plan 3."),
    "beside the message": ({"message": "No.", "hint": "Look at plan 3."}, None, "No; hint: Look at plan 3."),
    "a number": ({"error": {"code": 17, "message": 42}}, "17", "42"),
    "nothing but a status": ({"status": 500}, None, "status: 500"),
}


@pytest.mark.parametrize(("body", "code", "message"), BODIES.values(), ids=BODIES.keys())
def test_no_word_is_lost_whatever_form_an_error_has(body: object, code: str | None, message: str) -> None:
    answer = answered(500, body)
    assert service_error(answer) == (code, message)
    assert message in describe(answer)


@pytest.mark.parametrize(
    "body", [b"", b" ", b"null", b"\x1f\x8b\x08\x00\x00", b"\x00" * 50, {}, [], "", {"a": None}]
)
def test_what_says_nothing_says_nothing(body: object) -> None:
    assert service_error(answered(500, body)) == (None, None)


@pytest.mark.parametrize("state", [{"errors": ["Too short."]}, {"Errors": [{"ErrorMessage": "Too short."}]}])
def test_of_a_secret_fields_state_the_errors_are_told_and_the_value_isnt(state: dict[str, object]) -> None:
    body = {"key": "clientSecret", "value": {"rawValue": "hUsh", **state}}
    refusal = refusal_in(json.dumps(body).encode())
    assert refusal.message == "Too short; key: clientSecret"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"<error message='Plan a &amp; b is wrong.'/>", None, "Plan a & b is wrong."),
        (b'<?xml version="1.0"?><r><error code="X" message="No."/></r>', "X", "No."),
    ],
)
def test_what_stands_in_attributes_is_told(body: bytes, code: str | None, message: str) -> None:
    refusal = refusal_in(body)
    assert (refusal.code, refusal.message) == (code, message)


def test_nothing_is_said_twice() -> None:
    said = "The plan contoso-plan has no image."
    body = {
        "code": "X",
        "message": said,
        "error_description": said,
        "details": [{"code": "X", "message": said}, {"message": said.upper()}],
        "innererror": {"code": "X", "message": "contoso-plan has no image"},
    }
    assert service_error(answered(400, body)) == ("X", said)


@pytest.mark.parametrize(
    "body", [{"message": "No.", "clientSecret": "HUSH"}, {"sent": {"password": "HUSH"}, "x": "y"}]
)
def test_what_an_error_quotes_of_a_request_is_told_without_what_is_secret_by_its_name(body: object) -> None:
    assert "HUSH" not in describe(answered(400, body))


def test_a_messages_signature_stays_secret_wherever_it_stands() -> None:
    url = "https://x.example/a.vhd?sv=1&sig=HUSH&se=2"
    for body in (
        {"Variant": {"error": url}},
        {"errors": {url: [url]}},
        {url: {"message": url}},
        [url],
        f"no: {url}".encode(),
        f"<html><title>{url}</title><body>{url}</body></html>".encode(),
        f"<Error><Message>{url}</Message></Error>".encode(),
        {"message": json.dumps({"message": url})},
        {"message": "No.", "target": url},
        {"code": url, "message": "No."},
        {"requestId": url},
    ):
        assert "HUSH" not in describe(answered(400, body))


LOGIN_PAGE = b"<html><head><title>Sign in to your account</title></head><body></body></html>"


def read_offers(answer: Answer) -> object:
    """Return the list of offers, or why it can't be read."""
    found = read_list(read_listed_offer, answer)
    return found.why.removeprefix("HTTP 200, but ") if isinstance(found, Unlisted) else found


@pytest.mark.parametrize("read", [read_operation, read_offer, read_offers])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (LOGIN_PAGE, "Sign in to your account"),
        (b"upstream connect error", "upstream connect error"),
        ({"Variant": {"error": "Disk 3 is missing."}}, "Disk 3 is missing."),
        ({"error": {"code": "Locked", "message": "The offer moves."}}, "Locked 'The offer moves.'"),
        ([{"message": "a"}, {"message": "b"}], "a; b"),
        ("Offer is locked.", "Offer is locked."),
    ],
)
def test_a_200_that_isnt_what_was_asked_for_is_quoted(read: object, body: object, words: str) -> None:
    said = read(answered(200, body))  # type: ignore[operator]
    assert isinstance(said, str)
    assert said.startswith(("the body", "entry"))
    assert words in said


def test_of_what_went_well_only_known_places_are_told() -> None:
    assert describe(answered(200, {"id": "contoso-vm", "definition": {"displayText": "Contoso"}})) == "HTTP 200"


WORD = "Unwort-4711"
wraps = st.sampled_from(
    [
        lambda x: {"error": x},
        lambda x: {"Error": {"Code": "X", "Message": "Something else.", "InnerError": x}},
        lambda x: {"error": {"code": "X", "innererror": {"code": "Y", "innererror": x}}},
        lambda x: {"message": x},
        lambda x: {"messages": [x]},
        lambda x: {"details": [{"code": "A", "message": "First."}, x]},
        lambda x: {"errors": {"offer.id": [x]}},
        lambda x: {"errors": x},
        lambda x: {"modelState": {"a.b": ["First.", x]}},
        lambda x: {"odata.error": {"message": {"lang": "en", "value": x}}},
        lambda x: {"value": [x]},
        lambda x: {"Variant": x},
        lambda x: {"status": 400, "detail": x, "title": "First."},
        lambda x: [x],
        json.dumps,
    ]
)


@given(st.lists(wraps, max_size=3))
def test_a_word_is_found_however_forms_are_wrapped_in_one_another(nested: list[object]) -> None:
    body: object = f"The word is {WORD}, and that's all."
    for wrap in nested:
        body = wrap(body)  # type: ignore[operator]
    assert WORD in describe(answered(400, json.dumps(body).encode()))


@pytest.mark.parametrize(
    "body",
    [
        {"errors": ["no"] * 100_000},
        {"errors": [{"message": f"m{n} " * 50} for n in range(5000)]},
        {str(n): {"a": "x" * 100} for n in range(20_000)},
        {"message": "x" * 2_000_000},
        b"<" * 500_000,
        b"<head" * 100_000,
        b"<![CDATA[" * 50_000,
        b"<title" * 80_000,
        b"<html>" + b"<a>x" * 100_000,
        b"[" * 500_000,
        b'{"a":' * 900 + b'"deep"' + b"}" * 900,
        b"\xff" * 500_000,
    ],
)
def test_no_body_is_walked_without_end_nor_told_without_bounds(body: object) -> None:
    answer = answered(500, body)
    begun = time.process_time()
    said = refusal_in(answer.body)
    assert time.process_time() - begun < 1.0
    assert len(said.message or "") <= MAX_SHOWN + 3


def test_what_is_left_out_is_counted() -> None:
    _, message = service_error(answered(400, {"errors": [f"fault number {n} of all" for n in range(50)]}))
    assert message is not None
    assert message.endswith("and 30 more")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "details", "errors", "innererror", "value", "target"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(
    anything.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=80), st.booleans(), st.booleans()
)
def test_any_body_is_read_as_words_on_one_line(body: bytes, is_whole: bool, is_error: bool) -> None:
    said = refusal_in(body, is_whole=is_whole, is_error=is_error)
    for part in (said.code, said.message, said.request_id):
        assert part is None or (part.isprintable() and part.strip())


def test_a_cut_answer_is_told_as_text_and_that_it_is_cut() -> None:
    said = describe(Answer(502, {}, b'{"message": "Loc', damage="the body is cut"))
    assert said == 'HTTP 502 \'{"message": "Loc\' (the body is cut)'
