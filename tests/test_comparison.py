"""The comparison with other tools: what it says of this provider is shown by tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "compare.md").read_text(encoding="utf-8")
TESTS = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")


def table(title):
    """Return the rows below a heading, without those of the table's own heading."""
    section = TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@cache
def functions_of(path):
    """Return the names of a module's functions, those of its classes as `Class::name`."""
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        members = node.body if prefix else [node]
        found |= {
            prefix + each.name for each in members if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        }
    return found


def test_each_feature_that_is_here_has_tests():
    shown = {feature: TESTS.findall(tests) for feature, tests in table("What shows it")}
    here = {row[0] for row in table("Feature by feature") if row[1] != "no"}
    assert here == set(shown)
    assert [feature for feature, tests in shown.items() if not tests] == []
    others = table("What none of them has") + table("On the Product Ingestion API")
    assert [row[0] for row in others if row[1] != "no" and not TESTS.findall(row[-1])] == []


@pytest.mark.parametrize(("path", "name"), sorted(set(TESTS.findall(TEXT))))
def test_the_test_exists(path, name):
    assert name.split("::")[-1].startswith("test_")
    assert name in functions_of(path)
