"""What an operation's status document says: its state, its steps and its messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from airflow_provider_cpp.api.answers import Answer, no_json, parsed_body, unexpected
from airflow_provider_cpp.api.plain_text import one_line, plain_text
from airflow_provider_cpp.api.refusals import folded_name, words_of

RUNNING = "running"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELED = "canceled"

# Every word that the reference's pages, samples and production clients use for an end. All others mean
# that it still runs: the vocabulary drifts, and an unknown word must not end a watch. `published` is what the
# list of offers calls one that is live (retrieve-offers page); of an operation it says that the very thing that
# it is for is done, and no client has seen one that went on from there.
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
#: Of each, what an operation may have: ten steps are usual. A megabyte of empty ones would be thirty of an event,
#: a third of a million lines in the log, and seconds of the triggerer's only loop.
MAX_STEPS = MAX_MESSAGES = MAX_LINKS = 200

_ERROR_LEVELS = {"error", "critical", "fatal"}

#: Characters of a text that comes again and again: a name, an identifier, a word.
_SHORT = 64

# What a word has in it that tells of a failure, or asks for somebody, in whatever words around it. Nobody knows
# all of them: it is told at once, and ends nothing.
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
    """Tell whether two status words say the same: `published` is `succeeded`, an unknown word only itself."""
    return (_ENDS.get(folded(word)) or folded(word)) == (_ENDS.get(folded(other)) or folded(other))


def is_known(word: str) -> bool:
    """Tell whether a status word is one that was seen before."""
    return folded(word) in _ENDS or folded(word) in _ONGOING


@lru_cache(maxsize=256)
def is_alarming(word: str) -> bool:
    """Tell whether a status word looks like a failure or asks for somebody: `CommitFailed`, `attentionNeeded`.

    One that waits in the usual course of things, as `waitingForPublisherReview` does, isn't one of them.
    """
    word = folded(word)
    return _ALARMING.search(word) is not None and _ALARMING.search(_NEGATED.sub(" ", word)) is not None


def is_signoff(word: str) -> bool:
    """Tell whether a status word says that a publish is in preview, and its publisher's sign-off is waited for."""
    return folded(word) == "waitingforpublisherreview"


def waits_for_somebody(word: str) -> bool:
    """Tell whether a status word says that a person's turn is waited for, in the usual course of things."""
    return folded(word).startswith("waitingfor")


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
        return is_alarming(self.status)

    @property
    def names_error(self) -> bool:
        """Tell whether one of its messages is an error, whatever its status is called."""
        return any(folded(message.level) in _ERROR_LEVELS for message in self.messages)

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
    def is_alarming(self) -> bool:
        """Tell whether its own word looks like a failure, while it still runs as far as anybody knows."""
        return not self.is_terminal and is_alarming(self.raw_status)

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
        return not self.is_terminal and any(map(is_signoff, words))

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
    fields = _named(body, _OPERATION)
    word = fields.get("status")
    if not isinstance(word, str) or not word.strip():
        word = fields.get("submissionState")
    if not isinstance(word, str) or not word.strip():
        return unexpected(answer, "the body has no status")
    status = state_of(word)
    entries = fields.get("steps")
    entries = [entries] if entries and isinstance(entries, dict) else _entries(entries)
    steps = tuple(_read_step(step) for step in entries[:MAX_STEPS] if isinstance(step, dict))
    messages = _read_messages(fields, _OPERATION)
    if status == FAILED and not messages and not any(step.messages for step in steps if step.is_alarming):
        # No reason where one was ever seen: then whatever the document says that isn't usual.
        text = words_of({name: value for name, value in fields.items() if name not in _OPERATION})
        messages += (Message("error", text),) * bool(text)
    if len(entries) > MAX_STEPS:
        messages += (Message("", f"and {len(entries) - MAX_STEPS} more steps"),)
    return Operation(
        status=status,
        raw_status=plain_text(word)[:200],
        steps=steps,
        messages=messages,
        preview_links=_read_links(fields.get("previewLinks")),
        live_links=_read_links(fields.get("liveLinks")),
        cancellation=_text(fields, "cancellationRequestState"),
    )


