"""What the status document of an operation, or of an offer, says: its state, its steps and its messages."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from airflow_provider_cpp.lro.operations import Message, Operation, Step
from airflow_provider_cpp.lro.words import FAILED, RUNNING, folded, state_of
from airflow_provider_cpp.wire.answers import Answer, no_json, parsed_body, unexpected
from airflow_provider_cpp.wire.plain_text import one_line, plain_text
from airflow_provider_cpp.wire.refusals import folded_name, words_of

#: Of each, what an operation may have: ten steps are usual. A megabyte of empty ones would be thirty of an event,
#: a third of a million lines in the log, and seconds of the triggerer's only loop.
MAX_STEPS = MAX_MESSAGES = MAX_LINKS = 200

#: The step at which customers get a version.
_LIVE = "live"

#: Bytes that a usual document has at most. Of larger ones no part is kept.
_USUAL_BODY = 16 * 1024


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
    read_step = _read_step if len(answer.body) <= _USUAL_BODY else _read_any_step
    steps = tuple([read_step(step) for step in entries[:MAX_STEPS] if isinstance(step, dict)])
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
        cancellation=_text(fields.get("cancellationRequestState")),
        is_signed_off=status == RUNNING and _is_going_live(steps),
    )


def _is_going_live(steps: tuple[Step, ...]) -> bool:
    """Return whether the step at which customers get the version, which follows the sign-off, is worked on."""
    for step in reversed(steps):  # it is the last one
        if folded(step.id) == _LIVE:
            word = folded(step.status)
            return state_of(word) == RUNNING and word not in {"", "notstarted"}
    return False


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

#: Where a reason may stand besides `messages`, by `folded_name`, in the order in which they are shown.
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


def _text(*values: object) -> str:
    """Return the first of these values that is a text, on one line; `< 5 day` is one, and no HTML."""
    return next((one_line(value) for value in values if isinstance(value, str)), "")


def _read_step(fields: dict[Any, object]) -> Step:
    if fields.get("messages") or not fields.keys() <= _STEP:
        return _read_any_step(fields)
    try:
        return _quiet_step(*_of_step(fields))
    except TypeError:  # what has no text in it may be anything
        return _read_any_step(fields)


def _read_any_step(step: dict[Any, object]) -> Step:
    fields = _named(step, _STEP)
    return _step(*_of_step(fields), _read_messages(fields, _STEP))


def _of_step(fields: dict[Any, object]) -> tuple[object, object, object, object, object]:
    # "processPercentage" stands in the reference's table, "progressPercentage" in all of its samples.
    progress = fields.get("progressPercentage", fields.get("processPercentage"))
    return (
        fields.get("id"),
        fields.get("stepName"),
        fields.get("status"),
        progress,
        fields.get("estimatedTimeFrame"),
    )


def _step(
    id_: object,
    name: object,
    status: object,
    progress: object,
    estimate: object,
    messages: tuple[Message, ...] = (),
) -> Step:
    return Step(_text(id_), _text(name), _text(status), _percentage(progress), _text(estimate), messages)


#: A step that has nothing to say: the same object for all operations, most of which are at the same few.
_quiet_step = lru_cache(maxsize=2048, typed=True)(_step)


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
        return Message(_text(fields.get("level")), plain_text(html))
    said = {name: value for name, value in fields.items() if name not in ("level", "severity", "timestamp")}
    return Message(_text(fields.get("level"), fields.get("severity")), words_of(said))


def _read_links(value: object) -> tuple[tuple[str, str], ...]:
    links = []
    for entry in _entries(value)[:MAX_LINKS]:
        if isinstance(entry, dict):
            # Seen filled as {DisplayText, URI}, although the reference says "not implemented".
            fields = {str(key).casefold(): item for key, item in entry.items()}
            url = next((fields[name] for name in ("uri", "url") if isinstance(fields.get(name), str)), "")
            links.append((_text(fields.get("displaytext"), fields.get("text")), one_line(str(url))))
        elif isinstance(entry, str):
            links.append(("", one_line(entry)))  # no HTML: "&region=" would become a trade mark
    return tuple((text, url) for text, url in links if url.startswith(("https://", "http://")))
