from __future__ import annotations

import json
import re

import pytest

OFFER = "contoso-virtualmachineoffer"
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SCOPED = rf"/api/publishers/contoso/offers/{OFFER}/operations/{GUID}"
LEGACY = rf"/api/operations/contoso\${OFFER}\$1\$production"
VERSION = r"\?api-version=2017-10-31"


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("location-relative", {"Location": SCOPED + VERSION}),
        ("location-legacy", {"Location": LEGACY + VERSION}),
        ("operation-location-absolute", {"Operation-Location": r"https://localhost:\d+" + SCOPED}),
        ("operation-location-relative", {"Operation-Location": LEGACY + VERSION}),
        ("both", {"Location": SCOPED + VERSION, "Operation-Location": r"https://localhost:\d+" + SCOPED}),
        ("none", {}),
    ],
)
def test_golive_is_accepted_with_an_empty_body_and_a_location(emulator, client, form, headers):
    emulator.configure(location_form=form)
    answer = client.golive()
    assert (answer.status_code, answer.content) == (202, b"")
    sent = {name: answer.headers[name] for name in ("Location", "Operation-Location") if name in answer.headers}
    assert sent.keys() == headers.keys()
    for name, location in sent.items():
        assert re.fullmatch(headers[name], location)
        assert client.operation(location)["status"] == "running"


def test_an_absolute_location_names_the_listener_that_was_asked(emulator, client):
    emulator.configure(location_form="operation-location-absolute")
    answer = client.golive(base=emulator.plain_url)
    assert answer.headers["Operation-Location"].startswith(emulator.plain_url + "/api/")


def test_a_golive_walks_through_the_six_steps_to_live(emulator, client):
    location = client.golive().headers["Location"]
    seen = []
    for seconds in (0, 40, 59, 1):
        emulator.advance(seconds)
        operation = client.operation(location)
        seen.append((operation["status"], [step["status"] for step in operation["steps"]]))
    assert [status for status, _ in seen] == ["running", "running", "running", "completed"]
    assert seen[0][1] == ["inProgress", *["notStarted"] * 5]
    assert seen[1][1] == ["complete", "inProgress", *["notStarted"] * 4]
    assert seen[2][1] == [*["complete"] * 5, "inProgress"]
    assert seen[3][1] == ["complete"] * 6
    assert [step["id"] for step in operation["steps"]] == [
        "displaydummycertify",
        "displaycertify",
        "displayprovision",
        "displaypackage",
        "publisher-signoff",
        "live",
    ]
    assert operation["liveLinks"][0].keys() == {"DisplayText", "URI"}


def test_progress_grows_from_0_to_100(emulator, client):
    emulator.configure(step_durations={"displaydummycertify": 10, "live": 0})
    location = client.golive().headers["Location"]
    progress = []
    for _ in range(4):
        emulator.advance(3)
        progress.append(client.operation(location)["steps"][0]["progressPercentage"])
    assert progress == sorted(progress)
    assert 25 < progress[0] < 40
    assert progress[-1] == 100


def test_a_step_can_be_given_a_duration_of_its_own(emulator, client):
    emulator.configure(duration=100, step_durations={"live": 90})
    location = client.golive().headers["Location"]
    emulator.advance(11)
    assert client.operation(location)["steps"][5]["status"] == "inProgress"
    emulator.advance(90)
    assert client.operation(location)["status"] == "completed"


@pytest.mark.parametrize(
    ("vocabulary", "running", "succeeded", "canceled", "step"),
    [
        ("documented", "running", "completed", "canceled", "complete"),
        ("mash", "running", "complete", "canceled", "complete"),
        ("camel", "running", "succeeded", "canceled", "complete"),
        ("pascal", "Running", "Succeeded", "Canceled", "Complete"),
        ("british", "running", "succeeded", "cancelled", "complete"),
    ],
)
def test_states_are_spelt_in_the_chosen_vocabulary(
    emulator, client, vocabulary, running, succeeded, canceled, step
):
    emulator.configure(vocabulary=vocabulary)
    locations = []
    for outcome in ("succeed", "cancel"):
        locations.append(client.golive().headers["Location"])
        assert client.operation(locations[-1])["status"] == running
        emulator.finish(OFFER, outcome)
    done, stopped = (client.operation(location) for location in locations)
    assert (done["status"], done["steps"][0]["status"]) == (succeeded, step)
    assert (stopped["status"], stopped["steps"][0]["status"]) == (canceled, canceled)
    states = [entry["submissionState"] for entry in client.on_offer("GET", "/submissions").json()]
    assert states == [succeeded, succeeded, canceled]


