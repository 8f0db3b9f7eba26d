"""Which image versions a plan of the Product Ingestion API has, and how one more of them is written."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.images import image_version
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion.adding_image import AddingToDraft
from tests.runner import Runner
from tests.services.product_ingestion import tree_documents as documents
from tests.services.product_ingestion.draft_service import ORIGIN, Draft, posts

TECHNICAL = "virtual-machine-plan-technical-configuration"
URL = "https://contoso.blob.core.windows.net/vhds/new.vhd?sig=s1gnature-1"
TENANT = "0d9c4f1e-0000-4000-8000-000000000001"
GALLERY = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/galleries/g/images/i/versions/1.0.2"
SHARED = {"image_type": "x64Gen2", "shared_image": GALLERY, "tenant_id": TENANT}


def tree(product: str = "azureVirtualMachine", **fields: Any) -> dict[str, Any]:
    """The invented offer's tree, with fields of its technical configuration changed."""
    found = documents.tree()
    documents.of_type("product", found)["type"] = product
    technical = documents.of_type(TECHNICAL, found)
    technical.update(fields)
    if product == "coreVirtualMachine":
        for name in ("$schema", "id"):
            technical[name] = technical[name].replace(TECHNICAL, f"core-{TECHNICAL}")
    return found


def image(kind: str = "x64Gen2") -> dict[str, Any]:
    return {"image_type": kind, "os_disk": URL}


def add(
    document: dict[str, Any], *images: dict[str, Any], number: str = "1.0.2", **more: Any
) -> tuple[Any, Any, Runner]:
    """Return the result, the technical configuration as it was sent, and the runner."""
    runner = Runner(Draft(document))
    asked = image_version(more.pop("plan_id", "gold"), number, list(images or [image()]), more.pop("keep", None))
    ref = OfferRef(documents.PUBLISHER, documents.OFFER)
    result = runner.run(AddingToDraft(ref, asked, ORIGIN, "2022-07-01", **more).once())
    sent = posts(runner)
    return result, sent[0][0] if sent else None, runner


def refusal(document: dict[str, Any], *images: dict[str, Any], **more: Any) -> str:
    with pytest.raises(CppConfigurationError) as refused:
        add(document, *images, **more)
    assert "Nothing was sent" in str(refused.value)
    return str(refused.value)


def test_the_technical_configuration_is_sent_whole_with_one_version_more() -> None:
    before = documents.of_type(TECHNICAL, tree())
    result, sent, runner = add(tree())
    assert result.versions == ("1.0.0", "1.0.1", "1.0.2")
    *old, new = sent["vmImageVersions"]
    assert old == before["vmImageVersions"]
    assert new == {
        "versionNumber": "1.0.2",
        "vmImages": [
            {
                "imageType": "x64Gen2",
                "source": {"sourceType": "sasUri", "osDisk": {"uri": URL}, "dataDisks": []},
            }
        ],
        "lifecycleState": "generallyAvailable",
    }
    assert sent["skus"] == before["skus"]
    assert len(posts(runner)[0]) == 1


def test_an_image_of_a_gallery_is_sent_as_one_and_compared_by_its_id() -> None:
    _, sent, _ = add(tree(), SHARED)
    (of_gallery,) = sent["vmImageVersions"][-1]["vmImages"]
    shared = {"tenantId": TENANT, "resourceId": GALLERY}
    assert of_gallery["source"] == {"sourceType": "sharedImageGallery", "sharedImage": shared}
    there = tree(vmImageVersions=sent["vmImageVersions"])
    assert not add(there, {**SHARED, "shared_image": GALLERY.upper()})[0].changed
    assert f"x64Gen2 from {GALLERY}" in refusal(there, {**SHARED, "shared_image": GALLERY.replace("/i/", "/j/")})
    assert "with other images" in refusal(there, image())


def test_retired_versions_stay_as_deprecated_with_all_that_they_have() -> None:
    result, sent, _ = add(tree(), keep=1)
    assert (result.retired, result.versions) == (("1.0.0", "1.0.1"), ("1.0.2",))
    before = documents.of_type(TECHNICAL, tree())["vmImageVersions"]
    assert sent["vmImageVersions"][:2] == [{**each, "lifecycleState": "deprecated"} for each in before]


