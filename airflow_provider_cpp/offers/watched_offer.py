"""What a watch of an offer's status can't do, as an offer is no operation: it has no id and can't be canceled."""

from __future__ import annotations

from airflow_provider_cpp.lro.looks import NotListed
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.procedures import Procedure


class NoOperation:
    """An offer as something to watch; see `lro.seam.Watched`. Each service has a class of it."""

    __slots__ = ()

    @property
    def ids(self) -> str:
        """Return nothing: an offer has no id but its name."""
        return ""

    @property
    def operation_id(self) -> str:
        """Return nothing: what is watched is no operation."""
        return ""

    def look_in_list(self, *, patient: bool = False) -> Procedure[NotListed]:
        """Find nothing: an offer is no operation."""
        yield from ()
        return NotListed()

    def to_cancel(self, notification_emails: tuple[str, ...] = ()) -> str:
        """Return why an offer's status can't be canceled."""
        return "what is watched is the offer's status, and no operation"

    def needs_no_cancel(self, refusal: Reading) -> bool:
        """Return that it isn't so: nothing was to be canceled."""
        return False

    def is_too_far_on(self, refusal: Reading) -> bool:
        """Return that it isn't so: nothing was to be canceled."""
        return False
