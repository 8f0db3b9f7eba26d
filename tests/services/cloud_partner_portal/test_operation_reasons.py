"""Why an operation failed: its messages and reasons, wherever its document has them."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from tests.runner import answered
from tests.services.cloud_partner_portal.scripted import message, operation, step


def test_messages_are_read_as_objects_and_as_strings() -> None:
    body = operation(
        "failed",
        step(
            messages=["<p>one</p>", message("<b>two</b>"), {"message": "three"}, {"level": "error"}, 4, None, ""]
        ),
        messages=["four", message("five", "information")],
        error={"code": "X", "message": "six"},
    )
    read = read_operation(body)

    assert isinstance(read, Operation)
    assert [m.text for m in read.steps[0].messages] == ["one", "two", "three", "4"]
    assert [(m.level, m.text) for m in read.messages] == [
        ("", "four"),
        ("information", "five"),
        ("error", "X: six"),
    ]


@pytest.mark.parametrize("messages", [None, "", {}, [[]], [None], [{}], [True], {"level": "error"}, False])
def test_messages_of_no_known_form_are_left_out_and_harm_nothing(messages: object) -> None:
    read = read_operation(operation("running", step(messages=messages), messages=messages))
    assert isinstance(read, Operation)
    assert read.messages == read.steps[0].messages == ()


REASON = "Plan contoso-plan has no image."

#: Where a reason may stand in an operation or one of its steps, besides a list of messages.
REASONS: dict[str, dict[str, object]] = {
    "a message": {"message": REASON},
    "an error as text": {"error": REASON},
    "an error": {"error": {"code": "NoImage", "message": REASON}},
    "an error's details": {"error": {"code": "Failed", "details": [{"code": "NoImage", "message": REASON}]}},
    "an inner error": {
        "error": {"code": "Failed", "innererror": {"code": "A", "innerError": {"message": REASON}}}
    },
    "an error that is a list": {"error": [{"message": REASON}]},
    "errors as texts": {"errors": [REASON]},
    "errors": {"errors": [{"code": "NoImage", "message": REASON}]},
    "errors by field": {"errors": {"plans[0]": [REASON]}},
    "status details": {"statusDetails": {"errors": [{"code": "NoImage", "details": REASON}], "warnings": []}},
    "status details as text": {"statusDetails": REASON},
    "a reason": {"failureReason": REASON},
    "messages as one text": {"messages": REASON},
    "messages as one object": {"messages": {"messageHtml": REASON, "level": "error"}},
    "messages within one another": {"messages": [[{"message": {"text": REASON}}]]},
    "a message that is JSON": {"messages": [json.dumps({"message": REASON})]},
    "another case": {"Messages": [{"MessageHtml": REASON, "Level": "error"}]},
    "a validation": {"messages": [{"errorCode": "NoImage", "severity": "error", "message": REASON}]},
}


@pytest.mark.parametrize("fields", REASONS.values(), ids=REASONS.keys())
@pytest.mark.parametrize("is_steps", [False, True])
def test_a_reason_is_found_wherever_an_operation_or_its_step_has_it(
    fields: dict[str, object], is_steps: bool
) -> None:
    failed = {"id": "displaycertify", "stepName": "Certification", "status": "rejected"}
    body = (
        {"status": "failed", "steps": [failed | fields]}
        if is_steps
        else {"status": "failed", "steps": []} | fields
    )
    read = read_operation(answered(200, body))

    assert isinstance(read, Operation)
    (said,) = read.steps[0].messages if is_steps else read.messages
    assert REASON in said.text
    assert json.loads(json.dumps(read.to_dict())) == read.to_dict()


@pytest.mark.parametrize(
    "fields", [{"fault": {"hint": REASON}}, {"result": REASON}, {"properties": {"error": {"message": REASON}}}]
)
def test_of_a_failure_without_a_reason_all_that_is_unusual_is_told(fields: dict[str, object]) -> None:
    usual = {"id": "x", "submissionType": "GoLive", "createdDateTime": "2018-03-16T17:50:45Z", "error": None}
    read = read_operation(answered(200, {"status": "failed", **usual, **fields}))
    assert isinstance(read, Operation)
    (said,) = read.messages
    assert REASON in said.text
    assert "GoLive" not in said.text

    running = read_operation(answered(200, {"status": "running", **usual, **fields}))
    assert isinstance(running, Operation)
    assert running.messages == ()


def test_a_reason_that_stands_in_several_places_is_told_once() -> None:
    body = {
        "status": "failed",
        "message": REASON,
        "error": {"message": REASON},
        "messages": [REASON],
        "errors": [REASON],
    }
    read = read_operation(answered(200, body))
    assert isinstance(read, Operation)
    assert [message.text for message in read.messages] == [REASON]