def test_a_generation_counts_in_any_case() -> None:
    there = documents.image("1.0.2", "X64gen2")
    skus = [{"imageType": "x64gen2", "skuId": "gold"}]
    same = {"image_type": "x64Gen2", "os_disk": documents.sas("1.0.2", "another")}
    assert not add(tree(skus=skus, vmImageVersions=[there]), same)[0].changed
    assert add(tree(skus=skus, vmImageVersions=[there]), number="1.0.3")[0].changed


def test_a_version_without_a_state_is_offered() -> None:
    bare = {k: v for k, v in documents.image("1.0.0").items() if k != "lifecycleState"}
    for more in (
        {},
        *({"lifecycleState": word} for word in (None, "", " generallyAvailable", "GenerallyAvailable")),
    ):
        assert add(tree(vmImageVersions=[bare | more]))[0].versions == ("1.0.0", "1.0.2"), more


def test_a_deprecated_version_that_is_there_is_found_and_a_warning_says_that_nobody_is_offered_it() -> None:
    for state in ("deprecated", "deleted"):
        there = documents.image("1.0.2") | {"lifecycleState": state}
        same = {"image_type": "x64Gen2", "os_disk": documents.sas("1.0.2", "another")}
        result, sent, runner = add(tree(vmImageVersions=[documents.image("1.0.1"), there]), same)
        assert (result.changed, sent, result.versions) == (False, None, ("1.0.1",))
        (warning,) = [text for level, text in runner.said if level == logging.WARNING]
        assert f"Image version 1.0.2 is {state}: customers aren't offered it" in warning


def test_a_source_that_isnt_known_here_is_another_and_is_named() -> None:
    there = documents.image("1.0.2")
    there["vmImages"][0]["source"] = {"sourceType": "diskSnapshot", "snapshot": {"id": "7"}}
    assert "x64Gen2 from a source of type 'diskSnapshot'." in refusal(tree(vmImageVersions=[there]))
    result, sent, _ = add(tree(vmImageVersions=[there]), number="1.0.3")
    assert (result.changed, sent["vmImageVersions"][0]) == (True, there)


def test_a_core_plan_takes_dates_beside_dates_and_whatever_else_it_began_with() -> None:
    core = "coreVirtualMachine"
    for there, number in (
        ([], "9.7.2025121501"),
        (["9.7.2025121501"], "9.7.2025121502"),
        (["2026.10.30"], "2026.11.30"),
    ):
        document = tree(core, vmImageVersions=[documents.image(each) for each in there])
        assert add(document, number=number)[0].changed, there
    text = refusal(tree(core, vmImageVersions=[documents.image("2026.10.30")]))
    assert "whose image versions are dates: it has 2026.10.30. image_version='1.0.2' is none" in text


def test_what_no_plan_of_images_is_is_refused_in_words() -> None:
    for kind in ("azureContainer", "softwareAsAService"):
        assert f"is of type {kind}: only virtual machine offers have image versions" in refusal(tree(kind))
    assert "has no plan 'silver'. Nothing was sent. Plans there: gold" in refusal(tree(), plan_id="silver")
    for skus in ([], None):
        assert "has a plan 'gold' without SKUs" in refusal(tree(skus=skus))
    assert "has no generation arm64Gen2; it has x64Gen2, x64Gen1" in refusal(tree(), image("arm64Gen2"))


def test_whatever_a_version_that_is_there_looks_like_it_is_sent_back() -> None:
    odd = [
        {"versionNumber": "0.0.1"},
        {"versionNumber": "0.0.2", "vmImages": [{"imageType": "x64Gen2"}]},
        {"new": 1},
    ]
    result, sent, _ = add(tree(vmImageVersions=odd))
    assert sent["vmImageVersions"][:3] == odd
    assert result.versions == ("0.0.1", "0.0.2", "1.0.2")
    assert "with other images than the ones that are asked for: none" in refusal(
        tree(vmImageVersions=odd), number="0.0.1"
    )
    assert json.dumps(result.to_dict())
