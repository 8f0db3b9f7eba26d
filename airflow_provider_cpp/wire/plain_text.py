"""How the service's HTML messages become lines that a log can show."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser

from airflow_provider_cpp.wire.confidential import without_secrets

MAX_LENGTH = 2000

# What is shown is cut much earlier. Python's HTML parser takes quadratic time for what never closes: half a
# second for this length.
_MAX_READ = 8000

# Characters of a text that comes again and again: a name, an identifier, a status word.
_SHORT = 64

_BREAKS = {"br", "p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4"}
_SILENT = {"script", "style"}
# Where Airflow's UI begins and ends what it folds, wherever in a line it stands.
_FOLD = re.compile(r"::(?=(?:end)?group::)")
_TAG = re.compile(r"<[^<>]*>")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS:
            self.parts.append(" ")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BREAKS:
            self.parts.append(" ")
        elif tag == "a" and self._links:
            link = self._links.pop()
            if link.startswith(("https://", "http://", "mailto:")):
                self.parts.append(f" ({link})")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain_text(html: str) -> str:
    """Return a message's text on one line: tags dropped, entities resolved, links written out.

    Secrets are blanked, and a text of over 2,000 characters is cut.
    """
    if "<" not in html and "&" not in html:
        return one_line(html)  # parsing costs 10 us, and a status document has some thirty texts
    # Also before the tags go, as an element may be a secret's name.
    html = without_secrets(html[:_MAX_READ], is_cut=len(html) > _MAX_READ)
    parser = _Text()
    try:
        parser.feed(html)
        parser.close()
    except AssertionError:  # how Python's parser refuses "<![x[": the tags go, the text stays
        return one_line(unescape(_TAG.sub(" ", html)))
    return one_line("".join(parser.parts))


def one_line(text: str) -> str:
    """Return a text that isn't HTML on one line, without secrets, and cut.

    A short one is the same object each time: all operations have the same steps, and each poll the same words.
    """
    return _short_line(text) if len(text) <= _SHORT else _line(text)


@lru_cache(maxsize=1024)
def _short_line(text: str) -> str:
    return _line(text)


def _line(text: str) -> str:
    # Before it is cut, as a part of a secret is one.
    is_cut = len(text) > _MAX_READ
    text = without_secrets(text[:_MAX_READ], is_cut=is_cut)
    if not text.isprintable():  # it could forge lines in a log
        text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    if "::" in text:
        text = _FOLD.sub(": :", text)
    return f"{text[:MAX_LENGTH]}..." if is_cut or len(text) > MAX_LENGTH else text


def said_by(error: BaseException) -> str:
    """Return in words an error that isn't ours, with its type: what it says may quote anything."""
    return one_line(f"{type(error).__name__}: {error}")


def capitalized(text: str) -> str:
    """Return a text that begins a sentence."""
    return f"{text[:1].upper()}{text[1:]}"
