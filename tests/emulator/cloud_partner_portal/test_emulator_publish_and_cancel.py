from __future__ import annotations

import pytest

OFFER = "contoso-virtualmachineoffer"
EMAILS = {"metadata": {"notification-emails": "a@example.com,b@example.com"}}


def steps(document):
    return {step["id"]: step["status"] for step in document["steps"]}


@pytest.fixture
def draft(emulator):
    emulator.add_offer("draft", state="draft")
    return "draft"


def test_publish_brings_a_draft_to_the_sign_off_and_is_still_running(emulator, client, draft):
    answer = client.on_offer("POST", "/publish", draft, json=EMAILS)
    assert (answer.status_code, answer.content) == (202, b"")
    location = answer.headers["Location"]
    assert steps(client.operation(location))["displaydummycertify"] == "inProgress"
    emulator.advance(100)
    operation = client.operation(location)
    assert operation["status"] == "running"
    assert steps(operation) == {
        **dict.fromkeys(
            ("displaydummycertify", "displaycertify", "displayprovision", "displaypackage"), "complete"
        ),
        "publisher-signoff": "waitingForPublisherReview",
        "live": "notStarted",
    }
    assert operation["previewLinks"]
    assert not operation["liveLinks"]


def test_golive_signs_the_publish_off(emulator, client, draft):
    published = client.on_offer("POST", "/publish", draft).headers["Location"]
    assert client.golive(draft).status_code == 409
    emulator.advance(100)
    live = client.golive(draft)
    assert live.status_code == 202
    assert client.operation(published)["status"] == "completed"
    assert steps(client.operation(published))["publisher-signoff"] == "complete"
    assert client.operation(live.headers["Location"])["status"] == "running"


def test_a_publish_that_failed_can_be_repeated_but_not_signed_off(emulator, client, draft):
    emulator.override(draft, outcome="fail")
    client.on_offer("POST", "/publish", draft)
    emulator.advance(100)
    assert client.on_offer("GET", "/status", draft).json()["status"] == "failed"
    assert client.golive(draft).status_code == 400
    assert client.on_offer("POST", "/publish", draft).status_code == 202


def test_a_publish_can_be_brought_to_the_sign_off_from_outside(emulator, client, draft):
    client.on_offer("POST", "/publish", draft)
    emulator.finish(draft)
    assert (
        steps(client.on_offer("GET", "/status", draft).json())["publisher-signoff"] == "waitingForPublisherReview"
    )
    assert client.golive(draft).status_code == 202


def test_publish_while_an_operation_runs_is_409(client, draft):
    assert client.on_offer("POST", "/publish", draft).status_code == 202
    assert client.on_offer("POST", "/publish", draft).status_code == 409


def test_publish_of_an_invalid_definition_is_422(emulator, client):
    emulator.add_offer("invalid", state="draft", definition={"displayText": "", "plans": [{}]})
    answer = client.on_offer("POST", "/publish", "invalid")
    assert answer.status_code == 422
    assert "planId is missing" in answer.json()["error"]["message"]
    assert emulator.operations("invalid") == []


def test_publish_of_more_than_a_hundred_image_versions_of_a_sku_is_422(emulator, client):
    images = "microsoft-azure-virtualmachines.vmImages"
    for count, status in ((100, 202), (101, 422)):
        many = {f"1.0.{number}": {"osVhdUrl": "https://x/os.vhd"} for number in range(count)}
        plan = {"planId": "gold", images: {}, "diskGenerations": [{"planId": "gold-gen2", images: many}]}
        emulator.add_offer(f"many-{count}", state="draft", definition={"displayText": "Many", "plans": [plan]})
        assert client.on_offer("POST", "/publish", f"many-{count}").status_code == status, count


@pytest.mark.parametrize(
    "body", ["{'metadata': 1}", '{"metadata": 1}', '{"metadata": {"notification-emails": []}}']
)
def test_a_malformed_publish_is_400(client, draft, body):
    assert client.on_offer("POST", "/publish", draft, data=body).status_code == 400


