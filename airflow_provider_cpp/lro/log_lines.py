"""What is logged of a watched operation: each change of step and each word that nobody knows, once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from math import isfinite

from airflow_provider_cpp.lro.operations import Message, Operation, Step
from airflow_provider_cpp.lro.seam import Watched
from airflow_provider_cpp.lro.story import IS_IN_PREVIEW, MAX_SAID, progress_of
from airflow_provider_cpp.lro.words import SUCCEEDED, folded, is_known, is_signoff, waits_for_somebody
from airflow_provider_cpp.wire.plain_text import capitalized
from airflow_provider_cpp.wire.procedures import Say

#: Where a rescheduled sensor's note is kept in the task state store. Tasks in flight have it there: never rename
#: it, nor the keys in it.
LOG_KEY = "cpp_standing"

#: Key of the operation's own word among those of its steps.
_OWN = "*"
#: Of nearly all watches; an empty set for each would be no smaller than a full one.
_NO_WORDS: frozenset[str] = frozenset()


class LogState:
    """What has been logged so far; whoever watches next goes on from there.

    :param watched: the operation, or the offer whose status is watched.
    :param deadline: when watching is given up, in seconds since 1970 (UTC).
    :param earlier: what `to_dict` returned where watching began; None or anything else for a new watch.
    """

    __slots__ = (
        "deadline",
        "is_begun",
        "may_give_up",
        "progress",
        "since",
        "stuck",
        "unknown_words",
        "watched",
    )

    def __init__(self, watched: Watched, deadline: float, earlier: object = None) -> None:
        self.watched = watched
        self.deadline = deadline
        self.is_begun = False
        #: Whether the last reads failed, and some more of them end the watch.
        self.may_give_up = False
        self.progress: dict[str, str] = {}
        self.unknown_words = _NO_WORDS
        #: Since when its progress is this, in seconds since 1970 (UTC), as far as anybody saw; None if nobody has.
        self.since: float | None = None
        #: Whether it was logged that it may be stuck there.
        self.stuck = False
        self.go_on_from(earlier)

    def go_on_from(self, earlier: object) -> None:
        """Go on where an earlier watch was broken off, as if it hadn't been.

        :param earlier: what `to_dict` returned then; anything else is passed over.
        """
        # Where it was kept others can write as well, so that it may be anything.
        if not isinstance(earlier, dict) or not isinstance(earlier.get("steps"), dict) or not earlier["steps"]:
            return
        self.is_begun = True
        self.progress = {str(key): str(progress) for key, progress in earlier["steps"].items()}
        words, since = earlier.get("words"), earlier.get("since")
        self.unknown_words = frozenset(map(str, words)) if isinstance(words, list) else _NO_WORDS
        self.since = since if isinstance(since, float) and isfinite(since) else None
        self.stuck = earlier.get("stuck") is True

    def to_dict(self) -> dict[str, object] | None:
        """Return it as JSON primitives, or None if nothing was logged."""
        if not self.is_begun:
            return None
        return {
            "steps": dict(self.progress),
            "words": sorted(self.unknown_words),
            "since": self.since,
            "stuck": self.stuck,
        }

    def has_changed(self, now: float) -> None:
        """Note that its progress is another one than before, as is seen now."""
        self.since, self.stuck = now, False

    def new_lines(self, operation: Operation, progress: dict[str, str], *, is_end: bool) -> Iterator[Say]:
        """Yield the lines that are due for a reading, and take them for logged.

        :param operation: what was read.
        :param progress: its progress, by `progress_in`.
        :param is_end: whether the watch is over with it. Then the task's result or error follows; where it is
            the first line as well, it says everything.
        """
        yield from self._unknown_words(operation)
        is_all = is_end and not self.is_begun
        if not self.is_begun and not is_end:
            yield Say(self._first_line(operation))
        offer = capitalized(self.watched.offer)
        if not is_end and progress.get(_OWN) != self.progress.get(_OWN):
            if operation.is_alarming:
                yield Say(f"{offer} is now {operation.raw_status}{_texts(operation.messages)}", logging.WARNING)
            elif self.is_begun and not is_signoff(operation.raw_status):
                yield Say(f"{offer} is now {operation.raw_status}.")
        has_ended = is_end and operation.is_terminal  # one that waits for its sign-off runs on
        for step in operation.steps:
            if progress[_key(step)] == self.progress.get(_key(step)) or is_signoff(step.status):
                continue
            if self.is_begun or (step.is_alarming and not is_all):
                yield _line(step, has_ended)
        if self.is_begun and not is_end and _asks(progress) and not _asks(self.progress):
            texts = [_texts(step.messages) for step in operation.steps if is_signoff(step.status)]
            yield Say(f"{offer} {IS_IN_PREVIEW}{''.join(texts)}")
        if has_ended and not is_all:
            went_well = operation.status == SUCCEEDED
            yield Say(f"{offer} has ended: {operation.raw_status}", logging.INFO if went_well else logging.WARNING)
        if has_ended and operation.steps:
            # Airflow's UI folds a group: who wants the whole has it in one place, nobody else has to scroll.
            yield Say(f"::group::All steps of {self.watched}")
            for step in operation.steps:
                yield Say(f"{progress_of(step, has_ended=True)}{_texts(step.messages)}")
            yield from (Say(_spoken(message)) for message in _own(operation))
            yield Say("::endgroup::")
        self.is_begun = True
        self.progress = progress

    def _unknown_words(self, operation: Operation) -> Iterator[Say]:
        for kind, word in _unknown(operation):
            if word not in self.unknown_words:
                self.unknown_words |= {word}
                yield Say(
                    f"The service calls the status of {kind} {word!r}, which this provider doesn't know; it goes "
                    "on watching.",
                    logging.WARNING,
                )

    def _first_line(self, operation: Operation) -> str:
        step = operation.current_step
        at = f", at step {progress_of(step)}" if step else ""
        if operation.waits_for_signoff:
            at = f": it {IS_IN_PREVIEW}"
        until = datetime.fromtimestamp(self.deadline, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        ids = f" {self.watched.ids}" if self.watched.ids else ""
        return f"Watching {self.watched.offer} until {until}: {operation.raw_status}{at}.{ids}"


def note_of(watch: str, logged: dict[str, object]) -> dict[str, object]:
    """Return what is kept of a watch for the one that goes on in its place.

    :param watch: distinguishes this watch from others of the same task.
    :param logged: what `LogState.to_dict` returned.
    """
    return {"watch": watch, "told": logged}


def logged_by(note: object, watch: str) -> object:
    """Return what was logged, by the note that was kept; None if there is none, or it is of another watch."""
    return note.get("told") if isinstance(note, dict) and note.get("watch") == watch else None


def _unknown(operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield the words that nobody knows, each with whose it is."""
    words = [("an operation", operation.raw_status)] + [("a step", step.status) for step in operation.steps]
    return ((kind, word) for kind, word in words if word and not is_known(word))


