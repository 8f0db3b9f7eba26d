"""Reading and editing what an offer is made of: trees, resources, plans and image versions."""

from __future__ import annotations

import pytest

from tests.emulator.product_ingestion.conftest import OFFER, schema

DONE = ("completed", "succeeded")
TECHNICAL = "virtual-machine-plan-technical-configuration"
PLAN = f"{OFFER}-plan"
PRODUCT = {"externalId": OFFER}


@pytest.fixture
def emulator(emulator):
    emulator.add_offer(OFFER, plans=3, state="draft")
    return emulator


def image(number, blob="new", kinds=("x64Gen1", "x64Gen2")):
    return {
        "versionNumber": number,
        "vmImages": [
            {
                "imageType": kind,
                "source": {
                    "sourceType": "sasUri",
                    "osDisk": {
                        "uri": f"https://contosoimages.blob.core.windows.net/vhds/{blob}-{kind}.vhd?sig=s%3D"
                    },
                    "dataDisks": [],
                },
            }
            for kind in kinds
        ],
    }


def configuration(client, plan=PLAN, target="draft"):
    plans = {each["identity"]["externalId"]: each["id"] for each in client.of_kind("plan", target)}
    (found,) = (each for each in client.of_kind(TECHNICAL, target) if each["plan"] == plans[plan])
    return found


def numbers(resource):
    return [version["versionNumber"] for version in resource["vmImageVersions"]]


def test_a_tree_has_what_a_release_of_three_plans_with_two_generations_needs(client):
    tree = client.tree()
    assert set(tree) == {"$schema", "root", "target", "resources"}
    assert tree["root"] == f"product/{client.product()}"
    kinds = [resource["id"].split("/")[0] for resource in tree["resources"]]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "product": 1,
        "property": 1,
        "listing": 1,
        "price-and-availability-offer": 1,
        "customer-leads": 1,
        "plan": 3,
        "plan-listing": 3,
        "price-and-availability-plan": 3,
        TECHNICAL: 3,
        "submission": 1,
    }
    for plan in (PLAN, f"{PLAN}-2", f"{PLAN}-3"):
        resource = configuration(client, plan)
        assert [(sku["imageType"], sku["skuId"]) for sku in resource["skus"]] == [
            ("x64Gen1", plan),
            ("x64Gen2", f"{plan}-gen2"),
        ]
        (version,) = resource["vmImageVersions"]
        assert [each["imageType"] for each in version["vmImages"]] == ["x64Gen1", "x64Gen2"]
        assert all("&sig=" in each["source"]["osDisk"]["uri"] for each in version["vmImages"])


def test_each_resource_names_its_schema_in_the_newest_version_up_to_the_requests(client):
    def shown(version):
        (found, *_) = (each for each in client.tree(**version)["resources"] if each["id"].startswith(TECHNICAL))
        return found["$schema"]

    assert shown({"$version": "2022-03-01-preview3"}) == schema(TECHNICAL, "2022-03-01-preview3")
    assert shown({"$version": "2022-07-01"}) == schema(TECHNICAL, "2022-03-01-preview5")
    assert shown({"$version": "2026-04-01-preview1"}) == schema(TECHNICAL, "2026-04-01-preview1")


def test_an_old_technical_configuration_may_come_without_images(emulator, client):
    emulator.old_technical_configuration = "without-images"
    name = configuration(client)["id"]
    assert client.get(f"/{name}", params={"$version": "2022-07-01"})["vmImageVersions"] == []
    assert numbers(client.get(f"/{name}", params={"$version": "2026-04-01-preview1"})) == ["1.0.0"]


def test_the_order_of_a_tree_differs_between_reads(client):
    orders = {tuple(each["id"] for each in client.tree()["resources"]) for _ in range(5)}
    assert len(orders) > 1
    assert len({frozenset(order) for order in orders}) == 1


def test_there_is_no_tree_of_what_was_never_published(client):
    for target in ("preview", "live"):
        path = f"/resource-tree/product/{client.product()}"
        assert client.get(path, 404, params={"targetType": target})["error"]["code"] == "notFound"
    assert client.get(path, 400, params={"targetType": '"draft"'})["error"]["code"] == "badRequest"