def test_the_status_follows_the_offer(emulator, client, draft):
    def status():
        return client.on_offer("GET", "/status", draft).json()["status"]

    assert status() == "neverPublished"
    client.on_offer("POST", "/publish", draft)
    assert status() == "running"
    emulator.advance(100)
    assert status() == "running"
    emulator.configure(signoff_status="waitingForPublisherReview")
    assert status() == "waitingForPublisherReview"
    client.golive(draft)
    assert status() == "running"
    emulator.advance(100)
    assert status() == "succeeded"
    emulator.configure(vocabulary="pascal")
    assert status() == "Succeeded"


def test_submissions_list_both_kinds_with_their_slots(emulator, client, draft):
    client.on_offer("POST", "/publish", draft, json=EMAILS)
    emulator.advance(100)
    location = client.golive(draft).headers["Location"]
    for slash in ("", "/"):
        publish, golive = client.on_offer("GET", "/submissions" + slash, draft).json()
        assert (publish["submissionType"], publish["slot"]) == ("publish", "staging")
        assert (golive["submissionType"], golive["slot"]) == ("goLive", "production")
    assert golive["id"] in location
    assert (golive["offerVersion"], golive["publishingVersion"]) == (1, 2)
    assert golive["version"] > publish["version"] > 2**59
    assert publish["definition"] == {"metadata": {"emails": "a@example.com,b@example.com"}}


@pytest.mark.parametrize("parameter", ["status", "submissionState"])
@pytest.mark.parametrize(
    ("word", "count"),
    [("running", 1), ("Running", 1), ("completed", 1), ("succeeded", 1), ("failed", 0), ("odd", 0)],
)
def test_submissions_are_filtered_by_either_parameter_in_any_vocabulary(client, parameter, word, count):
    client.golive()
    answer = client.on_offer("GET", "/submissions/", params={parameter: word})
    assert len(answer.json()) == count


def test_an_asynchronous_cancel_takes_its_time(emulator, client):
    emulator.configure(cancel_duration=60)
    location = client.golive().headers["Location"]
    answer = client.on_offer("POST", "/cancel", json=EMAILS)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["Location"] == location
    during = client.operation(location)
    assert (during["status"], during["cancellationRequestState"]) == ("running", "cancelRequested")
    emulator.advance(30)
    client.on_offer("POST", "/cancel")
    emulator.advance(30)
    after = client.operation(location)
    assert (after["status"], after["cancellationRequestState"]) == ("canceled", "canceled")
    assert "canceled" in steps(after).values()
    assert client.on_offer("GET", "/status").json()["status"] == "canceled"


def test_an_operation_that_ends_before_the_cancel_takes_effect_keeps_its_end(emulator, client):
    emulator.configure(duration=10, cancel_duration=60)
    location = client.golive().headers["Location"]
    client.on_offer("POST", "/cancel")
    emulator.advance(60)
    assert client.operation(location)["status"] == "completed"


def test_a_synchronous_cancel_is_200(emulator, client):
    emulator.configure(cancel_mode="sync")
    location = client.golive().headers["Location"]
    assert client.on_offer("POST", "/cancel").status_code == 200
    assert client.operation(location)["status"] == "canceled"
    assert client.golive().status_code == 202


def test_a_cancel_that_does_nothing_is_202_all_the_same(emulator, client):
    emulator.configure(cancel_mode="noop")
    location = client.golive().headers["Location"]
    assert client.on_offer("POST", "/cancel").status_code == 202
    emulator.advance(99)
    assert client.operation(location)["status"] == "running"


@pytest.mark.parametrize("mode", ["async", "sync", "noop"])
def test_a_cancel_is_202_whether_or_not_anything_runs(emulator, client, draft, mode):
    emulator.configure(cancel_mode=mode)
    answer = client.on_offer("POST", "/cancel", draft)
    assert answer.status_code == 202
    assert "Location" not in answer.headers
    emulator.add_offer("live", state="live")
    assert client.on_offer("POST", "/cancel", "live").status_code == 202


def test_an_offers_status_links_to_what_is_live_while_the_next_version_is_on_its_way(emulator, client):
    status = client.on_offer("GET", "/status").json()
    assert ([link["DisplayText"] for link in status["previewLinks"]], status["liveLinks"]) == (["Preview"], [])
    client.golive()
    emulator.finish(OFFER)
    client.on_offer("POST", "/publish")
    status = client.on_offer("GET", "/status").json()
    assert status["status"] == "running"
    assert [link["DisplayText"] for link in status["liveLinks"]] == ["Live"]
