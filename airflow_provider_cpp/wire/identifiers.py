"""Which identifiers may go into a path, and how they are written there."""

from __future__ import annotations

import re
from urllib.parse import quote

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.wire.arguments import digits_of, holds_template, is_missing, kind_of, shown

MAX_LENGTH = 200

_API_VERSION = re.compile(r"[0-9A-Za-z.-]{1,40}")


def checked_identifier(field: str, value: object) -> str:
    """Return `value`, if it can stand for an offer, a publisher or the like in a path.

    Percent-encoding alone isn't enough: `..` and an encoded slash survive it, and servers and proxies
    decode before they route, so that another resource than the one named could go live.

    :param field: the argument's or connection field's name, for the message.
    :param value: what the user gave: a text, or a whole number, which stands for its digits.
    :raises CppConfigurationError: if it is empty, `None` as a text, anything else than a text or a whole number,
        `.`, `..`, longer than 200 characters, or holds a control character, a slash, a backslash or a template.
    """
    text = checked_name(field, digits_of(value) or value)
    if text in {".", ".."}:
        raise CppConfigurationError(f"{field}={text!r} can't be an identifier.")
    _refuse(field, text, [c for c in text if c in "/\\"])
    return text


def checked_name(field: str, value: object) -> str:
    """Return `value`, if it can be the name of anything, such as a connection's.

    :param field: the argument's name, for the message.
    :param value: what the user gave.
    :raises CppConfigurationError: if it is empty, `None` as a text, no text, longer than 200 characters, a
        template, or holds a control character.
    """
    if isinstance(value, str) and value.strip() == "None":
        raise CppConfigurationError(
            f"{field} is the text 'None': what it was rendered from isn't there. Look at the template, and at "
            "what the task before pushed."
        )
    if is_missing(value):
        raise CppConfigurationError(f"{field} is empty: give the {field.replace('_id', '')}'s identifier.")
    if not isinstance(value, str):
        raise CppConfigurationError(
            f"{field}={shown(value)} is {kind_of(value)}, and has to be a text: give the "
            f"{field.replace('_id', '')}'s identifier."
        )
    if len(value) > MAX_LENGTH:
        raise CppConfigurationError(
            f"{field} has {len(value)} characters, more than the {MAX_LENGTH} that an identifier may have."
        )
    if holds_template(value):
        raise CppConfigurationError(
            f"{field}={value!r} is a template that wasn't rendered: this isn't a template field here. Give the "
            "identifier itself."
        )
    _refuse(field, value, [c for c in value if not c.isprintable()])
    return value


def _refuse(field: str, value: str, wrong: list[str]) -> None:
    if wrong:
        raise CppConfigurationError(f"{field}={value!r} holds {wrong[0]!r}, which no identifier may hold.")


def path_segment(value: str) -> str:
    """Percent-encode an identifier as one segment of a path."""
    return quote(value, safe="")


def is_api_version(value: str) -> bool:
    """Return whether `value` can be the version of an API: a date, with a suffix such as `-preview` perhaps."""
    return _API_VERSION.fullmatch(value) is not None


def is_same_identifier(expected: str, found: str) -> bool:
    """Return whether two identifiers are of the same publisher or offer."""
    # Case is ASCII's only: "\u017f" folds to "s", and "\u212a" to "k", but they are other offers.
    return expected == found or (
        expected.isascii() and found.isascii() and expected.casefold() == found.casefold()
    )
