"""What an operation's status document says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from airflow_provider_cpp.wire.answers import Answer
from tests.runner import answered
from tests.services.cloud_partner_portal.scripted import operation, step

# Sample bodies, as the reference prints them (its commas and braces mended).

OPERATIONS_PAGE = """
[{
    "status": "running",
    "messages": [],
    "publishingVersion": 2,
    "offerVersion": 2,
    "cancellationRequestState": "canCancel",
    "steps": [
        {
            "estimatedTimeFrame": "< 15 min",
            "id": "displaydummycertify",
            "stepName": "Validate Pre-Requisites",
            "description": "Offer settings provided are validated.",
            "status": "complete",
            "messages": [],
            "progressPercentage": 100
        },
        {
            "estimatedTimeFrame": "< 5 day",
            "id": "displaycertify",
            "stepName": "Certification",
            "description": "Your offer is analyzed by our certification systems for issues.",
            "status": "blocked",
            "messages": [
                {
                    "messageHtml": "The virtual machine image could not be read.",
                    "level": "error",
                    "timestamp": "2018-03-16T17:50:45.7215661Z"
                }
            ],
            "progressPercentage": 0
        },
        {
            "estimatedTimeFrame": "~2-5 days",
            "id": "live",
            "stepName": "Live",
            "description": "Offer is publicly visible and is available for purchase.",
            "status": "notStarted",
            "messages": [],
            "progressPercentage": 0
        }
    ],
    "previewLinks": [],
    "liveLinks": [],
    "notificationEmails": "jdoe@contoso.com"
}]
"""

OPERATIONS_TABLE = """
{
    "id": "56615b67-2185-49fe-80d2-c4ddf77bb2e8",
    "submissionType": "GoLive",
    "createdDateTime": "2018-03-16T17:50:45Z",
    "lastActionDateTime": "2018-03-16T18:50:45Z",
    "status": "not started",
    "error": ""
}
"""


@pytest.mark.parametrize("text", [OPERATIONS_PAGE, OPERATIONS_PAGE.strip().strip("[]")], ids=["array", "object"])
def test_the_pages_sample_is_read_as_an_array_of_one_and_as_an_object(text: str) -> None:
    read = read_operation(answered(200, text.encode()))

    assert isinstance(read, Operation)
    assert (read.status, read.raw_status) == ("running", "running")
    assert [s.id for s in read.steps] == ["displaydummycertify", "displaycertify", "live"]
    certify = read.steps[1]
    assert (certify.name, certify.status, certify.estimate, certify.progress) == (
        "Certification",
        "blocked",
        "< 5 day",
        0,
    )
    assert [(m.level, m.text) for m in certify.messages] == [
        ("error", "The virtual machine image could not be read.")
    ]
    assert read.current_step == certify
    assert read.failed_steps == (certify,)


def test_the_tables_properties_are_read_too() -> None:
    read = read_operation(answered(200, OPERATIONS_TABLE.encode()))
    assert isinstance(read, Operation)
    assert (read.status, read.raw_status, read.messages, read.steps) == ("running", "not started", (), ())


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b"  \r\n", "empty"),
        (b"<html><body>Sign in</body></html>", "JSON"),
        (b'{"status": "succee', "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 300_000, "JSON"),
        ([], "array"),
        ([{"status": "succeeded"}, {"status": "failed"}], "array"),
        ([["succeeded"]], "object"),
        (["succeeded"], "object"),
        ("succeeded", "object"),
        (17, "object"),
        (None, "empty"),
        (b"null", "JSON"),
        ({}, "status"),
        ({"status": None}, "status"),
        ({"status": ""}, "status"),
        ({"status": " "}, "status"),
        ({"status": 3}, "status"),
        ({"status": True}, "status"),
        ({"status": ["succeeded"]}, "status"),
        ({"status": {"name": "succeeded"}}, "status"),
        ({"state": "succeeded"}, "status"),
        ({"error": {"code": "InternalServerError"}}, "status"),
    ],
)
def test_a_document_without_a_status_is_a_failed_read_and_says_why(body: object, why: str) -> None:
    read = read_operation(answered(200, body))
    assert isinstance(read, str)
    assert why in read


def test_a_cut_body_is_a_failed_read_even_where_it_happens_to_parse() -> None:
    assert (
        read_operation(Answer(200, {}, b'{"status": "succeeded"}', damage="the body is cut")) == "the body is cut"
    )


def test_the_submissions_word_for_status_is_understood() -> None:
    read = read_operation(answered(200, {"submissionState": "completed", "status": None}))
    assert isinstance(read, Operation)
    assert read.status == "succeeded"


@pytest.mark.parametrize(
    ("fields", "progress"),
    [
        ({"progressPercentage": 40}, 40),
        ({"processPercentage": 40}, 40),  # the status page's table
        ({"progressPercentage": 40, "processPercentage": 10}, 40),
        ({"progressPercentage": 0}, 0),
        ({"progressPercentage": None}, None),
        ({"progressPercentage": "40"}, None),
        ({"progressPercentage": True}, None),
        ({"progressPercentage": 100}, 100),
        ({"progressPercentage": 101}, None),
        ({"progressPercentage": -1}, None),
        ({"progressPercentage": 10**30}, None),  # the triggerer couldn't send it to a worker
        ({}, None),
    ],
)
def test_a_steps_percentage_is_found_under_both_of_its_names(
    fields: dict[str, object], progress: int | None
) -> None:
    read = read_operation(operation("running", {"id": "live", "status": "inProgress", **fields}))
    assert isinstance(read, Operation)
    assert read.steps[0].progress == progress


def test_a_document_is_read_in_another_case_too() -> None:
    body = {
        "Status": "Failed",
        "Steps": [{"Id": "live", "StepName": "Live", "Status": "Rejected", "Messages": ["no"]}],
    }
    read = read_operation(answered(200, body))
    assert isinstance(read, Operation)
    assert (read.status, read.steps[0].label, read.steps[0].messages[0].text) == ("failed", "Live", "no")


@pytest.mark.parametrize("steps", [None, "text", {}, 7, [None, 1, "x", []]])
def test_steps_of_no_known_form_are_left_out_and_harm_nothing(steps: object) -> None:
    read = read_operation(answered(200, {"status": "completed", "steps": steps}))
    assert isinstance(read, Operation)
    assert (read.status, read.steps) == ("succeeded", ())


def test_no_document_is_blown_up() -> None:
    """A megabyte of empty steps would be thirty of an event, and a line in the log for each."""
    many = 10_000
    body = {"status": "failed", "steps": [{}] * many, "messages": ["m"] * many, "liveLinks": ["https://x"] * many}
    read = read_operation(answered(200, body))
    assert isinstance(read, Operation)
    assert (len(read.steps), len(read.live_links)) == (200, 200)
    assert [message.text for message in read.messages[199:]] == [
        "m",
        "and 9800 more messages",
        "and 9800 more steps",
    ]


def test_links_are_kept_as_they_are_in_the_form_that_clients_saw() -> None:
    links = [
        {"DisplayText": "Portal", "URI": "https://portal.azure.com/?x=1&region=eu&copy=2#blade"},
        {"displayText": "No link", "uri": "javascript:alert(1)"},
        "https://example.com/a",
        {"uri": "https://x/a.vhd?sv=1&sig=HUSH&se=2"},
        17,
    ]
    read = read_operation(operation("succeeded", previewLinks=links, liveLinks=links))

    assert isinstance(read, Operation)
    assert (
        read.live_links
        == read.preview_links
        == (
            ("Portal", "https://portal.azure.com/?x=1&region=eu&copy=2#blade"),
            ("", "https://example.com/a"),
            ("", "https://x/a.vhd?sv=1&sig=***&se=2"),
        )
    )


@pytest.mark.parametrize(
    ("name", "identifier", "label"),
    [
        ("Certification", "displaycertify", "Certification (displaycertify)"),
        ("publisher-signoff", "publisher-signoff", "publisher-signoff"),  # migrated offers
        ("Publisher signoff", "publisher-signoff", "Publisher signoff"),
        ("", "live", "live"),
        ("Live", "", "Live"),
        ("", "", "step without a name"),
    ],
)
def test_a_step_is_called_by_its_name_and_by_its_id_where_that_tells_more(
    name: str, identifier: str, label: str
) -> None:
    read = read_operation(operation("running", {"id": identifier, "stepName": name, "status": "inProgress"}))
    assert isinstance(read, Operation)
    assert read.steps[0].label == label


def test_the_current_step_is_the_first_that_is_neither_done_nor_to_come() -> None:
    read = read_operation(
        operation(
            "running",
            step("a", "complete"),
            step("b", "completed"),
            step("c", "notStarted"),
            step("d", "waitingForPublisherReview"),
            step("e", "inProgress"),
        )
    )
    assert isinstance(read, Operation)
    assert read.current_step is not None
    assert read.current_step.id == "d"


def test_states_of_steps_and_of_the_whole_need_not_agree() -> None:
    # The status page's sample: succeeded, with steps that never started.
    read = read_operation(operation("succeeded", step("a", "notStarted"), step("live", "complete")))
    assert isinstance(read, Operation)
    assert read.status == "succeeded"


def test_an_operation_goes_into_xcom_as_json_primitives() -> None:
    read = read_operation(answered(200, OPERATIONS_PAGE.encode()))
    assert isinstance(read, Operation)
    data = read.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert list(data) == ["status", "raw_status", "steps", "messages", "preview_links", "live_links"]


KEYS = (
    "status submissionState steps messages id stepName progressPercentage messageHtml level error code message "
    "liveLinks previewLinks URI DisplayText estimatedTimeFrame"
)
keys = st.sampled_from(KEYS.split())
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["failed", "live"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=25,
)


@given(anything)
def test_no_document_is_too_odd_to_be_read_or_refused_in_words(body: object) -> None:
    read = read_operation(answered(200, json.dumps(body).encode()))
    if isinstance(read, Operation):
        assert json.loads(json.dumps(read.to_dict(), allow_nan=False)) == read.to_dict()
        words = [read.raw_status, *(s.label + s.status for s in read.steps), *(m.text for m in read.messages)]
        assert all(word.isprintable() for word in words)
    else:
        assert read
