"""The hook's calls on offers, against the Product Ingestion API on a real socket."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import CppBadRequest, CppConfigurationError, CppNotFound
from airflow_provider_cpp.hooks.product_ingestion import ProductIngestionHook
from airflow_provider_cpp.offers.blanks import blanked
from airflow_provider_cpp.services.product_ingestion import draft_jobs, putting

OFFER = "contoso-virtualmachineoffer"
PLAN = f"{OFFER}-plan"
TECHNICAL = "virtual-machine-plan-technical-configuration"
SIGNATURE = "hUsh9Zk%2Bw%2F3Qd%3D%3D"


def schema(kind, version="2022-03-01-preview2"):
    return f"https://schema.mp.microsoft.com/schema/{kind}/{version}"


def listing(**fields):
    return {"$schema": schema("listing"), "languageId": "en-us", "kind": "azureVM", **fields}


def image(version, signature=SIGNATURE):
    uri = f"https://contoso.blob.core.windows.net/vhds/{version}.vhd?sp=rl&sig={signature}"
    source = {"sourceType": "sasUri", "osDisk": {"uri": uri}}
    return {"versionNumber": version, "vmImages": [{"imageType": "x64Gen1", "source": source}]}


def technical(*versions, plan=PLAN, **fields):
    return {
        "$schema": schema(TECHNICAL),
        "plan": {"externalId": plan},
        "vmImageVersions": list(versions),
        **fields,
    }


@pytest.fixture
def portal(cpp_emulator, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api="product_ingestion"))
    monkeypatch.setattr(putting, "SETTLE_PAUSES", (0.01, 0.01))
    monkeypatch.setattr(putting, "LAG_PAUSES", (0.01,))
    monkeypatch.setattr(draft_jobs, "PAUSES", (0.01,))
    return cpp_emulator


@pytest.fixture
def hook(portal):
    return ProductIngestionHook()


@pytest.fixture
def lines(monkeypatch):
    found = []
    monkeypatch.setattr(ProductIngestionHook, "say", lambda hook, level, text: found.append(text))
    return found


def of_type(offer, kind):
    found = [each for each in offer.document["resources"] if each["id"].startswith(f"{kind}/")]
    assert found, [each["id"] for each in offer.document["resources"]]
    return found[0]


def edits(portal):
    return portal.requests_for("configure")


class TestListing:
    """All products of the account."""

    @pytest.mark.parametrize("pages", [0, 1])
    def test_they_are_offers_by_their_external_ids(self, hook, portal, pages):
        portal.configure(max_page_size=pages)
        portal.add_offer("draft", state="draft")
        offers = hook.list_offers()
        assert [offer.id for offer in offers] == [OFFER, "draft"]
        assert [offer.offer_type_id for offer in offers] == ["azureVirtualMachine"] * 2
        guid = offers[0].document["id"].partition("/")[2]
        assert offers[0].page == (
            f"https://partner.microsoft.com/dashboard/commercial-marketplace/offers/{guid}/overview"
        )
        assert offers[0].summary()["publisher_id"] == "contoso"


class TestReading:
    """The tree of an offer."""

    @pytest.mark.parametrize("slot", [None, "draft", "Preview", "staging", "view"])
    def test_a_slot(self, hook, slot):
        offer = hook.get_offer(OFFER, slot=slot)
        assert (offer.id, offer.offer_type_id) == (OFFER, "azureVirtualMachine")
        assert offer.document["target"]["targetType"] == ("draft" if slot in {None, "draft"} else "preview")
        assert [plan["identity"]["externalId"] for plan in offer.plans] == [PLAN]

    @pytest.mark.parametrize("slot", ["live", "production"])
    def test_what_was_never_live_isnt_there(self, hook, portal, slot):
        with pytest.raises(CppNotFound, match="Nothing of it is live: an offer has no such tree"):
            hook.get_offer(OFFER, slot=slot)
        portal.add_offer("sold", state="live")
        assert hook.get_offer("sold", slot=slot).document["target"]["targetType"] == "live"

    @pytest.mark.parametrize("arguments", [{"version": 1}, {"slot": "attic"}, {"version": 0, "slot": "live"}])
    def test_what_the_service_doesnt_have_is_refused_before_anything_is_sent(self, hook, portal, arguments):
        with pytest.raises(CppConfigurationError, match=r"keeps no versions of an offer|is none: it can be draft"):
            hook.get_offer(OFFER, **arguments)
        assert portal.requests == []

    def test_an_offer_that_isnt_there(self, hook):
        with pytest.raises(CppNotFound, match="no product whose externalId is 'nothing'"):
            hook.get_offer("nothing")


class TestChanges:
    """What differs between two of its trees."""

    def test_what_is_in_the_draft_and_not_in_preview(self, hook):
        assert hook.changes(hook.get_offer(OFFER), hook.get_offer(OFFER, slot="preview")) == ()
        hook.put_offer(OFFER, [technical(image("7.0.0")), listing(title="New")])
        found = hook.changes(hook.get_offer(OFFER), hook.get_offer(OFFER, slot="preview"))
        assert {each.path.partition("/")[0] for each in found} >= {TECHNICAL}
        assert SIGNATURE not in "".join(map(str, found))

    def test_what_is_no_tree_is_refused(self, hook):
        offer = hook.list_offers()[0]
        with pytest.raises(CppConfigurationError, match="no tree of an offer's resources"):
            hook.changes(offer, offer)


class TestPutting:
    """The draft is as wanted afterwards."""

    def test_what_was_read_is_as_wanted(self, hook, portal):
        tree = hook.get_offer(OFFER).to_dict()
        assert hook.put_offer(OFFER, tree).changed is False
        assert hook.put_offer(OFFER, blanked(tree)).changed is False
        assert edits(portal) == []

    def test_a_change_is_one_request_and_a_second_run_sends_nothing(self, hook, portal, lines):
        result = hook.put_offer(OFFER, listing(title="New"))
        assert (result.changed, [each.path for each in result.differences][-1:]) == (
            True,
            ["listing/en-us/title" if len(result.differences) > 1 else result.differences[0].path],
        )
        assert of_type(hook.get_offer(OFFER), "listing")["title"] == "New"
        assert hook.put_offer(OFFER, [listing(title="New")]).changed is False
        assert len(edits(portal)) == 1
        assert "has no ETags" in " ".join(lines)

    def test_an_image_version_is_added_and_its_signature_stays_where_it_is(self, hook, portal, lines):
        result = hook.put_offer(OFFER, technical(image("7.0.0")))
        assert result.changed
        tree = hook.get_offer(OFFER)
        version = of_type(tree, TECHNICAL)["vmImageVersions"][-1]
        assert version["vmImages"][0]["source"]["osDisk"]["uri"].endswith(f"sig={SIGNATURE}")
        assert SIGNATURE not in json.dumps(result.to_dict()) + " ".join(lines) + repr(tree)
        changed = blanked(tree.to_dict())
        assert SIGNATURE not in json.dumps(changed)
        of_type_ = next(each for each in changed["resources"] if each["id"].startswith(f"{TECHNICAL}/"))
        of_type_["vmImageVersions"].append(image("7.0.1"))
        assert hook.put_offer(OFFER, changed).changed
        versions = of_type(hook.get_offer(OFFER), TECHNICAL)["vmImageVersions"]
        assert [each["vmImages"][0]["source"]["osDisk"]["uri"][-24:] for each in versions[-2:]] == [
            f"sig={SIGNATURE}"[-24:]
        ] * 2

    def test_a_published_version_isnt_left_out(self, hook, portal):
        images = {"1.0.0": {"osVhdUrl": "https://contoso.blob.core.windows.net/vhds/1.0.0.vhd?sig=x"}}
        plan = {"planId": "gold", "microsoft-azure-virtualmachines.vmImages": images}
        portal.add_offer("sold", state="live", definition={"displayText": "Sold", "offer": {}, "plans": [plan]})
        left = technical(image("7.0.0"), plan="gold")
        with pytest.raises(
            CppConfigurationError, match=r"would lose image version 1\.0\.0 .* a published version can't"
        ):
            hook.put_offer("sold", left, exact=[f"{TECHNICAL}/*/vmImageVersions"])
        assert edits(portal) == []
        assert hook.put_offer("sold", left).kept == (f"{TECHNICAL}/gold/vmImageVersions/1.0.0",)

    def test_a_plan_is_added_where_that_is_meant(self, hook):
        new = [
            {"$schema": schema("plan"), "identity": {"externalId": "silver"}, "alias": "Silver"},
            technical(image("1.0.0"), plan="silver", skus=[{"imageType": "x64Gen1", "skuId": "silver"}]),
        ]
        with pytest.raises(CppConfigurationError, match="has no plan 'silver'"):
            hook.put_offer(OFFER, new)
        assert hook.put_offer(OFFER, new, new_plans=True).changed
        assert [plan["identity"]["externalId"] for plan in hook.get_offer(OFFER).plans] == [PLAN, "silver"]
        assert hook.put_offer(OFFER, new).changed is False

    def test_an_offer_is_created_where_that_is_meant(self, hook, portal):
        new = [
            {
                "$schema": schema("product"),
                "identity": {"externalId": "brand-new"},
                "type": "azureVirtualMachine",
                "alias": "Brand new",
            },
            {"$schema": schema("plan"), "identity": {"externalId": "gold"}, "alias": "Gold"},
            technical(image("1.0.0"), plan="gold", skus=[{"imageType": "x64Gen1", "skuId": "gold"}]),
        ]
        with pytest.raises(CppNotFound, match=f"Offers of this account: {OFFER}.*create=True"):
            hook.put_offer("brand-new", new)
        result = hook.put_offer("brand-new", new, create=True)
        assert (result.changed, result.created) == (True, True)
        assert hook.get_offer("brand-new").plans[0]["alias"] == "Gold"
        assert hook.put_offer("brand-new", new, create=True).to_dict()["changed"] is False

    def test_a_job_that_takes_a_while_is_waited_for(self, hook, portal):
        portal.configure(draft_duration=0.2)
        assert hook.put_offer(OFFER, listing(title="New")).changed
        assert of_type(hook.get_offer(OFFER), "listing")["title"] == "New"

    def test_a_schema_that_the_service_takes_no_more_says_what_to_do(self, hook, portal):
        portal.configure(schema_minimums={TECHNICAL: "2026-04-01-preview1"})
        with pytest.raises(
            CppBadRequest, match=f"Sent were {TECHNICAL} 2022-03-01-preview5, with .version=2022-07-01"
        ):
            hook.put_offer(OFFER, technical(image("7.0.0")))

    def test_a_later_api_version_reads_and_writes_later_schemas(self, hook, portal, monkeypatch):
        portal.configure(
            schema_minimums={TECHNICAL: "2026-04-01-preview1"}, old_technical_configuration="without-images"
        )
        connection = portal.connection_json(api="product_ingestion", api_version="2026-04-01-preview1")
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", connection)
        assert ProductIngestionHook().put_offer(OFFER, technical(image("7.0.0"))).changed

    def test_so_does_a_definition_that_names_one(self, hook, portal):
        portal.configure(schema_minimums={TECHNICAL: "2026-04-01-preview1"})
        new = technical(image("7.0.0")) | {"$schema": schema(TECHNICAL, "2026-04-01-preview1")}
        assert hook.put_offer(OFFER, new).changed

    def test_a_definition_of_the_other_service_is_refused(self, hook, portal):
        with pytest.raises(CppConfigurationError, match="has the form of Cloud Partner Portal's API"):
            hook.put_offer(OFFER, {"definition": {"displayText": "New"}})
        assert portal.requests == []


class TestLostAnswers:
    """Nothing is repeated blindly."""

    @pytest.mark.parametrize("fault", ["lost-response", "reset-after", "cut-body", "empty"])
    def test_what_was_carried_out_isnt_sent_again(self, hook, portal, fault):
        portal.faults.add(Fault(fault, action="configure"))
        assert hook.put_offer(OFFER, listing(title="New")).changed
        assert len(edits(portal)) == 1
        assert of_type(hook.get_offer(OFFER), "listing")["title"] == "New"

    @pytest.mark.parametrize(
        "fault", [Fault("reset-before", action="configure"), Fault("error", action="configure", status=502)]
    )
    def test_what_left_no_trace_is_sent_once_more(self, hook, portal, fault):
        portal.faults.add(fault)
        assert hook.put_offer(OFFER, listing(title="New")).changed
        assert of_type(hook.get_offer(OFFER), "listing")["title"] == "New"
