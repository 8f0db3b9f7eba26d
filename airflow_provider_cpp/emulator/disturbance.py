"""Decides what a fault makes of an answer; which request meets it is decided in ``faults``."""

from __future__ import annotations

import functools
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from airflow_provider_cpp.emulator.answer import Answer, ApiError, Call, Delivery, traceable
from airflow_provider_cpp.emulator.doors import (
    LINK_PROPERTIES,
    LOCATION_HEADERS,
    LOCATION_PROPERTIES,
    STATE_PROPERTIES,
)
from airflow_provider_cpp.emulator.refusals import refused

if TYPE_CHECKING:
    from airflow_provider_cpp.emulator.door import Door
    from airflow_provider_cpp.emulator.faults import Fault

_FOREIGN = "https://portal.example"
_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"


@dataclass(frozen=True)
class _Case:
    fault: Fault
    answer: Answer
    call: Call
    now: float
    door: Door


def disturbed(fault: Fault, answer: Answer, call: Call, now: float, door: Door) -> Delivery:
    """Return what is sent in place of an answer.

    :param fault: what goes wrong
    :param answer: what would have been sent; any, if the portal did not act
    :param call: the request
    :param now: seconds since the epoch
    :param door: in whose form it is refused
    """
    case = _Case(fault, answer, call, now, door)
    if fault.kind in _WAYS:
        return Delivery(answer, _WAYS[fault.kind], fault.delay)
    return Delivery(traceable(_ANSWERS[fault.kind](case)))


# How the bytes travel.
_WAYS = {
    "lost-response": "close",
    "reset-before": "reset",
    "reset-after": "reset",
    "cut-head": "cut-head",
    "cut-body": "cut-body",
    "hang": "hang",
    "slow": "slow",
    "drip": "drip",
}


def _throttled(case: _Case) -> Answer:
    headers = {}
    if case.fault.retry_after is not None:
        date, colon, seconds = case.fault.retry_after.partition(":")
        headers["Retry-After"] = (
            formatdate(case.now + float(seconds), usegmt=True)
            if (date, colon) == ("date", ":")
            else case.fault.retry_after
        )
    refusal = case.door.refusal(ApiError(case.fault.status or 429, "TooManyRequests", "Too many requests."))
    return replace(refusal, headers={**refusal.headers, **headers})


def _refusal(status: int, code: str, message: str) -> Callable[[_Case], Answer]:
    return lambda case: case.door.refusal(ApiError(case.fault.status or status, code, message))


def _html(case: _Case) -> Answer:
    return Answer(case.fault.status or 200, {"Content-Type": "text/html; charset=utf-8"}, _PAGE.encode())


def _redirect(case: _Case) -> Answer:
    host = (case.fault.value or _FOREIGN).rstrip("/")
    query = urlencode(case.call.query)
    return Answer(
        case.fault.status or 302, {"Location": f"{host}{case.call.path}" + (f"?{query}" if query else "")}
    )


def _without_location(case: _Case) -> Answer:
    def change(document: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in document.items() if name not in LOCATION_PROPERTIES}

    headers = {name: value for name, value in case.answer.headers.items() if name not in LOCATION_HEADERS}
    return replace(_changed(case, lambda document: _in_each(document, change)), headers=headers)


def _foreign_location(case: _Case) -> Answer:
    host = (case.fault.value or _FOREIGN).rstrip("/")

    def moved(link: Any) -> str:
        parts = urlsplit(str(link))
        return host + parts.path + (f"?{parts.query}" if parts.query else "")

    def change(document: Mapping[str, Any]) -> dict[str, Any]:
        return {name: moved(value) if name in LINK_PROPERTIES else value for name, value in document.items()}

    headers = {
        name: moved(value) if name in LOCATION_HEADERS else value for name, value in case.answer.headers.items()
    }
    return replace(_changed(case, lambda document: _in_each(document, change)), headers=headers)


def _changed(case: _Case, change: Callable[[Any], Any]) -> Answer:
    """Change the body's JSON value; a body that has none stays."""
    if not case.answer.body or not case.answer.headers.get("Content-Type", "").startswith("application/json"):
        return case.answer
    body = json.dumps(change(json.loads(case.answer.body))).encode()
    return replace(case.answer, body=body)


def _in_each(document: Any, change: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Any:
    """Change an object, or each entry of a list, be it in ``value`` with the next page beside it."""
    if isinstance(document, list):
        return [_in_each(entry, change) for entry in document]
    if not isinstance(document, Mapping):
        return document
    changed = change(document)
    if isinstance(changed.get("value"), list):
        changed["value"] = _in_each(changed["value"], change)
    return changed


def _status_word(case: _Case) -> Answer:
    word = case.fault.value or "reticulating"

    def change(document: Mapping[str, Any]) -> dict[str, Any]:
        return {name: word if name in STATE_PROPERTIES else value for name, value in document.items()}

    return _changed(case, lambda document: _in_each(document, change))


def _without_status(case: _Case) -> Answer:
    def change(document: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in document.items() if name not in STATE_PROPERTIES}

    return _changed(case, lambda document: _in_each(document, change))


def _oversized(case: _Case) -> Answer:
    size = 2 * 1024 * 1024 if case.fault.size is None else case.fault.size
    return replace(case.answer, body=case.answer.body + b" " * size)


def _gzip_bomb(case: _Case) -> Answer:
    size = 64 * 1024 * 1024 if case.fault.size is None else case.fault.size
    headers = {**case.answer.headers, "Content-Encoding": "gzip"}
    return replace(case.answer, headers=headers, body=_gzip(case.answer.body) + _gzip_of_spaces(size))


def _gzip(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return compressor.compress(body) + compressor.flush()


@functools.lru_cache(maxsize=4)
def _gzip_of_spaces(size: int) -> bytes:
    block = b" " * min(size, 1024 * 1024)
    compressor = zlib.compressobj(9, wbits=31)
    parts = [compressor.compress(block) for _ in range(size // (len(block) or 1))]
    parts.append(compressor.compress(b" " * (size % (len(block) or 1))))
    return b"".join([*parts, compressor.flush()])


# What the answer is.
_ANSWERS: dict[str, Callable[[_Case], Answer]] = {
    "throttled": _throttled,
    "error": _refusal(500, "InternalServerError", "The service cannot complete the request now."),
    "not-found": _refusal(404, "NotFound", "The resource was not found."),
    "gone": _refusal(410, "Gone", "The resource is no longer available."),
    "unauthorized": lambda case: case.door.unauthorized(),
    "revoked": lambda case: case.answer,
    "overtaken": lambda case: case.answer,
    "ignored": lambda case: Answer(case.fault.status or 202),
    "html": _html,
    "refusal": lambda case: refused(case.fault.value or "service", case.fault.status or 400),
    "empty": lambda case: replace(case.answer, body=b""),
    "array": lambda case: _changed(case, lambda document: [document]),
    "status-word": _status_word,
    "no-status": _without_status,
    "oversized": _oversized,
    "gzip-bomb": _gzip_bomb,
    "redirect": _redirect,
    "foreign-location": _foreign_location,
    "no-location": _without_location,
}
