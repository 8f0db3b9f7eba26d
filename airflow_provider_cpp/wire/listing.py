"""How a list of the service is read: all of its pages, or in words why it can't be. Half a list is none.

No page of the reference mentions that a list goes on on another page. Where one does, it says so as OData,
Azure's guidelines or RFC 8288 have it. What it names is never followed: its query is asked for where the list
itself was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, unquote, urljoin

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.wire.answers import (
    Answer,
    Reading,
    Unanswered,
    describe,
    error_of,
    json_body,
    parsed_body,
    unexpected,
    unreadable,
)
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.identifiers import is_same_identifier
from airflow_provider_cpp.wire.origins import own_url, shown_url
from airflow_provider_cpp.wire.procedures import NOW, Procedure, sent
from airflow_provider_cpp.wire.retries import is_failed_read

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_PAGES = 100
MAX_ENTRIES = 10_000

#: Characters of a link to a next page: a token in it may be long.
MAX_LINK = 8192

#: Fields that name the next page, without case, underscores, `@` and `odata.`: by its URL, or by a token.
_LINKS = frozenset(
    {"nextlink", "nextpagelink", "nextpage", "next", "nexturl", "nexturi", "nextpageurl", "nextpageuri"}
)
_TOKENS = frozenset({"continuationtoken", "nextcontinuationtoken"})
#: That there is more, but not how to ask for it.
_MORE = frozenset(
    (
        *("hasmore", "hasmorepages", "hasnextpage", "hasnext", "istruncated", "skiptoken", "nexttoken"),
        *("nextpagetoken", "nextcursor", "nextmarker", "nextskiptoken"),
    )
)
_MORE_HEADERS = ("x-ms-continuation", "x-ms-continuationtoken", "x-ms-continuation-token")
_NESTED = frozenset({"links", "paging", "pagination", "pageinfo"})

_LINK_VALUE = re.compile(r"<([^<>]*)>((?:\s*;[^,;\"]*(?:\"[^\"]*\"[^,;\"]*)*)*)")
_IS_NEXT = re.compile(r";\s*rel\s*=\s*(?:\"(?:[^\"]*\s)?next(?:\s[^\"]*)?\"|next\s*(?:;|$))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listed(Generic[T_co]):
    """A list, all of it.

    :param entries: what it holds.
    :param answer: what the last of its pages came with.
    :param now: when it was read, in seconds since 1970 (UTC).
    """

    entries: tuple[T_co, ...]
    answer: Answer
    now: float


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A list that can't be read.

    :param call: what was asked for.
    :param reading: what it came to, or a later page of it.
    :param why: why it is no list, in words.
    :param may_pass: whether it may be had at another time, or after a correction.
    :param now: when that was, in seconds since 1970 (UTC).
    """

    call: Call
    reading: Reading
    why: str
    may_pass: bool
    now: float

    @property
    def error(self) -> CppError:
        """The error that it means."""
        if isinstance(self.reading, Answer) and self.reading.status == 200:
            return unreadable(self.call, self.reading, self.why.removeprefix("HTTP 200, but "))
        return error_of(self.call, self.reading)


def listed(
    call: Call,
    origin: str,
    read: Callable[[Mapping[str, object]], T | str],
    *,
    patient: bool = True,
    follows_any_host: bool = False,
) -> Procedure[Listed[T] | Unlisted]:
    """Read a list to its last page.

    :param call: asks for its first page. Its `seconds` are for all of them.
    :param origin: scheme, host and port of the API, where each page has to be.
    :param read: reads an entry that has an id, or says in words why it is none.
    :param patient: as in `Send`.
    :param follows_any_host: whether a link to a next page counts that names another host or path, as of a service
        that is known by another name inside; its query is asked for here all the same, and nothing goes there.
    """
    until = math.inf if math.isinf(call.seconds) else (yield NOW).now + call.seconds
    page, asked = call, {call.query}
    found: list[T] = []
    before: dict[object, object] = {}
    while True:
        reading, now = yield from sent(page, patient=patient)
        if not isinstance(reading, Answer) or reading.status != 200:
            # A first page could be read, so that there is such a list.
            may_pass = len(asked) > 1 or _may_pass(reading)
            where = "" if len(asked) == 1 else f" (page {len(asked)} of the list)"
            return Unlisted(call, reading, f"{describe(reading)}{where}", may_pass, now)
        entries = _entries(reading)
        following = entries if isinstance(entries, str) else _next_page(call, origin, reading, follows_any_host)
        added = entries if isinstance(entries, str) else _read(entries, before, read)
        if isinstance(added, tuple):
            found += added
        elif added is not entries:
            added = unexpected(reading, added)
        if isinstance(following, Call):
            if following.query in asked:
                following = "its next page is one that was read already"
            elif len(asked) >= MAX_PAGES or len(found) > MAX_ENTRIES:
                following = f"it goes on after {len(asked)} pages with {len(found)} entries, which is too much"
            elif now >= until:
                following = f"it goes on after {call.seconds:g} s, which is too long"
        for why in (added, following):
            if isinstance(why, str):
                return Unlisted(call, reading, f"HTTP 200, but {why}", _may_pass(reading), now)
        if not isinstance(following, Call):
            return Listed(tuple(found), reading, now)
        asked.add(following.query)
        page = following if math.isinf(until) else replace(following, seconds=until - now)


