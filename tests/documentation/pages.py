"""The pages of the documentation, and the code that is shown in them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"


def page(name):
    """Return a page's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text, language):
    """Return the blocks of code of a text that are of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
