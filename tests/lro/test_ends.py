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
from tests.lro.followed import WATCHED, message, seen, step

URL = WATCHED.url


def _ended(state: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return ends.ended(WATCHED, seen(state, *steps, **more)).to_event()


FAILED = _ended(
    "failed",
    step("dusting", "complete"),
    step("sorting", "rejected", messages=[message("The image of plan gold has no agent.")]),
    step("opening", "notStarted"),
)
RUNNING = seen("running", step("sorting", progress=40))

EVENTS = {
    "succeeded": _ended("completed", step("opening", "complete")),
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
    assert "job-7" in str(event["message"])
    assert "helf 7" in str(event["message"])
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
    assert "Sort the books (sorting)" in told
    assert "The image of plan gold has no agent" in told
    assert "look at the counter" in told
    assert "dusting" not in told, "what went well is no news"


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
    with pytest.raises(error, match="Job job-7") as caught:
        result_of(EVENTS[status], by_sensor=by_sensor)
    assert type(caught.value) is error
    assert isinstance(caught.value, base)


def test_a_timeout_says_that_the_operation_may_still_run_and_where_it_was() -> None:
    told = str(EVENTS["timeout"]["message"])
    assert "14 days" in told
    assert "Sort the books (sorting): inProgress, 40 %" in told
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
    told = str(_ended("failed", step("sorting", "failed"))["message"])
    assert "no message given" in told


NAMED = "Correct what is named in the offer"
UNNAMED = "The service names no reason"


@pytest.mark.parametrize("steps", [[], [step("sorting", "failed")], [step("sorting", "inProgress")]])
def test_where_nothing_is_named_nobody_is_told_to_correct_it(steps: list[dict[str, Any]]) -> None:
    told = str(_ended("failed", *steps)["message"])
    assert f"{UNNAMED}: look for the reports on the offer at the counter, and ask the caretaker" in told
    assert NAMED not in told


@pytest.mark.parametrize(
    ("steps", "more"),
    [
        ([], {"messages": [message("No image.")]}),
        ([step("sorting", "inProgress", messages=[message("No image.")])], {}),
        ([step("sorting", "reticulated", messages=[message("No image.", "")])], {}),
        (
            [step("sorting", "certificationFailed", messages=[message("No image.")])],
            {"messages": [message("No image.")]},
        ),
    ],
)
def test_a_reason_is_told_once_whoever_names_it(steps: list[dict[str, Any]], more: dict[str, Any]) -> None:
    told = str(_ended("failed", *steps, **more)["message"])
    assert told.count("No image") == 1
    assert f"{NAMED}, publish it again, and look at the counter" in told
    assert UNNAMED not in told


@pytest.mark.parametrize("word", ["blocked", "attentionNeeded", "CommitFailed"])
def test_a_timeout_tells_what_asked_for_somebody_meanwhile(word: str) -> None:
    read = seen("running", step("sorting", word, messages=[message("Add a logo.")]))
    for end in (ends.timed_out(WATCHED, read, 60.0, ""), ends.unreadable(WATCHED, read, "HTTP 503")):
        assert f"is {word}: Add a logo" in end.message


def test_a_timeout_tells_what_the_operation_says_whose_own_word_looks_like_a_failure() -> None:
    read = seen("publishFailed", messages=[message("Add a logo.")])
    assert not read.is_terminal
    assert "Add a logo" in str(ends.timed_out(WATCHED, read, 60.0, "").message)
    assert COMPLETED.verdict(read) is None


def test_the_services_own_word_is_told_where_it_is_another_one() -> None:
    assert "'aborted'" in str(_ended("aborted")["message"])
    assert "'failed'" not in str(FAILED["message"])


def test_a_success_names_the_live_links() -> None:
    event = _ended("succeeded", live_links=[{"text": "x", "url": "https://azuremarketplace.example/vm"}])
    assert "https://azuremarketplace.example/vm" in str(event["message"])


def test_the_message_of_a_failure_doesnt_flood_the_log() -> None:
    texts = [message("x" * 3000) for _ in range(300)]
    event = _ended("failed", *(step(f"s{n}", "failed", messages=texts) for n in range(3)))
    assert len(str(event["message"])) < 20_000
    assert str(event["message"]).endswith("the counter. Job job-7."), "what to do stays"
