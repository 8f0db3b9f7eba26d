"""A put that is repeated sends nothing, whatever the service keeps to itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.runner import LOST, Runner
from tests.services.cloud_partner_portal.offer_documents import VM, answered_offer, as_returned, put_body
from tests.services.cloud_partner_portal.put_service import IMAGES, PLAN, Service, put, sent, title

LEADS = {"microsoft-azure-marketplace.httpsEndpointLeadConfiguration": {"clientSecret": "s3cret-word"}}


def offer_fields(**fields: Any) -> dict[str, Any]:
    return {"definition": {"offer": fields}}


class TestSettling:
    """A put that is repeated sends nothing, whatever the service keeps to itself."""

    @pytest.mark.parametrize(
        "more",
        [
            {},
            {"offerTypeVersions": {VM: 88}},
            {"notificationEmails": "a@contoso.example"},
            {"inventedIn2031": {"x": [1]}},
        ],
        ids=str,
    )
    def test_what_no_answer_has_is_no_difference_by_itself(self, more: dict[str, Any]) -> None:
        service = Service(None)
        Runner(service).run(put({**put_body(), **more}, create=True).once())
        service.document = {key: value for key, value in service.answer().items() if key not in more}
        runner = Runner(service)
        result = runner.run(put({**put_body(), **more}).once())
        assert (result.changed, sent(runner)) == (False, [])
        assert {"offerTypeVersions", *more} <= set(result.not_compared)
        assert sum("Not compared" in line for line in runner.lines()) == 1

    def test_it_is_sent_along_with_what_differs(self) -> None:
        runner = Runner(Service(answered_offer()))
        runner.run(put({**title("New"), "offerTypeVersions": {VM: 88}}).once())
        assert json.loads(sent(runner)[0].body)["offerTypeVersions"] == {VM: 88}

    @pytest.mark.parametrize(
        "document",
        [
            offer_fields(**LEADS),
            offer_fields(**{"microsoft-azure-marketplace.wideLogo": "https://contoso.example/wide.png?sig=1"}),
            {"definition": {"plans": [{"planId": PLAN, f"{VM}.windowsOSType": "Other"}]}},
            {"definition": {"plans": [{"planId": PLAN, "regions": ["DE", "az"]}]}},
            {"definition": {"plans": [{"planId": PLAN, "virtualMachinePricing": {"single": 1.50}}]}},
        ],
        ids=["secret", "file", "renamed", "order and case", "number"],
    )
    def test_what_comes_back_in_another_way_settles_after_one_run(self, document: dict[str, Any]) -> None:
        service = Service(answered_offer())
        Runner(service).run(put({**document, "definition": {**document["definition"], "displayText": "N"}}).once())
        assert service.document is not None
        plan = service.document["definition"]["plans"][0]
        plan["regions"] = sorted(region.upper() for region in plan["regions"])
        runner = Runner(service)
        result = runner.run(put(document).once())
        assert (result.changed, sent(runner)) == (False, [])

    @pytest.mark.parametrize("there", [None, "", "*****", "\u2022\u2022\u2022"])
    def test_a_changed_secret_is_sent_where_resend_names_it(self, there: str | None) -> None:
        document = answered_offer()
        (name,) = LEADS
        document["definition"]["offer"][name] = {"clientSecret": there}
        service = Service(document)
        service.answer = lambda: document  # type: ignore[method-assign]
        runner = Runner(service)
        result = runner.run(put(offer_fields(**LEADS)).once())
        assert (result.changed, result.not_compared) == (False, (f"definition/offer/{name}/clientSecret",))
        assert runner.run(put(offer_fields(**LEADS), resend=["**/clientSecret"]).once()).changed
        assert json.loads(sent(runner)[0].body)["definition"]["offer"][name] == LEADS[name]
        assert "s3cret-word" not in " ".join(runner.lines())

    def test_a_mask_is_never_sent_back_in_place_of_the_secret(self) -> None:
        document = answered_offer()
        document["definition"]["offer"]["clientSecret"] = "*****"
        service = Service(document)
        service.answer = lambda: document  # type: ignore[method-assign]
        runner = Runner(service)
        runner.run(put(title("New")).once())
        assert "clientSecret" not in json.loads(sent(runner)[0].body)["definition"]["offer"]

    def test_a_new_signature_of_ones_own_file_is_a_change_and_one_of_the_services_copy_is_none(self) -> None:
        service = Service(answered_offer())
        document = answered_offer()
        assert Runner(service).run(put({"definition": document["definition"]}).once()).changed is False
        image = document["definition"]["plans"][0][IMAGES]["1.0.1"]
        image["osVhdUrl"] = image["osVhdUrl"].replace("s1gnature", "another")
        (difference,) = Runner(service).run(put({"definition": document["definition"]}).once()).differences
        assert difference.path.endswith("1.0.1/osVhdUrl")

    def test_a_lost_answer_to_a_put_that_was_applied_settles_though_a_field_never_comes_back(self) -> None:
        service = Service(answered_offer(), (LOST, True))

        def answer() -> dict[str, Any]:
            assert service.document is not None
            returned = as_returned(service.document, f"sig={service.reads}")
            returned["definition"]["offer"].pop("x.unknown", None)
            return returned

        service.answer = answer  # type: ignore[method-assign]
        document = offer_fields(**{"microsoft-azure-marketplace.title": "New", "x.unknown": 7})
        runner = Runner(service)
        result = runner.run(put({**document, "offerTypeVersions": {VM: 88}}).once())
        assert (result.changed, len(sent(runner))) == (True, 1)
        assert "definition/offer/x.unknown" in result.not_compared
        assert "returns it in another way in 1 place" in runner.warnings()[-1]
