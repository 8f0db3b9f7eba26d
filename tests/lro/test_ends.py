"""How a watch ends: its event, and the result or error that the event means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowSensorTimeout
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppError,
    OperationCanceled,
    OperationFailed,
    OperationStatusUnknown,
    OperationTimeout,
    WatchedOperationFailed,
)
from airflow_provider_cpp.lro import ends
from airflow_provider_cpp.lro.ends import result_of
from airflow_provider_cpp.lro.goals import COMPLETED
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.services.cloud_partner_portal.locations import parse_location
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, message, operation, step

URL = f"{ORIGIN}/api/publishers/contoso/offers/{OFFER}/operations/{GUID}"
WATCHED = parse_location(URL, origin=ORIGIN)


def _ended(*arguments: object, **more: object) -> dict[str, Any]:
    read = read_operation(operation(*arguments, **more))  # type: ignore[arg-type]
    assert isinstance(read, Operation)
    return ends.ended(WATCHED, read).to_event()


FAILED = _ended(
    "failed",
    step("displaydummycertify", "complete"),
    step("displaycertify", "rejected", messages=[message("<p>The image of plan <b>gold</b> has no agent.</p>")]),
    step("live", "notStarted"),
)
RUNNING = read_operation(operation("running", step("displaycertify", progressPercentage=40)))
assert isinstance(RUNNING, Operation)

EVENTS = {
    "succeeded": _ended("completed", step("live", "complete")),
    "failed": FAILED,
    "canceled": _ended("cancelled"),
    "timeout": ends.timed_out(WATCHED, RUNNING, 1_209_600.0, "").to_event(),
    "unknown": ends.unreadable(WATCHED, RUNNING, "HTTP 503").to_event(),
}


@pytest.mark.parametrize(("status", "event"), EVENTS.items())
def test_an_event_names_its_operation_and_crosses_airflows_database_unchanged(
    status: str, event: dict[str, Any]
) -> None:
    assert event["status"] == status
    assert event["location"] == URL
    assert GUID in str(event["message"])
    assert OFFER in str(event["message"])
    assert json.loads(json.dumps(event, allow_nan=False)) == event


@pytest.mark.parametrize("by_sensor", [True, False])
def test_a_success_returns_the_finished_operation(by_sensor: bool) -> None:
    result = result_of(EVENTS["succeeded"], by_sensor=by_sensor)

    assert result == EVENTS["succeeded"]["operation"]
    assert (result["status"], result["raw_status"]) == ("succeeded", "completed")


def test_a_failure_names_the_failed_step_its_messages_in_plain_text_and_what_to_do() -> None:
    with pytest.raises(OperationFailed) as caught:
        result_of(FAILED, by_sensor=False)

    told = str(caught.value)
    assert "Certification (displaycertify)" in told
    assert "The image of plan gold has no agent" in told
    assert "https://partner.microsoft.com/" in told
    assert "<" not in told
    assert "displaydummycertify" not in told, "what went well is no news"


def test_a_failed_operation_is_final_for_a_sensor_and_worth_a_retry_for_an_operator() -> None:
    with pytest.raises(WatchedOperationFailed) as by_sensor:
        result_of(FAILED, by_sensor=True)
    with pytest.raises(OperationFailed) as by_operator:
        result_of(FAILED, by_sensor=False)

    assert isinstance(by_sensor.value, AirflowFailException)
    assert not isinstance(by_operator.value, AirflowFailException)
    assert str(by_sensor.value) == str(by_operator.value), "one operation has one message"


@pytest.mark.parametrize("by_sensor", [True, False])
@pytest.mark.parametrize(
    ("status", "error", "base"),
    [
        ("canceled", OperationCanceled, AirflowFailException),
        ("timeout", OperationTimeout, AirflowSensorTimeout),
        ("unknown", OperationStatusUnknown, AirflowException),
    ],
)
def test_every_other_outcome_is_its_own_error(
    status: str, error: type[CppError], base: type[Exception], by_sensor: bool
) -> None:
    with pytest.raises(error, match=GUID) as caught:
        result_of(EVENTS[status], by_sensor=by_sensor)
    assert type(caught.value) is error
    assert isinstance(caught.value, base)


def test_a_timeout_says_that_the_operation_may_still_run_and_where_it_was() -> None:
    told = str(EVENTS["timeout"]["message"])
    assert "14 days" in told
    assert "Certification (displaycertify): inProgress, 40 %" in told
    assert "still be running" in told


def test_a_timeout_of_what_could_never_be_read_says_so() -> None:
    told = str(ends.timed_out(WATCHED, None, 60.0, "HTTP 503").message)
    assert "not be read even once" in told
    assert "HTTP 503" in told


def test_an_unreadable_status_says_nothing_about_the_operation() -> None:
    told = str(EVENTS["unknown"]["message"])
    assert "says nothing about the operation itself" in told
    assert "HTTP 503" in told


@pytest.mark.parametrize("error", [CppAuthError("401"), CppBadRequest("400")])
def test_the_error_that_ended_a_watch_is_raised_as_what_it_was(error: CppError) -> None:
    event = ends.refused(URL, error).to_event()
    assert event["status"] == "unknown"
    assert json.loads(json.dumps(event)) == event
    with pytest.raises(type(error), match=str(error)):
        result_of(event, by_sensor=True)


@pytest.mark.parametrize(
    "name", [None, "", "Exception", "SystemExit", "AirflowFailException", "annotations", 7, []]
)
def test_an_unknown_outcome_with_a_strange_error_is_still_unknown(name: object) -> None:
    with pytest.raises(OperationStatusUnknown):
        result_of({**EVENTS["unknown"], "error": name}, by_sensor=False)


NONSENSE = {
    "None": None,
    "True": True,
    "word": "succeeded",
    "list": [EVENTS["succeeded"]],
    "empty": {},
    "no message": {"status": "succeeded", "operation": {}},
    "message that is none": {**EVENTS["succeeded"], "message": None},
    "another word": {**EVENTS["succeeded"], "status": "success"},
    "another case": {**EVENTS["succeeded"], "status": "Succeeded"},
    "no status": {**EVENTS["succeeded"], "status": None},
    "running": {**EVENTS["succeeded"], "status": "running"},
    "true": {**EVENTS["succeeded"], "status": True},
    "list as status": {**EVENTS["succeeded"], "status": ["succeeded"]},
    "no operation": {**EVENTS["succeeded"], "operation": None},
    "no location": {name: value for name, value in EVENTS["succeeded"].items() if name != "location"},
    "operation that is none": {**EVENTS["succeeded"], "operation": "succeeded"},
    "failed operation": {**EVENTS["succeeded"], "operation": FAILED["operation"]},
    "running operation": {**EVENTS["succeeded"], "operation": RUNNING.to_dict()},
    "empty operation": {**EVENTS["succeeded"], "operation": {}},
    "http trigger's": {"status": "success", "response": "..."},
}


@pytest.mark.parametrize("by_sensor", [True, False])
@pytest.mark.parametrize("event", NONSENSE.values(), ids=NONSENSE.keys())
def test_an_event_that_isnt_one_of_ours_is_an_error_never_a_success(event: object, by_sensor: bool) -> None:
    with pytest.raises(OperationStatusUnknown, match="isn't known") as caught:
        result_of(event, by_sensor=by_sensor)
    assert len(str(caught.value)) < 1000


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=9)
    | st.sampled_from(["succeeded", "failed", "status", "unknown"]),
    lambda inner: st.dictionaries(
        st.sampled_from(["status", "message", "operation", "error", "location"]), inner, max_size=5
    ),
    max_leaves=8,
)


@given(anything, st.booleans())
def test_only_an_event_that_says_succeeded_throughout_succeeds(event: object, by_sensor: bool) -> None:
    try:
        result = result_of(event, by_sensor=by_sensor)
    except CppError:
        return
    assert isinstance(event, dict)
    assert event["status"] == "succeeded"
    assert result["status"] == "succeeded"


def test_a_failure_without_a_message_says_so() -> None:
    told = str(_ended("failed", step("displaycertify", "failed"))["message"])
    assert "no message given" in told


NAMED = "Correct what is named in the offer"
UNNAMED = "The service names no reason"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"messages": None, "error": ""},
        {"error": {}, "errors": [], "statusDetails": None},
    ],
)
def test_where_nothing_is_named_nobody_is_told_to_correct_it(more: dict[str, object]) -> None:
    for steps in ([], [step("displaycertify", "failed")], [step("displaycertify", "inProgress")]):
        told = str(_ended("failed", *steps, **more)["message"])
        assert UNNAMED in told
        assert NAMED not in told
        assert "https://partner.microsoft.com/" in told


@pytest.mark.parametrize(
    ("steps", "more"),
    [
        ([], {"message": "No image."}),
        ([], {"statusDetails": {"errors": [{"message": "No image."}]}}),
        ([step("displaycertify", "rejected", error={"message": "No image."})], {}),
        ([step("displaycertify", "inProgress", messages=[message("No image.")])], {}),
        ([step("displaycertify", "reticulated", messages=["No image."])], {}),
        (
            [step("displaycertify", "certificationFailed", messages=[message("No image.")])],
            {"messages": ["No image."]},
        ),
    ],
)
def test_a_reason_is_told_once_wherever_it_stood(steps: list[dict[str, object]], more: dict[str, object]) -> None:
    told = str(_ended("failed", *steps, **more)["message"])
    assert told.count("No image") == 1
    assert NAMED in told
    assert UNNAMED not in told


@pytest.mark.parametrize("word", ["blocked", "attentionNeeded", "CommitFailed"])
def test_a_timeout_tells_what_asked_for_somebody_meanwhile(word: str) -> None:
    read = read_operation(operation("running", step("displaycertify", word, messages=[message("Add a logo.")])))
    assert isinstance(read, Operation)
    for end in (ends.timed_out(WATCHED, read, 60.0, ""), ends.unreadable(WATCHED, read, "HTTP 503")):
        assert f"is {word}: Add a logo" in end.message


def test_a_timeout_tells_what_the_operation_says_whose_own_word_looks_like_a_failure() -> None:
    read = read_operation(operation("publishFailed", messages=["Add a logo."]))
    assert isinstance(read, Operation)
    assert not read.is_terminal
    assert "Add a logo" in str(ends.timed_out(WATCHED, read, 60.0, "").message)
    assert COMPLETED.verdict(read) is None


def test_the_services_own_word_is_told_where_it_is_another_one() -> None:
    assert "'aborted'" in str(_ended("aborted")["message"])
    assert "'failed'" not in str(FAILED["message"])


def test_a_success_names_the_live_links() -> None:
    event = _ended("succeeded", liveLinks=[{"DisplayText": "x", "URI": "https://azuremarketplace.example/vm"}])
    assert "https://azuremarketplace.example/vm" in str(event["message"])


def test_the_message_of_a_failure_doesnt_flood_the_log() -> None:
    texts = [message("x" * 3000) for _ in range(300)]
    event = _ended("failed", *(step(f"s{n}", "failed", messages=texts) for n in range(3)))
    assert len(str(event["message"])) < 20_000
    assert str(event["message"]).endswith(f"overview. Operation {GUID}."), "what to do stays"
