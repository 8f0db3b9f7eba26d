"""One operation on an offer, as the service lists it."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_cpp.lro.rows import Row

#: Kinds of operations: what is in preview goes to customers, or the draft to preview.
GO_LIVE = "golive"
PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Submission(Row):
    """One entry of an offer's list of operations.

    :param id: the operation's identifier.
    :param kind: `golive`, `publish`, or what else the service says, folded.
    :param state: `running`, `succeeded`, `failed` or `canceled`.
    :param state_word: the service's own word for it.
    :param changed_at: when it last changed, by the service's clock, in seconds since 1970 (UTC).
    :param offer_version: the offer's version that it publishes; None if the service doesn't say.
    """

    offer_version: int | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the submission as JSON primitives."""
        return {
            "id": self.id,
            "kind": self.kind,
            "state": self.state,
            "state_word": self.state_word,
            "changed_at": self.changed_at,
        }