def _may_pass(reading: Reading) -> bool:
    if isinstance(reading, Unanswered) or is_failed_read(reading) or reading.status in {401, 403}:
        return True
    return 300 <= reading.status < 400 or (reading.status == 200 and parsed_body(reading) is None)


def _entries(answer: Answer) -> list[object] | str:
    body = json_body(answer)
    if isinstance(body, str):
        return body
    if isinstance(body, dict) and isinstance(body.get("value"), list):
        body = body["value"]
    return body if isinstance(body, list) else unexpected(answer, "the body is no list")


def _read(
    entries: list[object], before: dict[object, object], read: Callable[[Mapping[str, object]], T | str]
) -> tuple[T, ...] | str:
    """Return what a page adds to those before it: what comes in between moves others on to the next one.

    :param before: the entries of the page before by their ids; it becomes this page's.
    """
    added, these = [], {}
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
            # A list that is half understood could hide the one that matters.
            return f"entry {number} of the list has no id"
        these[entry["id"]] = entry
        if before.get(entry["id"]) == entry:
            continue
        one = read(entry)
        if isinstance(one, str):
            return f"entry {number} of the list {one}"
        added.append(one)
    before.clear()
    before.update(these)
    return tuple(added)


def _next_page(call: Call, origin: str, answer: Answer, follows_any_host: bool) -> Call | str | None:
    """Return the call for the page after one, in words why there can be none, or None after the last one.

    :param call: asked for the first page.
    """
    body = parsed_body(answer)
    fields = dict(_fields(body)) if isinstance(body, dict) else {}
    link = next((fields[name] for name in fields if name in _LINKS), None)
    link = link or _link_header(answer.headers.get("link", ""))
    token = next((fields[name] for name in fields if name in _TOKENS), None)
    if isinstance(link, str):
        return _page_at(link, call, origin, follows_any_host)
    if link is None and isinstance(token, str | int):
        return _with_query(call, [("continuationToken", str(token))])
    if link or token or any(name in _MORE for name in fields) or any(map(answer.headers.get, _MORE_HEADERS)):
        return "it goes on on another page, and doesn't say where in a way that is understood"
    return None


def _fields(body: object) -> Iterator[tuple[str, object]]:
    """Yield what a list says beside its entries, but for what is empty."""
    if isinstance(body, list):  # `[{"rel": "next", "href": ...}]`
        body = {str(entry.get("rel", "")): entry for entry in body[:20] if isinstance(entry, dict)}
    if not isinstance(body, dict):
        return
    for name, value in body.items():
        folded = re.sub("[_$-]", "", name.casefold()).removeprefix("@").removeprefix("odata.")
        if folded in _NESTED:
            yield from _fields(value)
        elif value:
            is_link = folded in _LINKS and isinstance(value, dict)
            yield folded, (value.get("href") or value) if is_link else value


def _link_header(text: str) -> str | None:
    return next((link for link, parameters in _LINK_VALUE.findall(text) if _IS_NEXT.search(parameters)), None)


def _page_at(link: str, call: Call, origin: str, follows_any_host: bool) -> Call | str:
    """Return the call for a page by its link, built anew, or in words why it isn't one of this list."""
    where = shown_url(link)
    url = own_url(f"?{link.partition('?')[2]}" if follows_any_host and "?" in link else link, origin, MAX_LINK)
    if isinstance(url, str):
        return f"it goes on on another page, {where}, which isn't asked for: {url}"
    path = unquote(urljoin(call.path, url.path)).rstrip("/")
    if not is_same_identifier(unquote(call.path).rstrip("/"), path):
        return f"it goes on on another page, {where}, which isn't asked for: its path is another one"
    try:
        query = parse_qsl(url.query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        return f"it goes on on another page, {where}, whose query can't be read"
    return _with_query(call, [(name, value) for name, value in query if name.casefold() != call.version_parameter])


def _with_query(call: Call, query: list[tuple[str, str]]) -> Call:
    """Return a call with a further query, which goes before its own."""
    named = {name.casefold() for name, _ in query}
    own = [(name, value) for name, value in call.query if name.casefold() not in named]
    return replace(call, query=(*own, *query))
