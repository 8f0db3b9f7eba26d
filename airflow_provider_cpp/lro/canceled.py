"""What became of an operation that was to be canceled, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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

    @classmethod
    def of(cls, event: Mapping[str, object]) -> Canceled:
        """Return what the event says that `Cancel` or `CancelOffer` came to."""
        location = event["location"]
        return cls(str(event["status"]), None if location is None else str(location), str(event["message"]))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON primitives."""
        return {"status": self.status, "location": self.location, "message": self.message}
