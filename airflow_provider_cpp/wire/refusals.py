"""Which words of a body say why: its code, its messages and its request's id, wherever in it they stand.

The reference prints one form of an error (`{"error": {"code", "message"}}`, considerations page). Services behind
the portal answer in those of their own: `{"Variant": {"error"}}`, `{"value": [{"errorCode", "message"}]}`,
ASP.NET's `ModelState`, OData's `odata.error`, a gateway's page. Known places are read first; of a body without
any, all that it holds. The walk is bounded, as a body may be anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Any

from airflow_provider_cpp.wire.confidential import HIDDEN, is_named_secret, is_secrets_name, is_value
from airflow_provider_cpp.wire.confidential_names import is_confidential
from airflow_provider_cpp.wire.plain_text import plain_text

#: How far a body is read: levels, values, texts that are shown, and characters of all of them together.
MAX_DEPTH = 12
MAX_VALUES = 500
MAX_TEXTS = 20
MAX_SHOWN = 2500

#: What is no JSON is read as far as this, in characters; and what is marked up, which takes longer.
_MAX_TEXT = 50_000
_MAX_MARKED = 8000
_MAX_CODE = 200
_MAX_IDENTIFIER = 100

# Field names without case and signs, in the order in which they are shown.
_CODES = ("code", "errorcode", "exceptioncode", "faultcode")
_MESSAGES = (
    *(
        "message",
        "messagehtml",
        "errormessage",
        "errordescription",
        "text",
        "msg",
        "title",
        "detail",
        "description",
    ),
    *("exceptionmessage", "faultstring", "reason", "statusmessage", "statusreason", "failurereason"),
)
_TARGETS = ("target", "resource", "resourceid", "propertyname", "field")
_PLACES = (
    *("statusdetails", "statusdetail", "details", "innererror", "innerexception", "inner", "errors"),
    *("validationerrors", "modelstate", "messages", "value"),
)
_ERRORS = ("error", "odataerror")
#: Under these, each name says what its texts are about.
_BY_NAME = {"errors", "modelstate", "validationerrors"}
#: What is beside a message and says nothing more; shown where nothing else is.
_BESIDE = {
    *("status", "statuscode", "httpstatuscode", "servicename", "source", "severity", "level", "type", "instance"),
    *("lang", "date", "timestamp", "errordatetime", "odatatype", "odatametadata", "schema", "helpurl", "helplink"),
    *("exceptiontype", "stacktrace", "trace", "errorcodes", "erroruri", "xmlns"),
}
#: Names of a request's id, in headers and bodies, the service's own before the client's.
IDENTIFIERS = (
    *("xmsrequestid", "msrequestid", "requestid", "xrequestid"),
    *("xmscorrelationrequestid", "mscorrelationrequestid", "correlationrequestid"),
    *("xmscorrelationid", "mscorrelationid", "xcorrelationid", "correlationid"),
    *("xmsactivityid", "msactivityid", "activityid", "traceid", "xmstraceid", "xazureref", "azureref"),
    *("xmsclientrequestid", "msclientrequestid", "clientrequestid"),
)
_IDENTIFIERS = frozenset(IDENTIFIERS)

_SIGNS = re.compile(r"[^a-z0-9]+")
#: What is a code and no sentence: `invalid_client`, `Http404Exception`.
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
#: Where .NET was when it happened, a line each; the exception and what caused it are on others.
_FRAME = re.compile(r"[\r\n]+[ \t]+(?:at [^\r\n]+|--- End of [^\r\n]+)")
_PAGE = re.compile(r"<(?:!doctype html|html|head|title|body)\b", re.IGNORECASE)
_HEAD = re.compile(r"<head\b", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_LEAF = re.compile(r"<(?:[\w.-]+:)?([\w.-]+)(?:\s[^<>]*)?>([^<>]*)</")
_ATTRIBUTE = re.compile(r"\s([\w.:-]{1,100})=(\"[^\"<>]*\"|'[^'<>]*')")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a body says of why.

    :param code: the service's own code; None if it gives none.
    :param message: its messages, as plain text on one line; None if there is none.
    :param request_id: the request's id; None if the body has none.
    """

    code: str | None = None
    message: str | None = None
    request_id: str | None = None


@lru_cache(maxsize=512)
def folded_name(name: str) -> str:
    """Return a field's or header's name without case and signs: `MS-RequestId` is `msrequestid`."""
    return _SIGNS.sub("", name.casefold())


