"""What a status word says: which of four states it is, and whether it asks for somebody."""

from __future__ import annotations

import re
from functools import lru_cache

RUNNING = "running"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELED = "canceled"

# Every word that the reference's pages, samples and production clients use for an end. All others mean
# that it still runs: the vocabulary drifts, and an unknown word must not end a watch. `published` is what lists
# of offers call one that is live; of an operation it says that the very thing that it is for is done, and no
# client has seen one that went on from there.
_ENDS = {
    **dict.fromkeys(("succeeded", "success", "complete", "completed", "published"), SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error", "rejected"), FAILED),
    **dict.fromkeys(("canceled", "cancelled", "aborted"), CANCELED),
}
_ONGOING = {
    "notstarted",
    "running",
    "inprogress",
    "pending",
    "queued",
    "waitingforpublisherreview",
    "waitingforapproval",
    "blocked",
    "canceling",
    "cancelling",
    "neverpublished",
}
# What a word has in it that speaks of a failure, or asks for somebody, in whatever words around it. Nobody knows
# all of them: it is logged at once, and ends nothing.
_ALARM = (
    r"(?:fail(?!safe|over)|error(?!s?free)|reject|blocked|blocking|denied|declined|refused|invalid(?!at)|faulted|"
    r"unsuccessful|crashed|expired|timedout|timeout|suspended|onhold|stuck|stalled|abort|cancell?ed|violat|"
    r"(?:attention|action|intervention|input|correction|changes?|fix(?:es)?)(?:is|are)?(?:needed|required|requested)|"
    r"(?:need|require)s?(?:publisher|customer|user|manual|your|immediate|an)*"
    r"(?:attention|action|intervention|input|correction|change|fix|work))"
)
_ALARMING = re.compile(_ALARM)
_NEGATED = re.compile(
    rf"(?:not?|non|never|without|zero|doesnt|isnt|(?<!r)un(?=block|expired))"
    rf"(?:yet|any|longer|more|been|be|further|known)*{_ALARM}"
)


@lru_cache(maxsize=256)  # the same few words come with every poll
def folded(word: str) -> str:
    """Return a status word without case, spaces, dashes and underscores: `not started` is `notStarted`."""
    return "".join(c for c in word.casefold() if c not in " _-\t\r\n")


def state_of(word: str) -> str:
    """Return `running`, `succeeded`, `failed` or `canceled` for a status word in any spelling."""
    return _ENDS.get(folded(word), RUNNING)


def same_word(word: str, other: str) -> bool:
    """Return whether two status words say the same: `published` is `succeeded`, an unknown word only itself."""
    return (_ENDS.get(folded(word)) or folded(word)) == (_ENDS.get(folded(other)) or folded(other))


def is_known(word: str) -> bool:
    """Return whether a status word is one that was seen before."""
    return folded(word) in _ENDS or folded(word) in _ONGOING


@lru_cache(maxsize=256)
def is_alarming(word: str) -> bool:
    """Return whether a status word looks like a failure or asks for somebody: `CommitFailed`, `attentionNeeded`.

    One that waits in the usual course of things, as `waitingForPublisherReview` does, isn't one of them.
    """
    word = folded(word)
    return _ALARMING.search(word) is not None and _ALARMING.search(_NEGATED.sub(" ", word)) is not None


def is_signoff(word: str) -> bool:
    """Return whether a status word says that a publish is in preview and waits for its publisher's sign-off."""
    return folded(word) == "waitingforpublisherreview"


def waits_for_somebody(word: str) -> bool:
    """Return whether a status word says that a person's turn is waited for, in the usual course of things."""
    return folded(word).startswith("waitingfor")


#: What is said of an operation that can't be canceled. Any other word is no reason not to try.
_CANT_CANCEL = frozenset({"cannotcancel", "cantcancel", "notcancelable", "notcancellable"})

#: The words of an operation that is being canceled, and of what is said of its cancel.
_CANCELING = frozenset(
    {"canceling", "cancelling", "cancelrequested", "cancelpending", "cancellationrequested", "cancellationpending"}
)


def cant_be_canceled(word: str) -> bool:
    """Return whether a word on an operation's cancel says that it can't be canceled."""
    return folded(word) in _CANT_CANCEL


def is_canceling(word: str) -> bool:
    """Return whether a status word, or one on an operation's cancel, says that it is being canceled."""
    return folded(word) in _CANCELING
