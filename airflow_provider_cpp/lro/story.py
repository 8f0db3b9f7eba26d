"""What is said of an operation, in sentences: how it failed and why, where it is, how long that took."""

from __future__ import annotations

from airflow_provider_cpp.lro import words
from airflow_provider_cpp.lro.operations import Operation, Step
from airflow_provider_cpp.wire.plain_text import capitalized

#: A failure's story, and what a step says, is cut at this many characters; the event's operation has all of it.
MAX_SAID = 8000

#: What is said of an offer whose publish waits for its sign-off.
IS_IN_PREVIEW = "is in preview and waits for your sign-off"

#: What is said of one that doesn't wait for it any more, after a colon.
SIGNED_OFF = "it has been through its sign-off, whoever took it live"


def ended_badly(offer: str, operation: Operation, verdict: str) -> str:
    """Return in sentences how an operation failed or was canceled, and why.

    :param offer: which offer, to begin with.
    :param operation: its last reading.
    :param verdict: `failed` or `canceled`.
    """
    came_to = f"{offer} {'was canceled' if verdict == words.CANCELED else 'failed'}"
    if words.folded(operation.raw_status) != verdict:
        came_to += f" (the service says {operation.raw_status!r})"
    steps, messages = _said(operation)
    if verdict == words.CANCELED:
        steps = [step for step in steps if step.messages]
    if not steps:
        return _sentences([f"{came_to}: {messages[0]}", *messages[1:]] if messages else [came_to])
    first, *others = steps
    called = "" if words.state_of(first.status) == verdict else f", which is {first.status}"
    at = f"{came_to} at step {first.label}{called}"
    return _sentences([f"{at}: {_texts_of(first)}", *map(_step_said, others), *messages])


def links_in_words(kind: str, links: tuple[tuple[str, str], ...]) -> str:
    """Return links in words: "Preview: https://..."; empty if there are none.

    :param kind: what they lead to.
    :param links: each a text and a URL.
    """
    return f"{kind}: {', '.join(url for _, url in links)}" if links else ""


def _said(operation: Operation) -> tuple[list[Step], list[str]]:
    """Return what the service says of an operation: the steps that say something, and its own messages.

    Those are its alarming steps and those that name an error; where none of them has a message, all that have.
    """
    steps = [step for step in operation.steps if step.is_alarming or step.names_error]
    if not operation.messages and not any(step.messages for step in steps):
        steps += [step for step in operation.steps if step.messages]
    said = {message.text for step in steps for message in step.messages}
    return steps, [f"{m.level or 'message'}: {m.text}" for m in operation.messages if m.text not in said]


def names_reason(operation: Operation) -> bool:
    """Return whether the service says anything of why an operation is as it is."""
    return bool(operation.messages) or any(step.messages for step in operation.steps)


def _step_said(step: Step) -> str:
    return f"Step {step.label} is {step.status}: {_texts_of(step)}"


def _texts_of(step: Step) -> str:
    return "; ".join(message.text for message in step.messages) or "no message given"


def alarms(operation: Operation | None) -> str:
    """Return what of a running operation looks like a failure or asks for somebody, as sentences."""
    if operation is None or not (operation.is_alarming or operation.failed_steps):
        return ""
    steps, messages = _said(operation)
    said = [*map(_step_said, steps), *messages]
    return capitalized(_sentences(said)) if said else ""


def _sentences(parts: list[str]) -> str:
    text = ". ".join(part.rstrip(". ") for part in parts)
    return f"{text}." if len(text) <= MAX_SAID else f"{text[:MAX_SAID]}..., cut here."


def joined(*sentences: str) -> str:
    """Return sentences as one text; those that are empty are left out."""
    return " ".join(filter(None, sentences))


def where(operation: Operation | None) -> str:
    """Return where an operation is: its state, and the step that is being worked on.

    :param operation: its last reading; None if there was none.
    """
    if operation is None:
        return "nowhere"
    step = operation.current_step
    if step is None:
        return operation.raw_status
    return f"{operation.raw_status} at step {progress_of(step)}"


def progress_of(step: Step, *, has_ended: bool = False) -> str:
    """Return a step in words: its label, status, percentage and estimate.

    :param has_ended: whether its operation has: then nothing is estimated any more.
    """
    said = f"{step.label}: {step.status or 'no status'}"
    if step.progress is not None:
        said += f", {step.progress} %"
    if step.estimate and not has_ended:
        said += f", estimated {step.estimate}"
    return said


def duration_in_words(seconds: float) -> str:
    """Return a time in the largest unit of which it has two: "36 hours"."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            # From a thousand on, three digits would be written with an exponent.
            return f"{seconds / size:{'.3g' if seconds < 999.5 * size else '.0f'}} {unit}"
    return f"{seconds:.3g} seconds"