def test_an_application_has_no_tree(emulator, client):
    emulator.add_offer("app", offer_type_id="microsoft-azure-applications")
    path = f"/resource-tree/product/{client.product('app')}"
    assert client.get(path, 400)["error"]["message"] == "Type AzureApplication is not supported."


def test_trees_follow_a_publication(emulator, client):
    client.publish()
    emulator.advance(100)
    (submission,) = client.of_kind("submission", "preview")
    assert submission["id"].endswith(f"/{client.preview()}")
    client.go_live(client.preview())
    emulator.advance(100)
    (live,) = client.of_kind("submission", "live")
    (preview,) = client.of_kind("submission", "preview")
    assert live["id"] == preview["id"] == submission["id"]
    (draft,) = client.of_kind("submission")
    assert draft["id"].endswith("/0")


def edited(client, resource, **changes):
    return {**resource, "$schema": schema(TECHNICAL, "2022-03-01-preview5"), **changes}


def test_an_image_version_is_added_published_and_stays(emulator, client):
    client.publish()
    emulator.advance(100)
    resource = configuration(client)
    more = edited(client, resource, vmImageVersions=[*resource["vmImageVersions"], image("1.0.1")])
    job = client.start(more)
    assert client.end(job) == DONE
    (shown,) = client.get(f"/configure/{job}")["resources"]
    assert shown["id"] == resource["id"]
    assert numbers(configuration(client)) == ["1.0.0", "1.0.1"]
    assert numbers(configuration(client, target="preview")) == ["1.0.0"]
    client.publish()
    emulator.advance(100)
    assert configuration(client, target="preview")["vmImageVersions"][1] == image("1.0.1")


@pytest.mark.parametrize("by", ["id", "plan's id", "plan's name"])
def test_a_resource_is_replaced_by_its_id_or_by_product_and_plan(client, by):
    resource = configuration(client)
    posted = edited(client, resource, openPorts=[{"portRange": "22"}])
    if by != "id":
        del posted["id"]
        posted["product"] = PRODUCT
    if by == "plan's name":
        posted["plan"] = {"externalId": PLAN}
    assert client.end(client.start(posted)) == DONE
    after = configuration(client)
    assert (after["id"], after["openPorts"]) == (resource["id"], [{"portRange": "22"}])
    assert len(client.of_kind(TECHNICAL)) == 3


def test_a_resource_is_replaced_as_a_whole(client):
    listing = {"$schema": schema("listing"), "product": PRODUCT, "languageId": "en-us", "title": "Contoso"}
    client.start(listing | {"summary": "short"})
    client.start(listing)
    (after,) = client.of_kind("listing")
    assert (after["title"], "summary" in after) == ("Contoso", False)


@pytest.mark.parametrize("change", ["left out", "deleted"])
def test_a_published_image_version_cant_be_taken_away(emulator, client, change):
    client.publish()
    emulator.advance(100)
    resource = configuration(client)
    versions = [image("1.0.1")]
    if change == "deleted":
        versions += [{**resource["vmImageVersions"][0], "lifecycleState": "deleted"}]
    error = client.failed(edited(client, resource, vmImageVersions=versions))
    assert error["code"] == "conflict"
    assert error["details"][0]["message"] == "Cannot delete image '1.0.0' as it is already published"
    assert numbers(configuration(client)) == ["1.0.0"]


def test_a_published_image_version_cant_change(emulator, client):
    client.publish()
    emulator.advance(100)
    resource = configuration(client)
    error = client.failed(edited(client, resource, vmImageVersions=[image("1.0.0")]))
    assert "'1.0.0'" in error["details"][0]["message"]
    assert configuration(client) == resource


