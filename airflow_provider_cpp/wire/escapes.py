"""What a text says behind the escapes of JSON, HTML and URLs, one in the other, and where in it that stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape

#: An error in JSON, in a page, in JSON, quoted in a URL has four. Each pass takes linear time.
_LEVELS = 8

_ESCAPE = re.compile(
    r"\\u[0-9a-fA-F]{4}|\\u\{0{0,6}[0-9a-fA-F]{1,4}\}|\\U000[0-9a-fA-F]{5}|\\x[0-9a-fA-F]{2}|\\[01][0-7]{2}"
    r"|\\[\"'/\\nrtbf]|%u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}"
    r"|&#[xX]0{0,8}[0-9a-fA-F]{1,6};|&#0{0,8}[0-9]{1,7};|&#[0-9]{2,3}|&[a-zA-Z]{2,8};|&amp"
)
# What is left of JSON's where somebody dropped the backslash.
_REST_OF_ONE = re.compile(r"u00(?:26|3[dD])")
_BLANKS = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}


@dataclass(frozen=True, slots=True)
class Unescaped:
    """A text with its escapes resolved.

    :param text: what it says.
    :param starts: of each character, and of the end, where it begins in the text as it came; empty where nothing
        is escaped.
    :param depths: how many times each is escaped.
    :param percents: how many times each is escaped as in a URL: `%26` in a value is no `&` between values.
    """

    text: str
    starts: list[int] = field(default_factory=list)
    depths: bytes = b""
    percents: bytes = b""

    def place(self, position: int) -> int:
        """Return where a character begins in the text as it came."""
        return self.starts[position] if self.starts else position

    def depth(self, position: int) -> int:
        """Return how many times a character is escaped."""
        return self.depths[position] if self.depths else 0

    def percent(self, position: int) -> int:
        """Return how many times a character is escaped as in a URL."""
        return self.percents[position] if self.percents else 0


def may_hold_escapes(text: str) -> bool:
    """Return whether it is worth resolving escapes: a cheap question."""
    return "%" in text or "\\" in text or "&" in text or "u00" in text


def unescaped(text: str) -> Unescaped:
    """Return a text with its escapes resolved."""
    plain = Unescaped(text)
    for _ in range(_LEVELS):
        further = _resolved(plain, _ESCAPE)
        if further is None:
            break
        plain = further
    return _resolved(plain, _REST_OF_ONE) or plain


def _resolved(plain: Unescaped, escapes: re.Pattern[str]) -> Unescaped | None:
    """Resolve the outermost escapes; return None if there are none."""
    text = plain.text
    starts = plain.starts or list(range(len(text) + 1))
    depths, percents = plain.depths or bytes(len(text)), plain.percents or bytes(len(text))
    parts: list[str] = []
    new_starts: list[int] = []
    new_depths, new_percents = bytearray(), bytearray()
    done = 0
    for match in escapes.finditer(text):
        begin, end = match.span()
        character = _character(match[0])
        if len(character) != 1:  # no entity of HTML
            continue
        parts += (text[done:begin], character)
        new_starts += starts[done : begin + 1]
        new_depths += depths[done:begin]
        new_depths.append(min(max(depths[begin:end]) + 1, 255))
        new_percents += percents[done:begin]
        new_percents.append(min(max(percents[begin:end]) + (text[begin] == "%"), 255))
        done = end
    if not parts:
        return None
    parts.append(text[done:])
    new_starts += starts[done:]
    return Unescaped(
        "".join(parts), new_starts, bytes(new_depths + depths[done:]), bytes(new_percents + percents[done:])
    )


def _character(escape: str) -> str:
    kind = escape[0]
    if kind == "&":
        return unescape(escape)
    if escape[1] in "01" and kind == "\\":
        return chr(int(escape[1:], 8))
    if kind in "%u" or escape[1] in "uUx":
        return chr(int(escape.strip("%\\uUx{}"), 16))
    return _BLANKS.get(escape[1], escape[1])
