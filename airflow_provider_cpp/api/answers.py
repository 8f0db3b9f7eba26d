"""What came back from a call: the answer as a value, and which error it means."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TypeVar

from airflow_provider_cpp.api.calls import Call
from airflow_provider_cpp.api.portal import PORTAL
from airflow_provider_cpp.api.refusals import Refusal, identifier_in, refusal_in
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
)

T = TypeVar("T")

#: No service makes a client wait longer than this on its word alone.
MAX_RETRY_AFTER = 3600.0

#: No two clocks that both count are further apart, in seconds.
MAX_CLOCK_SKEW = 86400.0

#: Characters that are told of what a body says which should have said something else.
_BRIEF = 500

#: Names under which a list says that it goes on on another page, which no page of the reference mentions.
NEXT_PAGE = ("nextLink", "@nextLink", "@odata.nextLink")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, read.

    :param status: HTTP status code.
    :param headers: headers with lower-case names.
    :param body: the body's bytes, decompressed, as far as they came.
    :param damage: what is wrong with the body, if it is cut, oversized or can't be decompressed.
    :param received_at: when the head arrived, by our clock, in seconds since 1970 (UTC).
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    damage: str | None = None
    received_at: float = 0.0


class Loss(Enum):
    """How far a request got that has no answer."""

    NOT_SENT = "not sent"  # the service provably never saw it
    UNTRUSTED_PEER = "certificate not trusted"  # never sent, and repeating it can't help
    UNCLEAR = "no answer"  # the service may have read it


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request without a response.

    :param loss: how far it got.
    :param reason: the failure in words, without any header or token.
    :param advice: what to do about it, where that isn't to look at the network.
    """

    loss: Loss
    reason: str
    advice: str = ""


#: What one attempt at a call came to.
Reading = Answer | Unanswered


def parsed_body(answer: Answer) -> object:
    """Return the body's JSON, or None where it holds none.

    The `Content-Type` isn't asked: proxies get it wrong, and the JSON parser doesn't.
    """
    if answer.damage or not answer.body.strip():
        return None
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def refusal(answer: Answer) -> Refusal:
    """Return what the service says of why, wherever it says it, and the id under which it knows the request."""
    said = refusal_in(answer.body, is_whole=not answer.damage, is_error=answer.status >= 400)
    return replace(said, request_id=identifier_in(answer.headers) or said.request_id)


def service_error(answer: Answer) -> tuple[str | None, str | None]:
    """Return the service's error code and message as plain text, each None where it gave none."""
    said = refusal(answer)
    return said.code, said.message


def request_id(answer: Answer) -> str | None:
    """Return the id under which the service's support finds the request, if it gave one."""
    return refusal(answer).request_id


def unexpected(answer: Answer, why: str) -> str:
    """Return why a body isn't what was asked for, with what it says instead: a proxy's page, or an error's words.

    :param why: such as "the body is no list".
    """
    said = refusal(answer)
    words = " ".join(filter(None, (said.code, said.message and f"'{_brief(said.message)}'")))
    return f"{why}; it says {words}" if words else why


def no_json(answer: Answer) -> str:
    """Return in words why a body holds no JSON, with what it says instead."""
    return unexpected(answer, "the body is no JSON") if answer.body.strip() else "the body is empty"


def _brief(text: str) -> str:
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}..."


