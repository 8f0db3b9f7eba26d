"""What an operation's status document says: its state, its steps and its messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from airflow_provider_cpp.api.answers import Answer, no_json, parsed_body, unexpected
from airflow_provider_cpp.api.plain_text import one_line, plain_text

RUNNING = "running"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELED = "canceled"

# Every word that the reference's pages, samples and production clients use for an end. All others mean
# that it still runs: the vocabulary drifts, and an unknown word must not end a watch.
_ENDS = {
    **dict.fromkeys(("succeeded", "success", "complete", "completed"), SUCCEEDED),
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
#: Of each, what an operation may have: ten steps are usual. A megabyte of empty ones would be thirty of an event,
#: a third of a million lines in the log, and seconds of the triggerer's only loop.
MAX_STEPS = MAX_MESSAGES = MAX_LINKS = 200

#: Characters of a text that comes again and again: a name, an identifier, a word.
_SHORT = 64

_ALARMING_STEPS = {"blocked", "rejected", "failed", "canceled", "cancelled", "error"}


@lru_cache(maxsize=256)  # the same few words come with every poll
def folded(word: str) -> str:
    """Return a status word without case, spaces, dashes and underscores: `not started` is `notStarted`."""
    return "".join(c for c in word.casefold() if c not in " _-\t\r\n")


def state_of(word: str) -> str:
    """Return `running`, `succeeded`, `failed` or `canceled` for a status word in any spelling."""
    return _ENDS.get(folded(word), RUNNING)


def is_known(word: str) -> bool:
    """Tell whether a status word is one that was seen before."""
    return folded(word) in _ENDS or folded(word) in _ONGOING


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an operation or a step.

    :param level: `information`, `error` or what else the service says; empty if it says nothing.
    :param text: the message as plain text.
    """

    level: str
    text: str

    def to_dict(self) -> dict[str, object]:
        """Return the message as JSON primitives."""
        return {"level": self.level, "text": self.text}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an operation.

    :param id: the step's identifier, such as `displaycertify`; empty if it has none.
    :param name: the step's name, such as `Certification`.
    :param status: the step's status word, as the service spells it.
    :param progress: percentage, 0 to 100; None if the service gives none.
    :param estimate: the service's estimate of the time it takes, such as `< 5 day`.
    :param messages: messages of the step.
    """

    id: str
    name: str
    status: str
    progress: int | None = None
    estimate: str = ""
    messages: tuple[Message, ...] = ()

    @property
    def label(self) -> str:
        """Return what to call the step: its name, with its identifier where that tells more."""
        if self.name and self.id and folded(self.name) != folded(self.id):
            return f"{self.name} ({self.id})"
        return self.name or self.id or "step without a name"

    @property
    def is_alarming(self) -> bool:
        """Tell whether somebody should look at the step now, even while the operation runs on."""
        return folded(self.status) in _ALARMING_STEPS

    def to_dict(self) -> dict[str, object]:
        """Return the step as JSON primitives."""
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "progress": self.progress,
            "estimate": self.estimate,
            "messages": [message.to_dict() for message in self.messages],
        }


@dataclass(frozen=True, slots=True)
class Operation:
    """A long-running operation of an offer at one moment.

    :param status: `running`, `succeeded`, `failed` or `canceled`.
    :param raw_status: the service's own word.
    :param steps: the operation's steps, in the service's order.
    :param messages: messages of the operation as a whole.
    :param preview_links: links to the preview, each a text and a URL.
    :param live_links: links to the live offer, each a text and a URL.
    :param cancellation: the service's word for whether it can be canceled, such as `canCancel`; empty if it
        says nothing.
    """

    status: str
    raw_status: str
    steps: tuple[Step, ...] = ()
    messages: tuple[Message, ...] = ()
    preview_links: tuple[tuple[str, str], ...] = ()
    live_links: tuple[tuple[str, str], ...] = ()
    cancellation: str = ""

    @property
    def is_terminal(self) -> bool:
        """Tell whether the operation has ended."""
        return self.status != RUNNING

    @property
    def failed_steps(self) -> tuple[Step, ...]:
        """Return the steps that went wrong."""
        return tuple(step for step in self.steps if step.is_alarming)

    @property
    def waits_for_signoff(self) -> bool:
        """Tell whether it has reached preview and waits for its publisher to go live.

        The step `publisher-signoff` says so, while the operation itself still says that it runs (seen by
        clients); an offer's status may say it as a whole (status page).
        """
        words = [self.raw_status] + [step.status for step in self.steps]
        return not self.is_terminal and any(folded(word) == "waitingforpublisherreview" for word in words)

    @property
    def current_step(self) -> Step | None:
        """Return the step that is being worked on: the first one neither complete nor still to come."""
        ongoing = (s for s in self.steps if folded(s.status) not in {"notstarted", "complete", "completed"})
        return next((step for step in ongoing if state_of(step.status) != SUCCEEDED), None)

    def to_dict(self) -> dict[str, object]:
        """Return the operation as JSON primitives, as it goes into XCom."""
        return {
            "status": self.status,
            "raw_status": self.raw_status,
            "steps": [step.to_dict() for step in self.steps],
            "messages": [message.to_dict() for message in self.messages],
            "preview_links": [{"text": text, "url": url} for text, url in self.preview_links],
            "live_links": [{"text": text, "url": url} for text, url in self.live_links],
        }


def read_operation(answer: Answer) -> Operation | str:
    """Return the operation that a 200 describes, or in words why it describes none.

    Takes an object, or the one-element array of the reference's sample. A body that can't be read is a
    failed read, never a failed operation.
    """
    if answer.damage:
        return answer.damage
    body = parsed_body(answer)
    if body is None:
        return no_json(answer)
    if isinstance(body, list):
        if len(body) != 1:
            return unexpected(answer, f"the body is an array of {len(body)} entries, not of one operation")
        body = body[0]
    if not isinstance(body, dict):
        return unexpected(answer, "the body is no JSON object")
    word = body.get("status")
    if not isinstance(word, str) or not word.strip():
        word = body.get("submissionState")
    if not isinstance(word, str) or not word.strip():
        return unexpected(answer, "the body has no status")
    return Operation(
        status=state_of(word),
        raw_status=plain_text(word)[:200],
        steps=tuple(_read_step(step) for step in _entries(body.get("steps"), MAX_STEPS) if isinstance(step, dict)),
        messages=_read_messages(body.get("messages")) + _read_error(body.get("error")),
        preview_links=_read_links(body.get("previewLinks")),
        live_links=_read_links(body.get("liveLinks")),
        cancellation=_text(body, "cancellationRequestState"),
    )


def _entries(value: object, limit: int | None = None) -> list[object]:
    return value[:limit] if isinstance(value, list) else []


def _text(fields: Mapping[Any, object], *names: str) -> str:
    """Return the first of these fields that is a text; `< 5 day` is one, and no HTML."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str):
            return _known(value) if len(value) <= _SHORT else one_line(value)
    return ""