def test_a_failure_is_told_by_its_step_in_html(emulator, client):
    emulator.configure(outcome="fail")
    location = client.golive().headers["Location"]
    emulator.advance(100)
    operation = client.operation(location)
    assert operation["status"] == "failed"
    assert [step["status"] for step in operation["steps"]] == ["complete", "rejected", *["notStarted"] * 4]
    message = operation["steps"][1]["messages"][0]
    assert message["level"] == "error"
    assert message["messageHtml"].startswith("<p>Certification failed")
    assert operation["messages"] == [message]
    assert operation["liveLinks"] == []


def test_another_step_can_fail_with_other_words_for_one_offer_only(emulator, client):
    emulator.add_offer("bad", outcome="fail", failed_step="displayprovision", failure_messages=["no", "way"])
    bad = client.golive("bad").headers["Location"]
    good = client.golive().headers["Location"]
    emulator.advance(100)
    operation = client.operation(bad)
    assert operation["steps"][2]["status"] == "blocked"
    assert [message["messageHtml"] for message in operation["messages"]] == ["no", "way"]
    assert client.operation(good)["status"] == "completed"


def test_an_operation_can_be_canceled_by_the_service(emulator, client):
    emulator.configure(outcome="cancel")
    location = client.golive().headers["Location"]
    emulator.advance(100)
    operation = client.operation(location)
    assert (operation["status"], operation["cancellationRequestState"]) == ("canceled", "canceled")


def test_a_stalled_operation_never_ends(emulator, client):
    emulator.configure(outcome="stall")
    location = client.golive().headers["Location"]
    emulator.advance(30 * 24 * 3600)
    emulator.revoke_tokens()
    client._token = None
    operation = client.operation(location)
    assert operation["status"] == "running"
    assert operation["steps"][1]["status"] == "inProgress"
    assert operation["steps"][2]["status"] == "notStarted"


def test_an_operation_can_be_ended_from_outside(emulator, client):
    location = client.golive().headers["Location"]
    emulator.finish(OFFER, "fail")
    operation = client.operation(location)
    assert operation["status"] == "failed"
    assert operation["steps"][0]["messages"]
    with pytest.raises(ValueError, match="no operation runs"):
        emulator.finish(OFFER)


def test_an_operation_may_come_as_an_array_of_one(emulator, client):
    location = client.golive().headers["Location"]
    emulator.configure(body_form="array")
    (operation,) = client.operation(location)
    assert operation["status"] == "running"


def test_the_sample_and_the_table_of_the_operations_page_disagree(emulator, client):
    location = client.golive().headers["Location"]
    sample = client.operation(location)
    emulator.configure(operation_properties="table")
    table = client.operation(location)
    assert "id" not in sample
    assert "steps" not in table
    assert (table["submissionType"], table["status"], table["error"]) == ("GoLive", "running", None)


def test_messages_may_be_strings_and_step_names_ids(emulator, client):
    emulator.configure(outcome="fail", message_form="strings", step_names="ids")
    location = client.golive().headers["Location"]
    emulator.advance(100)
    operation = client.operation(location)
    assert operation["steps"][4]["stepName"] == "publisher-signoff"
    assert operation["messages"] == list(emulator.settings.failure_messages)


def test_a_golive_while_one_runs_is_409_and_starts_nothing(emulator, client):
    client.golive()
    answer = client.golive()
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "Conflict")
    assert [operation.kind for operation in emulator.operations(OFFER)] == ["publish", "golive"]


def test_an_offer_that_was_never_in_preview_cannot_go_live(emulator, client):
    emulator.add_offer("draft", state="draft")
    answer = client.golive("draft")
    assert answer.status_code == 400
    assert "publish it to preview first" in answer.json()["error"]["message"]


def test_a_live_offer_may_go_live_again_unless_the_emulator_is_strict(emulator, client):
    emulator.add_offer("live", state="live")
    emulator.configure(strict_golive=True)
    assert client.golive("live").status_code == 400
    assert client.golive().status_code == 202
    emulator.configure(strict_golive=False)
    assert client.golive("live").status_code == 202


def test_a_failed_golive_can_be_repeated(emulator, client):
    client.golive()
    emulator.finish(OFFER, "fail")
    assert client.golive().status_code == 202


def test_no_request_body_is_needed_and_any_is_ignored(emulator, client):
    body = json.dumps({"metadata": {"notification-emails": "a@example.com"}})
    assert client.golive(data=body).status_code == 202


def test_the_plain_listener_answers_like_the_https_one(emulator, client):
    answer = client.golive(base=emulator.plain_url)
    assert answer.status_code == 202
    assert client.operation(answer.headers["Location"])["status"] == "running"


def test_an_operations_path_may_end_in_a_slash(client):
    location = client.golive().headers["Location"].split("?")[0]
    assert client.get(location + "/").json()["status"] == "running"
