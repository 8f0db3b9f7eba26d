"""Which calls the second door takes, from whom, and how it refuses the others."""

from __future__ import annotations

import pytest

from tests.emulator.product_ingestion.conftest import BASE, OFFER, schema

PORTAL_SCOPE = "https://cloudpartner.azure.com/.default"


def submission(product):
    return {"$schema": schema("submission"), "product": product, "target": {"targetType": "preview"}}


# Tokens


def test_without_a_token_graph_itself_answers(client):
    answer = client.send("GET", "/product", headers={"Authorization": None})
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert error["code"] == "InvalidAuthenticationToken"
    assert {"request-id", "client-request-id", "date"} <= set(error["innerError"])


def test_the_first_doors_token_doesnt_open_the_second_one(client):
    answer = client.send("GET", "/product", headers={"Authorization": f"Bearer {client.token(PORTAL_SCOPE)}"})
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "Access token validation failure. Invalid audience."


def test_the_second_doors_token_doesnt_open_the_first_one(client):
    assert client.portal("GET").status_code == 200
    assert client.portal("GET", headers={"Authorization": f"Bearer {client.token()}"}).status_code == 401


@pytest.mark.parametrize("resource", ["https://graph.microsoft.com", "https://graph.microsoft.com/"])
def test_a_token_of_the_login_hosts_first_version_is_taken(emulator, client, resource):
    form = {
        "grant_type": "client_credentials",
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
        "resource": resource,
    }
    url = f"{emulator.authority}/{emulator.tenant_id}/oauth2/token"
    token = client.session.post(url, data=form, timeout=10).json()
    assert isinstance(token["expires_on"], str)
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert client.send("GET", "/product", headers=headers).status_code == 200


@pytest.mark.parametrize("publisher", ["contoso", "*"])
def test_an_application_that_isnt_registered_is_refused(emulator, client, publisher):
    emulator.forbidden_publishers = (publisher,)
    assert client.get("/product", 403)["error"]["code"] == "forbidden"


# Paths


@pytest.mark.parametrize("path", ["//product", "/product/", "///product/"])
def test_slashes_may_be_doubled(client, path):
    assert len(client.get(path)["value"]) == 1


@pytest.mark.parametrize(
    "path", ["/", "/products", "/private-offer/query", "/submission", "/configure/1/2/3", "/resource-tree/x"]
)
def test_a_path_that_there_isnt_is_not_found(client, path):
    answer = client.send("GET", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "notFound")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/configure"),
        ("POST", "/product"),
        ("DELETE", "/product/x"),
        ("PUT", "/configure"),
        ("PATCH", "/plan"),
    ],
)
def test_there_is_one_call_that_writes(client, method, path):
    answer = client.send(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "methodNotAllowed")


def test_nothing_is_answered_besides_its_base(client):
    assert client.send("GET", "/product", base="/v1.0/rp/product-ingestion").status_code == 404


# Products and plans


@pytest.mark.parametrize("name", ["externalId", "externalID", "externalid"])
def test_names_in_a_query_may_be_written_in_any_case(client, name):
    (product,) = client.get("/product", params={name: OFFER})["value"]
    assert product["identity"] == {"externalId": OFFER}
    assert product["type"] == "azureVirtualMachine"


def test_a_version_may_be_left_out_or_given(client):
    for version in ("2022-03-01-preview2", "2022-07-01"):
        (product,) = client.get("/product", params={"$version": version})["value"]
        assert product["$schema"] == schema("product", version)
    assert client.get("/product")["value"]
    assert client.get("/product", 400, params={"$version": "newest"})["error"]["code"] == "badRequest"


def test_an_unknown_offer_and_that_of_another_account_are_an_empty_list(emulator, client):
    emulator.add_offer("theirs", "fabrikam")
    assert client.get("/product", params={"externalId": "none"}) == {"value": []}
    assert client.get("/product", params={"externalId": "theirs"}) == {"value": []}
    guid = emulator.offer("theirs", "fabrikam").product_id
    client.get(f"/product/{guid}", 404)
    client.get(f"/submission/{guid}", 404)
    client.get(f"/resource-tree/product/{guid}", 404)


def test_products_can_be_asked_for_by_type(emulator, client):
    emulator.add_offer("core", offer_type_id="microsoft-azure-corevm")
    (product,) = client.get("/product", params={"type": "coreVirtualMachine"})["value"]
    assert product["identity"]["externalId"] == "core"


def test_a_product_keeps_its_guid(emulator, client):
    guid = client.product()
    emulator.add_offer(OFFER, state="live")
    assert client.product() == guid == emulator.offer(OFFER).product_id


def test_plans_are_listed_of_one_product_only(emulator, client):
    emulator.add_offer(OFFER, plans=3)
    assert client.get("/plan", 400)["error"]["code"] == "badRequest"
    product = f"product/{client.product()}"
    plans = client.get("/plan", params={"product": product})["value"]
    assert [plan["identity"]["externalId"] for plan in plans] == [
        f"{OFFER}-plan",
        f"{OFFER}-plan-2",
        f"{OFFER}-plan-3",
    ]
    assert client.get(f"/{plans[1]['id']}") == plans[1]
    params = {"product": product, "externalId": f"{OFFER}-plan-3"}
    assert client.get("/plan", params=params)["value"] == plans[2:]