@lru_cache(maxsize=1024)
def _known(text: str) -> str:
    """Return a short text on one line: the same object for all operations, which have the same steps."""
    return one_line(text)


def _read_step(fields: Mapping[Any, object]) -> Step:
    # "processPercentage" stands in the reference's table, "progressPercentage" in all of its samples.
    progress = fields.get("progressPercentage", fields.get("processPercentage"))
    return Step(
        id=_text(fields, "id"),
        name=_text(fields, "stepName"),
        status=_text(fields, "status"),
        progress=_percentage(progress),
        estimate=_text(fields, "estimatedTimeFrame"),
        messages=_read_messages(fields.get("messages")),
    )


def _percentage(value: object) -> int | None:
    # What is none may be a number that Airflow can't carry from the triggerer to a worker (more than 64 bits).
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100:
        return value
    return None


def _read_messages(value: object) -> tuple[Message, ...]:
    messages = []
    entries = _entries(value)
    for entry in entries[:MAX_MESSAGES]:
        if isinstance(entry, str):  # an array of strings, says the table of later editions
            messages.append(Message("", plain_text(entry)))
        elif isinstance(entry, dict):
            names = ("messageHtml", "message", "text")
            html = next((entry[name] for name in names if isinstance(entry.get(name), str)), "")
            messages.append(Message(_text(entry, "level"), plain_text(html)))
    if len(entries) > MAX_MESSAGES:
        messages.append(Message("", f"and {len(entries) - MAX_MESSAGES} more messages"))
    return tuple(message for message in messages if message.text)


def _read_error(value: object) -> tuple[Message, ...]:
    if isinstance(value, str) and value.strip():
        return (Message("error", plain_text(value)),)
    if isinstance(value, dict):
        parts = (value[name] for name in ("code", "message") if isinstance(value.get(name), str))
        text = plain_text(": ".join(parts))
        return (Message("error", text),) if text else ()
    return ()


def _read_links(value: object) -> tuple[tuple[str, str], ...]:
    links = []
    for entry in _entries(value, MAX_LINKS):
        if isinstance(entry, dict):
            # Seen filled as {DisplayText, URI}, although the reference says "not implemented".
            fields = {str(key).casefold(): item for key, item in entry.items()}
            url = next((fields[name] for name in ("uri", "url") if isinstance(fields.get(name), str)), "")
            links.append((_text(fields, "displaytext", "text"), one_line(str(url))))
        elif isinstance(entry, str):
            links.append(("", one_line(entry)))  # no HTML: "&region=" would become a trade mark
    return tuple((text, url) for text, url in links if url.startswith(("https://", "http://")))
