"""The table in `docs/reliability.md`: one row for each fault, written by the tests that prove it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- From here on written by `pytest tests/reliability --write-docs`. -->"
END = "<!-- Up to here. -->"

#: The phases in the document's order, each with the headings of its columns.
PHASES = {
    "Going live": ("Fault at the POST", "POSTs", "Operations", "What the task did"),
    "Publishing": ("Fault at the POST", "POSTs", "Operations", "What the hook did"),
    "Before the POST": ("Fault before the POST", "POSTs", "Operations", "What the task did"),
    "Watching": ("Fault at the reads", "Reads", "Lists", "What the wait did, on a worker and deferred"),
    "Canceling": ("Fault at the cancel", "POSTs", "The operation", "What was reported"),
}


@dataclass(frozen=True)
class Row:
    """What one test proved.

    :param phase: one of `PHASES`.
    :param fault: what went wrong.
    :param saw: what the service saw, one text for each column in between.
    :param did: what became of it.
    """

    phase: str
    fault: str
    saw: tuple[str, ...]
    did: str

    def __str__(self) -> str:
        """Return the row as Markdown."""
        return f"| {' | '.join((self.fault, *self.saw, self.did))} |"


def table_of(rows: list[Row]) -> str:
    """Return the document's generated part."""
    parts = [BEGIN]
    for phase, headings in PHASES.items():
        rule = ["---", *["---:" if heading[0] in "PORL" else "---" for heading in headings[1:-1]], "---"]
        parts += ["", f"### {phase}", "", f"| {' | '.join(headings)} |", f"| {' | '.join(rule)} |"]
        parts += [str(row) for row in rows if row.phase == phase]
    return "\n".join([*parts, "", END])


def committed_table() -> str:
    """Return the generated part as it stands in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text[text.index(BEGIN) : text.index(END) + len(END)]


def committed_rows() -> dict[tuple[str, str], str]:
    """Return the document's rows, by phase and fault."""
    rows, phase = {}, ""
    for line in committed_table().splitlines():
        if heading := re.fullmatch("### (.*)", line):
            phase = heading[1]
        elif line.startswith("| ") and not line.startswith("| ---") and not line.startswith("| Fault"):
            rows[phase, line.split(" | ")[0].removeprefix("| ")] = line
    return rows


def write_table(rows: list[Row]) -> None:
    """Replace the document's generated part."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) + len(END) :]
    DOCUMENT.write_text(f"{before}{table_of(rows)}{after}", encoding="utf-8")
