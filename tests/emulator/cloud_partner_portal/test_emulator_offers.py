from __future__ import annotations

import re

import pytest

OFFER = "contoso-virtualmachineoffer"
BODY = {
    "publisherId": "contoso",
    "offerTypeId": "microsoft-azure-virtualmachines",
    "id": "new",
    "offerTypeVersions": {"microsoft-azure-virtualmachines": 87},
    "definition": {"displayText": "New", "offer": {}, "plans": [{"planId": "plan"}]},
}


def test_publishers_and_offers_are_listed(emulator, client):
    emulator.add_offer("draft", state="draft")
    emulator.add_offer("elsewhere", publisher_id="fabrikam", offer_type_id="core")
    assert [entry["id"] for entry in client.get("/api/publishers").json()] == ["contoso", "fabrikam"]
    offers = client.get("/api/publishers/contoso/offers").json()
    assert [(offer["id"], offer["status"]) for offer in offers] == [
        (OFFER, "running"),
        ("draft", "neverPublished"),
    ]
    assert offers[0].keys() == {
        *("offerTypeId", "publisherId", "status", "id", "version", "definition", "changedTime"),
        *("lockStatus", "pcMigrationStatus", "pcRedirectUri", "isvUpgradeRequest", "offerTypeChanges"),
        *("pricingNotRecalculatedRegions", "offerTypeVersionsOverride"),
    }
    assert offers[0]["definition"] == {"displayText": OFFER}


def test_the_list_can_be_filtered_by_type(emulator, client):
    emulator.add_offer("other", offer_type_id="microsoft-azure-corevm")
    path = "/api/publishers/contoso/offers"
    answer = client.get(path, params={"$filter": "offerTypeId eq 'microsoft-azure-corevm'"})
    assert [offer["id"] for offer in answer.json()] == ["other"]
    assert client.get(path, params={"$filter": "version gt 1"}).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/publishers/nobody/offers",
        "/api/publishers/nobody/offers/any",
        "/api/publishers/contoso/offers/missing",
        "/api/publishers/contoso/offers/missing/status",
        "/api/publishers/contoso/offers/missing/submissions/",
        f"/api/publishers/contoso/offers/{OFFER}/operations/00000000-0000-0000-0000-000000000000",
        f"/api/publishers/contoso/offers/{OFFER}/versions/99",
        f"/api/publishers/contoso/offers/{OFFER}/slot/Production",
        "/api/operations/contoso$missing$1$preview",
        "/api/nothing",
    ],
)
def test_what_does_not_exist_is_404_with_an_error_body(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NotFound"


@pytest.mark.parametrize("version", [None, "2017-10-3", ""])
def test_a_missing_or_unknown_api_version_is_400(client, version):
    answer = client.on_offer("GET", params={"api-version": version})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InvalidAPIVersion"


@pytest.mark.parametrize(
    ("method", "call"),
    [
        *(("GET", call) for call in ("", "/status", "/submissions", "/operations/any")),
        *(("POST", call) for call in ("/golive", "/publish", "/cancel")),
        ("PUT", ""),
    ],
)
def test_an_application_that_is_not_registered_for_the_publisher_is_403(emulator, client, method, call):
    emulator.configure(forbidden_publishers=("contoso",))
    answer = client.on_offer(method, call)
    assert answer.status_code == 403
    assert answer.json() == {
        "error": {"code": "Forbidden", "message": "User does not have the required permissions"}
    }


def test_a_wrong_method_is_405(client):
    assert client.on_offer("GET", "/golive").status_code == 405


def test_an_offer_has_versions_and_slots(emulator, client):
    assert client.on_offer("GET").json()["version"] == 2
    assert client.on_offer("GET", "/versions/1").json()["version"] == 1
    assert client.on_offer("GET", "/slot/preview").json()["version"] == 1
    assert client.on_offer("GET", "/slot/Draft").json()["version"] == 2
    assert client.on_offer("GET", "/slot/view").status_code == 400
    assert client.on_offer("GET", "/versions/one").status_code == 400
    client.golive()
    emulator.finish(OFFER)
    live = client.on_offer("GET", "/slot/Production").json()
    assert (live["version"], live["status"]) == (1, "published")


def test_a_draft_is_in_no_other_slot(emulator, client):
    emulator.add_offer("draft", state="draft")
    assert client.on_offer("GET", "/slot/Draft", "draft").status_code == 200
    assert client.on_offer("GET", "/slot/Preview", "draft").status_code == 404


def test_put_creates_an_offer_with_201_and_an_etag(client):
    answer = client.on_offer("PUT", offer="new", json=BODY)
    assert answer.status_code == 201
    assert answer.headers["ETag"].startswith("W/\"datetime'")
    document = answer.json()
    assert (document["status"], document["version"]) == ("neverPublished", 1)
    got = client.on_offer("GET", offer="new").json()
    assert not {"offerTypeVersions", "eTag"} & got.keys(), "no sample and no recorded answer has them"
    assert got["definition"]["displayText"] == BODY["definition"]["displayText"]


def test_put_on_an_existing_offer_wants_if_match(client):
    etag = client.on_offer("PUT", offer="new", json=BODY).headers["ETag"]
    refused = client.on_offer("PUT", offer="new", json=BODY)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "InvalidResourceId")
    changed = client.on_offer("PUT", offer="new", json=BODY, headers={"If-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    assert client.on_offer("PUT", offer="new", json=BODY, headers={"If-Match": etag}).status_code == 412
    assert client.on_offer("PUT", offer="new", json=BODY, headers={"If-Match": "*"}).status_code == 200


def test_an_etag_for_an_offer_that_does_not_exist_is_412(client):
    assert client.on_offer("PUT", offer="new", json=BODY, headers={"If-Match": 'W/"any"'}).status_code == 412


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"json": BODY | {"offerTypeId": None}}, "'OfferTypeId' cannot be null"),
        ({"json": BODY | {"definition": None}}, "'Definition' cannot be null"),
        ({"json": BODY | {"id": "another"}}, "'id' does not match"),
        ({"json": []}, "not an offer"),
        ({"data": "{'single': 'quotes'}"}, "not valid JSON"),
        ({}, "not an offer"),
    ],
)
def test_a_malformed_offer_is_400(client, options, text):
    answer = client.on_offer("PUT", offer="new", **options)
    assert answer.status_code == 400
    assert text in answer.json()["error"]["message"]