# The fields that the reference's samples and tables name, but for `error`, which may be anything.
_OPERATION = frozenset(
    (
        *("status", "messages", "publishingVersion", "offerVersion", "cancellationRequestState", "steps"),
        *("previewLinks", "liveLinks", "notificationEmails", "id", "submissionType", "createdDateTime"),
        *("lastActionDateTime", "submissionState"),
    )
)
_STEP = frozenset(
    (
        *("estimatedTimeFrame", "id", "stepName", "description", "status", "messages", "progressPercentage"),
        "processPercentage",
    )
)
_MESSAGE = frozenset(["messageHtml", "level", "timestamp"])

#: Where a reason may stand besides `messages`, by `folded_name`, in the order in which they are told.
_REASONS = (
    *("message", "error", "errormessage", "statusmessage", "statusdetails", "statusdetail", "statusreason"),
    *("reason", "failurereason", "errors", "validationerrors", "details", "innererror", "innerexception"),
)


def _named(fields: dict[Any, object], usual: frozenset[str]) -> dict[Any, object]:
    """Return an object with its usual fields under their usual names, in whatever case they came."""
    if fields.keys() <= usual:
        return fields
    names = _by_folded_name(usual)
    return {names.get(folded_name(str(name)), name): value for name, value in fields.items()} | {
        name: value for name, value in fields.items() if name in usual
    }


@lru_cache(maxsize=4)
def _by_folded_name(usual: frozenset[str]) -> dict[str, str]:
    return {folded_name(name): name for name in usual}


def _entries(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


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


def _read_step(step: dict[Any, object]) -> Step:
    fields = _named(step, _STEP)
    # "processPercentage" stands in the reference's table, "progressPercentage" in all of its samples.
    progress = fields.get("progressPercentage", fields.get("processPercentage"))
    return Step(
        id=_text(fields, "id"),
        name=_text(fields, "stepName"),
        status=_text(fields, "status"),
        progress=_percentage(progress),
        estimate=_text(fields, "estimatedTimeFrame"),
        messages=_read_messages(fields, _STEP),
    )


def _percentage(value: object) -> int | None:
    # What is none may be a number that Airflow can't carry from the triggerer to a worker (more than 64 bits).
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100:
        return value
    return None


def _read_messages(fields: dict[Any, object], usual: frozenset[str]) -> tuple[Message, ...]:
    """Return the messages of an operation or a step, and the reasons that it names elsewhere."""
    value = fields.get("messages")
    if not value and fields.keys() <= usual:
        return ()
    entries = value if isinstance(value, list) else [value]
    messages = [message for entry in entries[:MAX_MESSAGES] if (message := _read_message(entry)).text]
    if len(entries) > MAX_MESSAGES:
        messages.append(Message("", f"and {len(entries) - MAX_MESSAGES} more messages"))
    if not fields.keys() <= usual:
        places = {folded_name(str(name)): entry for name, entry in fields.items() if name not in usual}
        for name in _REASONS:
            text = words_of(places.get(name))
            if text and not any(text in message.text for message in messages):
                messages.append(Message("error", text))
    return tuple(messages)


def _read_message(entry: object) -> Message:
    if isinstance(entry, str):  # an array of strings, says the table of later editions
        return Message("", words_of(entry) if entry[:1] in ("{", "[") else plain_text(entry))
    if not isinstance(entry, dict):
        return Message("", words_of(entry))
    fields = _named(entry, _MESSAGE)
    html = fields.get("messageHtml")
    if isinstance(html, str) and fields.keys() <= _MESSAGE:
        return Message(_text(fields, "level"), plain_text(html))
    said = {name: value for name, value in fields.items() if name not in ("level", "severity", "timestamp")}
    return Message(_text(fields, "level", "severity"), words_of(said))


def _read_links(value: object) -> tuple[tuple[str, str], ...]:
    links = []
    for entry in _entries(value)[:MAX_LINKS]:
        if isinstance(entry, dict):
            # Seen filled as {DisplayText, URI}, although the reference says "not implemented".
            fields = {str(key).casefold(): item for key, item in entry.items()}
            url = next((fields[name] for name in ("uri", "url") if isinstance(fields.get(name), str)), "")
            links.append((_text(fields, "displaytext", "text"), one_line(str(url))))
        elif isinstance(entry, str):
            links.append(("", one_line(entry)))  # no HTML: "&region=" would become a trade mark
    return tuple((text, url) for text, url in links if url.startswith(("https://", "http://")))
