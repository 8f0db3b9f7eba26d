"""Decides how a state is spelt in an answer; which state it is is decided elsewhere.

The pages contradict each other and real clients saw further spellings, so that the vocabulary is a choice
("List operations", "Retrieve offer status" pages; mash, glci and azure-img-utils for what was seen).
"""

from __future__ import annotations

from airflow_provider_cpp.emulator.states import CANCELED, FAILED, NOT_STARTED, RUNNING, SUCCEEDED

#: In which of their properties the documents say a state.
STATE_PROPERTIES = ("status", "submissionState")

VOCABULARIES: dict[str, dict[str, str]] = {
    # The operations page lists four words, the first one with a space. It has none for a canceled operation:
    # that one is spelt as on the status page.
    "documented": {NOT_STARTED: "not started", SUCCEEDED: "completed"},
    "mash": {SUCCEEDED: "complete"},
    "camel": {},
    "pascal": {
        NOT_STARTED: "NotStarted",
        RUNNING: "Running",
        SUCCEEDED: "Succeeded",
        FAILED: "Failed",
        CANCELED: "Canceled",
    },
    "british": {CANCELED: "cancelled"},
}


def operation_word(state: str, vocabulary: str) -> str:
    """Spell the state of an operation or a submission.

    :param state: one of the five of ``states``
    :param vocabulary: a key of ``VOCABULARIES``
    """
    return VOCABULARIES[vocabulary].get(state, state)


def display_word(state: str, vocabulary: str) -> str:
    """Spell the state of an offer or a step, which the documents print in camelCase or PascalCase only.

    :param state: the word in camelCase, e.g. ``waitingForPublisherReview``
    :param vocabulary: a key of ``VOCABULARIES``
    """
    if vocabulary == "pascal":
        return state[:1].upper() + state[1:]
    if vocabulary == "british" and state == CANCELED:
        return "cancelled"
    return state


def meaning(word: str) -> str | None:
    """Tell which state a word of any vocabulary means, for the filter of submissions; None if unknown.

    :param word: as a client wrote it, in any case
    """
    sought = word.strip().lower()
    for spelling in VOCABULARIES.values():
        for state in (NOT_STARTED, RUNNING, SUCCEEDED, FAILED, CANCELED):
            if sought == spelling.get(state, state).lower():
                return state
    return None
