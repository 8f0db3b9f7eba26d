"""Test DAGs that list, read and change offers, without Microsoft: the fixture plays the portal."""

import json

import pytest
from airflow.dag_processing.dagbag import DagBag

OFFER = "contoso-virtualmachineoffer"


def run(dag_id):
    return DagBag().dags[dag_id].test()


def test_the_offer_is_brought_to_its_file_once(cpp_emulator):
    cpp_emulator.add_offer(
        OFFER, definition={"displayText": "Contoso", "offer": {}, "plans": [{"planId": "contososkuidentifier"}]}
    )
    assert run("put_offer").state == "success"
    assert run("put_offer").state == "success"
    (request,) = cpp_emulator.requests_for("put-offer")
    assert request.headers["if-match"] == "*"
    definition = cpp_emulator.offer(OFFER).definition
    assert definition["displayText"] == "Contoso App"
    assert "1.0.1" in definition["plans"][-1]["microsoft-azure-virtualmachines.vmImages"]


@pytest.mark.cpp_api("product_ingestion")
def test_the_newer_api_is_sent_the_resources_that_differ_once(cpp_emulator):
    cpp_emulator.add_offer(
        OFFER, definition={"displayText": "Contoso", "plans": [{"planId": "contososkuidentifier"}]}
    )
    assert run("put_resources").state == "success"
    assert run("put_resources").state == "success"
    (request,) = cpp_emulator.requests_for("configure")
    assert [resource["$schema"].split("/")[4] for resource in json.loads(request.body)["resources"]] == [
        "listing",
        "virtual-machine-plan-technical-configuration",
    ]
    (plan,) = cpp_emulator.offer(OFFER).definition["plans"]
    assert "1.0.1" in plan["microsoft-azure-virtualmachines.vmImages"]


def test_one_field_is_changed_under_the_tag_that_was_read(cpp_emulator):
    cpp_emulator.configure(etag_on_get=True)
    tag = cpp_emulator.offer(OFFER).etag
    assert run("change_offer").state == "success"
    (request,) = cpp_emulator.requests_for("put-offer")
    assert request.headers["if-match"] == tag
    summary = cpp_emulator.offer(OFFER).definition["offer"]["microsoft-azure-marketplace.summary"]
    assert summary == "Now with more Contoso"


def test_each_offer_that_waits_goes_live(cpp_emulator):
    cpp_emulator.configure(duration=0)
    cpp_emulator.add_offer("another")
    cpp_emulator.add_offer("only-a-draft", state="draft")
    assert run("take_all_live").state == "success"
    assert sorted(request.offer_id for request in cpp_emulator.requests_for("golive")) == ["another", OFFER]
