"""A long-running operation at one moment: its state, its steps and its messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_cpp.lro.words import (
    RUNNING,
    SUCCEEDED,
    folded,
    is_alarming,
    is_canceling,
    is_signoff,
    state_of,
)

_ERROR_LEVELS = {"error", "critical", "fatal"}


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
        """Return what to call the step: its name, with its identifier where that says more."""
        if self.name and self.id and folded(self.name) != folded(self.id):
            return f"{self.name} ({self.id})"
        return self.name or self.id or "step without a name"

    def is_as_far_as(self, other: Step) -> bool:
        """Return whether it is where another reading of it was, but for its percentage and its estimate.

        :param other: that reading.
        """
        return self is other or (
            self.status == other.status
            and self.id == other.id
            and self.name == other.name
            and self.messages == other.messages
        )

    @property
    def is_alarming(self) -> bool:
        """Return whether somebody should look at the step now, even while the operation runs on."""
        return is_alarming(self.status)

    @property
    def names_error(self) -> bool:
        """Return whether one of its messages is an error, whatever its status is called."""
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
    :param is_refused: whether it failed for what a person or a check refused, so that the same is refused again.
    :param is_signed_off: whether it runs, and is on its way to customers, which follows its publisher's sign-off.
    """

    status: str
    raw_status: str
    steps: tuple[Step, ...] = ()
    messages: tuple[Message, ...] = ()
    preview_links: tuple[tuple[str, str], ...] = ()
    live_links: tuple[tuple[str, str], ...] = ()
    cancellation: str = ""
    is_signed_off: bool = False
    is_refused: bool = False

    @property
    def is_terminal(self) -> bool:
        """Return whether the operation has ended."""
        return self.status != RUNNING

    def is_as_far_as(self, other: Operation) -> bool:
        """Return whether it is where another reading of it was: but for percentages, estimates and links the same.

        :param other: that reading.
        """
        if self is other:
            return True
        return (
            self.raw_status == other.raw_status
            and self.status == other.status
            and self.is_signed_off == other.is_signed_off
            and self.messages == other.messages
            and len(self.steps) == len(other.steps)
            and all(map(Step.is_as_far_as, self.steps, other.steps))
        )

    @property
    def is_alarming(self) -> bool:
        """Return whether its own word looks like a failure, while it still runs as far as anybody knows."""
        return not self.is_terminal and is_alarming(self.raw_status)

    @property
    def is_being_canceled(self) -> bool:
        """Return whether the service says that a cancel of it is under way."""
        return is_canceling(self.raw_status) or is_canceling(self.cancellation)

    @property
    def failed_steps(self) -> tuple[Step, ...]:
        """Return the steps that went wrong."""
        return tuple(step for step in self.steps if step.is_alarming)

    @property
    def waits_for_signoff(self) -> bool:
        """Return whether it has reached preview and waits for its publisher to go live.

        The step `publisher-signoff` says so, while the operation itself still says that it runs (seen by
        clients); an offer's status may say it as a whole.
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

    @classmethod
    def read(cls, document: object) -> Operation | None:
        """Return the operation that `to_dict` wrote, in this version or one before it; None if that isn't one.

        :param document: what was written.
        """
        if not isinstance(document, dict):
            return None
        return cls(
            _text(document, "status"),
            _text(document, "raw_status"),
            tuple(_read_step(step) for step in _entries(document, "steps")),
            _read_messages(document),
            tuple((_text(link, "text"), _text(link, "url")) for link in _entries(document, "preview_links")),
            tuple((_text(link, "text"), _text(link, "url")) for link in _entries(document, "live_links")),
        )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _entries(fields: Mapping[str, object], name: str) -> list[dict[str, object]]:
    value = fields.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _read_messages(fields: Mapping[str, object]) -> tuple[Message, ...]:
    return tuple(Message(_text(each, "level"), _text(each, "text")) for each in _entries(fields, "messages"))


def _read_step(step: Mapping[str, object]) -> Step:
    progress = step.get("progress")
    return Step(
        _text(step, "id"),
        _text(step, "name"),
        _text(step, "status"),
        progress if isinstance(progress, int) else None,
        _text(step, "estimate"),
        _read_messages(step),
    )