def _key(step: Step) -> str:
    return step.id or step.name


def progress_in(operation: Operation) -> dict[str, str]:
    """Return what of an operation is logged when it changes: of each step, and of itself."""
    progress = {_key(s): _progress_of(s.status, s.is_alarming, s.messages) for s in operation.steps}
    progress[_OWN] = _progress_of(folded(operation.raw_status), operation.is_alarming, operation.messages)
    return progress


def _progress_of(word: str, is_alarming: bool, messages: tuple[Message, ...]) -> str:
    """Return what of a step is news when it changes: its status, and what it says while it is stalled."""
    if not is_alarming or not messages:
        return word
    said = "\n".join(f"{message.level} {message.text}" for message in messages)
    return f"{word} {blake2b(said.encode(), digest_size=8).hexdigest()}"


def _asks(progress: Mapping[str, str]) -> bool:
    return any(is_signoff(word) for word in progress.values())


def _line(step: Step, has_ended: bool) -> Say:
    progress = progress_of(step, has_ended=has_ended)
    if step.is_alarming:
        return Say(f"Step {progress}{_texts(step.messages)}", logging.WARNING)
    # A message may say what to do to whose turn it is; that is no alarm.
    return Say(f"Step {progress}{_texts(step.messages) if waits_for_somebody(step.status) else ''}")


def _own(operation: Operation) -> Iterator[Message]:
    """Yield what an operation says that none of its steps does."""
    said = {message.text for step in operation.steps for message in step.messages}
    return (message for message in operation.messages if message.text not in said)


def _spoken(message: Message) -> str:
    return f"{message.level or 'message'}: {message.text}"


def _texts(messages: tuple[Message, ...]) -> str:
    text = "".join(f"; {_spoken(message)}" for message in messages)
    return text if len(text) <= MAX_SAID else f"{text[:MAX_SAID]}..., cut here"
