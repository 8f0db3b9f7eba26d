"""What came back from a call: the answer as a value, and which error it means."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, TypeVar

from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppConfigurationError,
    CppError,
    CppUnavailable,
)
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.refusals import Refusal, identifier_in, refusal_in

T = TypeVar("T")

#: No service makes a client wait longer than this on its word alone.
MAX_RETRY_AFTER = 3600.0

#: No two clocks that both count are further apart, in seconds.
MAX_CLOCK_SKEW = 86400.0

#: Characters that are shown of what a body says which should have said something else.
_BRIEF = 500


class _Asked:
    """What a rule asks of a reading, whether or not the call was answered."""

    __slots__ = ()

    @property
    def code(self) -> int:
        """HTTP status code; 0 where there was no answer."""
        return 0

    @property
    def is_success(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.code < 300

    @property
    def is_redirect(self) -> bool:
        """Whether it is a 3xx."""
        return 300 <= self.code < 400

    @property
    def is_refusal(self) -> bool:
        """Whether it is a 4xx."""
        return 400 <= self.code < 500

    @property
    def is_missing(self) -> bool:
        """Whether the service says that what was asked for isn't there: 404, 410."""
        return self.code in {404, 410}

    @property
    def is_conflict(self) -> bool:
        """Whether the service says that something else is in the way: 409."""
        return self.code == 409

    @property
    def is_untrusted(self) -> bool:
        """Whether nothing was sent, as the host's certificate isn't trusted."""
        return False


@dataclass(frozen=True, slots=True)
class Answer(_Asked):
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

    @property
    def code(self) -> int:
        """HTTP status code."""
        return self.status


class Loss(Enum):
    """How far a request got that has no answer."""

    NOT_SENT = "not sent"  # the service provably never saw it
    UNTRUSTED_PEER = "certificate not trusted"  # never sent, and repeating it can't help
    UNCLEAR = "no answer"  # the service may have read it


@dataclass(frozen=True, slots=True)
class Unanswered(_Asked):
    """A request without a response.

    :param loss: how far it got.
    :param reason: the failure in words, without any header or token.
    :param advice: what to do about it, where that isn't to look at the network.
    """

    loss: Loss
    reason: str
    advice: str = ""

    @property
    def is_untrusted(self) -> bool:
        """Whether nothing was sent, as the host's certificate isn't trusted."""
        return self.loss is Loss.UNTRUSTED_PEER


_ENDS_A_SENTENCE = (".'", "!'", "?'")

#: What one attempt at a call came to.
Reading = Answer | Unanswered
#: What a body without a message comes to.
_NO_MESSAGE = re.compile(
    r"(?:(?:(?:http)?status(?:code)?: \d+|(?:request|trace|activity|correlation)_?id: \S+)(?:; )?)+", re.IGNORECASE
)


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


def json_body(answer: Answer) -> Any:
    """Return the body's JSON, but for a text, or in words why there is none."""
    if answer.damage:
        return answer.damage
    body = parsed_body(answer)
    if body is None or isinstance(body, str):
        return no_json(answer)
    return body


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
    text = answer.headers.get("retry-after")
    if not text or not (text := text.strip()):
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


def describe(reading: Reading, *, with_id: bool = True) -> str:
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
    if said.request_id and with_id:
        parts.append(f"(request id {said.request_id})")
    return " ".join(parts)


def kind_of(reading: Reading) -> str:
    """Return what a reading has in common with others that fail in the same way."""
    if isinstance(reading, Unanswered):
        return f"{reading.loss.value} {reading.reason.partition(':')[0]}"
    return f"{reading.status} {service_error(reading)[0] or ''}"


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
        raise unreadable(call, reading, found)
    return found


def unreadable(call: Call, answer: Answer, why: str) -> CppUnavailable:
    """Return the error of a 200 that can't be read.

    :param why: the reason, in words.
    """
    error = CppUnavailable(
        f"{call} failed: HTTP 200, but {why}. Look at the connection's host and proxy; a later try may succeed.",
        http_status=200,
        request_id=request_id(answer),
        operation_id=call.operation_id,
    )
    return _failing(call, error)


def heard(answer: Answer) -> str:
    """Return what an answer says, wherever that stands, to know it by its words; not to be shown."""
    said = [text for text in service_error(answer) if text]
    if not said and parsed_body(answer) is None:
        said = [answer.body[:4096].decode(errors="replace")]
    return " ".join([*said, *(answer.headers.get(name, "") for name in ("www-authenticate", "location"))])


def _says_why(said: Refusal) -> bool:
    """Return whether there is a message by which somebody could correct something: a status and an id are none."""
    return said.message is not None and _NO_MESSAGE.fullmatch(said.message) is None


E = TypeVar("E", bound=CppError)


def _failing(call: Call, error: E) -> E:
    """Return an error that knows which call failed, and apart from it what came back."""
    error.failed_call = call.action, call.subject, error.message.removeprefix(f"{call} failed: ")
    return error


def error_of(call: Call, reading: Reading, what_to_do: str | None = None) -> CppError:
    """Return the error that a reading means which isn't the success that `call` expects.

    :param what_to_do: what it means and what to do about it, where the caller knows more than the answer says.
    """
    return _failing(call, _error_of(call, reading, what_to_do))


def _error_of(call: Call, reading: Reading, what_to_do: str | None) -> CppError:
    came_back = describe(reading, with_id=False).rstrip(".")
    what = f"{call} failed: {came_back}{'' if came_back.endswith(_ENDS_A_SENTENCE) else '.'}"
    operation_id = call.operation_id
    if isinstance(reading, Unanswered):
        if reading.loss is Loss.UNTRUSTED_PEER:
            return CppConfigurationError(
                f"{what} Nothing was sent. Set the connection's ca_file to the CA that signed the host's "
                "certificate, or correct host or proxy.",
                operation_id=operation_id,
            )
        advice = reading.advice or (
            "Check the connection's host and proxy, and the network between; a later try may succeed."
        )
        return CppUnavailable(f"{what} {advice}", operation_id=operation_id)
    said = refusal(reading)
    error, advice = call.meaning(call, reading.status, heard(reading), says_why=_says_why(said))
    advice = what_to_do or advice
    if (seconds := retry_after(reading)) and error is CppUnavailable:
        advice = f"{advice} The service asks to wait {seconds:g} s before it."
    return error(
        f"{what} {advice}",
        http_status=reading.status,
        code=said.code,
        request_id=said.request_id,
        operation_id=operation_id,
    )


def login_refused(call: Call, refusal: CppAuthError) -> CppAuthError:
    """Return the error of a call for which the login gave no token; by itself, that one names no offer."""
    return _failing(call, refusal.saying(f"{call} failed: {refusal.message[:1].lower()}{refusal.message[1:]}"))
