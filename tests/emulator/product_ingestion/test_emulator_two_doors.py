"""One portal with two doors: what comes through one is seen through the other."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.emulator import Emulator
from tests.emulator.product_ingestion.conftest import OFFER, IngestionClient, schema
from tests.emulator.product_ingestion.test_emulator_drafts import (
    DONE,
    PLAN,
    PRODUCT,
    TECHNICAL,
    configuration,
    edited,
    image,
    numbers,
)

IMAGES = "microsoft-azure-virtualmachines.vmImages"
IN_PROGRESS = "An In Progress submission already exists"


@pytest.fixture
def emulator(emulator):
    emulator.add_offer(OFFER, plans=2, state="draft")
    return emulator


def status(client):
    return client.portal("GET", "/status").json()["status"]


def submissions(client):
    return [(row["submissionType"], row["submissionState"]) for row in client.portal("GET", "/submissions").json()]


def test_what_the_first_door_publishes_is_a_submission_of_the_second(emulator, client):
    assert client.portal("POST", "/publish").status_code == 202
    assert client.rows() == [("preview", "running", "pending")]
    assert client.failed(client.submission("preview"))["message"] == IN_PROGRESS
    emulator.advance(100)
    assert client.rows() == [("preview", *DONE)]
    number = client.preview()
    assert client.portal("POST", "/golive").status_code == 202
    assert client.rows() == [("live", "running", "pending")]
    assert client.failed(client.submission("live", number))["message"] == IN_PROGRESS
    emulator.advance(100)
    assert client.rows() == [("live", *DONE)]
    assert [each.kind for each in emulator.operations(OFFER)] == ["publish", "golive"]


def test_what_the_second_door_publishes_is_an_operation_of_the_first(emulator, client):
    client.publish()
    assert submissions(client) == [("publish", "running")]
    assert client.portal("POST", "/publish").status_code == 409
    assert client.portal("POST", "/golive").status_code == 409
    emulator.advance(100)
    client.go_live(client.preview())
    assert submissions(client) == [("publish", "completed"), ("goLive", "running")]
    assert client.portal("POST", "/golive").status_code == 409
    emulator.advance(100)
    assert status(client) == "succeeded"
    slots = {slot: client.portal("GET", f"/slot/{slot}").status_code for slot in ("Preview", "Production")}
    assert slots == {"Preview": 200, "Production": 200}
    assert [each.kind for each in emulator.operations(OFFER)] == ["publish", "golive"]


def test_a_preview_of_the_first_door_can_go_live_through_the_second(emulator, client):
    client.portal("POST", "/publish")
    emulator.advance(100)
    client.go_live(client.preview())
    emulator.advance(100)
    assert status(client) == "succeeded"


def test_the_first_doors_cancel_ends_the_second_ones_job(emulator, client):
    emulator.cancel_mode = "sync"
    job = client.publish()
    assert client.portal("POST", "/cancel").status_code == 200
    assert client.end(job) == ("completed", "cancelled")
    assert client.rows() == []


def test_the_second_doors_cancel_ends_the_first_ones_operation(emulator, client):
    job = client.publish()
    client.send("POST", f"/configure/{job}/cancel")
    assert submissions(client) == [("publish", "canceled")]
    assert client.portal("POST", "/publish").status_code == 202


def test_a_failure_is_seen_through_both(emulator, client):
    job = client.publish()
    emulator.finish(OFFER, "fail")
    assert client.end(job) == ("completed", "failed")
    assert submissions(client) == [("publish", "failed")]


def test_a_preview_that_was_replaced_is_canceled_for_the_first_door(emulator, client):
    client.publish()
    emulator.advance(100)
    client.publish()
    assert submissions(client) == [("publish", "canceled"), ("publish", "running")]


def put(client, change):
    document = client.portal("GET").json()
    change(document["definition"])
    answer = client.portal("PUT", headers={"If-Match": "*"}, json=document)
    assert answer.status_code == 200, answer.text


def test_an_image_version_of_the_first_door_is_in_the_tree_of_the_second(emulator, client):
    def add(definition):
        definition["plans"][0][IMAGES]["1.0.1"] = {"osVhdUrl": "https://x/1.vhd?sig=a"}
        definition["plans"][0]["diskGenerations"][0][IMAGES]["1.0.1"] = {"osVhdUrl": "https://x/2.vhd?sig=b"}

    put(client, add)
    resource = configuration(client)
    assert numbers(resource) == ["1.0.0", "1.0.1"]
    uris = {
        each["imageType"]: each["source"]["osDisk"]["uri"] for each in resource["vmImageVersions"][1]["vmImages"]
    }
    assert uris == {"x64Gen1": "https://x/1.vhd?sig=a", "x64Gen2": "https://x/2.vhd?sig=b"}
    client.portal("POST", "/publish")
    emulator.advance(100)
    assert numbers(configuration(client, target="preview")) == ["1.0.0", "1.0.1"]


def test_an_image_version_of_the_second_door_is_in_the_definition_of_the_first(emulator, client):
    resource = configuration(client)
    client.start(edited(client, resource, vmImageVersions=[*resource["vmImageVersions"], image("1.0.1")]))
    plan, other = client.portal("GET").json()["definition"]["plans"]
    assert set(plan[IMAGES]) == {"1.0.0", "1.0.1"}
    assert plan[IMAGES]["1.0.1"]["osVhdUrl"].endswith("new-x64Gen1.vhd?sig=s%3D")
    (generation,) = plan["diskGenerations"]
    assert generation["planId"] == f"{PLAN}-gen2"
    assert generation[IMAGES]["1.0.1"]["osVhdUrl"].endswith("new-x64Gen2.vhd?sig=s%3D")
    assert set(other[IMAGES]) == {"1.0.0"}


def test_an_image_version_that_the_first_door_takes_away_is_gone_for_the_second(client):
    resource = configuration(client)
    client.start(edited(client, resource, vmImageVersions=[*resource["vmImageVersions"], image("1.0.1")]))

    def remove(definition):
        del definition["plans"][0][IMAGES]["1.0.1"]
        del definition["plans"][0]["diskGenerations"][0][IMAGES]["1.0.1"]

    put(client, remove)
    assert numbers(configuration(client)) == ["1.0.0"]


def test_each_doors_documents_keep_what_only_they_have(client):
    client.start({"$schema": schema("listing"), "product": PRODUCT, "title": "Second door's", "kind": "azureVM"})
    put(client, lambda definition: definition.update(displayText="First door's"))
    (listing,) = client.of_kind("listing")
    assert listing["title"] == "Second door's"
    assert client.portal("GET").json()["definition"]["displayText"] == "First door's"


def test_a_product_of_the_second_door_is_an_offer_of_the_first(client):
    client.start(
        {"$schema": schema("product"), "identity": {"externalId": "new-vm"}, "type": "azureVirtualMachine"}
    )
    offer = client.portal("GET", offer="new-vm").json()
    assert (offer["offerTypeId"], offer["status"]) == ("microsoft-azure-virtualmachines", "neverPublished")
    assert client.product("new-vm") in offer["pcRedirectUri"]


def test_a_plan_that_the_first_door_takes_away_is_gone_for_the_second(client):
    resource = configuration(client, f"{PLAN}-2")
    client.start(edited(client, resource, openPorts=[1]))
    put(client, lambda definition: definition["plans"].pop())
    assert len(client.of_kind("plan")) == len(client.of_kind(TECHNICAL)) == 1
    client.get(f"/{resource['id']}", 404)


def test_what_the_control_prints_of_an_offer_is_in_no_services_words(emulator, client):
    client.publish()
    client.portal("POST", "/publish")
    (offer,) = client.session.get(f"{emulator.url}/emulator/offers", timeout=10).json()
    assert (offer["id"], offer["productId"]) == (OFFER, client.product())
    (operation,) = offer["operations"]
    assert (operation["kind"], operation["state"], operation["waitsForSignoff"]) == ("publish", "running", False)
    assert not {"submissionState", "status", "jobStatus"} & set(operation)


# What outlives a restart


def test_jobs_rows_and_tokens_outlive_a_restart(tmp_path):
    state = {"state_file": tmp_path / "state.json", "ca_file": tmp_path / "ca.pem", "duration": 100}
    with Emulator(**state, draft_duration=50) as emulator:
        emulator.add_offer(OFFER, plans=1, state="draft")
        client = IngestionClient(emulator)
        number_of = client.product()
        edit = client.start(edited(client, configuration(client), openPorts=[1]))
        job = client.publish()
        refused = client.start(client.submission("preview"))
        before = client.documents()
        tokens = client._tokens
        port = emulator._port
    with Emulator(**state, port=port) as emulator:
        client = IngestionClient(emulator)
        client._tokens = tokens
        assert client.product() == number_of
        assert client.documents() == before
        assert client.end(job) == ("running", "pending")
        assert configuration(client)["openPorts"] == []
        emulator.advance(100)
        assert client.job(refused)["errors"][0]["message"] == IN_PROGRESS
        assert client.end(job) == client.end(edit) == DONE
        assert configuration(client)["openPorts"] == [1]
        assert configuration(client, target="preview")["openPorts"] == []
        # A token is still for its own service only.
        headers = {"Authorization": f"Bearer {client.token()}"}
        assert client.portal("GET", headers=headers).status_code == 401


# The connection


def test_a_connection_leads_to_the_service_that_is_asked_for(emulator):
    connection = emulator.connection(api="product_ingestion", timeout=5)
    assert connection == {
        "conn_type": "product_ingestion",
        "host": emulator.url,
        "login": emulator.client_id,
        "password": emulator.client_secret,
        "extra": {
            "publisher_id": "contoso",
            "tenant_id": emulator.tenant_id,
            "authority": emulator.authority,
            "ca_file": str(emulator.ca_file),
            "scope": "https://graph.microsoft.com/.default",
            "timeout": 5,
        },
    }
    assert json.loads(emulator.connection_json(api="product_ingestion", timeout=5)) == connection
    assert emulator.connection()["conn_type"] == "cpp"
    assert "scope" not in emulator.connection()["extra"]
    with pytest.raises(ValueError, match="api is 'partner_center'"):
        emulator.connection(api="partner_center")


def test_a_sample_has_as_many_plans_as_are_asked_for():
    emulator = Emulator()
    assert len(emulator.add_offer(OFFER, plans=4).definition["plans"]) == 4
    for wrong in ({"plans": 0}, {"plans": 1, "definition": {"displayText": "x"}}):
        with pytest.raises(ValueError, match="plans is"):
            emulator.add_offer(OFFER, **wrong)
