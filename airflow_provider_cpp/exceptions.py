"""Everything that a user can catch.

The one module below the hooks that knows Airflow: its base classes decide whether Airflow retries a task
(`AirflowFailException`: no), and whether a sensor with `soft_fail` skips (both bases below: yes).
"""

from __future__ import annotations

from typing import Self

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
)


class CppError(AirflowException):
    """Anything that went wrong between this provider and the service, whichever of them the connection leads to.

    :param message: what was attempted, on what, what came back, and what to do about it.
    :param http_status: HTTP status of the answer, if there was one.
    :param code: the service's own error code, if it gave one.
    :param request_id: the service's id of the request, if it gave one.
    :param operation_id: the operation that was asked for, if one was. Both ids stand at the text's end: Airflow's
        UI cuts a failure off, and what happened comes first.
    """

    def __init__(
        self,
        message: str,
        *,
        http_status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        operation_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.code = code
        self.request_id = request_id
        self.operation_id = operation_id

        #: Of a call that failed: what it does, to what, and what came back; for whom it was one of several.
        self.failed_call: tuple[str, str, str] | None = None

    def __str__(self) -> str:
        """Return the message and the ids that it doesn't hold."""
        ids = (("Operation {}.", self.operation_id), ("Request id: {}.", self.request_id))
        return " ".join([self.message, *(words.format(i) for words, i in ids if i and i not in self.message)])

    @property
    def message(self) -> str:
        """Return the message as it was given, without ids."""
        return str(self.args[0])

    def with_more(self, more: str) -> Self:
        """Return the same error with a further sentence."""
        error = self.saying(f"{self.message} {more}")
        if self.failed_call is not None:
            action, subject, came_back = self.failed_call
            error.failed_call = action, subject, f"{came_back} {more}"
        return error

    def saying(self, message: str) -> Self:
        """Return the same error with another message."""
        return type(self)(
            message,
            http_status=self.http_status,
            code=self.code,
            request_id=self.request_id,
            operation_id=self.operation_id,
        )


class CppConfigurationError(CppError, AirflowFailException):
    """A connection field or an argument is missing or wrong; nothing was sent."""


class CppAuthError(CppError, AirflowFailException):
    """Login refused, 401 or 403: the principal isn't let in."""


class CppBadRequest(CppError, AirflowFailException):
    """400, 412 or 422: the service refuses the request as it is."""


class CppNotFound(CppError, AirflowFailException):
    """404 or 410: the service doesn't know the publisher, offer or operation."""


class CppConflict(CppError):
    """409 or 423: another operation runs on this offer, or it is locked, or another by now.

    A later retry may succeed, so Airflow may retry.
    """


class CppUnavailable(CppError):
    """Throttled, down or out of reach for longer than we wait; Airflow may retry.

    This request started nothing. Where one before it had no clear answer, and left no trace, the message says
    so; a retry of the task looks for a trace again.
    """


class UntrustedLocation(CppError, AirflowFailException):
    """A location isn't an operation of the connection's own host; nothing was sent there."""


class OperationFailed(CppError):
    """The service says that the operation failed.

    Raised by an operator, whose retry starts the operation anew.
    """


class WatchedOperationFailed(OperationFailed, AirflowFailException):
    """The operation failed, and a retry can't mend it.

    A sensor's would watch the same operation again. An operator raises it where the service says that
    certification has failed: the same would be refused again, days later.
    """


class OperationCanceled(CppError, AirflowFailException):
    """The service says that the operation was canceled: somebody decided so, no retry overrules them."""


class NotCanceled(CppError, AirflowFailException):
    """A cancel had no effect: the operation succeeded before it came, or the service says that it can't be.

    Not retried by Airflow: a second cancel would find nothing to cancel, or meet what somebody started since.
    """


class OperationTimeout(CppError, AirflowSensorTimeout):
    """The operation didn't end in time; it may still be running at the service."""


class OperationStatusUnknown(CppError):
    """The operation's status couldn't be read for too long; this says nothing about the operation itself."""


class AmbiguousOutcome(CppError, AirflowFailException):
    """The request may or may not have been accepted, and the service won't say.

    Not retried by Airflow: a person has to look before anything is sent again.
    """


def is_retried(error: CppError | type[CppError]) -> bool:
    """Return whether Airflow retries a task that ends with this error, or one of this class, if it has retries."""
    kind = error if isinstance(error, type) else type(error)
    return not issubclass(kind, AirflowFailException | AirflowSensorTimeout)