def test_a_drafts_image_version_can_be_taken_away(client):
    resource = configuration(client)
    versions = [{**resource["vmImageVersions"][0], "lifecycleState": "deleted"}, image("2.0.0")]
    assert client.end(client.start(edited(client, resource, vmImageVersions=versions))) == DONE
    assert numbers(configuration(client)) == ["2.0.0"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vmImageVersions": [image("1.0.1", kinds=["x64Gen1"])]}, "requires at least one active image"),
        ({"skus": [{"imageType": "x64Gen1", "skuId": "other"}]}, "the id of the plan"),
        ({"skus": [{"imageType": "x64Gen1", "skuId": PLAN}, {"imageType": "x64Gen2", "skuId": PLAN}]}, "unique"),
    ],
)
def test_skus_have_to_fit_their_plan_and_its_images(client, changes, said):
    error = client.failed(edited(client, configuration(client), **changes))
    assert said in error["details"][0]["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"vmImageVersions": [image("1.0")]},
        {"vmImageVersions": [image("1.0.1", kinds=["x86"])]},
        {"vmImageVersions": [{"versionNumber": "1.0.1", "vmImages": [{"imageType": "x64Gen1", "source": {}}]}]},
        {"vmImageVersions": [image(f"1.0.{number}") for number in range(101)]},
        {"skus": [{"imageType": "x64Gen1", "skuId": PLAN, "securityType": ["trusted"]}]},
        {"recommendedVmSizes": ["d2s"] * 7},
        {"vmProperties": {"supportsSriov": True}},
    ],
)
def test_a_technical_configuration_that_its_schema_doesnt_allow_is_refused(client, changes):
    answer = client.post(edited(client, configuration(client), **changes))
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == "schemaValidationError"


def test_the_disks_of_an_image_are_files_or_an_image_of_a_gallery(client):
    files = {"sourceType": "sasUri", "osDisk": {"uri": "https://x/os.vhd"}}
    shared = {"tenantId": "t", "resourceId": "/subscriptions/s"}
    gallery = {"sourceType": "sharedImageGallery", "sharedImage": shared}
    disk = {"lunNumber": 0, "uri": "https://x/0.vhd"}
    refused = (
        {**files, "sharedImage": shared},
        {**gallery, "osDisk": files["osDisk"]},
        {**gallery, "dataDisks": []},
        {**gallery, "sharedImage": {"resourceId": "/subscriptions/s"}},
        {**gallery, "sharedImage": {"tenantId": "t"}},
        {**files, "osDisk": {}},
        {**files, "dataDisks": [{**disk, "lunNumber": 16}]},
        {**files, "dataDisks": [{**disk, "lunNumber": "0"}]},
        {**files, "dataDisks": [{"uri": "https://x/0.vhd"}]},
        {**files, "dataDisks": [{"lunNumber": 0}]},
        {**files, "dataDisks": [disk] * 17},
    )
    for source in (*refused, files, {**files, "dataDisks": [disk, {**disk, "lunNumber": 15}]}, gallery):
        resource = configuration(client)
        version = {"versionNumber": "9.0.0", "vmImages": [{"imageType": "x64Gen1", "source": source}]}
        versions = [each for each in resource["vmImageVersions"] if each["versionNumber"] != "9.0.0"]
        answer = client.post(edited(client, resource, vmImageVersions=[*versions, version]))
        assert answer.status_code == (400 if source in refused else 202), source


def test_a_schema_above_the_requests_version_makes_the_job_fail(emulator, client):
    resource = configuration(client) | {"$schema": schema(TECHNICAL, "2026-04-01-preview1")}
    error = client.failed(resource, params={"$version": "2022-07-01"})
    assert error["message"] == "Invalid resource"
    assert client.end(client.start(resource, params={"$version": "2026-04-01-preview1"})) == DONE
    assert client.end(client.start(resource)) == DONE
    emulator.version_ceiling = False
    assert client.end(client.start(resource, params={"$version": "2022-07-01"})) == DONE


def test_a_schema_below_the_oldest_that_is_taken_makes_the_job_fail(emulator, client):
    emulator.schema_minimums = {TECHNICAL: "2026-04-01-preview1"}
    assert client.failed(edited(client, configuration(client)))["message"] == "Invalid resource"


