"""The hook's calls on offers, against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppNotFound,
    CppUnavailable,
)
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.services.cloud_partner_portal import putting

OFFER = "contoso-virtualmachineoffer"
NEW = {
    "offerTypeId": "microsoft-azure-virtualmachines",
    "offerTypeVersions": {"microsoft-azure-virtualmachines": 87},
    "inventedIn2031": {"kept": [None]},
    "definition": {
        "displayText": "New & Größe",
        "offer": {"logo": "https://contoso.example/a.png?sv=2018&sig=s1gnature%3D"},
        "plans": [{"planId": "gold"}],
    },
}


def title(text):
    return {"definition": {"displayText": text}}


@pytest.fixture
def hook(cpp_emulator, monkeypatch):
    cpp_emulator.configure(etag_on_get=True)
    monkeypatch.setattr(putting, "SETTLE_PAUSES", (0.01, 0.01))
    return CloudPartnerPortalHook()


def puts(cpp_emulator):
    return cpp_emulator.requests_for("put-offer")


class TestReading:
    """What there is."""

    def test_publishers(self, hook, cpp_emulator):
        cpp_emulator.add_offer("x", publisher_id="fabrikam")
        publishers = hook.list_publishers()
        assert [publisher.id for publisher in publishers] == ["contoso", "fabrikam"]
        assert publishers[0].display_text == "contoso"
        assert publishers[0].to_dict() == publishers[0].document

    def test_offers_of_the_connections_publisher_or_of_another(self, hook, cpp_emulator):
        cpp_emulator.add_offer("x", publisher_id="fabrikam", state="live")
        assert [(offer.id, offer.status) for offer in hook.list_offers()] == [(OFFER, "running")]
        assert [(offer.id, offer.status) for offer in hook.list_offers("fabrikam")] == [("x", "published")]

    def test_an_offer_with_its_definition_and_etag(self, hook, cpp_emulator):
        offer = hook.get_offer(OFFER)
        assert (offer.id, offer.publisher_id, offer.version) == (OFFER, "contoso", 2)
        assert [plan["planId"] for plan in offer.plans] == [f"{OFFER}-plan"]
        assert offer.etag == cpp_emulator.offer(OFFER).etag
        assert json.loads(json.dumps(offer.to_dict()))["eTag"] == offer.etag

    def test_an_offer_has_no_etag_after_the_migration(self, hook, cpp_emulator):
        cpp_emulator.configure(etag_on_get=False)
        assert hook.get_offer(OFFER).etag is None

    @pytest.mark.parametrize(
        ("arguments", "version"),
        [
            ({"version": 1}, 1),
            ({"version": "2"}, 2),
            ({"slot": "draft"}, 2),
            ({"slot": "preview"}, 1),
            ({"slot": "Staging"}, 1),
            ({"slot": "view"}, 1),
        ],
    )
    def test_a_version_or_a_slot(self, hook, arguments, version):
        assert hook.get_offer(OFFER, **arguments).version == version

    @pytest.mark.parametrize("slot", ["production", "live"])
    def test_a_slot_that_is_empty_is_not_found_until_there_is_something(self, hook, cpp_emulator, slot):
        with pytest.raises(CppNotFound, match="Get production slot of offer"):
            hook.get_offer(OFFER, slot=slot)
        cpp_emulator.add_offer(OFFER, state="live")
        assert hook.get_offer(OFFER, slot=slot).status == "published"

    def test_submissions_all_or_in_one_state(self, hook, cpp_emulator):
        hook.go_live(OFFER)
        assert [s.kind for s in hook.list_submissions(OFFER)] == ["publish", "golive"]
        assert [s.kind for s in hook.list_submissions(OFFER, status="running")] == ["golive"]
        assert hook.list_submissions(OFFER, status="canceled") == []
        assert cpp_emulator.requests_for("submissions")[-1].query["status"] == "canceled"

    def test_an_offers_status_is_read_like_an_operation(self, hook, cpp_emulator):
        cpp_emulator.add_offer("draft", state="draft")
        status = hook.get_offer_status("draft")
        assert (status.raw_status, len(status.steps)) == ("neverPublished", 6)


READS = {
    "offers": lambda hook: hook.list_offers(),
    "offer": lambda hook: hook.get_offer(OFFER),
    "offer-version": lambda hook: hook.get_offer(OFFER, version=1),
    "offer-slot": lambda hook: hook.get_offer(OFFER, slot="draft"),
    "status": lambda hook: hook.get_offer_status(OFFER),
    "submissions": lambda hook: hook.list_submissions(OFFER),
    "publishers": lambda hook: hook.list_publishers(),
}


@pytest.mark.parametrize("action", READS)
class TestReadsThatFail:
    """Each status that the pages list, and what isn't JSON."""

    @pytest.mark.parametrize(
        ("status", "error"), [(400, CppBadRequest), (403, CppAuthError), (404, CppNotFound), (409, CppConflict)]
    )
    def test_a_listed_status_is_an_error_of_its_own_and_isnt_repeated(
        self, hook, cpp_emulator, action, status, error
    ):
        cpp_emulator.faults.add(Fault("error", action=action, status=status))
        with pytest.raises(error) as raised:
            READS[action](hook)
        assert raised.value.http_status == status
        assert len(cpp_emulator.requests_for(action)) == 1

    def test_a_passing_fault_is_read_over(self, hook, cpp_emulator, action, monkeypatch):
        monkeypatch.setattr(hook.client, "_sleep", lambda seconds: None)
        cpp_emulator.faults.add(Fault("reset-before", action=action), Fault("error", action=action, status=503))
        assert READS[action](hook)
        assert len(cpp_emulator.requests_for(action)) == 3

    def test_a_page_of_a_proxy_is_no_answer(self, hook, cpp_emulator, action):
        cpp_emulator.faults.add(Fault("html", action=action))
        with pytest.raises(CppUnavailable, match="HTTP 200, but the body is no"):
            READS[action](hook)


