"""Which image versions a plan of Cloud Partner Portal has, and how one more of them is written."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.images import image_version
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.cloud_partner_portal.adding_image import AddingToOffer
from tests.runner import Runner
from tests.services.cloud_partner_portal.offer_documents import STORAGE, VM, put_body
from tests.services.cloud_partner_portal.put_service import Service, sent
from tests.services.cloud_partner_portal.scripted import OFFER, ORIGIN, PUBLISHER

CORE = "microsoft-azure-corevm"
VM_IMAGES, CORE_IMAGES = f"{VM}.vmImages", f"{CORE}.vmImagesPublicAzure"
URL = "https://contoso.blob.core.windows.net/vhds/new.vhd?sig=s1gnature-1"


def disk(url: str = "https://contoso.blob.core.windows.net/vhds/old.vhd?sig=s1gnature-2", **more: Any) -> Any:
    return {**more, "osVhdUrl": url, "lunVhdDetails": []}


def offer(*plans: dict[str, Any], kind: str = VM) -> dict[str, Any]:
    document = put_body(offerTypeId=kind, version=1)
    document["definition"]["plans"] = list(plans)
    return document


def vm(*skus: str, **fields: Any) -> dict[str, Any]:
    generations = [{"planId": sku, VM_IMAGES: {"1.0.0": disk()}} for sku in skus]
    return offer(
        {"planId": "gold", VM_IMAGES: {"1.0.0": disk()}, **({"diskGenerations": generations} if skus else {})}
        | fields
    )


def core(*skus: tuple[str, str, str], versions: dict[str, Any] | None = None) -> dict[str, Any]:
    own, *others = (
        {
            "planId": name,
            f"{CORE}.generation": generation,
            f"{CORE}.vmImagesArchitecture": architecture,
            CORE_IMAGES: {"2026.10.30": disk()} if versions is None else versions,
        }
        for name, generation, architecture in skus or [("gold", "1", "X64")]
    )
    return offer({**own, "diskGenerations": others}, kind=CORE)


def image(kind: str, **more: Any) -> dict[str, Any]:
    return {"image_type": kind, "os_disk": URL, **more}


def add(
    document: dict[str, Any], *images: dict[str, Any], number: str = "1.0.2", **more: Any
) -> tuple[Any, Any, Runner]:
    """Return the result, the plan as it was sent, and the runner."""
    runner = Runner(Service(document))
    asked = image_version("gold", number, list(images), more.pop("keep", None))
    result = runner.run(AddingToOffer(OfferRef(PUBLISHER, OFFER), asked, ORIGIN, **more).once())
    calls = sent(runner)
    return result, json.loads(calls[0].body)["definition"]["plans"][0] if calls else None, runner


def refusal(document: dict[str, Any], *images: dict[str, Any], number: str = "1.0.2") -> tuple[str, Runner]:
    runner = Runner(Service(document))
    asked = image_version("gold", number, list(images))
    with pytest.raises(CppConfigurationError) as refused:
        runner.run(AddingToOffer(OfferRef(PUBLISHER, OFFER), asked, ORIGIN).once())
    assert sent(runner) == []
    return str(refused.value), runner


def test_each_generation_goes_to_its_sku() -> None:
    cases: list[tuple[dict[str, Any], dict[str, str], str]] = [
        (vm(), {"x64Gen1": "gold"}, "1.0.2"),
        (vm(), {"x64Gen2": "gold"}, "1.0.2"),
        (vm(), {"arm64Gen2": "gold"}, "1.0.2"),
        (vm("gold-gen2"), {"x64Gen1": "gold", "x64Gen2": "gold-gen2"}, "1.0.2"),
        (vm("gold-gen2", "gold-arm64"), {"x64Gen2": "gold-gen2", "arm64Gen2": "gold-arm64"}, "1.0.2"),
        (vm("charm-gen2", "gold-arm"), {"x64Gen2": "charm-gen2", "arm64Gen2": "gold-arm"}, "1.0.2"),
        (vm("gold-gen1"), {"x64Gen1": "gold-gen1", "x64Gen2": "gold"}, "1.0.2"),
        (vm("gold-gen12"), {"x64Gen1": "gold", "x64Gen2": "gold-gen12"}, "1.0.2"),
        (core(("gold", "2", "X64")), {"x64Gen2": "gold"}, "2026.11.30"),
        (core(("gold", "2", "Arm64")), {"arm64Gen2": "gold"}, "2026.11.30"),
        (core(("gold", "2", "X64"), ("old", "1", "X64")), {"x64Gen1": "old", "x64Gen2": "gold"}, "2026.11.30"),
        (core(("gold", "V1", "x64"), ("arm", "V2", "ARM64")), {"arm64Gen2": "arm"}, "2026.11.30"),
        (core(("gold", "", "x64"), ("old", "1", "X64")), {"x64Gen1": "old", "x64Gen2": "gold"}, "2026.11.30"),
        (core(("gold", "", "arm64")), {"arm64Gen2": "gold"}, "2026.11.30"),
        (core(("gold", "1", "X64"), ("other", "", "Arm64")), {"arm64Gen2": "other"}, "2026.11.30"),
    ]
    for document, skus, number in cases:
        field = VM_IMAGES if document["offerTypeId"] == VM else CORE_IMAGES
        result, plan, _ = add(document, *map(image, skus), number=number)
        assert result.changed
        entries = {each["planId"]: each[field] for each in [plan, *plan.get("diskGenerations", [])]}
        assert {sku for sku, versions in entries.items() if number in versions} == set(skus.values()), skus
        assert all(entries[sku][number]["osVhdUrl"] == URL for sku in skus.values())


def test_a_generation_that_the_plan_hasnt_is_refused_naming_those_that_it_has() -> None:
    for document, kind, has in (
        (vm("gold-gen2"), "arm64Gen2", "x64Gen1, x64Gen2"),
        (core(("gold", "2", "X64")), "x64Gen1", "x64Gen2"),
        (core(("gold", "2", "Arm64"), ("old", "1", "X64")), "x64Gen2", "arm64Gen2, x64Gen1"),
        (core(("gold", "", "Arm64")), "x64Gen2", "arm64Gen2"),
    ):
        text, _ = refusal(document, image(kind), number="2026.11.30")
        assert f"has no generation {kind}; it has {has}. Nothing was sent" in text
    text, _ = refusal(vm(), image("x64Gen1"), image("x64Gen2"))
    assert "has no generation x64Gen2; it has x64Gen1." in text


def test_two_skus_of_one_generation_are_refused_where_it_is_the_one_that_is_asked_for() -> None:
    document = vm("gold-gen2", "gold-new")
    text, _ = refusal(document, image("x64Gen2"))
    assert "more than one SKU of generation x64Gen2: gold-gen2, gold-new" in text
    assert add(document, image("x64Gen1"))[0].changed


def test_a_gallerys_image_is_refused_before_anything_is_asked() -> None:
    gallery = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/galleries/g/images/i"
    shared = {
        "image_type": "x64Gen1",
        "shared_image": gallery,
        "tenant_id": "0d9c4f1e-0000-4000-8000-000000000001",
    }
    text, runner = refusal(vm(), shared)
    assert "Cloud Partner Portal's API takes no images of a gallery" in text
    assert runner.sent == []


def test_an_offer_of_another_type_is_refused_in_words() -> None:
    text, _ = refusal(offer({"planId": "gold"}, kind="microsoft-azure-saas"), image("x64Gen1"))
    assert "is of type microsoft-azure-saas: only virtual machine offers have image versions" in text


class TestCore:
    """Virtual machines of Microsoft's own kind: versions are dates, images have names."""

    def test_a_number_that_is_no_date_is_refused_beside_dates(self) -> None:
        for versions in ({}, {"2026.10.30": disk()}, {"2018.1.1": disk()}):
            text, _ = refusal(core(versions=versions), image("x64Gen1"))
            assert "is a core virtual machine's, whose image versions are dates" in text
            assert "image_version='1.0.2' is none. Nothing was sent" in text

    def test_a_plan_whose_versions_are_others_goes_on_with_them(self) -> None:
        result, _, _ = add(core(versions={"0.20240101.1600": disk()}), image("x64Gen1"), number="0.20261130.1600")
        assert result.versions == ("0.20240101.1600", "0.20261130.1600")

    def test_texts_are_those_of_the_newest_version_with_the_new_number(self) -> None:
        before = {
            "2026.10.30": disk(
                label="Contoso",
                description="Contoso 2026.10.30",
                mediaName="contoso-2026.10.30-x64",
                showInGui=False,
                publishedDate="10/30/2026",
            ),
            "2026.9.30": disk(label="Oldest", description="Oldest", mediaName="oldest", showInGui=True),
        }
        _, plan, _ = add(core(versions=before), image("x64Gen1"), number="2026.11.30")
        assert plan[CORE_IMAGES]["2026.11.30"] == {
            "label": "Contoso",
            "description": "Contoso 2026.11.30",
            "mediaName": "contoso-2026.11.30-x64",
            "showInGui": False,
            "publishedDate": "11/30/2026",
            "osVhdUrl": URL,
            "lunVhdDetails": [],
        }

    def test_without_any_they_are_made_of_the_names(self) -> None:
        name = f"{PUBLISHER}_{OFFER}_gold"
        for before in ({}, {"2026.10.30": disk(mediaName="always-the-same", label=7)}):
            _, plan, _ = add(core(versions=before), image("x64Gen1"), number="2026.11.30")
            found = plan[CORE_IMAGES]["2026.11.30"]
            assert (found["label"], found["mediaName"]) == (name, f"{name}_2026.11.30")
            assert (found["description"], found["showInGui"]) == (f"{name}_2026.11.30", True)


