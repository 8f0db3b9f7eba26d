"""What is read of publishers and offers: the reference's samples, and what else comes."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.services.cloud_partner_portal.offers import (
    Offer,
    Publisher,
    read_listed_offer,
    read_offer,
    read_publisher,
)
from airflow_provider_cpp.wire.answers import Answer
from airflow_provider_cpp.wire.listing import Unlisted
from tests.runner import answered
from tests.services.cloud_partner_portal.offer_documents import ETAG, GET_ANSWER, LISTED, MIGRATED, PUT_BODY, VM
from tests.services.cloud_partner_portal.scripted import read_list


def offer(*arguments, **headers) -> Offer:
    read = read_offer(answered(*arguments, **headers))
    assert isinstance(read, Offer), read
    return read


def test_the_pages_sample_is_an_offer() -> None:
    read = offer(200, GET_ANSWER, ETag=ETAG)

    assert (read.id, read.publisher_id, read.offer_type_id) == (GET_ANSWER["id"], "contoso", VM)
    assert (read.status, read.version, read.etag) == ("failed", 5, ETAG)
    assert read.display_text == "Contoso Virtual Machine Offer"
    assert [plan["planId"] for plan in read.plans] == ["contososkuidentifier"]
    assert read.changed_time == "2017-06-07T06:15:40.4771399Z"
    assert read.migration_status is None
    assert str(read) == f"offer contoso/{GET_ANSWER['id']} (failed, version 5)"


def test_nothing_of_it_is_lost() -> None:
    document = {**GET_ANSWER, **MIGRATED, "inventedIn2031": [{"x": None}]}
    assert offer(200, document).to_dict() == document


def test_a_tag_of_the_header_becomes_a_field_of_the_document_as_the_page_prints_it() -> None:
    assert offer(200, GET_ANSWER, ETag=ETAG).to_dict() == {**GET_ANSWER, "eTag": ETAG}


def test_changing_what_was_handed_out_changes_no_offer() -> None:
    read = offer(200, {**GET_ANSWER, "definition": {"displayText": "a"}})
    read.to_dict()["definition"]["displayText"] = "b"
    assert read.display_text == "a"


@pytest.mark.parametrize(
    ("body", "header", "etag"),
    [
        ({}, ETAG, ETAG),
        ({"eTag": "in the body"}, ETAG, ETAG),
        ({"eTag": "in the body"}, "", "in the body"),
        ({"eTag": None}, "", None),
        (MIGRATED, "", None),
    ],
)
def test_the_tag_comes_from_the_header_or_else_from_the_body(body: dict, header: str, etag: str | None) -> None:
    assert offer(200, {**GET_ANSWER, **body}, ETag=header).etag == etag


def test_a_migrated_offer_says_so() -> None:
    read = offer(200, {**GET_ANSWER, **MIGRATED})
    assert read.migration_status == "migrated"
    assert read.changed_time == "2022-03-01T10:00:00"


def test_fields_of_an_odd_type_are_read_as_none() -> None:
    read = offer(
        200, {"id": "x", "definition": {"displayText": 7, "plans": "none"}, "version": True, "status": []}
    )
    assert (read.version, read.status, read.display_text, read.plans, read.publisher_id) == (None, "", "", (), "")


@pytest.mark.parametrize("body", [{**PUT_BODY, "version": 0}, [PUT_BODY]])
def test_a_version_can_be_0_and_an_object_can_stand_in_an_array(body: object) -> None:
    assert offer(200, body).id == PUT_BODY["id"]


UNREADABLE = [
    (answered(200), "is empty"),
    (answered(200, b"<html>Sign in</html>"), "no JSON"),
    (answered(200, "text"), "no JSON"),
    (Answer(200, {}, b"{}", damage="the body is cut"), "the body is cut"),
]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        *UNREADABLE,
        (answered(200, 7), "no JSON object"),
        (answered(200, []), "no JSON object"),
        (answered(200, [GET_ANSWER, GET_ANSWER]), "no JSON object"),
        (answered(200, {"error": {"code": "x"}}), "no id and definition"),
        (answered(200, {"id": "x", "definition": None}), "no id and definition"),
    ],
)
def test_what_is_no_offer_is_told_in_words(answer: Answer, words: str) -> None:
    read = read_offer(answer)
    assert isinstance(read, str)
    assert words in read


@pytest.mark.parametrize("body", [[LISTED], {"value": [LISTED]}])
def test_the_pages_list_is_read(body: object) -> None:
    read = read_list(read_listed_offer, answered(200, body)).entries
    assert [entry.summary() for entry in read] == [
        {
            "publisher_id": "contoso",
            "offer_id": LISTED["id"],
            "offer_type_id": VM,
            "status": "published",
            "version": 1,
            "display_text": "Contoso Virtual Machine Offer",
        }
    ]


def test_publishers_are_read_as_they_are() -> None:
    publisher = {
        "version": 1,
        "id": "contoso",
        "definition": {"displayText": "Contoso", "offerTypeCategories": [], "sellerId": 7},
    }
    (read,) = read_list(read_publisher, answered(200, [publisher])).entries
    assert (read.id, read.display_text, read.to_dict()) == ("contoso", "Contoso", publisher)


@pytest.mark.parametrize("document", [{}, {"id": 7, "definition": None}, {"definition": {"displayText": ["x"]}}])
def test_what_the_service_doesnt_say_of_a_publisher_is_empty(document: dict[str, object]) -> None:
    assert (Publisher(document).id, Publisher(document).display_text) == ("", "")


@pytest.mark.parametrize("read", [read_listed_offer, read_publisher])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        *UNREADABLE,
        (answered(200, {"error": {}}), "no list"),
        (answered(200, [LISTED, {"x": 1}]), "entry 2 of the list has no id"),
        (answered(200, [LISTED, {"id": 5}]), "entry 2 of the list has no id"),
        (answered(200, {"value": [LISTED], "@odata.nextLink": "https://x"}), "another page"),
    ],
)
def test_a_list_that_is_half_understood_is_not_understood(read, answer: Answer, words: str) -> None:
    unlisted = read_list(read, answer)
    assert isinstance(unlisted, Unlisted)
    assert words in unlisted.why
    assert words in str(unlisted.error)


@pytest.mark.parametrize("read", [read_listed_offer, read_publisher])
def test_an_empty_list_is_a_list(read) -> None:
    assert read_list(read, answered(200, [])).entries == ()
