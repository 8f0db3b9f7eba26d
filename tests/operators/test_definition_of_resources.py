"""ListOffersOperator, GetOfferOperator and PutOfferOperator against the Product Ingestion API on a real socket."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError, CppNotFound
from airflow_provider_cpp.operators.offer import GetOfferOperator, ListOffersOperator, PutOfferOperator
from airflow_provider_cpp.services.product_ingestion import draft_jobs
from tests.running import context_of, run_task, through_the_database

OFFER = "contoso-virtualmachineoffer"
SIGNATURE = "hUsh9Zk%2Bw%2F3Qd%3D%3D"
LISTING = {
    "$schema": "https://schema.mp.microsoft.com/schema/listing/2022-03-01-preview2",
    "languageId": "en-us",
    "kind": "azureVM",
    "title": "New",
}
IMAGE = {
    "$schema": "https://schema.mp.microsoft.com/schema/virtual-machine-plan-technical-configuration/2022-03-01-preview2",
    "plan": {"externalId": f"{OFFER}-plan"},
    "vmImageVersions": [
        {
            "versionNumber": "7.0.0",
            "vmImages": [
                {
                    "imageType": "x64Gen1",
                    "source": {
                        "sourceType": "sasUri",
                        "osDisk": {
                            "uri": f"https://contoso.blob.core.windows.net/vhds/7.vhd?sp=rl&sig={SIGNATURE}"
                        },
                    },
                }
            ],
        }
    ],
}


@pytest.fixture(autouse=True)
def portal(cpp_emulator, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api="product_ingestion"))
    monkeypatch.setattr(draft_jobs, "PAUSES", (0.01,))
    return cpp_emulator


def result_of(task, **context):
    return through_the_database(run_task(task, context_of(task, **context)).result)


def get(**arguments):
    return result_of(GetOfferOperator(task_id="get", offer_id=OFFER, **arguments))


def put(definition, **arguments):
    return result_of(PutOfferOperator(task_id="put", offer_id=OFFER, definition=definition, **arguments))


class TestListing:
    """What tasks are mapped over."""

    def test_all_offers_of_the_account(self, portal):
        portal.add_offer("draft", state="draft")
        portal.add_offer("core", state="draft", offer_type_id="microsoft-azure-corevm")
        assert result_of(ListOffersOperator(task_id="list", offer_type_id="azureVirtualMachine")) == [
            {
                "publisher_id": "contoso",
                "offer_id": offer_id,
                "offer_type_id": "azureVirtualMachine",
                "status": "",
                "version": None,
                "display_text": offer_id,
            }
            for offer_id in (OFFER, "draft")
        ]

    def test_a_status_that_the_list_doesnt_have_is_refused(self):
        with pytest.raises(CppConfigurationError, match="doesn't say an offer's status in its list"):
            result_of(ListOffersOperator(task_id="list", status="published"))


class TestGetting:
    """An offer's tree."""

    def test_it_is_the_services_own_without_signatures(self):
        put(IMAGE)
        document = get()
        assert document["target"] == {"targetType": "draft"}
        text = json.dumps(document)
        assert SIGNATURE not in text
        assert "7.vhd?sp=rl&sig=***" in text

    def test_a_slot(self, portal):
        assert get(slot="preview")["target"] == {"targetType": "preview"}
        with pytest.raises(CppNotFound, match="Nothing of it is live"):
            get(slot="live")

    def test_there_are_no_versions(self, portal):
        with pytest.raises(CppConfigurationError, match="keeps no versions of an offer"):
            get(version=1)
        assert portal.requests == []


class TestPutting:
    """A draft is as wanted afterwards."""

    @pytest.mark.parametrize("form", [dict, lambda it: [it], json.dumps, lambda it: json.dumps([it])])
    def test_a_resource_or_a_list_of_them_in_any_form(self, portal, form):
        result = put(form(LISTING))
        assert (result["changed"], result["version"], result["etag"]) == (True, None, None)
        assert put(form(LISTING))["changed"] is False
        assert len(portal.requests_for("configure")) == 1

    def test_a_file_of_a_list(self, tmp_path):
        (tmp_path / "offer.json").write_text(json.dumps([LISTING]))
        assert put(tmp_path / "offer.json")["changed"] is True

    def test_what_get_returned_is_taken_back_with_a_change(self):
        put(IMAGE)
        document = get()
        assert put(document)["changed"] is False
        product = next(each for each in document["resources"] if each["id"].startswith("product/"))
        product["alias"] = "New"
        result = put(document)
        assert result["differences"] == [{"path": "product/alias", "before": f'"{OFFER}"', "after": '"New"'}]
        assert put(IMAGE)["changed"] is False  # its signature is the same still

    def test_the_etag_that_none_has_is_refused_and_any_state_is_taken(self, portal):
        with pytest.raises(CppConfigurationError, match="has no ETags"):
            put(LISTING, if_match='W/"1"')
        assert portal.requests == []
        assert put(LISTING, if_match="*")["changed"] is True

    def test_a_definition_of_the_other_service_is_refused(self, portal):
        with pytest.raises(CppConfigurationError, match="has the form of Cloud Partner Portal's API"):
            put({"definition": {"displayText": "New"}})
        assert portal.requests == []


def test_resources_are_refused_by_the_other_service(portal, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", portal.connection_json())
    for definition in (LISTING, [LISTING], {"resources": [LISTING]}):
        with pytest.raises(CppConfigurationError, match="has the form of the Product Ingestion API"):
            put(definition)
    assert portal.requests == []
