"""What a watch of an offer's status waits for, by the words that a DAG's author gave."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.lro.goals import Goal, meaning_of
from airflow_provider_cpp.lro.words import is_known

#: What an offer's status can be, in Cloud Partner Portal's words (retrieve-offer-status page). A service that has
#: none says the same. Any other spelling of them is understood.
STATUSES = (
    "neverPublished",
    "notStarted",
    "waitingForPublisherReview",
    "running",
    "succeeded",
    "published",
    "canceled",
    "failed",
)


def goal_of_offer(target: object, failed_states: object) -> Goal:
    """Return the goal of an offer whose status is watched.

    :param target: status words, in any spelling, any of which is waited for; or one of them.
    :param failed_states: status words at which the wait is given up; or one of them.
    :raises CppConfigurationError: if a word is none that the service is known to say, no target is named, or
        one is a target and a failure.
    """
    reached, missed = _words("target", target), _words("failed_states", failed_states)
    if not reached:
        raise CppConfigurationError("target names no status; name at least one that is waited for.")
    if both := reached.keys() & missed.keys():
        raise CppConfigurationError(f"{sorted(both)} are in target and in failed_states.")
    return Goal(frozenset(reached), frozenset(missed), f"is {' or '.join(sorted(reached.values()))}")


def _words(argument: str, value: object) -> dict[str, str]:
    named = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    words: dict[str, str] = {}
    for word in named:
        if not isinstance(word, str) or not is_known(word):
            raise CppConfigurationError(
                f"{argument} names {word!r}, which is no status of an offer. The service says "
                f"{', '.join(STATUSES[:-1])} or {STATUSES[-1]}."
            )
        words[meaning_of(word)] = word
    return words
