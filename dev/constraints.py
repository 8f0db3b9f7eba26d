"""Compile ``constraints/airflow-LINE.txt`` from its ``.in``: ``make constraints``, for one with ``AIRFLOW=3.1``.

The newest line is the one to develop with, so it has the versions for every target; the others have what
``make matrix`` installs. No file names a package index.
"""

from __future__ import annotations

import subprocess
import sys

from dev import install, interpreters
from dev.matrix import CONSTRAINTS, REPOSITORY, lines

#: Groups of pyproject.toml whose versions a line has: those of the newest one, and those of the others.
NEWEST = ("dev", "browser", "bench", "cluster")
OTHERS = ("test",)


def main() -> int:
    """Compile the lines named as arguments, or all; return the exit code."""
    for name in sys.argv[1:] or lines():
        groups = NEWEST if name == lines()[-1] else OTHERS
        source = CONSTRAINTS / f"airflow-{name}.in"
        target = source.with_suffix(".txt")
        options = ["--quiet", "--upgrade", "--no-emit-index-url", "--no-annotate", "--no-header"]
        # For each Python from 3.11 on: what only some need has a marker.
        options += ["--universal", "--python-version", interpreters.supported()[0]]
        subprocess.run(
            [
                *(install.uv(), "pip", "compile", *options, "--extra", "emulator"),
                *(option for group in groups for option in ("--group", group)),
                *("pyproject.toml", str(source), "-o", str(target)),
            ],
            cwd=REPOSITORY,
            env=install.environment(),
            check=True,
        )
        print(f"{target.relative_to(REPOSITORY)}: {len(target.read_text().splitlines())} versions", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