def test_an_edit_takes_effect_when_its_job_ends(emulator, client):
    emulator.draft_duration = 10
    resource = configuration(client)
    job = client.start(edited(client, resource, openPorts=[1]))
    assert client.end(job) == ("running", "pending")
    assert configuration(client) == resource
    emulator.advance(10)
    assert configuration(client)["openPorts"] == [1]
    assert client.end(job) == DONE


def test_an_edit_that_is_canceled_has_no_effect(emulator, client):
    emulator.draft_duration = 10
    resource = configuration(client)
    job = client.start(edited(client, resource, openPorts=[1]))
    assert client.send("POST", f"/configure/{job}/cancel").json()["jobResult"] == "cancelled"
    emulator.advance(20)
    assert client.end(job) == ("completed", "cancelled")
    assert configuration(client) == resource


def test_of_several_resources_a_wrong_one_changes_nothing(client):
    listing = {"$schema": schema("listing"), "product": PRODUCT, "title": "Changed"}
    wrong = {"$schema": schema("plan-listing"), "product": PRODUCT, "plan": {"externalId": "none"}}
    error = client.failed(listing, wrong)
    assert (error["code"], error["details"][0]["code"]) == ("notFound", "resourceNotFound")
    (after,) = client.of_kind("listing")
    assert after["title"] != "Changed"


def test_resources_of_one_request_can_refer_to_each_other(emulator, client):
    job = client.start(
        {
            "$schema": schema("product"),
            "resourceName": "new",
            "identity": {"externalId": "contoso-new"},
            "type": "azureVirtualMachine",
            "alias": "New",
        },
        {
            "$schema": schema("plan"),
            "resourceName": "basic",
            "product": {"resourceName": "new"},
            "identity": {"externalId": "basic"},
            "alias": "Basic",
        },
        {
            "$schema": schema(TECHNICAL),
            "product": {"resourceName": "new"},
            "plan": {"resourceName": "basic"},
            "skus": [{"imageType": "x64Gen2", "skuId": "basic"}],
            "vmImageVersions": [image("1.0.0", kinds=["x64Gen2"])],
        },
    )
    assert client.end(job) == DONE, client.job(job)
    (product,) = client.of_kind("product", offer="contoso-new")
    assert product["alias"] == "New"
    (resource,) = client.of_kind(TECHNICAL, offer="contoso-new")
    assert resource["skus"] == [{"imageType": "x64Gen2", "skuId": "basic"}]
    assert "resourceName" not in resource
    assert client.end(client.publish("contoso-new")) == ("running", "pending")
    assert [each.kind for each in emulator.operations("contoso-new")] == ["publish"]


def test_an_offer_that_has_no_plan_cant_be_published(client):
    client.start({"$schema": schema("product"), "identity": {"externalId": "bare"}, "type": "azureVirtualMachine"})
    error = client.failed(client.submission("preview", offer="bare"))
    assert error["details"][0]["code"] == "businessValidationError"


@pytest.mark.parametrize("kind", ["azureApplication", "dynamics365BusinessCentral"])
def test_a_product_of_another_type_isnt_supported(client, kind):
    resource = {"$schema": schema("product"), "identity": {"externalId": "other"}, "type": kind}
    assert client.failed(resource)["details"][0]["code"] == "notSupported"
    assert client.get("/product", params={"externalId": "other"}) == {"value": []}


def test_what_a_plan_is_called_cant_change(client):
    (plan, *_) = client.of_kind("plan")
    error = client.failed(plan | {"$schema": schema("plan"), "identity": {"externalId": "renamed"}})
    assert error["details"][0]["message"] == "The property 'PlanId' is locked by a previous submission"