def test_a_collection_goes_on_at_its_next_link(emulator, client):
    for number in range(4):
        emulator.add_offer(f"offer-{number}")
    found, path, params = [], "/product", {"$maxpagesize": 2, "$version": "2022-07-01"}
    for _ in range(5):
        page = client.get(path, params=params)
        found += [product["identity"]["externalId"] for product in page["value"]]
        if "@nextLink" not in page:
            break
        assert len(page["value"]) == 2
        assert page["@nextLink"].startswith(emulator.url + BASE)
        path, params = page["@nextLink"].removeprefix(emulator.url + BASE), {}
    assert sorted(found) == sorted([OFFER, *(f"offer-{number}" for number in range(4))])
    assert len(found) == 5


def test_the_service_may_send_fewer_entries_than_asked_for(emulator, client):
    emulator.add_offer("another")
    emulator.max_page_size = 1
    assert len(client.get("/product", params={"$maxpagesize": 200})["value"]) == 1


@pytest.mark.parametrize("params", [{"continuationToken": "?"}, {"$maxpagesize": "0"}, {"$maxpagesize": "all"}])
def test_a_wrong_page_is_refused(client, params):
    assert client.get("/product", 400, params=params)["error"]["code"] == "badRequest"


# Bodies that are refused at once


def refused(client, **options):
    answer = client.send("POST", "/configure", **options)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["code"] == "badRequest"
    return error


CONFIGURE = schema("configure")
PRODUCT = {"externalId": OFFER}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"$schema": CONFIGURE},
        {"$schema": CONFIGURE, "resources": []},
        {"$schema": CONFIGURE, "resources": {}},
        {"$schema": CONFIGURE, "resources": ["submission"]},
        {"$schema": CONFIGURE, "resources": [{"product": PRODUCT, "target": {"targetType": "preview"}}]},
        {"$schema": CONFIGURE, "resources": [submission(PRODUCT)], "jobId": "mine"},
        {"$schema": schema("submission"), "resources": [submission(PRODUCT)]},
        {"resources": [submission(PRODUCT)]},
    ],
)
def test_a_body_that_its_schema_doesnt_allow_is_refused(emulator, client, body):
    (detail,) = refused(client, json=body)["details"]
    assert detail["code"] == "schemaValidationError"
    assert len(emulator.operations(OFFER)) == 1


def test_a_body_that_is_no_json_is_refused(client):
    assert refused(client, data="{")["details"][0]["code"] == "schemaValidationError"


@pytest.mark.parametrize(
    "resource",
    [
        {"$schema": schema("submission"), "target": {"targetType": "preview"}},
        {"$schema": schema("submission"), "product": PRODUCT},
        {"$schema": schema("submission"), "product": PRODUCT, "target": {"targetType": "retail"}},
        submission({"externalID": OFFER}),
        submission("not an id"),
        submission({"externalId": OFFER}) | {"id": "plan/1/2"},
        submission({"externalId": OFFER})
        | {"$schema": "https://schema.mp.microsoft.com/schema/submission/latest"},
        submission({"externalId": OFFER}) | {"resourceName": "no spaces"},
        {"$schema": schema("plan"), "product": PRODUCT, "identity": {"externalId": "Upper"}},
        {"$schema": schema("plan"), "product": PRODUCT, "identity": {"externalID": "basic"}},
        {"$schema": schema("product"), "identity": {"externalId": "basic"}, "type": "virtualMachine"},
        {"$schema": schema("resource-tree"), "product": PRODUCT},
    ],
)
def test_a_resource_that_its_schema_doesnt_allow_is_refused(client, resource):
    body = {"$schema": CONFIGURE, "resources": [resource]}
    assert refused(client, json=body)["details"][0]["code"] == "schemaValidationError"


def test_a_schema_on_the_retired_host_is_refused_unless_it_is_asked_for(emulator, client):
    old = "https://product-ingestion.azureedge.net/schema/submission/2022-03-01-preview2"
    resource = submission(PRODUCT) | {"$schema": old}
    body = {"$schema": CONFIGURE, "resources": [resource]}
    assert refused(client, json=body)["message"] == f"Schema {old} could not be accessed"
    emulator.retired_host_refused = False
    assert client.send("POST", "/configure", json=body).status_code == 202


def test_an_unknown_schema_is_refused(client):
    body = {"$schema": CONFIGURE, "resources": [{"$schema": schema("novelty"), "product": PRODUCT}]}
    assert refused(client, json=body)["message"] == f"Schema {schema('novelty')} could not be accessed"


# The log


def test_requests_are_logged_by_what_they_start_and_with_their_offer(emulator, client):
    guid = client.product()
    client.start(submission(PRODUCT))
    job = client.start(submission(f"product/{guid}"))
    client.job(job)
    client.go_live("0")
    client.start({"$schema": schema("property"), "product": PRODUCT, "kind": "azureVM"})
    seen = [(record.action, record.offer_id, record.accepted) for record in emulator.requests[1:]]
    assert seen == [
        ("products", OFFER, True),
        ("publish", OFFER, True),
        ("publish", OFFER, True),
        ("operation", OFFER, True),
        ("products", OFFER, True),
        ("golive", OFFER, True),
        ("configure", OFFER, True),
    ]


def test_each_answer_names_its_request_as_graph_does(client):
    for path in ("/product", "/product/none"):
        assert client.send("GET", path).headers["request-id"]
