"""What became of an operation that was to be canceled, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_cpp.exceptions import CppError, NotCanceled, OperationStatusUnknown, OperationTimeout
from airflow_provider_cpp.lro.ends import TIMEOUT, UNKNOWN
from airflow_provider_cpp.lro.words import SUCCEEDED

NOTHING_RUNNING = "nothing_running"
DRY_RUN = "dry_run"
NOT_CANCELABLE = "not_cancelable"

#: What a cancel that had no effect means. One that finds nothing to cancel any more has none to have.
_ERRORS: Mapping[str, type[CppError]] = {
    SUCCEEDED: NotCanceled,
    NOT_CANCELABLE: NotCanceled,
    TIMEOUT: OperationTimeout,
    UNKNOWN: OperationStatusUnknown,
}


@dataclass(frozen=True, slots=True)
class Canceled:
    """What a cancel came to.

    :param status: `canceled`; `nothing_running`, and nothing was sent; `succeeded` or `failed` if it ended before
        the cancel came; `not_cancelable` if the service says so, and nothing was sent; `timeout` or `unknown` if
        the cancel isn't confirmed; `dry_run`, in a dry run, if an operation runs.
    :param location: the operation's location; None where nothing ran.
    :param message: what happened, in words.
    """

    status: str
    location: str | None
    message: str

    @property
    def error(self) -> CppError | None:
        """The error of a cancel that had no effect, or None: whatever ran has ended without going through."""
        error = _ERRORS.get(self.status)
        return error(self.message) if error else None

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON primitives."""
        return {"status": self.status, "location": self.location, "message": self.message}
