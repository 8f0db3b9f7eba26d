"""One request to a service, as a value: which it is, and which errors its refusals are."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlencode

from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
)
from airflow_provider_cpp.wire.api_versions import latest


def usual_error(status: int) -> type[CppError]:
    """Return which error an HTTP status is that isn't the one expected, whichever service answers it.

    :param status: HTTP status code.
    """
    if status in {401, 403}:
        return CppAuthError
    if status in {404, 410}:
        return CppNotFound
    if status in {409, 423}:
        return CppConflict
    if status in {408, 429} or not 400 <= status < 500:
        return CppUnavailable
    return CppBadRequest


class Meaning(Protocol):
    """What a service says of refusals."""

    def __call__(self, call: Call, status: int, heard: str, *, says_why: bool) -> tuple[type[CppError], str]:
        """Return which error a refusal is, and what to do about it.

        :param call: what was asked for.
        :param status: HTTP status code.
        :param heard: all that the answer says, in the service's words.
        :param says_why: whether a message of it is shown beside the advice.
        """


def usual_meaning(call: Call, status: int, heard: str, *, says_why: bool) -> tuple[type[CppError], str]:  # noqa: ARG001
    """Return which error a refusal is by its status alone; see `Meaning`."""
    error = usual_error(status)
    if error is CppUnavailable:
        return error, "A later try may succeed."
    return error, "Correct what the message names." if says_why else "The service doesn't say why."


#: Statuses of an answer by which a service usually says that it did nothing about a request, and may do it later:
#: 503 only with a Retry-After.
UNREAD = frozenset({429, 503})

#: Bodies of answers are read up to here; a status document has about 1 KiB.
MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a service, before a host, a token and a version are put to it.

    :param action: what the call does, in a user's words: "Go Live", "Get operation".
    :param subject: what it does it to: "offer contoso/vm".
    :param method: HTTP method.
    :param path: absolute path, already percent-encoded.
    :param query: query parameters besides the version.
    :param body: JSON text to send, empty for none. Not shown, as it may hold secrets.
    :param headers: headers of this call alone; they go before those of the connection.
    :param max_answer: bytes that the answer's body may have.
    :param seconds: how long the answer may take, where that is less than the connection allows.
    :param operation_id: the operation that it asks for, if it does.
    :param version_parameter: the query parameter that takes the version of the API.
    :param unread: statuses by which the service provably says that it did nothing about the call, 503 only with a
        Retry-After. A service on which a gateway may say so of what it passed on has fewer.
    :param least_version: the version that it needs, where the connection's may be an earlier one.
    :param meaning: which errors the service's refusals are, and what to do about them.
    """

    action: str
    subject: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = field(default=())
    body: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=())
    max_answer: int = MAX_BODY
    seconds: float = math.inf
    operation_id: str | None = None
    version_parameter: str = field(default="", compare=False)
    unread: frozenset[int] = field(default=UNREAD, repr=False, compare=False)
    least_version: str = ""
    meaning: Meaning = field(default=usual_meaning, repr=False, compare=False)

    @property
    def is_safe(self) -> bool:
        """Return whether the call changes nothing, so that it may be repeated at will."""
        return self.method == "GET"

    def url(self, origin: str, version: str) -> str:
        """Return the absolute URL of the call.

        :param origin: scheme, host and port of the API, without a trailing slash.
        :param version: the version of the API that the connection names.
        """
        if self.least_version:
            version = latest(version, self.least_version)
        return f"{origin}{self.path}?{_query(self.version_parameter, version, self.query)}"

    def __str__(self) -> str:
        """Return the call in words: "Go Live of offer contoso/vm"."""
        return f"{self.action} of {self.subject}"


@lru_cache(maxsize=16)  # it is the same for every poll, and took a tenth of a poll's CPU
def _query(parameter: str, version: str, query: tuple[tuple[str, str], ...]) -> str:
    return urlencode([(parameter, version), *query] if parameter else query)