def test_an_offer_names_its_page_in_partner_center_only_since_the_migration(emulator, client):
    emulator.add_offer("other")
    migrated = client.on_offer("GET").json()
    assert migrated["pcMigrationStatus"] == "migrated"
    assert re.fullmatch(
        r"https://partner\.microsoft\.com/en-us/dashboard/commercial-marketplace/offers/[0-9a-f-]{36}/overview",
        migrated["pcRedirectUri"],
    )
    listed = {entry["id"]: entry["pcRedirectUri"] for entry in client.get("/api/publishers/contoso/offers").json()}
    assert listed[OFFER] == migrated["pcRedirectUri"] != listed["other"]
    emulator.configure(migrated=False)
    assert not {"pcMigrationStatus", "pcRedirectUri"} & client.on_offer("GET").json().keys()


def test_a_get_has_an_etag_only_as_before_the_migration(emulator, client):
    assert "ETag" not in client.on_offer("GET").headers
    emulator.configure(etag_on_get=True)
    etag = client.on_offer("GET").headers["ETag"]
    body = BODY | {"id": OFFER}
    assert client.on_offer("PUT", json=body, headers={"If-Match": etag}).status_code == 200


def test_what_put_took_comes_back_but_for_the_values_of_secrets_and_unknown_properties(emulator, client):
    emulator.configure(migrated=False)
    definition = {
        **BODY["definition"],
        "lead": {"clientId": "id", "x.clientSecret": "s3cret", "n": [{"password": "p"}]},
    }
    body = {**BODY, "definition": definition, "inventedIn2031": {"kept": [None]}}
    put = client.on_offer("PUT", offer="new", json=body)
    got = client.on_offer("GET", offer="new")
    for document in put.json(), got.json():
        assert "inventedIn2031" not in document
        assert document["definition"] == {
            **BODY["definition"],
            "lead": {"clientId": "id", "x.clientSecret": None, "n": [{"password": None}]},
        }


def test_files_are_shown_at_addresses_of_the_portals_own(emulator, client):
    emulator.configure(copied_fields=("osVhdUrl",))
    images = {
        "1.0.1": {"osVhdUrl": "https://contoso.example/vhds/a.vhd?sig=x", "label": "https://contoso.example/"}
    }
    client.on_offer("PUT", offer="new", json={**BODY, "definition": {**BODY["definition"], "images": images}})
    document = client.on_offer("GET", offer="new").json()
    image = document["definition"]["images"]["1.0.1"]
    address, _, signature = image["osVhdUrl"].partition("?")
    assert address.startswith("https://publishingstoredm.blob.core.windows.net/prodcontent/")
    assert address.endswith("/a.vhd")
    assert image["label"] == "https://contoso.example/"
    client.on_offer("PUT", offer="new", json=document, headers={"If-Match": "*"})
    again = client.on_offer("GET", offer="new").json()["definition"]["images"]["1.0.1"]["osVhdUrl"]
    assert again.partition("?")[0] == address
    assert again.partition("?")[2] != signature, "each answer signs it anew"


def test_the_logos_are_copied_and_disks_are_not_unless_asked_for(client):
    offer = {"microsoft-azure-marketplace.smallLogo": "https://contoso.example/small.png"}
    plans = [{"planId": "plan", "osVhdUrl": "https://contoso.example/a.vhd"}]
    client.on_offer(
        "PUT", offer="new", json={**BODY, "definition": {"displayText": "New", "offer": offer, "plans": plans}}
    )
    definition = client.on_offer("GET", offer="new").json()["definition"]
    assert "prodcontent" in definition["offer"]["microsoft-azure-marketplace.smallLogo"]
    assert definition["plans"][0]["osVhdUrl"] == "https://contoso.example/a.vhd"


def test_a_migrated_vm_offer_comes_back_with_what_the_service_adds_and_renames(emulator, client):
    vm = "microsoft-azure-virtualmachines"
    plans = [{"planId": "plan", f"{vm}.windowsOSType": "Other"}]
    client.on_offer("PUT", offer="new", json={**BODY, "definition": {**BODY["definition"], "plans": plans}})
    definition = client.on_offer("GET", offer="new").json()["definition"]
    assert definition["plans"] == [{"planId": "plan", f"{vm}.osType": "Other", f"{vm}.certificationsFairfax": []}]
    assert definition["offer"]["microsoft-azure-marketplace.tableLeadConfiguration"] == {}
    emulator.configure(migrated=False)
    assert client.on_offer("GET", offer="new").json()["definition"]["plans"] == plans


def test_every_answer_of_the_api_has_a_request_id_of_its_own(client):
    identifiers = {client.on_offer("GET").headers["x-ms-request-id"] for _ in range(3)}
    assert len(identifiers) == 3
