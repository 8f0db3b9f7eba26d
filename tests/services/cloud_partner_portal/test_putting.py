"""How an offer is brought to a wanted definition, against a service of the test's own making."""

from __future__ import annotations

import json

import pytest

from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppNotFound,
    CppUnavailable,
)
from airflow_provider_cpp.services.cloud_partner_portal.putting import SETTLE_PAUSES, PutResult
from airflow_provider_cpp.wire.answers import Reading
from tests.runner import LOST, UNSENT, UNTRUSTED, Runner, answered, refused
from tests.services.cloud_partner_portal.offer_documents import (
    ETAG,
    MIGRATED,
    VM,
    answered_offer,
    as_returned,
    put_body,
)
from tests.services.cloud_partner_portal.put_service import Service, put, sent, title
from tests.services.cloud_partner_portal.scripted import OFFER, PUBLISHER

VHD_URL = f"definition/plans/*/{VM}.vmImages/*/osVhdUrl"


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
