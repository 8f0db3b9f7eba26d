"""How an offer is brought to a wanted definition, against a service of the test's own making."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from airflow_provider_cpp.api.answers import Answer, Reading
from airflow_provider_cpp.api.calls import Call
from airflow_provider_cpp.api.putting import SETTLE_PAUSES, Put, PutResult
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppNotFound,
    CppUnavailable,
)
from tests.api.offer_documents import ETAG, MIGRATED, VM, answered_offer, as_returned, put_body
from tests.api.scripted import LOST, OFFER, PUBLISHER, UNSENT, UNTRUSTED, Runner, answered, refused

VHD_URL = f"definition/plans/*/{VM}.vmImages/*/osVhdUrl"


class Service:
    """One offer, kept as the create-or-modify page says, and answered as its response is.

    :param document: what is there; None for no offer.
    :param faults: for each PUT: None to answer it, or what comes instead, as a pair with whether it was
        carried out first.
    :param etags: whether a GET has an ETag.
    """

    def __init__(
        self,
        document: dict[str, Any] | None,
        *faults: tuple[Reading, bool] | None,
        etags: bool = True,
    ) -> None:
        self.document = deepcopy(document)
        self.faults = list(faults)
        self.etags = etags
        self.revision = 1
        self.reads = 0
        #: Called before each PUT.
        self.meanwhile = lambda: None

    @property
    def etag(self) -> str:
        return f'W/"{self.revision}"'

    def __call__(self, call: Call, now: float) -> Reading:
        if call.method == "GET":
            return self._list() if call.path.endswith("/offers") else self._get()
        assert call.method == "PUT"
        self.meanwhile()
        fault = self.faults.pop(0) if self.faults else None
        if fault is None:
            return self._put(call)
        reading, carried_out = fault
        if carried_out:
            self._put(call)
        return reading

    def _get(self) -> Answer:
        if self.document is None:
            return refused(404, "NotFound")
        self.reads += 1
        return answered(200, self.answer(), **({"ETag": self.etag} if self.etags else {}))

    def answer(self) -> dict[str, Any]:
        assert self.document is not None
        return as_returned(self.document, f"sig={self.reads}")

    def _list(self) -> Answer:
        return answered(200, [{"id": "contoso-other"}])

    def _put(self, call: Call) -> Answer:
        created = self.document is None
        if_match = dict(call.headers).get("If-Match")
        if not created and if_match is None:
            return refused(409, "InvalidResourceId", "Offer ID already exists.")
        if if_match not in {None, "*", None if created else self.etag}:
            return refused(412, "PreconditionFailed")
        self.change(**json.loads(call.body))
        return answered(201 if created else 200, self.answer(), ETag=self.etag)

    def change(self, **fields: Any) -> None:
        self.document = {"version": 1, "status": "neverPublished", **fields}
        self.revision += 1


def put(document: Any = None, **arguments: Any) -> Put:
    return Put(PUBLISHER, OFFER, put_body() if document is None else document, **arguments)


def title(text: str) -> dict[str, Any]:
    return {"definition": {"offer": {"microsoft-azure-marketplace.title": text}}}


def sent(runner: Runner) -> list[Call]:
    return [call for call in runner.sent if call.method == "PUT"]


class TestCreating:
    """There is no offer yet."""

    def test_it_is_created_with_the_whole_definition_and_without_if_match(self) -> None:
        runner = Runner(Service(None))
        result = runner.run(put(create=True).once())

        (call,) = sent(runner)
        assert call.headers == ()
        body = put_body()
        del body["eTag"], body["version"]  # of the file that the definition came from
        assert json.loads(call.body) == body
        assert (result.changed, result.created, result.version, result.etag) == (True, True, 1, 'W/"2"')
        assert [difference.path for difference in result.differences] == [
            *("publisherId", "offerTypeId", "id", "offerTypeVersions", "definition"),
        ]

    def test_identifiers_come_from_the_call(self) -> None:
        runner = Runner(Service(None))
        body = put_body()
        del body["id"], body["publisherId"]
        runner.run(put(body, create=True).once())
        document = json.loads(sent(runner)[0].body)
        assert (document["publisherId"], document["id"]) == (PUBLISHER, OFFER)

    def test_any_state_includes_none(self) -> None:
        runner = Runner(Service(None))
        assert runner.run(put(create=True, if_match="*").once()).created
        assert sent(runner)[0].headers == ()

    def test_a_given_etag_is_sent_and_its_refusal_told(self) -> None:
        runner = Runner(Service(None))
        with pytest.raises(CppBadRequest, match="isn't what if_match names"):
            runner.run(put(create=True, if_match=ETAG).once())
        assert sent(runner)[0].headers == (("If-Match", ETAG),)

    @pytest.mark.parametrize("missing", ["offerTypeId", "definition"])
    def test_too_little_for_a_new_offer_is_refused_before_it_is_sent(self, missing: str) -> None:
        body = put_body()
        del body[missing]
        runner = Runner(Service(None))
        with pytest.raises(CppConfigurationError, match=f"doesn't exist, and the definition names no {missing}"):
            runner.run(put(body, create=True).once())
        assert sent(runner) == []

    def test_one_that_somebody_else_creates_meanwhile_isnt_overwritten(self) -> None:
        service = Service(None)
        service.meanwhile = lambda: service.change(**answered_offer())
        with pytest.raises(CppConflict, match="Somebody created the offer since it was read") as error:
            Runner(service).run(put(create=True).once())
        assert error.value.code == "InvalidResourceId"


class TestChanging:
    """There is an offer already."""

    def test_nothing_is_sent_where_nothing_differs(self) -> None:
        runner = Runner(Service(answered_offer(**MIGRATED)))
        result = runner.run(put().once())
        assert sent(runner) == []
        logo = "definition/offer/microsoft-azure-marketplace.smallLogo"
        assert result == PutResult(
            changed=False, version=5, etag='W/"1"', not_compared=("offerTypeVersions", logo)
        )
        assert runner.lines() == [
            f"Offer {PUBLISHER}/{OFFER} is as wanted: nothing is sent.",
            "Not compared, 2 places, as the service doesn't return it as it was sent; a change of it alone isn't "
            f"sent unless resend names it: offerTypeVersions, {logo}",
        ]

    def test_what_is_there_is_sent_back_with_what_is_wanted_and_the_etag_that_was_read(self) -> None:
        there = answered_offer(**MIGRATED, inventedIn2031={"x": [1, None]})
        runner = Runner(Service(there))
        result = runner.run(put(title("New")).once())

        (call,) = sent(runner)
        assert call.headers == (("If-Match", 'W/"1"'),)
        there["definition"]["offer"]["microsoft-azure-marketplace.title"] = "New"
        there = as_returned(there, "sig=1")
        assert json.loads(call.body) == there
        assert result.to_dict() == {
            "changed": True,
            "created": False,
            "version": 5,
            "etag": 'W/"2"',
            "differences": [
                {
                    "path": "definition/offer/microsoft-azure-marketplace.title",
                    "before": '"Contoso App"',
                    "after": '"New"',
                }
            ],
            "kept": [],
            "ignored": [],
            "not_compared": [],
        }
        assert runner.lines() == [
            f"Offer {PUBLISHER}/{OFFER} differs from what is wanted in 1 place:",
            '  definition/offer/microsoft-azure-marketplace.title: "Contoso App" -> "New"',
            f"Changed the draft of offer {PUBLISHER}/{OFFER}; customers see no difference until it is published.",
        ]

    def test_once_applied_there_is_nothing_left_to_do(self) -> None:
        service = Service(answered_offer())
        Runner(service).run(put(title("New")).once())
        assert Runner(service).run(put(title("New")).once()).changed is False

    def test_what_a_get_answered_can_be_put_back(self) -> None:
        there = answered_offer(
            status="running", version=7, eTag="older", Etag="by pub", changedTime="2017", pcMigrationStatus="none"
        )
        assert Runner(Service(answered_offer())).run(put(there).once()).changed is False

    def test_the_pages_sample_has_a_time_in_the_definition_which_doesnt_count(self) -> None:
        there = answered_offer()
        there["definition"]["changedTime"] = "2017-06-07T06:15:40.4771399Z"
        assert Runner(Service(answered_offer())).run(put(there).once()).changed is False

    def test_an_offer_that_calls_itself_by_a_guid_keeps_it(self) -> None:
        guid = "059afc24-07de-4126-b004-4e42a51816fe"
        runner = Runner(Service(answered_offer(id=guid)))
        runner.run(put(title("New")).once())
        assert json.loads(sent(runner)[0].body)["id"] == guid

    def test_a_dry_run_tells_and_sends_nothing(self) -> None:
        runner = Runner(Service(answered_offer()))
        result = runner.run(put(title("New"), dry_run=True).once())
        assert sent(runner) == []
        assert (result.changed, len(result.differences)) == (False, 1)
        assert runner.lines()[-1] == f"Offer {PUBLISHER}/{OFFER}: dry run, nothing is sent."

    def test_a_given_etag_goes_before_the_one_that_was_read(self) -> None:
        runner = Runner(Service(answered_offer()))
        with pytest.raises(CppBadRequest, match=r"HTTP 412.*isn't what if_match names, so nothing was changed"):
            runner.run(put(title("New"), if_match=ETAG).once())
        assert [call.headers for call in sent(runner)] == [(("If-Match", ETAG),)]

    def test_without_an_etag_nothing_is_sent_unless_it_is_asked_for(self) -> None:
        runner = Runner(Service(answered_offer(), etags=False))
        with pytest.raises(CppConfigurationError, match=r"names no ETag.*Set if_match='\*'"):
            runner.run(put(title("New")).once())
        assert sent(runner) == []
        assert runner.run(put(title("New"), if_match="*").once()).changed
        assert [call.headers for call in sent(runner)] == [(("If-Match", "*"),)]

    def test_what_somebody_else_changed_meanwhile_isnt_overwritten(self) -> None:
        service = Service(answered_offer())
        service.meanwhile = lambda: service.change(**answered_offer(**title("Theirs")))
        runner = Runner(service)
        with pytest.raises(CppBadRequest, match="Somebody changed the offer since it was read, so nothing was"):
            runner.run(put(title("New")).once())
        assert len(sent(runner)) == 1
        assert service.document is not None
        assert service.document["definition"] == title("Theirs")["definition"]

    def test_what_is_ignored_is_kept_as_it_is(self) -> None:
        there = answered_offer()
        image = there["definition"]["plans"][0][f"{VM}.vmImages"]["1.0.1"]
        image["osVhdUrl"] = "https://marketplace.example/copied.vhd"
        runner = Runner(Service(there))
        assert runner.run(put(ignore=(VHD_URL,)).once()).changed is False
        wanted = put_body(definition={**put_body()["definition"], "displayText": "New"})
        runner.run(put(wanted, ignore=(VHD_URL,)).once())
        plan = json.loads(sent(runner)[0].body)["definition"]["plans"][0]
        assert plan[f"{VM}.vmImages"]["1.0.1"]["osVhdUrl"] == "https://marketplace.example/copied.vhd"

    def test_no_log_line_and_no_result_has_a_signature(self) -> None:
        there = answered_offer()
        there["definition"]["offer"]["microsoft-azure-marketplace.smallLogo"] = "https://x/?sig=0ther"
        runner = Runner(Service(there))
        result = runner.run(put().once())
        told = " ".join(runner.lines()) + json.dumps(result.to_dict())
        assert "smallLogo" in told
        assert "s1gnature" not in told
        assert "0ther" not in told

    def test_many_differences_are_told_in_part(self) -> None:
        runner = Runner(Service(answered_offer()))
        runner.run(put({"definition": {"offer": {f"x.{n}": n for n in range(60)}}}).once())
        assert "  and 10 more" in runner.lines()

    @pytest.mark.parametrize("body", [b"", b"<html>", b"{}"])
    def test_an_accepted_change_stays_one_though_its_answer_cant_be_read(self, body: bytes) -> None:
        runner = Runner(Service(answered_offer(), (answered(200, body), True)))
        result = runner.run(put(title("New")).once())
        assert (result.changed, result.version, result.etag) == (True, None, None)
        assert "can't be read" in runner.warnings()[0]


class TestRefused:
    """The service says no: nothing is sent again."""

    @pytest.mark.parametrize(
        ("reading", "error"),
        [
            (refused(400, "BadRequest", "The argument: 'OfferTypeId' cannot be null or empty."), CppBadRequest),
            (refused(403), CppAuthError),
            (refused(404), CppNotFound),
            (refused(409, "Conflict", "Another operation is already running."), CppConflict),
            (refused(412), CppBadRequest),
            (refused(422), CppBadRequest),
            (answered(302, Location="https://elsewhere.example"), CppUnavailable),
            (UNTRUSTED, CppConfigurationError),
        ],
    )
    def test_a_refusal_is_the_error_that_it_means(self, reading: Reading, error: type[Exception]) -> None:
        runner = Runner(Service(answered_offer(), (reading, False)))
        with pytest.raises(error, match=f"PUT of offer {PUBLISHER}/{OFFER} failed"):
            runner.run(put(title("New")).once())
        assert len(sent(runner)) == 1

    @pytest.mark.parametrize("reading", [UNSENT, refused(429), refused(503, Retry_After="1")])
    def test_what_was_refused_unread_is_repeated_as_it_is(self, reading: Reading) -> None:
        runner = Runner(Service(answered_offer(), (reading, False)))
        assert runner.run(put(title("New")).once()).changed
        assert len(sent(runner)) == 2
        assert runner.warnings() == []

    @pytest.mark.parametrize(
        ("reading", "error"), [(refused(403), CppAuthError), (answered(200, b"<html>"), CppUnavailable)]
    )
    def test_what_cant_be_read_isnt_changed(self, reading: Reading, error: type[Exception]) -> None:
        runner = Runner(lambda call, now: reading)
        with pytest.raises(error, match="Get definition of offer"):
            runner.run(put().once())
        assert sent(runner) == []


@pytest.mark.parametrize("lost", [LOST, refused(500), refused(503), refused(408), answered(202)], ids=str)
class TestLost:
    """Whether the request was carried out is told by what is there."""

    def test_it_was_carried_out(self, lost: Reading) -> None:
        runner = Runner(Service(answered_offer(), (lost, True)))
        result = runner.run(put(title("New")).once())
        assert (result.changed, result.created, result.etag) == (True, False, 'W/"2"')
        assert len(sent(runner)) == 1
        assert "though its answer got lost" in runner.lines()[-1]

    def test_it_was_not_and_is_sent_once_more(self, lost: Reading) -> None:
        runner = Runner(Service(answered_offer(), (lost, False)))
        assert runner.run(put(title("New")).once()).changed
        assert len(sent(runner)) == 2
        assert sum(runner.waits) == sum(SETTLE_PAUSES)

    def test_it_was_not_twice_and_is_given_up(self, lost: Reading) -> None:
        runner = Runner(Service(answered_offer(), *[(lost, False)] * 3))
        with pytest.raises(CppUnavailable, match=r"The offer is as it was\. A later try compares anew"):
            runner.run(put(title("New")).once())
        assert len(sent(runner)) == 2

    def test_a_new_offer_was_created(self, lost: Reading) -> None:
        runner = Runner(Service(None, (lost, True)))
        result = runner.run(put(create=True).once())
        assert (result.changed, result.created) == (True, True)
        assert len(sent(runner)) == 1

    def test_a_new_offer_was_not_created_and_is_sent_once_more(self, lost: Reading) -> None:
        runner = Runner(Service(None, (lost, False)))
        assert runner.run(put(create=True).once()).created
        assert len(sent(runner)) == 2

    def test_it_comes_into_effect_after_all_looks_and_the_second_one_finds_it(self, lost: Reading) -> None:
        service = Service(answered_offer(), (lost, False))
        changes = iter([lambda: None, lambda: service.change(**answered_offer(**title("New")))])
        service.meanwhile = lambda: next(changes)()  # noqa: PLW0108 - another one each time
        runner = Runner(service)
        assert runner.run(put(title("New")).once()).changed
        assert len(sent(runner)) == 2, "the second is refused with 412, as the ETag is another"

    def test_somebody_else_changed_it_meanwhile(self, lost: Reading) -> None:
        service = Service(answered_offer(), (lost, False))
        service.meanwhile = lambda: service.change(**answered_offer(**title("Theirs")))
        runner = Runner(service)
        with pytest.raises(CppConflict, match=r"neither what it was nor what is wanted.*\"Theirs\" -> \"New\""):
            runner.run(put(title("New")).once())
        assert len(sent(runner)) == 1

    def test_somebody_else_changed_it_before_the_second(self, lost: Reading) -> None:
        service = Service(answered_offer(), (lost, False))
        changes = iter([lambda: None, lambda: service.change(**answered_offer(**title("Theirs")))])
        service.meanwhile = lambda: next(changes)()  # noqa: PLW0108 - another one each time
        runner = Runner(service)
        with pytest.raises(CppBadRequest, match="Somebody changed the offer since it was read"):
            runner.run(put(title("New")).once())
        assert len(sent(runner)) == 2

    def test_without_an_etag_the_whole_document_tells_whether_anything_changed(self, lost: Reading) -> None:
        service = Service(answered_offer(), (lost, False), etags=False)

        def go_on() -> None:
            assert service.document is not None
            service.document["status"] = "running"  # moves by itself

        service.meanwhile = go_on
        runner = Runner(service)
        assert runner.run(put(title("New"), if_match="*").once()).changed
        assert len(sent(runner)) == 2

    def test_what_became_of_it_cant_be_read(self, lost: Reading) -> None:
        service = Service(answered_offer(), (lost, True))
        runner = Runner(
            lambda call, now: refused(500) if sent(runner)[:1] and call.method == "GET" else service(call, now)
        )
        with pytest.raises(CppUnavailable, match="whether it was carried out can't be read"):
            runner.run(put(title("New")).once())
        assert len(sent(runner)) == 1


IMAGES = f"{VM}.vmImages"
PLAN = "contososkuidentifier"
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
