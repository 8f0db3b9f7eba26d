"""What of an offer is wanted: what stays, what goes, and what looks like a slip."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppConfigurationError,
    CppNotFound,
)
from airflow_provider_cpp.services.cloud_partner_portal.putting import Put
from tests.runner import Runner
from tests.services.cloud_partner_portal.offer_documents import VM, answered_offer, put_body
from tests.services.cloud_partner_portal.put_service import IMAGES, PLAN, Service, put, sent
from tests.services.cloud_partner_portal.scripted import OFFER, PUBLISHER


class TestStaying:
    """What isn't named stays, and is named where more is there than is wanted."""

    def there(self) -> dict[str, Any]:
        document = answered_offer()
        images = document["definition"]["plans"][0][IMAGES]
        images["1.0.0"] = {"osVhdUrl": "https://contoso.example/old.vhd"}
        document["definition"]["plans"].append({"planId": "silver"})
        return document

    def wanted(self, images: Any) -> dict[str, Any]:
        return {"definition": {"plans": [{"planId": PLAN, IMAGES: images}]}}

    def test_an_image_version_and_a_plan_that_were_taken_out_are_named(self) -> None:
        runner = Runner(Service(self.there()))
        document = self.there()
        del document["definition"]["plans"][0][IMAGES]["1.0.0"], document["definition"]["plans"][1]
        result = runner.run(put(document).once())
        assert (result.changed, sent(runner)) == (False, [])
        assert result.kept == (f"definition/plans/{PLAN}/{IMAGES}/1.0.0", "definition/plans/silver")
        assert any(line.startswith("Kept, 2 places") and "1.0.0" in line for line in runner.lines())

    @pytest.mark.parametrize(("images", "exact"), [({"1.0.0": None}, []), ({"1.0.1": {}}, [f"**/{IMAGES}"])])
    def test_null_and_exact_remove_a_version_and_its_key_is_gone(self, images: Any, exact: list[str]) -> None:
        service = Service(self.there())
        runner = Runner(service)
        result = runner.run(put(self.wanted(images), exact=exact).once())
        assert [str(each).partition(":")[0] for each in result.differences] == [
            f"definition/plans/{PLAN}/{IMAGES}/1.0.0"
        ]
        assert list(json.loads(sent(runner)[0].body)["definition"]["plans"][0][IMAGES]) == ["1.0.1"]
        assert Runner(service).run(put(self.wanted(images), exact=exact).once()).changed is False

    def test_a_plan_goes_only_under_exact_with_a_warning_that_names_it(self) -> None:
        runner = Runner(Service(self.there()))
        result = runner.run(put({"definition": {"plans": [{"planId": PLAN}]}}, exact=["definition/plans"]).once())
        assert [each.path for each in result.differences] == ["definition/plans/silver"]
        assert [plan["planId"] for plan in json.loads(sent(runner)[0].body)["definition"]["plans"]] == [PLAN]
        assert any("loses 1 plan: silver" in line for line in runner.warnings())

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_null_for_the_plans_is_refused(self, dry_run: bool) -> None:
        runner = Runner(Service(self.there()))
        with pytest.raises(CppConfigurationError, match=f"would lose 2 plans: {PLAN}, silver"):
            runner.run(put({"definition": {"plans": None}}, dry_run=dry_run).once())
        assert sent(runner) == []

    def test_no_null_reaches_a_new_offer(self) -> None:
        runner = Runner(Service(None))
        body = put_body()
        body["definition"]["offer"]["x"] = None
        body["definition"]["plans"][0]["regions"] = ["AZ", None]
        body["definition"]["plans"][0]["y"] = {"z": None}
        runner.run(put(body, create=True).once())
        assert "null" not in str(sent(runner)[0].body)

    def test_what_is_ignored_and_differs_is_counted_and_named(self) -> None:
        wanted = self.wanted({"1.0.1": {"osVhdUrl": "https://contoso.example/corrected.vhd"}})
        runner = Runner(Service(self.there()))
        result = runner.run(put(wanted, ignore=["**/osVhdUrl"]).once())
        assert result.ignored == (f"definition/plans/{PLAN}/{IMAGES}/1.0.1/osVhdUrl",)
        assert any(line.startswith("Ignored, 1 place,") and "osVhdUrl" in line for line in runner.lines())