def identifier_in(fields: Mapping[Any, object]) -> str | None:
    """Return the request's id that headers or an object name, the service's own first."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        if isinstance(value, str) and value.strip() and (folded := folded_name(str(name))) in _IDENTIFIERS:
            found.setdefault(folded, value)
    name = next((each for each in IDENTIFIERS if each in found), None)
    return None if name is None else plain_text(found[name])[:_MAX_IDENTIFIER] or None


def refusal_in(body: bytes, *, is_whole: bool = True, is_error: bool = True) -> Refusal:
    """Return what a body says of why, whatever it is.

    :param is_whole: whether all of it came; what is cut is read as text.
    :param is_error: whether it is an error's: of one that has no known place, all is shown. Else what isn't known
        may be what was asked for.
    """
    text = body_text(body)
    if not text.strip():
        return Refusal()
    parsed = _parsed(text) if is_whole else None
    if parsed is not None:
        return refusal_of(parsed, is_error=is_error)
    text = text.strip()[:_MAX_TEXT]
    if text.startswith("<"):
        return _marked(text)
    return Refusal(message=None if text == "null" else _cut(plain_text(text)))


def refusal_of(value: object, *, is_error: bool = True) -> Refusal:
    """Return what a JSON value says of why; see `refusal_in`."""
    walk = _Walk(shows_all=False, shows_others=is_error)
    walk.visit(value)
    if is_error and walk.code is None and not walk.texts:
        everything = _Walk(shows_all=True, shows_others=True)
        everything.visit(value)
        walk.texts, walk.left_out = everything.texts, everything.left_out
    return Refusal(walk.code, walk.shown(), walk.identifier)


def words_of(value: object, *, is_error: bool = True) -> str:
    """Return all that a JSON value says of why on one line, its code first; empty if it says nothing."""
    refusal = refusal_of(value, is_error=is_error)
    if refusal.code and refusal.message:
        return refusal.message if refusal.code in refusal.message else f"{refusal.code}: {refusal.message}"
    return refusal.code or refusal.message or ""


def body_text(body: bytes) -> str:
    """Return a body as text, in whatever encoding it is; empty for what is no text."""
    try:
        text = body.decode(json.detect_encoding(body))
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        if not any(c > "\x7f" and c != "\ufffd" for c in text):  # not cut within a letter, but no UTF-8 at all
            text = body.decode("cp1252", "replace")
    start = text[:1000]
    is_text = sum(not (c.isprintable() or c.isspace()) for c in start) * 10 <= len(start)
    return text.lstrip("\ufeff") if is_text else ""


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _marked(text: str) -> Refusal:
    """Return what a page in HTML says, its title first, or what an XML document does."""
    if _PAGE.search(text):
        found = _TITLE.search(text)
        title = plain_text(found[1]) if found else ""
        shown = plain_text(_TITLE.sub(" ", _without_head(text)))
        both = f"{title}: {shown}" if title and title not in shown else shown
        return Refusal(message=_cut(both if shown else title))
    if len(text) > _MAX_MARKED:  # not within a word, of which the rest may say that it is a secret
        text = text[:_MAX_MARKED].rpartition(" ")[0]
    text = _CDATA.sub(lambda found: found[1].replace("<", "&lt;"), text)
    fields: dict[str, list[str]] = {}
    for name, content in _LEAF.findall(text):
        if content.strip():
            fields.setdefault(name, []).append(unescape(content))
    single = {name: contents[0] if len(contents) == 1 else contents for name, contents in fields.items()}
    refusal = refusal_of(single if len(single) > 1 else [*single.values()], is_error=False)
    if not refusal.message and (attributes := _ATTRIBUTE.findall(text)):
        refusal = refusal_of({name: unescape(content[1:-1]) for name, content in attributes}, is_error=False)
    return refusal if refusal.message else Refusal(refusal.code, _cut(plain_text(text)), refusal.request_id)


def _without_head(page: str) -> str:
    start = _HEAD.search(page)
    end = page.casefold().find("</head", start.end()) if start else -1
    return page if start is None or end < 0 else page[: start.start()] + page[end + len("</head>") :]


def _cut(text: str) -> str | None:
    return (text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}...") or None


class _Walk:
    """A walk through a JSON value that notes what it says.

    :param shows_all: show every value, whatever its name.
    :param shows_others: show the texts of an error whose names say nothing to us.
    """

    def __init__(self, *, shows_all: bool, shows_others: bool) -> None:
        self.shows_all = shows_all
        self.shows_others = shows_others
        self.code: str | None = None
        self.identifier: str | None = None
        self.texts: list[str] = []
        self.left_out = 0
        self._values = 0
        self._said: list[str] = []

    def shown(self) -> str | None:
        more = f"and {self.left_out} more" if self.left_out else ""
        texts = [text.rstrip(";: ") for text in self.texts] + [more] * bool(more)
        return _cut("; ".join([text.rstrip(".") for text in texts[:-1]] + texts[-1:]))

    def visit(self, value: object, label: str = "", depth: int = 0) -> None:
        """Note what a value says; a label says what it is about."""
        if value is None or isinstance(value, bool) or value in ("", [], {}):
            return
        self._values += 1
        if self._values > MAX_VALUES or depth > MAX_DEPTH:
            self.left_out += 1
        elif isinstance(value, str):
            self._text(value, label, depth)
        elif isinstance(value, dict):
            self._object(value, label, depth)
        elif isinstance(value, list):
            self._each(((label, entry) for entry in value), len(value), depth)
        else:
            self._add(str(value), label)

    def _each(self, entries: Iterable[tuple[str, object]], number: int, depth: int) -> None:
        for position, (label, entry) in enumerate(entries):
            if self._values > MAX_VALUES:
                self.left_out += number - position
                return
            self.visit(entry, label, depth + 1)

    def _object(self, value: dict[Any, object], label: str, depth: int) -> None:
        self.identifier = self.identifier or identifier_in(value)
        if is_named_secret(value):
            # Of ASP.NET's state of a model, the errors are no part of the value.
            kept = ((name, _errors_of(entry) if is_value(name) else entry) for name, entry in value.items())
            value = {name: entry for name, entry in kept if entry is not None}
        if self.shows_all:
            entries = ((_about(label, str(name)), _shown(str(name), entry)) for name, entry in value.items())
            self._each(entries, len(value), depth)
            return
        fields: dict[str, object] = {}
        names: dict[str, str] = {}
        for name, entry in value.items():
            folded = folded_name(str(name))
            if folded not in fields:
                fields[folded], names[folded] = entry, str(name)
        for name in _ERRORS:
            if isinstance(fields.get(name), dict | list):
                self.visit(fields.pop(name), label, depth + 1)
        prefix = self._code_of(fields)
        said = len(self.texts)
        for name in ("error", *_MESSAGES):
            self.visit(fields.pop(name, None), _about(label, prefix), depth + 1)
        target = next((fields[name] for name in _TARGETS if isinstance(fields.get(name), str)), "")
        where = plain_text(str(target))[:_MAX_CODE]
        if where and len(self.texts) > said and where not in self.texts[said]:
            self.texts[said] = f"{self.texts[said]} ({where})"
        elif len(self.texts) == said and prefix:
            self._add(prefix, _about(label, where))
        for name in _PLACES:
            entry = fields.pop(name, None)
            if name in _BY_NAME and isinstance(entry, dict) and not _is_error(entry):
                self._each(((_about(label, str(each)), it) for each, it in entry.items()), len(entry), depth)
            else:
                self.visit(entry, label, depth + 1)
        self._others(fields, names, label, depth)

    def _code_of(self, fields: dict[str, object]) -> str:
        """Take the code out of an error's fields; return it where it isn't the whole answer's."""
        if isinstance(error := fields.get("error"), str) and _CODE.fullmatch(error):
            fields.setdefault("code", fields.pop("error"))
        name = next((name for name in _CODES if _is_code(fields.get(name))), None)
        if name is None:
            return ""
        code = plain_text(str(fields.pop(name)))[:_MAX_CODE]
        if self.code is None and not self.texts:
            self.code = code or None
            return ""
        return "" if code == self.code else code

    def _others(self, fields: dict[str, object], names: dict[str, str], label: str, depth: int) -> None:
        for name, entry in fields.items():
            if name in _BESIDE or name in _TARGETS or name in _IDENTIFIERS:
                continue
            if self.shows_others or isinstance(entry, dict | list):
                self.visit(_shown(names[name], entry), _about(label, names[name]), depth + 1)

    def _text(self, text: str, label: str, depth: int) -> None:
        text = text.strip().lstrip("\ufeff")
        if text[:1] in ("{", "[", '"') and isinstance(parsed := _parsed(text), dict | list | str):
            self.visit(parsed, label, depth + 1)
        else:
            self._add(plain_text(_FRAME.sub("", text)), label)

    def _add(self, text: str, label: str) -> None:
        bare = text.rstrip(". ").casefold()
        # What is shorter may be a part of another word.
        if not bare or bare in self._said or (len(bare) > 15 and any(bare in said for said in self._said)):
            return
        if len(self.texts) >= MAX_TEXTS:
            self.left_out += 1
            return
        self._said.append(bare)
        label = plain_text(label)[:_MAX_CODE] if label else ""
        self.texts.append(f"{label}: {text}" if label and label not in text else text)


def _is_code(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip() != ""


def _errors_of(value: object) -> object:
    """Return the errors that stand within a value that isn't shown; None if there are none."""
    return (
        next((it for name, it in value.items() if folded_name(str(name)) == "errors"), None)
        if isinstance(value, dict)
        else None
    )


def _is_error(fields: dict[Any, object]) -> bool:
    """Return whether an object is one error, and not a map of texts by what they are about."""
    names = {folded_name(str(name)) for name, value in fields.items() if not isinstance(value, list)}
    return not names.isdisjoint({"code", "errorcode", "message"})


def _shown(name: str, value: object) -> object:
    """Return what may be shown of a field that isn't known: an error may quote what was sent."""
    if value is None or not is_confidential(name) or (folded_name(name) == "key" and is_secrets_name(value)):
        return value
    return HIDDEN


def _about(label: str, name: str) -> str:
    return f"{label}: {name}" if label and name else label or name
