"""How the service's HTML messages become lines that a log can show."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

MAX_LENGTH = 2000

# Python's HTML parser takes quadratic time for what never closes: half a second for this length.
_MAX_HTML = 8000

_BREAKS = {"br", "p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4"}
_SILENT = {"script", "style"}
# The signature of a shared-access URL is a secret, and certification messages quote the image's URL.
_SIGNATURE = re.compile(r"([?&;]sig=)[^&\s\"'<>)]+", re.IGNORECASE)
# Up to the last "@", as a password may hold one.
_USER = re.compile(r"//[^/\s]*@")
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

    Signatures of shared-access URLs are blanked, and a text of over 2,000 characters is cut.
    """
    if "<" not in html and "&" not in html:
        return one_line(html)  # parsing costs 10 us, and a status document has some thirty texts
    parser = _Text()
    try:
        parser.feed(html[:_MAX_HTML])
        parser.close()
    except AssertionError:  # how Python's parser refuses "<![x[": the tags go, the text stays
        return one_line(unescape(_TAG.sub(" ", html[:_MAX_HTML])))
    return one_line("".join(parser.parts))


def one_line(text: str) -> str:
    """Return a text that isn't HTML on one line, without signatures, and cut."""
    if not text.isprintable():  # it could forge lines in a log
        text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    if "::" in text:
        text = _FOLD.sub(": :", text)
    if "=" in text:
        text = _SIGNATURE.sub(r"\1***", text)
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}..."


def without_users(text: str) -> str:
    """Return a text with the user and password of every URL in it blanked."""
    return _USER.sub("//***@", text)


def capitalized(text: str) -> str:
    """Return a text that begins a sentence."""
    return f"{text[:1].upper()}{text[1:]}"
