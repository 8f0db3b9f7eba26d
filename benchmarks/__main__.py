"""``make bench``: take all measures, print their tables, and write docs/performance.md with its plots."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks import plots
from benchmarks.measures import all_figures
from benchmarks.portal import ROOT
from benchmarks.report import as_text, tables, with_tables

PAGE = ROOT / "docs" / "performance.md"
FOLDER = ROOT / "docs" / "performance"
FIGURES = FOLDER / "figures.json"


def main(arguments: list[str]) -> int:
    """Measure, or with ``--again`` only write anew what the last run measured."""
    if arguments == ["--again"]:
        figures = json.loads(FIGURES.read_text())
    else:
        figures = all_figures(lambda what: print(f"... {what}", flush=True))
        FOLDER.mkdir(exist_ok=True)
        FIGURES.write_text(json.dumps(figures, indent=1) + "\n")
    found = tables(figures)
    print(as_text(found))
    PAGE.write_text(with_tables(PAGE.read_text(), found, figures))
    plots.draw(figures, FOLDER)
    print(f"\nWritten: {Path(PAGE).relative_to(ROOT)} and {FOLDER.relative_to(ROOT)}/")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
