"""No refusal, and no argument that is refused, tells a secret that it quotes."""

from __future__ import annotations

import json
from html import escape

import pytest

from airflow_provider_cpp.wire.arguments import shown
from airflow_provider_cpp.wire.refusals import refusal_in
from tests.wire.secret_texts import PART, QUOTING, WRITTEN, quoted

BODIES = {
    "plain text": lambda text: text,
    "a page": lambda text: f"<html><head><title>{text}</title></head><body><p>{text}</p></body></html>",
    "XML": lambda text: f"<Error><Code>X</Code><Message>{escape(text)}</Message></Error>",
    "a message": lambda text: json.dumps({"error": {"code": text, "message": text, "target": text}}),
    "details": lambda text: json.dumps({"errors": [{"message": "x", "details": [{"message": text}]}]}),
    "a model's state": lambda text: json.dumps({"ModelState": {text: [text]}}),
    "anything": lambda text: json.dumps({"what": [{"ever": text}]}),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"Message": text})),
    "a body that was cut": lambda text: json.dumps({"error": {"message": text}})[:-1],
}


@pytest.mark.parametrize("case", QUOTING)
def test_a_refusal_tells_no_secret_wherever_its_body_has_it(case: str) -> None:
    forms = {write(quoted(case)[0]): form for form, write in WRITTEN.items()}
    for text, form in forms.items():
        for kind, body in BODIES.items():
            assert PART not in str(refusal_in(body(text).encode())), f"{kind}, {form}"


@pytest.mark.parametrize(
    "quoting",
    [
        {"clientSecret": "hUsh9Zk"},
        {"clientSecret": ["hUsh9Zk", {"a": "hUsh9Zk"}]},
        {"name": "clientSecret", "value": "hUsh9Zk"},
        {"request": {"headers": [{"key": "x-functions-key", "Value": "hUsh9Zk"}]}},
    ],
)
@pytest.mark.parametrize("message", [{}, {"message": "refused"}])
def test_nor_does_one_that_quotes_what_was_sent(quoting: dict[str, object], message: dict[str, object]) -> None:
    for body in ({**quoting, **message}, {"error": {**message, "details": [quoting]}}):
        assert PART not in str(refusal_in(json.dumps(body).encode()))


def test_an_argument_that_is_refused_is_shown_without_secrets() -> None:
    assert shown({"clientSecret": "hUsh9Zk", "u": "x?sig=hUsh9Zk"}) == "{'clientSecret': '***', 'u': 'x?sig=***'}"
