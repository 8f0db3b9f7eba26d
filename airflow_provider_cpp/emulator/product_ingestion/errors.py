"""Decides how the API says no: over HTTP, in a job that failed, and before that in Graph's gateway."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.emulator.answer import Answer, ApiError, json_answer
from airflow_provider_cpp.emulator.times import timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

IN_PROGRESS = "An In Progress submission already exists"
NOT_LATEST = "The submission cannot be pushed to as its not the latest"
WITHOUT_ID = "Expected a submission id that isn't null or 0 since target type is Live"
COMPLETED = "Cannot cancel job, job has already completed."
# The pages say of a publication only that it may be too far along, not in which words.
TOO_LATE = "Cannot cancel job, the publication can no longer be stopped."

#: The outer code of an error by the status of its answer.
_CODES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "notFound",
    405: "methodNotAllowed",
    408: "requestTimeout",
    409: "conflict",
    423: "locked",
    500: "internalServerError",
    501: "notImplemented",
    503: "serviceUnavailable",
}


@dataclass(frozen=True)
class Failure:
    """Say why something failed, and what was behind it.

    :param code: of the outer codes, or the inner ones
    :param message: why
    :param details: what was behind it
    :param resource_id: of what; None where nobody says
    """

    code: str
    message: str
    details: Sequence[Failure] = ()
    resource_id: str | None = None


class FailedJob(Exception):
    """End a job without having done what it was for.

    :param failures: why
    """

    def __init__(self, *failures: Failure) -> None:
        super().__init__(failures)
        self.failures = failures


class NotConfigured(ApiError):
    """Refuse a request with details.

    :param status: the HTTP status code
    :param message: why
    :param details: what was behind it
    """

    def __init__(self, status: int, message: str, *details: Failure) -> None:
        super().__init__(status, code_of(status), message)
        self.details = details


def violation(message: str) -> NotConfigured:
    """Return the refusal of a document that its schema doesn't allow.

    :param message: what is wrong
    """
    return NotConfigured(400, "The request is invalid.", Failure("schemaValidationError", message))


def code_of(status: int) -> str:
    """Return the outer code that goes with a status.

    :param status: of the answer
    """
    return _CODES.get(status, "serviceUnavailable" if status >= 500 else "badRequest")


def refused(code: str, message: str, resource: Mapping[str, Any]) -> FailedJob:
    """Return the failure of a job for what a resource says.

    :param code: one of the inner codes
    :param message: why
    :param resource: which
    """
    outer = "notFound" if code == "resourceNotFound" else "conflict"
    where = resource.get("id") or resource.get("resourceName")
    return FailedJob(Failure(outer, "The resource can't be processed.", [Failure(code, message)], where))


def printed(failure: Failure, empty: str) -> dict[str, Any]:
    """Print why something failed, as an element of a job's errors or an error's details.

    :param failure: why
    :param empty: what stands where there are no details: ``list``, ``object`` or ``missing``
    """
    return {
        **({"resourceId": failure.resource_id} if failure.resource_id else {}),
        "code": failure.code,
        "message": failure.message,
        **_details(failure.details, empty),
    }


def _details(failures: Sequence[Failure], empty: str) -> dict[str, Any]:
    if failures or empty == "list":
        return {"details": [printed(failure, empty) for failure in failures]}
    return {} if empty == "missing" else {"details": {}}


def error_answer(error: ApiError, empty: str) -> Answer:
    """Return the answer that refuses a request.

    :param error: why; its status decides the code
    :param empty: what stands where there are no details
    """
    code = "TooManyRequests" if error.status == 429 else code_of(error.status)
    details = error.details if isinstance(error, NotConfigured) else ()
    body = {"code": code, "message": error.message, **_details(details, empty)}
    return identified(json_answer(error.status, {"error": body}))


def identified(answer: Answer) -> Answer:
    """Return an answer with the header by which Graph names a request.

    :param answer: what is sent otherwise
    """
    return replace(answer, headers={**answer.headers, "request-id": str(uuid.uuid4())})


def gateway_answer(message: str, now: float) -> Answer:
    """Return what Graph answers before a request comes to the API: the token isn't good.

    :param message: why
    :param now: seconds since the epoch
    """
    request = str(uuid.uuid4())
    inner = {"date": timestamp(now)[:19], "request-id": request, "client-request-id": request}
    return json_answer(
        401,
        {"error": {"code": "InvalidAuthenticationToken", "message": message, "innerError": inner}},
        {"request-id": request, "client-request-id": request, "WWW-Authenticate": "Bearer"},
    )
