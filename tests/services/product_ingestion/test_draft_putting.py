"""How an offer's draft is brought to what is wanted, against a service of the test's own making."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppBadRequest,
    CppConfigurationError,
    CppNotFound,
    CppUnavailable,
)
from airflow_provider_cpp.offers.blanks import blanked
from tests.runner import Runner, refused
from tests.services.product_ingestion import tree_documents as documents
from tests.services.product_ingestion.draft_service import (
    Draft,
    failed,
    listing,
    posts,
    put,
    run,
    technical,
)

CONFIGURATION = "virtual-machine-plan-technical-configuration/gold"


class TestNothingDiffers:
    """Nothing is sent."""

    @pytest.mark.parametrize(
        "wanted",
        [
            documents.tree(),
            documents.resources(),
            {"resources": documents.resources()[3:4]},
            documents.tree(*documents.resources()[::-1], target="live"),
            blanked(documents.tree()),
            listing(title="Contoso VM"),
            technical(skus=[{"skuId": "gold-gen1", "imageType": "x64gen1"}]),
            technical(vmImageVersions=[documents.image("1.0.1")]),
            technical(recommendedVmSizes=["d4s-v3", "d2s-v3"]),
            technical(lifecycleState="generallyAvailable"),
            technical(vmImageVersions=[{"versionNumber": "9.0.0", "lifecycleState": "deleted"}]),
            {"id": documents.CONFIGURATION, "openPorts": []},
            {"$schema": "listing", "languageId": "FR-FR", "lifecycleState": "deleted"},
            documents.asset(0, signature="another") | {"validations": [], "resourceName": "logo"},
        ],
    )
    def test_where_it_is_so_already(self, wanted: Any) -> None:
        runner, result = run(Draft(documents.tree()), wanted)
        assert (runner.posts, result.changed, result.differences) == ([], False, ())
        assert f"Offer {documents.PUBLISHER}/{documents.OFFER} is as wanted: nothing is sent." in runner.lines()

    def test_a_secret_that_is_masked_isnt_compared_and_sent_where_it_is_asked_for(self) -> None:
        secret = {
            "$schema": documents.schema("customer-leads", "2022-03-01-preview3"),
            "tableLeadConfiguration": {"storageAccountConnectionString": "AccountName=x;AccountKey=s3cret-word=="},
        }
        path = "customer-leads/tableLeadConfiguration/storageAccountConnectionString"
        _, result = run(Draft(documents.tree()), secret)
        assert (result.changed, result.not_compared) == (False, (path,))
        runner, result = run(Draft(documents.tree()), secret, resend=[path])
        assert result.changed
        ((sent,),) = posts(runner)
        assert sent["tableLeadConfiguration"] == {
            "storageAccountConnectionString": "AccountName=x;AccountKey=s3cret-word==",
            "contactEmail": ["a@contoso.example"],
        }
        assert "s3cret-word" not in json.dumps(result.to_dict()) + " ".join(runner.lines())

    def test_a_logo_at_an_address_of_ones_own_cant_be_compared(self) -> None:
        wanted = documents.asset(1) | {"url": "https://contoso.example/logo.png"}
        _, result = run(Draft(documents.tree()), wanted)
        assert result.not_compared == ("listing-asset/en-us/azureLogoScreenshot/1/url",)


class TestSomethingDiffers:
    """Only that is sent."""

    def test_a_resource_is_sent_whole_with_what_is_wanted_changed_in_it(self) -> None:
        runner, result = run(
            Draft(documents.tree()), listing(title="New", product={"externalId": documents.OFFER})
        )
        ((sent,),) = posts(runner)
        there = documents.of_type("listing", documents.tree())
        assert sent == {
            **there,
            "title": "New",
            "$schema": documents.schema("listing", "2022-03-01-preview5"),  # on the host that is there now
        }
        assert result.to_dict() == {
            "changed": True,
            "created": False,
            "version": None,
            "etag": None,
            "differences": [{"path": "listing/en-us/title", "before": '"Contoso VM"', "after": '"New"'}],
            "kept": [],
            "ignored": [],
            "not_compared": [],
        }
        assert runner.lines() == [
            "Offer contoso/contoso-vm differs from what is wanted in 1 place:",
            '  listing/en-us/title: "Contoso VM" -> "New"',
            "The Product Ingestion API has no ETags: a change that somebody else makes between what was read and "
            "what is sent can't be noticed.",
            "Changed the draft of offer contoso/contoso-vm; customers see no difference until it is published.",
        ]

    def test_all_that_differs_goes_into_one_request_and_nothing_else(self) -> None:
        wanted = documents.tree()
        documents.of_type("product", wanted)["alias"] = "New"
        documents.of_type("customer-leads", wanted)["leadDestination"] = "none"
        runner, _ = run(Draft(documents.tree()), wanted)
        ((product, leads),) = posts(runner)
        assert (product["alias"], product["id"]) == ("New", documents.PRODUCT)
        # The mask stands for the secret that is there, which would go without it.
        assert leads["tableLeadConfiguration"]["storageAccountConnectionString"] == documents.MASK
        assert not any("validations" in each for each in (product, leads))

    def test_a_new_image_version_is_added_to_those_that_are_there(self) -> None:
        draft = Draft(documents.tree())
        runner, result = run(draft, technical(vmImageVersions=[documents.image("1.0.2")]))
        ((sent,),) = posts(runner)
        assert [each["versionNumber"] for each in sent["vmImageVersions"]] == ["1.0.0", "1.0.1", "1.0.2"]
        # Signatures go back unchanged, and are shown nowhere.
        assert sent["vmImageVersions"][0] == documents.image("1.0.0")
        assert documents.SIGNATURE not in json.dumps(result.to_dict()) + " ".join(runner.lines())
        assert result.kept == tuple(f"{CONFIGURATION}/vmImageVersions/{each}" for each in ("1.0.0", "1.0.1"))
        # By product and plan, without the id that is the service's own.
        assert ("id" in sent, sent["product"], sent["plan"]) == (False, documents.PRODUCT, documents.PLAN_ID)
        assert run(draft, technical(vmImageVersions=[documents.image("1.0.2")]))[1].changed is False

    def test_what_was_handed_on_blanked_is_taken_back_with_a_change(self) -> None:
        wanted = blanked(documents.tree())
        documents.of_type("virtual-machine-plan-technical-configuration", wanted)["recommendedVmSizes"] = [
            "d8s-v3"
        ]
        runner, result = run(Draft(documents.tree()), wanted)
        assert [each.path for each in result.differences] == [f"{CONFIGURATION}/recommendedVmSizes"]
        ((sent,),) = posts(runner)
        assert sent["vmImageVersions"] == documents.configuration()["vmImageVersions"]

    def test_a_mask_that_was_handed_on_blanked_is_sent_back_as_the_mask_that_is_there(self) -> None:
        wanted = blanked(documents.tree())
        leads = documents.of_type("customer-leads", wanted)
        assert leads["tableLeadConfiguration"]["storageAccountConnectionString"] == "***"
        leads["tableLeadConfiguration"]["contactEmail"] = ["b@contoso.example"]
        runner, _ = run(Draft(documents.tree()), wanted)
        ((sent,),) = posts(runner)
        assert sent["tableLeadConfiguration"] == {
            "storageAccountConnectionString": documents.MASK,
            "contactEmail": ["b@contoso.example"],
        }

    def test_a_resource_that_is_deleted_is_gone_afterwards(self) -> None:
        draft = Draft(documents.tree())
        wanted = documents.asset(1) | {"lifecycleState": "deleted"}
        assert run(draft, wanted)[1].changed
        assert run(draft, wanted)[1].changed is False

    def test_a_blank_that_nothing_there_fits_is_refused(self) -> None:
        wanted = technical(vmImageVersions=[blanked(documents.image("2.0.0"))])
        runner = Runner(Draft(documents.tree()))
        with pytest.raises(CppConfigurationError, match=r"nothing to put in place of the blank .* at resources/0"):
            runner.run(put(wanted).once())
        assert runner.posts == []

    def test_an_image_is_matched_by_its_type_and_a_disk_by_its_number(self) -> None:
        there = documents.tree()
        version = documents.of_type("virtual-machine-plan-technical-configuration", there)["vmImageVersions"][1]
        version["vmImages"] = documents.image("1.0.1", "x64Gen1", "x64Gen2")["vmImages"]
        disks = [{"lunNumber": number, "uri": documents.sas(f"disk{number}")} for number in (0, 1)]
        version["vmImages"][1]["source"]["dataDisks"] = disks
        other = {"lunNumber": 1.0, "uri": documents.sas("other")}
        source = {"dataDisks": [other]}
        wanted = technical(
            vmImageVersions=[{"versionNumber": "1.0.1", "vmImages": [{"imageType": "x64Gen2", "source": source}]}]
        )
        runner, result = run(Draft(there), wanted)
        assert [each.path for each in result.differences] == [
            f"{CONFIGURATION}/vmImageVersions/1.0.1/vmImages/x64Gen2/source/dataDisks/1/uri"
        ]
        images = posts(runner)[0][0]["vmImageVersions"][1]["vmImages"]
        assert images[0] == version["vmImages"][0]
        assert images[1]["source"]["dataDisks"] == [disks[0], other]

    def test_a_new_signature_of_ones_own_file_is_a_difference_that_isnt_shown(self) -> None:
        image = documents.image("1.0.1")
        image["vmImages"][0]["source"]["osDisk"]["uri"] = documents.sas("1.0.1", "an0ther%2Fsignature")
        runner, result = run(Draft(documents.tree()), technical(vmImageVersions=[image]))
        (difference,) = result.differences
        assert difference.after is not None
        assert difference.after.endswith("(what differs isn't shown)")
        assert "an0ther" not in json.dumps(result.to_dict()) + " ".join(runner.lines())

    def test_what_is_ignored_stays_as_it_is(self) -> None:
        wanted = [listing(title="New", privacyPolicyLink="https://contoso.example")]
        runner, result = run(Draft(documents.tree()), wanted, ignore=["listing/*/title"])
        assert result.ignored == ("listing/en-us/title",)
        assert posts(runner)[0][0]["title"] == "Contoso VM"
        runner, result = run(Draft(documents.tree()), wanted, ignore=["listing/en-us", "**/nothing"])
        assert (runner.posts, result.changed) == ([], False)
        assert any("ignore has no effect here with **/nothing" in line for line in runner.warnings())

    def test_an_exact_resource_loses_what_isnt_named_but_stays_the_one_that_it_is(self) -> None:
        runner, result = run(Draft(documents.tree()), listing(title="Contoso VM"), exact=["listing/en-us"])
        assert [each.path for each in result.differences] == ["listing/en-us/privacyPolicyLink"]
        ((sent,),) = posts(runner)
        assert set(sent) == {"$schema", "id", "product", "kind", "languageId", "title"}

    def test_null_removes_a_field(self) -> None:
        runner, _ = run(Draft(documents.tree()), listing(privacyPolicyLink=None))
        assert "privacyPolicyLink" not in posts(runner)[0][0]

    def test_a_resource_that_isnt_there_yet_is_added(self) -> None:
        draft = Draft(documents.tree())
        wanted = listing(
            languageId="fr-fr", kind="azureVM", title="Contoso", product={"externalId": documents.OFFER}
        )
        runner, result = run(draft, wanted)
        assert posts(runner) == [
            [
                {
                    "$schema": documents.schema("listing", "2022-03-01-preview2"),
                    "languageId": "fr-fr",
                    "kind": "azureVM",
                    "title": "Contoso",
                    "product": documents.PRODUCT,
                }
            ]
        ]
        assert [each.path for each in result.differences] == ["listing/fr-fr"]
        assert run(draft, wanted)[1].changed is False

    def test_a_dry_run_reports_and_sends_nothing(self) -> None:
        runner, result = run(Draft(documents.tree()), listing(title="New"), dry_run=True)
        assert (runner.posts, result.changed, len(result.differences)) == ([], False, 1)

    def test_a_durable_id_names_the_offer_too(self) -> None:
        runner, result = run(Draft(documents.tree()), listing(title="New"), offer_id=documents.PRODUCT)
        assert result.changed
        assert not any(call.path.endswith("/product") for call in runner.sent)


class TestVersionsOfSchemas:
    """Which version a request names."""

    def test_a_tree_is_read_and_a_request_sent_in_the_latest_version_that_the_definition_names(self) -> None:
        wanted = technical(recommendedVmSizes=["d8s-v3"])
        wanted["$schema"] = documents.schema("virtual-machine-plan-technical-configuration", "2026-04-01-preview1")
        runner, _ = run(Draft(documents.tree()), wanted)
        (sent,) = runner.posts
        trees = [call for call in runner.sent if "/resource-tree/" in call.path]
        assert {call.least_version for call in (sent, *trees)} == {"2026-04-01-preview1"}
        assert posts(runner)[0][0]["$schema"] == wanted["$schema"]

    def test_a_job_that_says_no_more_than_invalid_resource_is_answered_with_what_was_sent(self) -> None:
        job = failed({"code": "badRequest", "message": "Invalid resource", "details": []})
        with pytest.raises(CppBadRequest) as error:
            run(Draft(documents.tree(), job=(job,)), technical(recommendedVmSizes=["d8s-v3"]))
        message = str(error.value)
        assert "its job failed: 'Invalid resource (badRequest)'" in message
        assert "Sent were virtual-machine-plan-technical-configuration 2022-03-01-preview5" in message
        assert "with $version=2022-07-01. Set the connection's api_version to a later one" in message

    def test_images_that_the_service_returned_none_of_are_warned_of(self) -> None:
        there = documents.tree()
        documents.of_type("virtual-machine-plan-technical-configuration", there)["vmImageVersions"] = []
        runner, _ = run(Draft(there), technical(vmImageVersions=[documents.image("1.0.2")]))
        assert any("it hides them below the newest version" in line for line in runner.warnings())


class TestPlans:
    """A plan is added only where that is meant."""

    NEW = (
        {
            "$schema": documents.schema("plan", "2022-03-01-preview3"),
            "identity": {"externalId": "silver"},
            "alias": "Silver",
        },
        {
            "$schema": documents.schema("price-and-availability-plan", "2022-03-01-preview4"),
            "plan": {"externalId": "silver"},
            "visibility": "visible",
        },
    )

    def test_a_plan_that_isnt_there_is_refused(self) -> None:
        runner = Runner(Draft(documents.tree()))
        with pytest.raises(CppConfigurationError, match=r"no plan 'silver'.*Plans there: gold.*new_plans=True"):
            runner.run(put(list(self.NEW)).once())
        assert runner.posts == []

    def test_a_new_one_is_referred_to_by_the_name_that_it_has_in_the_request(self) -> None:
        runner, _ = run(Draft(documents.tree()), list(self.NEW[::-1]), new_plans=True)
        ((plan, price),) = posts(runner)
        assert (plan["resourceName"], plan["product"]) == ("plan-silver", documents.PRODUCT)
        assert price["plan"] == {"resourceName": "plan-silver"}

    @pytest.mark.parametrize("plan", [{"externalId": "bronze"}, f"plan/{documents.GUID}/{documents.GUID}"])
    def test_a_plan_that_nothing_has_is_refused(self, plan: Any) -> None:
        with pytest.raises(CppConfigurationError, match=r"refers to the plan .*Plans there: gold"):
            run(Draft(documents.tree()), technical() | {"plan": plan, "openPorts": [{"label": "x"}]})


class TestCreating:
    """There is no offer yet."""

    NEW = (
        {
            "$schema": documents.schema("product", "2022-07-01"),
            "identity": {"externalId": documents.OFFER},
            "type": "azureVirtualMachine",
            "alias": "Contoso VM",
        },
        listing(title="Contoso VM", kind="azureVM"),
        {**TestPlans.NEW[0], "product": {"externalId": documents.OFFER}},
        TestPlans.NEW[1],
    )

    def test_none_is_created_unless_that_is_meant(self) -> None:
        runner = Runner(Draft(None))
        with pytest.raises(CppNotFound, match=r"Offers of this account: contoso-other\..*create=True"):
            runner.run(put(list(self.NEW)).once())
        assert runner.posts == []

    def test_it_is_created_with_all_that_refers_to_it(self) -> None:
        draft = Draft(None)
        runner, result = run(draft, list(self.NEW), create=True)
        ((product, plan, listed, price),) = posts(runner)
        assert (result.changed, result.created) == (True, True)
        assert product["resourceName"] == "product"
        assert [each["product"] for each in (plan, listed, price)] == [{"resourceName": "product"}] * 3
        assert price["plan"] == {"resourceName": plan["resourceName"]}
        assert "Created offer contoso/contoso-vm; customers see no" in " ".join(runner.lines())

    @pytest.mark.parametrize("missing", ["alias", "type", None])
    def test_too_little_for_a_new_one_is_refused(self, missing: str | None) -> None:
        new = [{k: v for k, v in each.items() if k != missing} for each in self.NEW][0 if missing else 1 :]
        runner = Runner(Draft(None))
        with pytest.raises(CppConfigurationError, match=f"no product with .*{missing or 'identity and type'}"):
            runner.run(put(new, create=True).once())
        assert runner.posts == []


class TestImageVersionsThatArePublished:
    """They never go by omission."""

    WANTED = technical(vmImageVersions=[documents.image("1.0.1")])
    EXACT = (f"{CONFIGURATION}/vmImageVersions",)

    @pytest.mark.parametrize("target", ["preview", "live"])
    def test_one_that_is_published_is_refused(self, target: str) -> None:
        runner = Runner(Draft(documents.tree(), others={target: documents.tree(target=target)}))
        with pytest.raises(
            CppConfigurationError, match=f"would lose image version 1.0.0 .*, which is in {target}"
        ):
            runner.run(put(self.WANTED, exact=self.EXACT).once())
        assert runner.posts == []

    @pytest.mark.parametrize("wanted", [technical(vmImageVersions=None), technical(vmImageVersions=[])])
    def test_nor_do_all_of_them(self, wanted: dict[str, Any]) -> None:
        runner = Runner(Draft(documents.tree(), others={"live": documents.tree(target="live")}))
        with pytest.raises(CppConfigurationError, match=r"would lose image version 1\.0\.0"):
            runner.run(put(wanted, exact=self.EXACT).once())
        assert runner.posts == []

    @pytest.mark.parametrize("status", [400, 404])
    def test_an_environment_that_isnt_there_has_none(self, status: int) -> None:
        draft = Draft(documents.tree())
        runner = Runner(
            lambda call, now: (
                refused(status) if dict(call.query).get("targetType") in {"preview", "live"} else draft(call, now)
            )
        )
        assert runner.run(put(self.WANTED, exact=self.EXACT).once()).changed

    def test_one_that_cant_be_looked_for_leaves_everything_as_it_is(self) -> None:
        draft = Draft(documents.tree())
        runner = Runner(
            lambda call, now: refused(503) if dict(call.query).get("targetType") == "live" else draft(call, now)
        )
        with pytest.raises(CppUnavailable):
            runner.run(put(self.WANTED, exact=self.EXACT).once())
        assert runner.posts == []

    def test_one_of_the_draft_alone_goes_where_that_is_said(self) -> None:
        runner, result = run(Draft(documents.tree()), self.WANTED, exact=self.EXACT)
        assert [each.path for each in result.differences] == [f"{CONFIGURATION}/vmImageVersions/1.0.0"]
        assert [each["versionNumber"] for each in posts(runner)[0][0]["vmImageVersions"]] == ["1.0.1"]
