"""How a list is read: all of its pages, or in words why it can't be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppAuthError, CppError, CppNotFound, CppUnavailable
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import MAX_ENTRIES, MAX_PAGES, Listed, Unlisted, listed
from tests.runner import LOST, UNTRUSTED, Runner, answered, refused
from tests.services.cloud_partner_portal.scripted import ORIGIN

CALL = Call(
    "List things", "publisher contoso", "GET", "/api/publishers/contoso/offers", version_parameter="api-version"
)
HERE = f"{ORIGIN}{CALL.path}"


def name_of(entry: Mapping[str, object]) -> tuple[object]:
    return (entry["id"],)


def names(found: Any) -> list[object]:
    return [name for (name,) in found.entries]


def entries(*names: str) -> list[dict[str, str]]:
    return [{"id": name} for name in names]


def read(*readings: Reading, call: Call = CALL) -> tuple[Any, Runner]:
    runner = Runner(readings)
    return runner.run(listed(call, ORIGIN, name_of, patient=False)), runner


def page(*names: str, link: object = None, field: str = "nextLink", **headers: str) -> Answer:
    return answered(200, {"value": entries(*names), **({} if link is None else {field: link})}, **headers)


FIELDS = ["nextLink", "@nextLink", "@odata.nextLink", "odata.nextLink", "NextPageLink", "next_link", "next"]
FIELDS += ["nextPageUrl", "nextUri", "next-link"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    ("link", "query"),
    [
        (f"{HERE}?api-version=2017-10-31&$skiptoken=abc", (("$skiptoken", "abc"),)),
        (f"{HERE}?API-Version=2016-08-01-preview&$skip=2", (("$skip", "2"),)),
        (f"{CALL.path}?$skip=2", (("$skip", "2"),)),
        (f"{CALL.path}/?$skip=2", (("$skip", "2"),)),
        ("?$skip=2", (("$skip", "2"),)),
        ("offers?$skip=2", (("$skip", "2"),)),
        (f"{ORIGIN}:443{CALL.path}?$skip=2#end", (("$skip", "2"),)),
        (f"{ORIGIN}/API/publishers/Contoso/Offers?$skip=2", (("$skip", "2"),)),
        (f"{HERE}?t=a%2Bb%3D%3D&u=&v", (("t", "a+b=="), ("u", ""), ("v", ""))),
    ],
)
def test_a_list_that_goes_on_is_read_on_where_it_was(field: str, link: str, query: Any) -> None:
    found, runner = read(page("a", link=link, field=field), page("b"))
    assert names(found) == ["a", "b"]
    assert [call.query for call in runner.sent] == [(), query]
    assert {(call.method, call.path) for call in runner.sent} == {("GET", CALL.path)}
    assert runner.sent[1].url(ORIGIN, "2017-10-31").startswith(f"{HERE}?api-version=2017-10-31&")


@pytest.mark.parametrize("field", ["continuationToken", "ContinuationToken", "nextContinuationToken"])
def test_a_token_is_sent_as_it_came(field: str) -> None:
    found, runner = read(page("a", link="x+/=", field=field), page("b", link="y", field=field), page("c"))
    assert names(found) == ["a", "b", "c"]
    assert [call.query for call in runner.sent[1:]] == [
        (("continuationToken", "x+/="),),
        (("continuationToken", "y"),),
    ]


@pytest.mark.parametrize(
    "header",
    [
        f'<{HERE}?$skip=1>; rel="next"',
        f"<{HERE}?$skip=1>; rel=next",
        f'<{HERE}>; rel="first", <{HERE}?$skip=1>; title="a, b; c"; rel="last next"',
        f'<{HERE}?$skip=1>;REL="Next";type="application/json"',
    ],
)
@pytest.mark.parametrize("body", [entries("a"), {"value": entries("a")}])
def test_a_header_says_it_as_well(header: str, body: Any) -> None:
    found, runner = read(answered(200, body, Link=header), answered(200, entries("b")))
    assert names(found) == ["a", "b"]
    assert runner.sent[1].query == (("$skip", "1"),)


@pytest.mark.parametrize(
    "answer",
    [
        page("a", link=""),
        page("a", link=False, field="hasMore"),
        page("a", link="", field="skipToken"),
        page("a", link=None),
        page("a", link="x", field="comment"),
        page("a", link=5, field="@odata.count"),
        answered(200, entries("a"), Link=f'<{HERE}?$skip=1>; rel="prev", <{HERE}>; rel="first"'),
        answered(200, entries("a"), Link=f'<{HERE}?$skip=1>; title="rel=next"'),
        answered(200, entries("a"), Link="nonsense"),
    ],
)
def test_a_list_that_says_nothing_of_another_page_is_whole(answer: Answer) -> None:
    found, runner = read(answer)
    assert names(found) == ["a"]
    assert len(runner.sent) == 1


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("https://evil.example/api/publishers/contoso/offers?$skip=1", "isn't on the connection's host"),
        (f"http://cloudpartner.azure.com{CALL.path}?$skip=1", "isn't on the connection's host"),
        (f"{ORIGIN}:8443{CALL.path}?$skip=1", "isn't on the connection's host"),
        (f"https://me@cloudpartner.azure.com{CALL.path}?$skip=1", "names a user"),
        (f"https://cloudpartner.azure.com@evil.example{CALL.path}", "names a user"),
        (f"//evil.example{CALL.path}?$skip=1", "isn't on the connection's host"),
        (f"{ORIGIN}/api/publishers/other/offers?$skip=1", "its path is another one"),
        ("/api/publishers?$skip=1", "its path is another one"),
        ("../offers/x/submissions/?$skip=1", "its path is another one"),
        ("javascript:alert(1)", "isn't on the connection's host"),
        ("\\\\evil.example\\x", "no URL may hold"),
        ("?$skip=1\r\nX: y", "no URL may hold"),
        ("?" + "x" * 9000, "characters"),
        ("https://[evil", "can't be read"),
        ("?t=%ff", "whose query can't be read"),
        ("?" + "&".join(f"a{n}=1" for n in range(200)), "whose query can't be read"),
        (["?$skip=1"], "in a way that is understood"),
        ({"where": "?$skip=1"}, "in a way that is understood"),
        (7, "in a way that is understood"),
    ],
)
def test_a_page_elsewhere_is_never_asked_for_and_the_words_say_why(link: object, why: str) -> None:
    found, runner = read(page("a", link=link))
    assert isinstance(found, Unlisted)
    assert why in found.why
    assert "another page" in found.why
    assert found.why.isprintable()
    assert "$skip" not in found.why, "a query may hold a secret"
    assert len(runner.sent) == 1
    assert type(found.error) is CppUnavailable
    assert why in str(found.error)
    assert "List things of publisher contoso" in str(found.error)


@pytest.mark.parametrize(
    "field",
    [
        "hasMore",
        "has_more",
        "HasNextPage",
        "isTruncated",
        "skipToken",
        "$skipToken",
        "nextPageToken",
        "nextMarker",
    ],
)
def test_a_list_that_goes_on_nobody_knows_where_isnt_whole(field: str) -> None:
    found, _ = read(page("a", link=True, field=field))
    assert isinstance(found, Unlisted)


def test_nor_is_one_whose_headers_say_that_it_goes_on() -> None:
    found, _ = read(answered(200, entries("a"), **{"x-ms-continuation": "abc"}))
    assert isinstance(found, Unlisted)


@pytest.mark.parametrize(
    "links",
    [
        {"self": "?", "next": "?$skip=1"},
        {"self": {"href": "?"}, "next": {"href": "?$skip=1"}},
        [{"rel": "self", "href": "?"}, {"rel": "next", "href": "?$skip=1"}],
    ],
)
@pytest.mark.parametrize("name", ["links", "_links", "paging", "pagination"])
def test_a_link_among_others_is_one(name: str, links: object) -> None:
    found, runner = read(answered(200, {"value": entries("a"), name: links}), page("b"))
    assert names(found) == ["a", "b"]
    assert runner.sent[1].query == (("$skip", "1"),)


@pytest.mark.parametrize("link", ["?", CALL.path, HERE, f"{HERE}?api-version=x"])
def test_a_page_that_names_itself_is_no_list_without_end(link: str) -> None:
    found, runner = read(page("a", link=link))
    assert "was read already" in found.why
    assert len(runner.sent) == 1


def test_pages_in_a_circle_are_noticed() -> None:
    found, runner = read(page("a", link="?p=1"), page("b", link="?p=2"), page("c", link="?p=1"))
    assert "was read already" in found.why
    assert len(runner.sent) == 3


def test_a_list_has_an_end() -> None:
    found, runner = read(*(page(str(n), link=f"?p={n}") for n in range(2 * MAX_PAGES)))
    assert f"{MAX_PAGES} pages" in found.why
    assert len(runner.sent) == MAX_PAGES
    many = [str(n) for n in range(MAX_ENTRIES + 1)]
    found, runner = read(page(*many, link="?p=1"))
    assert f"{MAX_ENTRIES + 1} entries" in found.why
    assert len(read(page(*many))[0].entries) == MAX_ENTRIES + 1, "what came at once was read"


@pytest.mark.parametrize(
    ("reading", "error"),
    [
        (LOST, CppUnavailable),
        (UNTRUSTED, CppError),
        (refused(400), CppError),
        (refused(401), CppAuthError),
        (refused(404), CppNotFound),
        (refused(500), CppUnavailable),
        (answered(302), CppUnavailable),
        (answered(202), CppUnavailable),
        (answered(200), CppUnavailable),
        (answered(200, b"<html>"), CppUnavailable),
        (answered(200, {"error": 1}), CppUnavailable),
        (answered(200, [1]), CppUnavailable),
        (answered(200, [{"id": 7}]), CppUnavailable),
        (Answer(200, {}, b"[]", damage="the body is cut"), CppUnavailable),
    ],
)
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_page_that_cant_be_read_leaves_the_whole_list_unknown(
    reading: Reading, error: type[CppError], before: int
) -> None:
    found, _ = read(*(page(str(n), link=f"?p={n}") for n in range(before)), reading)
    assert isinstance(found, Unlisted)
    assert found.reading is reading
    assert isinstance(found.error, error)
    assert found.why
    if before and not (isinstance(reading, Answer) and reading.status == 200):
        assert found.may_pass, "there is such a list, as its first page shows"


def test_a_filter_is_kept_on_every_page() -> None:
    call = Call("List things", "x", "GET", CALL.path, (("status", "running"),))
    readings = page("a", link="?$skip=1"), page("b", link="?status=failed&$skip=2"), page("c")
    _, runner = read(*readings, call=call)
    assert [each.query for each in runner.sent] == [
        (("status", "running"),),
        (("status", "running"), ("$skip", "1")),
        (("status", "failed"), ("$skip", "2")),
    ]


def test_what_moves_on_to_the_next_page_while_it_is_read_counts_once() -> None:
    found, _ = read(page("c", "b", link="?$skip=2"), page("b", "a"))
    assert names(found) == ["c", "b", "a"]


def test_an_entry_that_cant_be_read_is_named_by_its_place() -> None:
    def none(entry: Mapping[str, object]) -> str | tuple[()]:
        return "has no state" if entry["id"] == "b" else ()

    found = Runner([page("a", "b")]).run(listed(CALL, ORIGIN, none))
    assert found.why == "HTTP 200, but entry 2 of the list has no state"


links = st.text(max_size=30) | st.from_regex(r"(https?:)?//[a-z.@:0-9]{0,20}/[a-z/.]{0,20}\?[a-z=&%0-9]{0,20}")


@given(links, st.sampled_from([*FIELDS, "continuationToken", "Link"]))
def test_whatever_a_next_link_says_no_other_place_is_asked(link: str, field: str) -> None:
    first = (
        answered(200, entries("a"), Link=f'<{link}>; rel="next"')
        if field == "Link"
        else page("a", link=link, field=field)
    )
    found, runner = read(first, page("b"))
    assert isinstance(found, Listed | Unlisted)
    for call in runner.sent:
        assert call.url(ORIGIN, "v1").startswith(f"{HERE}?api-version=v1")
        assert call.method == "GET"