@pytest.mark.parametrize("arguments", [{"slot": "canary"}, {"version": -1}, {"version": 1, "slot": "draft"}])
def test_what_cant_be_asked_is_refused_before_anything_is_sent(hook, cpp_emulator, arguments):
    with pytest.raises(CppConfigurationError):
        hook.get_offer(OFFER, **arguments)
    assert cpp_emulator.requests == []


class TestPutting:
    """A definition that is wanted."""

    def test_a_new_offer_is_created_and_can_be_read_back(self, hook, cpp_emulator):
        result = hook.put_offer("new", NEW, create=True)
        (put,) = puts(cpp_emulator)
        assert (put.status, put.headers["content-type"]) == (201, "application/json")
        assert "if-match" not in put.headers
        assert "sv=2018&sig=s1gnature%3D" in put.body
        assert "Größe" in put.body
        assert (result.changed, result.created, result.version) == (True, True, 1)
        offer = hook.get_offer("new")
        assert offer.etag == result.etag
        assert (offer.display_text, offer.plans[0]["planId"]) == ("New & Größe", "gold")
        assert json.loads(put.body)["inventedIn2031"] == {"kept": []}

    def test_an_offer_is_changed_under_the_etag_that_was_read(self, hook, cpp_emulator):
        hook.put_offer("new", NEW, create=True)
        etag = cpp_emulator.offer("new").etag
        result = hook.put_offer("new", title("Changed"))
        put = puts(cpp_emulator)[-1]
        assert (put.status, put.headers["if-match"]) == (200, etag)
        assert (result.changed, result.created, result.etag) == (True, False, cpp_emulator.offer("new").etag)
        document = hook.get_offer("new").document
        assert document["definition"]["displayText"] == "Changed"
        assert document["definition"]["offer"]["logo"] == NEW["definition"]["offer"]["logo"]

    def test_nothing_is_sent_a_second_time_nor_for_what_was_read(self, hook, cpp_emulator):
        hook.put_offer("new", NEW, create=True)
        assert hook.put_offer("new", NEW).changed is False
        assert hook.put_offer("new", hook.get_offer("new").to_dict()).changed is False
        assert len(puts(cpp_emulator)) == 1

    def test_secrets_and_copied_files_are_no_difference_where_they_are_ignored(self, hook, cpp_emulator):
        cpp_emulator.configure(copied_fields=("logo",))
        document = {**NEW, "definition": {**NEW["definition"], "lead": {"clientSecret": "s3cret-word"}}}
        hook.put_offer("new", document, create=True)
        unsaid = ("offerTypeVersions", "inventedIn2031", "definition/offer/logo", "definition/lead/clientSecret")
        result = hook.put_offer("new", document)
        assert (result.changed, sorted(result.not_compared)) == (False, sorted(unsaid))
        ignore = ["**/logo", "**/clientSecret"]
        result = hook.put_offer("new", document, ignore=ignore)
        assert (result.changed, result.ignored) == (False, unsaid[2:])
        copied = hook.get_offer("new").document["definition"]["offer"]["logo"]
        changed = {**document, "definition": {**document["definition"], "displayText": "Changed"}}
        assert hook.put_offer("new", changed, ignore=ignore).changed
        sent = json.loads(puts(cpp_emulator)[-1].body)["definition"]
        assert sent["lead"] == {"clientSecret": "s3cret-word"}, "otherwise it would be lost"
        assert sent["offer"]["logo"].partition("?")[0] == copied.partition("?")[0], "ignored is what is there"

    def test_a_definition_of_the_references_own_form_settles_whatever_the_service_keeps_to_itself(
        self, hook, cpp_emulator
    ):
        offer = {
            "x.smallLogo": "https://contoso.example/small.png?sig=s1gnature",
            "x.httpsEndpointLeadConfiguration": {"clientSecret": "s3cret-word"},
        }
        vm = "microsoft-azure-virtualmachines"
        plan = {
            "planId": "gold",
            f"{vm}.windowsOSType": "Other",
            f"{vm}.vmImages": {"1.0.1": {"osVhdUrl": "https://x/a"}},
        }
        document = {**NEW, "definition": {"displayText": "New", "offer": offer, "plans": [plan]}}
        assert hook.put_offer("new", document, create=True).created
        result = hook.put_offer("new", document)
        assert (result.changed, len(puts(cpp_emulator))) == (False, 1)
        assert set(result.not_compared) == {
            *("offerTypeVersions", "inventedIn2031", "definition/offer/x.smallLogo"),
            "definition/offer/x.httpsEndpointLeadConfiguration/clientSecret",
        }
        cpp_emulator.faults.add(Fault("lost-response", action="put-offer"))
        changed = {**document, "definition": {**document["definition"], "displayText": "Changed"}}
        assert hook.put_offer("new", changed).changed
        assert len(puts(cpp_emulator)) == 2

    def test_an_image_version_that_was_taken_out_is_told_and_goes_when_that_is_said(self, hook, cpp_emulator):
        images = "microsoft-azure-virtualmachines.vmImages"
        plan = {
            "planId": "gold",
            images: {"1.0.0": {"osVhdUrl": "https://x/0"}, "1.0.1": {"osVhdUrl": "https://x/1"}},
        }
        hook.put_offer("new", {**NEW, "definition": {"displayText": "New", "plans": [plan]}}, create=True)
        document = hook.get_offer("new").to_dict()
        del document["definition"]["plans"][0][images]["1.0.0"]
        result = hook.put_offer("new", document)
        assert (result.changed, result.kept) == (False, (f"definition/plans/gold/{images}/1.0.0",))
        exact = ["definition/plans/*/*.vmImages"]
        assert hook.put_offer("new", document, exact=exact).changed
        assert list(hook.get_offer("new").plans[0][images]) == ["1.0.1"]
        assert hook.put_offer("new", document, exact=exact).changed is False

    def test_a_mistyped_offer_or_plan_is_refused_with_what_is_there(self, hook, cpp_emulator):
        with pytest.raises(CppNotFound, match=rf"Offers of contoso: {OFFER}\."):
            hook.put_offer(OFFER[:-1], NEW)
        with pytest.raises(CppConfigurationError, match=rf"Plans there: {OFFER}-plan\."):
            hook.put_offer(OFFER, {"definition": {"plans": [{"planId": f"{OFFER}-plam"}]}})
        assert puts(cpp_emulator) == []

    def test_a_dry_run_sends_nothing(self, hook, cpp_emulator):
        result = hook.put_offer(OFFER, title("Changed"), dry_run=True)
        assert [difference.path for difference in result.differences] == ["definition/displayText"]
        assert puts(cpp_emulator) == []

    def test_a_migrated_offer_is_only_changed_when_asked_for_whatever_is_there(self, hook, cpp_emulator):
        cpp_emulator.configure(etag_on_get=False)
        with pytest.raises(CppConfigurationError, match="names no ETag"):
            hook.put_offer(OFFER, title("Changed"))
        assert puts(cpp_emulator) == []
        assert hook.put_offer(OFFER, title("Changed"), if_match="*").changed
        assert puts(cpp_emulator)[-1].headers["if-match"] == "*"

    def test_an_etag_that_is_old_is_refused_by_the_service(self, hook, cpp_emulator):
        old = hook.get_offer(OFFER).etag
        hook.put_offer(OFFER, title("Theirs"))
        with pytest.raises(CppBadRequest, match=r"PreconditionFailed.*isn't what if_match names") as error:
            hook.put_offer(OFFER, title("Ours"), if_match=old)
        assert error.value.http_status == 412
        assert hook.get_offer(OFFER).display_text == "Theirs"

    @pytest.mark.parametrize("fault", ["lost-response", "reset-after", "cut-head"])
    def test_a_lost_answer_is_settled_by_reading_and_nothing_is_sent_again(self, hook, cpp_emulator, fault):
        cpp_emulator.faults.add(Fault(fault, action="put-offer"))
        assert hook.put_offer(OFFER, title("Changed")).changed
        assert len(puts(cpp_emulator)) == 1
        assert hook.get_offer(OFFER).display_text == "Changed"

    @pytest.mark.parametrize("fault", [Fault("reset-before", "put-offer"), Fault("error", "put-offer")])
    def test_a_request_that_did_nothing_is_sent_once_more(self, hook, cpp_emulator, fault):
        cpp_emulator.faults.add(fault)
        assert hook.put_offer(OFFER, title("Changed")).changed
        assert [put.accepted for put in puts(cpp_emulator)] == [False, True]

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (400, CppBadRequest),
            (403, CppAuthError),
            (404, CppNotFound),
            (409, CppConflict),
            (412, CppBadRequest),
        ],
    )
    def test_a_listed_status_is_an_error_of_its_own_and_isnt_repeated(self, hook, cpp_emulator, status, error):
        cpp_emulator.faults.add(Fault("error", action="put-offer", status=status))
        with pytest.raises(error, match=f"PUT of offer contoso/{OFFER} failed: HTTP {status}") as raised:
            hook.put_offer(OFFER, title("Changed"))
        assert raised.value.http_status == status
        assert len(puts(cpp_emulator)) == 1

    def test_an_unknown_publisher_is_not_found(self, hook):
        with pytest.raises(CppNotFound, match="nobody/new"):
            hook.put_offer("new", NEW, "nobody")

    def test_what_the_service_finds_malformed_is_told_with_its_words(self, hook):
        with pytest.raises(CppConfigurationError, match="names no offerTypeId"):
            hook.put_offer("new", {**NEW, "offerTypeId": ""}, create=True)
