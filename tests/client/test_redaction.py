"""What is left out of an answer that quotes its request."""

from __future__ import annotations

import json
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from airflow_provider_cpp.client.redaction import without, without_quotes
from airflow_provider_cpp.wire.answers import Answer, parsed_body

TOKEN = "eyJ0eXAi+OiJKV1Q/iLCJhbG.ciOiJS-UzI1_NiIs=="
FORMS = {
    "as it is": TOKEN,
    "in a URL": quote(TOKEN, safe=""),
    "in a form": quote_plus(TOKEN),
    "in HTML": escape(TOKEN).replace("+", "&#43;").replace("/", "&#x2F;"),
    "in JSON by .NET": TOKEN.replace("+", "\\u002B"),
    "in JSON by PHP": TOKEN.replace("/", "\\/"),
    "in HTML in JSON": TOKEN.replace("+", "\\u0026#43;"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_left_out_in_any_form(form):
    told = without(f"No good: Bearer {FORMS[form]} (see the manual)", [TOKEN])
    assert told.startswith("No good: Bearer ***")
    assert told.endswith(" (see the manual)")
    assert "eyJ0" not in told


def test_a_body_stays_the_json_that_it_was():
    body = json.dumps({"error": {"message": f"d\u00e9j\u00e0 vu: {TOKEN} \\u0041"}}).encode()
    found = parsed_body(without_quotes(Answer(400, {"x-ms-request-id": TOKEN}, body), [TOKEN]))
    assert found == {"error": {"message": "d\u00e9j\u00e0 vu: ***== \\u0041"}}


def test_a_token_is_found_that_is_written_in_escapes_altogether():
    body = '{"message": "@"}'.replace("@", "".join(f"\\u{ord(c):04x}" for c in TOKEN))
    found = parsed_body(without_quotes(Answer(400, {}, body.encode()), [TOKEN]))
    assert "eyJ0" not in str(found)


@pytest.mark.parametrize("secret", ["", "short", "status", "."])
def test_what_may_stand_there_by_chance_stays(secret):
    answer = Answer(200, {"etag": "short"}, b'{"status": "short ... "}')
    assert without_quotes(answer, [secret]) is answer