def retry_after(answer: Answer) -> float | None:
    """Return how many seconds the service asks to wait, or None if it says nothing sensible.

    Takes seconds or a date; a date is read against the response's own `Date`, so that a wrong clock on
    either side does no harm. At most an hour; what makes no sense is ignored (RFC 9110, 10.2.3).
    """
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = math.nan if "_" in text else float(text)  # Python takes "1_0" for ten
    except ValueError:
        try:
            asked = _timestamp(text)
        except (ValueError, TypeError, OverflowError):
            return None
        try:
            now = _timestamp(answer.headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            now = answer.received_at
        seconds = asked - now
    if not math.isfinite(seconds) or seconds < 0:
        return None  # a time that is over asks for nothing
    return min(seconds, MAX_RETRY_AFTER)


def _timestamp(date: str) -> float:
    moment = parsedate_to_datetime(date)
    # An HTTP date is in GMT even where it doesn't say so (RFC 9110, 5.6.7), and never in our own zone.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def clock_ahead(answer: Answer) -> float:
    """Return by how many seconds the service's clock is ahead of ours, by the answer's own `Date`.

    A clock that is off by more than a day is no clock.
    """
    try:
        ahead = _timestamp(answer.headers.get("date", "")) - answer.received_at
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return ahead if abs(ahead) <= MAX_CLOCK_SKEW else 0.0


def describe(reading: Reading) -> str:
    """Return what came back in a few words: status, the service's code and message, and its request id."""
    if isinstance(reading, Unanswered):
        return f"{reading.loss.value}: {reading.reason}"
    said = refusal(reading)
    parts = [f"HTTP {reading.status}"]
    if said.code:
        parts.append(said.code)
    if said.message:
        parts.append(f"'{said.message if reading.status >= 400 else _brief(said.message)}'")
    if reading.damage:
        parts.append(f"({reading.damage})")
    if said.request_id:
        parts.append(f"(request id {said.request_id})")
    return " ".join(parts)


def content(call: Call, reading: Reading, read: Callable[[Answer], T | str]) -> T:
    """Return what the 200 of a call that reads holds.

    :param call: what was asked for.
    :param read: reads it, or says in words why it can't be read.
    :raises CppError: the error that another reading means; `CppUnavailable` for a 200 that can't be read.
    """
    if not isinstance(reading, Answer) or reading.status != 200:
        raise error_of(call, reading)
    found = read(reading)
    if isinstance(found, str):
        raise CppUnavailable(
            f"{call} failed: HTTP 200, but {found}. Look at the connection's host and proxy; a later try may "
            "succeed.",
            http_status=200,
            request_id=request_id(reading),
        )
    return found


_UNAUTHENTICATED = (
    "The token was refused. Check the connection's tenant_id, login (application id), password (secret; has "
    "it expired?) and scope, and that the app registration and its service principal exist."
)
_FORBIDDEN = (
    "The principal is known but not allowed. Check that it was added to this publisher's account in "
    "Partner Center (Account settings > Users > Microsoft Entra applications, role Manager or Developer), "
    "that the object id is the one of the enterprise application, and that publisher_id is right."
)

_CORRECT = "Correct what the message names; the same request would be refused again."
_LOOK = "The service refuses the request; look at its message."
_UNSAID = (
    "The service doesn't say why; the same request would be refused again. Look at the offer in Partner Center, "
    f"{PORTAL}, and ask its support, by the request id if there is one."
)
#: Nobody is sent to a message that isn't there.
_WITHOUT_MESSAGE = {_CORRECT: _UNSAID, _LOOK: _UNSAID}


def error_of(call: Call, reading: Reading) -> CppError:
    """Return the error that a reading means which isn't the success that `call` expects."""
    what = f"{call} failed: {describe(reading).rstrip('.')}."
    if isinstance(reading, Unanswered):
        if reading.loss is Loss.UNTRUSTED_PEER:
            return CppConfigurationError(
                f"{what} Nothing was sent. Set the connection's ca_file to the CA that signed the host's "
                "certificate, or correct host or proxy."
            )
        if reading.advice:
            return CppUnavailable(f"{what} {reading.advice}")
        return CppUnavailable(
            f"{what} Check the connection's host and proxy, and the network between; a later try may succeed."
        )
    error, advice = _meaning(reading.status, call)
    said = refusal(reading)
    if said.message is None:
        advice = _WITHOUT_MESSAGE.get(advice, advice)
    return error(f"{what} {advice}", http_status=reading.status, code=said.code, request_id=said.request_id)


def login_refused(call: Call, refusal: CppAuthError) -> CppAuthError:
    """Return the error of a call for which the login gave no token; by itself, that one names no offer."""
    return CppAuthError(f"{call} failed: {refusal}", http_status=refusal.http_status)


def _meaning(status: int, call: Call) -> tuple[type[CppError], str]:
    match status:
        case 401:
            return CppAuthError, _UNAUTHENTICATED
        case 403:
            return CppAuthError, _FORBIDDEN
        case 400 | 412 | 422:
            return CppBadRequest, _CORRECT
        case 404 | 410:
            if call.subject.startswith("publisher "):
                return CppNotFound, f"The service doesn't know {call.subject}: check publisher_id."
            return CppNotFound, (
                f"The service doesn't know {call.subject}: check the identifiers (an offer's id, not its "
                "display name), and that the offer is one that Cloud Partner Portal's API serves."
            )
        case 409:
            return CppConflict, "Another operation seems to run on it: wait for its end, or cancel it."
        case 408 | 429:
            return CppUnavailable, "The service is throttling: a later try may succeed."
        case _ if 300 <= status < 400:
            return CppUnavailable, "Redirects are refused: the API has none. Check the connection's host."
        case _ if status >= 500:
            return CppUnavailable, "The service has a problem of its own: a later try may succeed."
        case _ if status < 300:
            return CppUnavailable, "The answer isn't one that this call can have; look at host and proxy."
        case _:
            return CppBadRequest, _LOOK
