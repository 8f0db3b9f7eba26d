"""What the words for a status mean: an end, something that goes on, or an alarm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.lro.words import is_alarming, is_known, state_of
from tests.lro.followed import seen

# Every word of the status page, the operations page's table and samples, and of clients in production.
WORDS = {
    "running": ["running", "Running", "RUNNING"],
    "not started": ["not started", "notStarted", "NotStarted", "not-started", "not_started", "Not Started"],
    "other ongoing": ["NeverPublished", "WaitingForPublisherReview", "waitingForPublisherReview", "InProgress"],
    "steps'": ["WaitingForApproval", "Blocked"],
}
ENDS = {
    "succeeded": [
        "succeeded",
        "Succeeded",
        "success",
        "complete",
        "Complete",
        "completed",
        "published",
        "Published",
    ],
    "failed": ["failed", "Failed", "FAILURE", "error", "rejected", "Rejected"],
    "canceled": ["canceled", "Canceled", "cancelled", " CANCELLED ", "aborted"],
}


@pytest.mark.parametrize(("state", "word"), [(state, word) for state, words in ENDS.items() for word in words])
def test_every_word_for_an_end_is_understood_in_any_case(state: str, word: str) -> None:
    read = seen(word)
    assert read.status == state
    assert read.is_terminal
    assert read.raw_status == word.strip(), "the service's own word is kept"


@pytest.mark.parametrize("word", [word for words in WORDS.values() for word in words])
def test_every_word_for_what_goes_on_is_known_and_ends_nothing(word: str) -> None:
    assert state_of(word) == "running"
    assert is_known(word)


@pytest.mark.parametrize(
    "word", ["reticulating", "succeeding", "completes", "not failed", "failed?", "cancel", "0"]
)
def test_an_unknown_word_means_that_it_still_runs(word: str) -> None:
    read = seen(word)
    assert (read.status, read.is_terminal) == ("running", False)
    assert not is_known(word)


@given(st.sampled_from([(s, w) for s, words in ENDS.items() for w in words]), st.randoms())
def test_no_case_space_dash_or_underscore_changes_a_words_meaning(pair: tuple[str, str], random: object) -> None:
    state, word = pair
    spelt = "".join(
        random.choice([c.lower(), c.upper()]) + random.choice(["", "", "", " ", "-", "_"])  # type: ignore[attr-defined]
        for c in word
    )
    assert state_of(spelt) == state


@pytest.mark.parametrize(
    "word",
    [
        *("blocked", "rejected", "failed", "canceled", "cancelled", "error", "aborted", "failure"),
        *("certificationFailed", "CommitFailed", "PublishFailed", "PreProcessingFailed", "timedOut", "Timed out"),
        *("attentionNeeded", "actionRequired", "Action Required", "needsAttention", "requiresPublisherAction"),
        *("validationError", "rejectedByCertification", "rejectedBy", "completedWithErrors", "cancellationFailed"),
        *("runFailed", "canceledByPublisher", "expired", "denied", "onHold", "invalid"),
    ],
)
def test_a_word_that_looks_like_a_failure_or_asks_for_somebody_is_alarming(word: str) -> None:
    assert is_alarming(word)
    assert is_alarming(word.upper())


@pytest.mark.parametrize(
    "word",
    [
        *(
            "complete",
            "inProgress",
            "notStarted",
            "running",
            "succeeded",
            "published",
            "reticulating",
            "",
            "queued",
        ),
        *(
            "waitingForPublisherReview",
            "waitingForApproval",
            "canceling",
            "cancelRequested",
            "pending",
            "validating",
        ),
        *("notFailed", "noErrors", "not failed", "withoutErrors", "completedWithoutErrors", "noActionRequired"),
        *("attentionNotNeeded", "noLongerBlocked", "notYetRejected", "unblocked", "errorFree", "usingDefaults"),
        *("noFurtherActionNeeded", "invalidatingCache", "notBlocked", "nonBlocking"),
    ],
)
def test_a_word_that_denies_a_failure_or_waits_as_usual_is_not_alarming(word: str) -> None:
    assert not is_alarming(word)
