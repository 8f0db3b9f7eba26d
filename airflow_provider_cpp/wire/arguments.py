"""What an argument's value means that a DAG's author gave, or that a template rendered to."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence, Set
from numbers import Integral
from typing import Any, Final, Literal

from airflow_provider_cpp.exceptions import CppConfigurationError

#: What is shown of a value that is refused, in characters.
SHOWN = 100

#: Until what an operation is watched: its own end, or a publish that is ready for sign-off, too.
Until = Literal["completed", "signoff"]

#: What becomes of a publish that this task didn't start, and that hasn't the draft as it is now.
IfRunning = Literal["fail", "adopt", "restart"]
FAIL: Final = "fail"
ADOPT: Final = "adopt"
RESTART: Final = "restart"
IF_RUNNING: tuple[IfRunning, ...] = (FAIL, ADOPT, RESTART)

_TEMPLATE = re.compile(r"\{\{|\}\}|\{%|%\}")

_FLAGS = {
    **dict.fromkeys(("true", "1"), True),
    # What an empty param, and one that isn't there, render to.
    **dict.fromkeys(("false", "0", "", "none"), False),
}

# What None renders to, by itself and as JSON.
_NO_TEXT = {"", "none", "null"}


#: What the service joins with commas: anything with one "@" that couldn't be two addresses.
_EMAIL = re.compile(r"[^\s,;@]+@[^\s,;@]+")


def shown(value: object) -> str:
    """Return a value for the message that refuses it, without secrets."""
    from airflow_provider_cpp.wire.confidential import without_secrets  # DAG files pay for what is above

    text = without_secrets(repr(value))
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def kind_of(value: object) -> str:
    """Return what a value is: "a str", "an int", "None"."""
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def holds_template(text: str) -> bool:
    """Return whether a text still holds what opens or closes a template, so that nobody rendered it."""
    return _TEMPLATE.search(text) is not None


def is_missing(value: object) -> bool:
    """Return whether a value is what renders where there is none: None, that word, or nothing but spaces."""
    return value is None or (isinstance(value, str) and value.strip() in {"", "None"})


def digits_of(value: object) -> str | None:
    """Return a whole number that isn't negative in digits, None for whatever else, a bool too."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        return None
    number = int(value)
    return str(number) if number >= 0 else None


def checked_if_running(value: object) -> IfRunning:
    """Return what becomes of a publish that runs already.

    :raises CppConfigurationError: if it is none of the words for that.
    """
    for word in IF_RUNNING:
        if isinstance(value, str) and value == word:
            return word
    raise CppConfigurationError(f"if_running is {shown(value)}; it can be {', '.join(map(repr, IF_RUNNING))}.")


def checked_flag(name: str, value: object) -> bool:
    """Return a flag that is no template field.

    :param name: the argument, for the message.
    :raises CppConfigurationError: if it is neither True nor False: any text would count as true.
    """
    if not isinstance(value, bool):
        raise CppConfigurationError(
            f"{name}={shown(value)} is {kind_of(value)}. It takes True or False, and is no template field."
        )
    return value


def flag_or_template(name: str, value: Any) -> Any:
    """Return a flag that is a template field, as it is where it isn't rendered yet.

    :param name: the argument, for the message.
    :raises CppConfigurationError: if it is no template, no task's output, and nothing that `rendered_flag` takes.
    """
    if hasattr(value, "resolve") or (isinstance(value, str) and holds_template(value)):
        return value
    return rendered_flag(name, value)


def rendered_flag(name: str, value: object) -> bool:
    """Return what a flag means that a template may have rendered to.

    :param name: the argument, for the message.
    :param value: True or False; these words or 1 or 0, in any case, as a text or a number; what is empty or
        None, or says so, is False.
    :raises CppConfigurationError: if it is anything else.
    """
    word = value.strip().casefold() if isinstance(value, str) else "none" if value is None else None
    if isinstance(value, Integral):  # a bool is one
        word = str(int(value))
    meant = _FLAGS.get(word) if word is not None else None
    if meant is None:
        raise CppConfigurationError(
            f"{name}={shown(value)} is {kind_of(value)} that means neither yes nor no. It takes True or False, or "
            "a template that renders to one of them, to 1 or 0, or to nothing for False. Nothing was sent."
        )
    return meant


def listed(name: str, value: object) -> tuple[str, ...]:
    """Return the texts of a list, in whichever form a DAG or its templates have one.

    :param name: the argument, for the message.
    :param value: a list, tuple or set of texts; a text that is one, in JSON or as Python writes it; one with
        commas, semicolons or line ends in between; or a single text. What is empty or None, or says so, is an
        empty list.
    :raises CppConfigurationError: if it is anything else.
    """
    if value is None or (isinstance(value, str) and value.strip().casefold() in _NO_TEXT):
        return ()
    items: object = value
    if isinstance(value, str):
        text = value.strip()
        items = _parsed(text) if text[0] in "[({\"'" else text
        items = re.split(r"[,;\r\n]", items) if isinstance(items, str) else items
    if not isinstance(items, Sequence | Set) or isinstance(items, str | bytes | bytearray):
        raise _no_list(name, value, f"is {kind_of(value)}")
    texts = []
    for item in items:
        if not isinstance(item, str):
            raise _no_list(name, value, f"holds {shown(item)}, {kind_of(item)}")
        if holds_template(item):
            raise _no_list(name, value, "holds a template that wasn't rendered")
        if item.strip() in {"None", "null"}:
            raise _no_list(name, value, f"holds {item.strip()!r}, so that what it was rendered from isn't there")
        texts.append(item.strip())
    return tuple(text for text in texts if text)


def checked_emails(addresses: object) -> tuple[str, ...]:
    """Return the addresses to notify: of a list, or of a text, as templates render to.

    :raises CppConfigurationError: if one of them can't be an address.
    """
    emails = listed("notification_emails", addresses)
    for email in emails:
        if not _EMAIL.fullmatch(email):
            raise CppConfigurationError(f"notification_emails holds {email!r}, which is no e-mail address.")
    return emails


def _parsed(text: str) -> object:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return None


def _no_list(name: str, value: object, why: str) -> CppConfigurationError:
    return CppConfigurationError(
        f"{name}={shown(value)} {why}. It takes a text, texts with commas in between, or a list of texts, as it "
        "is or as a template renders to it. Nothing was sent."
    )
