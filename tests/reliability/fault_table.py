"""The tables in `docs/reliability.md`: a row for each fault, written by the tests that prove it on either API."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN = "<!-- From here on written by `pytest tests/reliability --write-docs`. -->"
END = "<!-- Up to here. -->"

CLOUD_PARTNER_PORTAL = "cloud_partner_portal"
PRODUCT_INGESTION = "product_ingestion"

#: The APIs that faults are met by, and how a table names them.
APIS = {CLOUD_PARTNER_PORTAL: "Cloud Partner Portal", PRODUCT_INGESTION: "Product Ingestion API"}

#: What stands where a fault wasn't tried on an API.
NOT_TRIED = "-"

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
    :param api: one of `APIS`.
    """

    phase: str
    fault: str
    saw: tuple[str, ...]
    did: str
    api: str

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands in the columns of its API."""
        return (*self.saw, self.did)


def table_of(rows: list[Row]) -> str:
    """Return the document's generated part."""
    parts = [BEGIN]
    for phase, headings in PHASES.items():
        of_phase = [row for row in rows if row.phase == phase]
        apis = [api for api in APIS if any(row.api == api for row in of_phase)]
        columns = headings[1:-1]
        numbers = ["---:" if heading[0] in "PORL" else "---" for heading in columns]
        titles = [title for api in apis for title in (*columns, f"{APIS[api]}: {_small(headings[-1])}")]
        rule = ["---", *[each for _ in apis for each in (*numbers, "---")]]
        parts += ["", f"### {phase}", "", _line(headings[0], *titles), _line(*rule)]
        nothing = ("",) * len(columns) + (NOT_TRIED,)
        cells = {(row.fault, row.api): row.cells for row in of_phase}
        for fault in dict.fromkeys(row.fault for row in of_phase):
            parts.append(_line(fault, *(cell for api in apis for cell in cells.get((fault, api), nothing))))
    return "\n".join([*parts, "", END])


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]


def committed_table() -> str:
    """Return the generated part as it stands in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return text[text.index(BEGIN) : text.index(END) + len(END)]


def committed_rows() -> dict[tuple[str, str, str], tuple[str, ...]]:
    """Return the cells of the document's rows, by phase, fault and API."""
    rows: dict[tuple[str, str, str], tuple[str, ...]] = {}
    phase, apis = "", list(APIS)
    for line in committed_table().splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split(" | "))
        if line.startswith("### "):
            phase = line.removeprefix("### ")
        elif line.startswith("| Fault"):
            apis = [api for api, name in APIS.items() if any(cell.startswith(f"{name}: ") for cell in cells)]
        elif line.startswith("| ") and not line.startswith("| ---"):
            width = (len(cells) - 1) // len(apis)
            for index, api in enumerate(apis):
                of_api = cells[1 + index * width : 1 + (index + 1) * width]
                if of_api[-1] != NOT_TRIED:
                    rows[phase, cells[0], api] = of_api
    return rows


def compare(proven: list[Row], phases: set[str], request: pytest.FixtureRequest) -> None:
    """Assert that the document has the rows of a run, and no others where all tests of these phases ran.

    :param proven: the rows of the run.
    :param phases: of which rows.
    :param request: that of the test that compares.
    """
    if request.config.getoption("--write-docs", default=False):
        return  # it is written when this run has ended
    committed = committed_rows()
    of_phases = [row for row in proven if row.phase in phases]
    for row in of_phases:
        assert committed.get((row.phase, row.fault, row.api)) == row.cells, (
            "write it anew: pytest tests/reliability --write-docs"
        )
    here = request.path.parent
    ran = {item.path.name for item in request.session.items if item.path.parent == here}
    everything = {path.name for path in here.glob("test_*.py")}
    if ran != everything or request.config.option.keyword or request.session.testsfailed:
        return  # only a run of all can say what nothing proves
    assert {key for key in committed if key[0] in phases} == {(row.phase, row.fault, row.api) for row in of_phases}


def write_table(rows: list[Row]) -> None:
    """Replace the document's generated part."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, after = text[: text.index(BEGIN)], text[text.index(END) + len(END) :]
    DOCUMENT.write_text(f"{before}{table_of(rows)}{after}", encoding="utf-8")