class TestMistyped:
    """What isn't there yet is only made when asked for, or with a warning."""

    def test_an_offer(self) -> None:
        runner = Runner(Service(None))
        with pytest.raises(CppNotFound, match=r"doesn't exist.*Offers of contoso: contoso-other.*create=True"):
            runner.run(put().once())
        assert sent(runner) == []

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_a_plan(self, dry_run: bool) -> None:
        runner = Runner(Service(answered_offer()))
        wanted = {"definition": {"plans": [{"planId": "contososkuidentifer", "x": 1}]}}
        with pytest.raises(CppConfigurationError, match=rf"no plan 'contososkuidentifer'.*Plans there: {PLAN}\."):
            runner.run(put(wanted, dry_run=dry_run).once())
        assert sent(runner) == []
        assert runner.run(put(wanted, dry_run=dry_run, new_plans=True).once()).changed is not dry_run

    def test_a_field_of_a_plan(self) -> None:
        runner = Runner(Service(answered_offer()))
        runner.run(put({"definition": {"plans": [{"planId": PLAN, f"{VM}.skuTitel": "x"}]}}).once())
        (warning,) = runner.warnings()
        assert f"{VM}.skuTitel isn't there yet and is added" in warning
        assert f"there are {VM}.skuTitle, " in warning

    def test_a_new_image_version_is_no_slip(self) -> None:
        runner = Runner(Service(answered_offer()))
        images = {"1.0.2": {"osVhdUrl": "https://contoso.example/new.vhd"}}
        runner.run(put({"definition": {"plans": [{"planId": PLAN, IMAGES: images}]}}).once())
        assert runner.warnings() == []


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "is a list"),
        ("{}", "is a str"),
        (put_body(id="another"), "its id is 'another'"),
        (put_body(publisherId="fabrikam"), "its publisherId is 'fabrikam'"),
        (put_body(definition=[]), "'definition' is no JSON object"),
        (put_body()["definition"], "belong into the field 'definition'"),
        ({"definition": {"x": float("nan")}}, "can't be sent as JSON"),
        ({"definition": {"plans": [{"planId": "a"}, {"planId": "a"}]}}, "'a' twice"),
        ({"definition": {"plans": [{"planId": "a"}, {"x": 1}]}}, "an object with a planId"),
        ({"definition": {"plans": {"a": {}}}}, "have to be a list"),
        ({"defintion": {"displayText": "x"}}, "'definition' is meant"),
        ({}, "names nothing"),
    ],
)
def test_what_is_no_definition_of_this_offer_is_refused_at_once(document: Any, named: str) -> None:
    with pytest.raises(CppConfigurationError, match=named):
        Put(PUBLISHER, OFFER, document)


@pytest.mark.parametrize(
    "arguments", [{"if_match": ""}, {"if_match": "a\nb"}, {"ignore": ("a.b",)}, {"exact": "definition/plans"}]
)
def test_an_argument_that_cant_be_is_refused_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(CppConfigurationError, match=next(iter(arguments))):
        put(**arguments)


def test_a_put_shows_nothing_of_its_document() -> None:
    assert "s1gnature" not in repr(put())


class TestPathsThatNameNothing:
    """A mistyped path is told, as silently it would do nothing."""

    @pytest.mark.parametrize("name", ["exact", "resend", "ignore"])
    @pytest.mark.parametrize(
        ("path", "is_told"),
        [
            ("**/vmImages", True),
            ("**/*.vmImages", False),
            ("definition/plan", True),
            ("definition/plans", False),
            ("definition/plans/platinum/**", True),
            ("definition/plans/*/*.vmImages/*", False),
            ("**", False),
        ],
    )
    def test_it_is_told(self, name, path, is_told):
        runner = Runner(Service(answered_offer()))
        runner.run(put(put_body(), dry_run=True, **{name: ["definition/displayText", path]}).once())
        told = [line for line in runner.warnings() if line.startswith(f"{name} has no effect here with {path}:")]
        assert bool(told) == is_told

    def test_what_is_there_may_be_ignored_though_the_definition_doesnt_name_it(self):
        wanted = {"definition": {"displayText": "Contoso"}}
        for name, is_told in (("ignore", False), ("exact", True), ("resend", True)):
            runner = Runner(Service(answered_offer()))
            runner.run(put(wanted, dry_run=True, **{name: ["definition/plans"]}).once())
            assert any("has no effect here" in line for line in runner.warnings()) == is_told


def test_a_new_offer_gets_no_mask_for_a_secret():
    document = put_body()
    document["definition"]["offer"]["clientSecret"] = "***"
    runner = Runner(Service(None))
    runner.run(put(document, create=True).once())
    assert "clientSecret" not in json.loads(sent(runner)[0].body)["definition"]["offer"]