def test_secrets_of_leads_are_masked_and_may_be_sent_back_so(emulator, client):
    leads = {
        "$schema": schema("customer-leads"),
        "product": PRODUCT,
        "leadDestination": "marketo",
        "marketoLeadConfiguration": {"clientId": "me", "clientSecret": "hush"},
    }
    client.start(leads)
    (shown,) = client.of_kind("customer-leads")
    assert shown["marketoLeadConfiguration"] == {"clientId": "me", "clientSecret": "*********"}
    client.start({**leads, "marketoLeadConfiguration": {"clientId": "you", "clientSecret": "*********"}})
    kept = emulator.offer(OFFER).resources[shown["id"]]
    assert kept["marketoLeadConfiguration"] == {"clientId": "you", "clientSecret": "hush"}


def test_a_draft_may_be_found_only_while_it_differs_from_what_is_live(emulator, client):
    emulator.add_offer(OFFER, plans=1, state="live")
    emulator.draft_reads = "pending"
    resource = configuration(client)
    assert client.get(f"/{resource['id']}", 404)["error"]["code"] == "notFound"
    client.start(edited(client, resource, openPorts=[1]))
    assert client.get(f"/{resource['id']}")["openPorts"] == [1]


def of_modules(client, **changes):
    trees = client.tree()["resources"]
    kinds = ("product", "property")
    chosen = [each for each in trees if each["id"].split("/")[0] in kinds]
    resource = configuration(client)
    chosen += [each for each in trees if each["id"] == resource["plan"]]
    return [*chosen, edited(client, resource, **changes), client.submission("preview")]


def test_a_submission_with_resources_publishes_only_these(emulator, client):
    emulator.add_offer(OFFER, plans=1, state="live")
    client.start({"$schema": schema("listing"), "product": PRODUCT, "title": "Not yet"})
    versions = [*configuration(client)["vmImageVersions"], image("1.0.1")]
    job = client.start(*of_modules(client, vmImageVersions=versions))
    emulator.advance(100)
    assert client.end(job) == DONE
    assert numbers(configuration(client, target="preview")) == ["1.0.0", "1.0.1"]
    (preview,) = client.of_kind("listing", "preview")
    (draft,) = client.of_kind("listing")
    assert (preview["title"], draft["title"]) == (OFFER, "Not yet")


def test_a_submission_with_resources_needs_those_of_the_product(client):
    resources = [each for each in of_modules(client) if not each.get("id", "").startswith("property/")]
    assert "property" in client.failed(*resources)["details"][0]["message"]


def test_a_go_live_takes_no_resources(emulator, client):
    client.publish()
    emulator.advance(100)
    listing = {"$schema": schema("listing"), "product": PRODUCT, "title": "Changed"}
    error = client.failed(listing, client.submission("live", client.preview()))
    assert error["details"][0]["code"] == "notSupported"


def test_withdrawing_a_product_isnt_supported(emulator, client):
    client.publish()
    emulator.advance(100)
    resource = client.submission("live", client.preview()) | {"lifecycleState": "deprecated"}
    assert client.failed(resource)["details"][0]["code"] == "notSupported"
    assert len(emulator.operations(OFFER)) == 1


def test_some_properties_of_a_machine_stay_once_they_were_published(emulator, client):
    client.start(edited(client, configuration(client), vmProperties={"supportsNVMe": True}))
    assert client.end(client.start(edited(client, configuration(client), vmProperties={}))) == DONE
    client.start(edited(client, configuration(client), vmProperties={"supportsNVMe": True}))
    client.publish()
    emulator.advance(100)
    error = client.failed(edited(client, configuration(client), vmProperties={}))
    assert error["details"][0]["message"] == "SupportsNVMe property has already been enabled"


def test_withdrawing_a_plan_isnt_supported(client):
    (plan, *_) = client.of_kind("plan")
    error = client.failed(plan | {"$schema": schema("plan"), "lifecycleState": "deprecated"})
    assert error["details"][0]["code"] == "notSupported"


def test_an_edit_that_cant_be_saved_fails_in_its_job(emulator, client, monkeypatch):
    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(emulator.portal, "on_put", fail)
    error = client.failed({"$schema": schema("listing"), "product": PRODUCT, "title": "Changed"})
    assert (error["code"], "disk full" in error["message"]) == ("internalServerError", True)
    assert client.get("/product")["value"]
