"""What a watch waits for: which words of the service reach its goal, and which mean that it can't be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.lro.words import CANCELED, FAILED, RUNNING, SUCCEEDED, folded, is_known, state_of

#: The word for a publish that has reached preview, and waits for its publisher to go live.
WAITS_FOR_SIGNOFF = "waitingForPublisherReview"

UNTIL_COMPLETED: Final = "completed"
UNTIL_SIGNOFF: Final = "signoff"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is waited for.

    :param reached: statuses, as `meaning_of` has them, any of which reaches it.
    :param missed: statuses any of which means that it won't be reached.
    :param words: the goal in the words of a log line: "ended", "is ready for sign-off".
    """

    reached: frozenset[str]
    missed: frozenset[str]
    words: str

    def verdict(self, operation: Operation) -> str | None:
        """Return `succeeded`, `failed` or `canceled` if the wait is over, and None if it goes on.

        :param operation: the last reading.
        """
        statuses = {meaning_of(operation.raw_status)}
        if operation.waits_for_signoff:
            statuses.add(folded(WAITS_FOR_SIGNOFF))
        if statuses & self.reached or self.is_behind(operation):
            return SUCCEEDED
        if statuses & self.missed:
            return CANCELED if operation.status == CANCELED else FAILED
        return None

    def is_behind(self, operation: Operation) -> bool:
        """Return whether a sign-off is waited for that is over, as it is on its way to customers.

        :param operation: the last reading.
        """
        return operation.is_signed_off and folded(WAITS_FOR_SIGNOFF) in self.reached


def meaning_of(word: str) -> str:
    """Return what a status word means, however it is spelled: `cancelled` and `completed` have two words for one.

    :param word: a word of the service, or of a DAG's author. One that nobody knows means that it runs.
    """
    state = state_of(word)
    return folded(word) if state == RUNNING and is_known(word) else state


_BAD_ENDS = frozenset({FAILED, CANCELED})

#: The operation's own end.
COMPLETED = Goal(frozenset({SUCCEEDED}), _BAD_ENDS, "ended")

#: A publish has reached preview; it stays `running` until its publisher goes live or cancels.
SIGNOFF = Goal(frozenset({SUCCEEDED, folded(WAITS_FOR_SIGNOFF)}), _BAD_ENDS, "is ready for sign-off")


def goal_until(until: object) -> Goal:
    """Return the goal of an operation that is watched `until` something.

    :param until: `completed` or `signoff`.
    :raises CppConfigurationError: if it is neither.
    """
    match until:
        case "completed":
            return COMPLETED
        case "signoff":
            return SIGNOFF
    raise CppConfigurationError(f"until is {until!r}; it has to be {UNTIL_SIGNOFF!r} or {UNTIL_COMPLETED!r}.")
