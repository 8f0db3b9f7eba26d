"""Which identifiers may go into a path."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.services.cloud_partner_portal import calls
from airflow_provider_cpp.wire.identifiers import checked_identifier, path_segment


@pytest.mark.parametrize(
    "value",
    [
        "contoso",
        "contoso-virtualmachineoffer",
        "Contoso_2.preview",
        "...",
        "a..b",
        "..a",
        "a b",
        "ünïcode-オファー",
        "%2e%2e",
        "a%2fb",
        "a?b#c&d=e",
        "a;b,c+d@e:f$g!h*i'j(k)",
        "56615b67-2185-49fe-80d2-c4ddf77bb2e8",
        "x" * 200,
    ],
)
def test_an_identifier_that_names_one_thing_is_taken_as_it_is(value: str) -> None:
    assert checked_identifier("offer_id", value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "\t",
        ".",
        "..",
        "a/b",
        "/",
        "../secret",
        "a\\b",
        "\\",
        "a\nb",
        "a\r",
        "a\x00",
        "\x1b[31m",
        "a\x7f",
        "a\x85b",
        "a\u2028b",
        "a\u202eb",  # text that runs backwards
        "a\u200bb",  # a space that nobody sees
        "a\u00a0b",
        "\ud800",
        "x" * 201,
        None,
        "None",
        " None\n",
        -7,
        7.0,
        float("nan"),
        True,
        b"contoso",
        ["contoso"],
        {"id": "contoso"},
        "{{ params.offer }}",
        "vm-{{ ds }}",
        "{% if true %}vm{% endif %}",
        "vm }}",
    ],
)
def test_an_identifier_that_could_mean_another_resource_is_refused(value: object) -> None:
    with pytest.raises(CppConfigurationError, match="offer_id") as caught:
        checked_identifier("offer_id", value)

    assert str(caught.value).isprintable(), "the message must not forge lines either"
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(("value", "digits"), [(7, "7"), (0, "0"), (10**30, "1" + "0" * 30)])
def test_a_whole_number_stands_for_its_digits(value: int, digits: str) -> None:
    assert checked_identifier("offer_id", value) == digits


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7.0, "7.0 is a float"),
        (True, "True is a bool"),
        ({}, "{} is a dict"),
        ("None", "isn't there"),
        ("{{ x }}", "wasn't rendered"),
    ],
)
def test_what_is_refused_is_named(value: object, said: str) -> None:
    with pytest.raises(CppConfigurationError, match=said):
        checked_identifier("offer_id", value)


def test_a_wrong_identifier_is_an_error_that_no_retry_mends() -> None:
    with pytest.raises(AirflowFailException):
        checked_identifier("publisher_id", "..")


@pytest.mark.parametrize("field", ["publisher_id", "offer_id"])
@pytest.mark.parametrize("value", ["", "..", "a/b"])
@pytest.mark.parametrize(
    "build",
    [calls.go_live, calls.publish, calls.cancel, calls.get_offer_status, calls.list_submissions],
    ids=lambda build: build.__name__,
)
def test_no_call_is_built_of_a_wrong_identifier(build: object, field: str, value: str) -> None:
    identifiers = {"publisher_id": "contoso", "offer_id": "vm", field: value}
    with pytest.raises(CppConfigurationError, match=field):
        build(**identifiers)  # type: ignore[operator]


def test_the_publisher_of_a_list_of_offers_is_checked_too() -> None:
    with pytest.raises(CppConfigurationError, match="publisher_id"):
        calls.list_offers("../offerTypes")


@pytest.mark.parametrize(
    ("value", "segment"),
    [
        ("contoso", "contoso"),
        ("a b", "a%20b"),
        ("ü", "%C3%BC"),
        ("%2e%2e", "%252e%252e"),
        ("a?b", "a%3Fb"),
        ("a#b", "a%23b"),
        ("a&b=c", "a%26b%3Dc"),
        ("a;b", "a%3Bb"),
        ("a+b", "a%2Bb"),
        ("a@b:c", "a%40b%3Ac"),
        ("a$b", "a%24b"),
    ],
)
def test_an_identifier_is_percent_encoded_into_the_path(value: str, segment: str) -> None:
    assert path_segment(value) == segment
    assert calls.go_live("contoso", value).path == f"/api/publishers/contoso/offers/{segment}/golive"


def _is_accepted(value: str) -> bool:
    try:
        checked_identifier("offer_id", value)
    except CppConfigurationError:
        return False
    return True


@given(st.text(max_size=220))
def test_whatever_is_accepted_stays_one_segment_that_means_the_same(value: str) -> None:
    if not _is_accepted(value):
        return
    url = urlsplit(calls.go_live("contoso", value).url("https://cloudpartner.azure.com", "2017-10-31"))
    assert url.netloc == "cloudpartner.azure.com"
    assert url.query == "api-version=2017-10-31"
    assert not url.fragment
    *before, offer, last = url.path.split("/")
    assert before == ["", "api", "publishers", "contoso", "offers"]
    assert last == "golive"
    assert unquote(offer) == value
    assert offer.isascii()
    assert offer not in {"", ".", ".."}