class TestDataDisks:
    """No page names the fields of one."""

    DISKS = ({"lun": 0, "uri": URL}, {"lun": 1, "uri": URL})

    def test_they_are_called_as_those_that_are_there(self) -> None:
        for fields in (("lun", "lunVhdUrl"), ("lunNumber", "uri")):
            there = disk() | {"lunVhdDetails": [{fields[0]: 0, fields[1]: "https://contoso.example/0.vhd"}]}
            _, plan, _ = add(vm(**{VM_IMAGES: {"1.0.0": there}}), image("x64Gen1", data_disks=self.DISKS))
            assert plan[VM_IMAGES]["1.0.2"]["lunVhdDetails"] == [{fields[0]: n, fields[1]: URL} for n in (0, 1)]

    def test_without_any_by_these(self) -> None:
        _, plan, _ = add(vm(), image("x64Gen1", data_disks=self.DISKS))
        assert plan[VM_IMAGES]["1.0.2"]["lunVhdDetails"] == [{"lun": n, "lunVhdUrl": URL} for n in (0, 1)]


def test_a_version_whose_disks_are_the_services_own_copies_cant_be_compared_and_a_line_says_so() -> None:
    copied = vm(**{VM_IMAGES: {"1.0.2": disk(f"{STORAGE}/new.vhd?sig=s1gnature-3")}})
    result, plan, runner = add(copied, image("x64Gen1"))
    assert (result.changed, plan) == (False, None)
    (line,) = runner.lines()
    assert "has image version 1.0.2 already, and nothing is sent" in line
    assert "can't be compared for x64Gen1: the service shows the address of a copy of its own" in line


def test_retired_versions_are_taken_out_of_each_sku_that_has_them() -> None:
    document = vm("gold-gen2")
    own = document["definition"]["plans"][0]
    own[VM_IMAGES]["1.0.1"] = disk()
    result, plan, _ = add(document, image("x64Gen1"), image("x64Gen2"), keep=1)
    assert result.retired == ("1.0.0", "1.0.1")
    assert list(plan[VM_IMAGES]) == list(plan["diskGenerations"][0][VM_IMAGES]) == ["1.0.2"]


def test_the_first_version_of_a_plan_is_no_slip() -> None:
    for fields in ({VM_IMAGES: {}}, {VM_IMAGES: None}):
        result, plan, runner = add(vm(**fields), image("x64Gen1"))
        assert result.versions == ("1.0.2",)
        assert plan[VM_IMAGES]["1.0.2"]["osVhdUrl"] == URL
        assert {level for level, _ in runner.said} == {logging.INFO}
