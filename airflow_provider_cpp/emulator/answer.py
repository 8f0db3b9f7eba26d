"""Decides the form of a request and an answer inside the emulator, errors included; sockets are elsewhere."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Call:
    """Hold a request.

    :param method: in capitals
    :param path: decoded, without the query
    :param query: the last value of each parameter
    :param headers: names in lower case
    :param body: as text
    :param base_url: scheme and host that the client used
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    base_url: str = "https://localhost"

    def json(self) -> Any:
        """Return the body's JSON value; None for an empty body.

        :raises ApiError: 400 if it isn't JSON
        """
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise ApiError(400, "BadRequest", f"The request body is not valid JSON: {error}") from None


@dataclass(frozen=True)
class Answer:
    """Hold an answer.

    :param status: the HTTP status code
    :param headers: without Content-Length
    :param body: empty for most long-running calls
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Delivery:
    """Hold an answer and the way that it goes to the client.

    :param answer: what is sent, as far as the way lets it through
    :param way: ``send``, ``slow``, ``drip``, ``close``, ``reset``, ``cut-head``, ``cut-body`` or ``hang``
    :param delay: seconds before a slow answer, or between two bytes of a dripping one
    """

    answer: Answer
    way: str = "send"
    delay: float = 0.0

    @property
    def status(self) -> int | None:
        """The status code that the client can read; None if it gets none."""
        return None if self.way in ("close", "reset", "cut-head", "hang") else self.answer.status


class ApiError(Exception):
    """Refuse a request.

    :param status: the HTTP status code
    :param code: the service's code, e.g. ``InvalidResourceId``
    :param message: the service's message
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def answer(self) -> Answer:
        """Return the answer in a form that says code and message, as several services have it."""
        return json_answer(self.status, {"error": {"code": self.code, "message": self.message}})


#: Headers by which services and gateways name a request.
REQUEST_IDS = frozenset(("x-ms-request-id", "ms-correlationid", "x-azure-ref", "request-id"))


def traceable(answer: Answer) -> Answer:
    """Return an answer with a request id of its own, if it has none.

    No page mentions a request id; Azure's services send this header, which makes a log line traceable.

    :param answer: what is sent otherwise
    """
    if REQUEST_IDS & {name.lower() for name in answer.headers}:
        return answer
    return replace(answer, headers={**answer.headers, "x-ms-request-id": str(uuid.uuid4())})


def json_answer(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body.

    :param status: the HTTP status code
    :param document: the body's value
    :param headers: further headers
    """
    return Answer(status, {"Content-Type": JSON, **(headers or {})}, json.dumps(document).encode())
