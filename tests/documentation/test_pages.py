"""The pages lead to what one looks for."""

from __future__ import annotations

import re

import pytest

from tests.documentation.pages import ROOT, page

# The operators' pages


OPERATORS_PAGES = sorted((ROOT / "docs" / "operators").glob("*.md"))
NAMED = r"\n## (\w+(?:Operator|Sensor|Hook|Trigger))\n"


@pytest.mark.parametrize("path", OPERATORS_PAGES, ids=lambda path: path.stem)
def test_each_operators_page_leads_to_microsofts_own_before_its_first_table(path):
    beginning = path.read_text(encoding="utf-8").split("\n|")[0]
    assert re.search(r"\]\(https://learn\.microsoft\.com/[\w/-]+\)", beginning)


@pytest.mark.parametrize("path", OPERATORS_PAGES, ids=lambda path: path.stem)
def test_each_operators_page_has_an_example_above_each_table_of_parameters(path):
    text = path.read_text(encoding="utf-8")
    names_and_sections = re.split(NAMED, text)[1:] or [path.stem, text]
    for name, section in zip(names_and_sections[::2], names_and_sections[1::2], strict=True):
        (example,) = re.findall(r"^```{literalinclude} (\S+)$", section.split("\n|")[0], flags=re.MULTILINE)
        code = (path.parent / example).read_text(encoding="utf-8")
        assert name in code or not name[0].isupper(), f"{example} doesn't use {name}"


#: What people search for, as they would write it.
WORDS = ["rotate", "retire", "roll back", "dry run", "thirty offers", "SaaS", "VM image", "approval", "schedule"]


@pytest.mark.parametrize("word", WORDS)
def test_whoever_looks_for_a_word_finds_a_question_with_it_and_its_answer(word):
    rows = [row for row in page("docs/questions.md").splitlines() if row.startswith("| ") and "](" in row]
    assert [row for row in rows if word.lower() in row.split(" | ")[0].lower()]


def test_each_question_leads_to_its_answer():
    rows = re.findall(r"^\| (?!Question |-)(.*\?.*) \| (.*) \|$", page("docs/questions.md"), flags=re.MULTILINE)
    assert len(rows) > 40
    assert [question for question, answer in rows if "](" not in answer] == []
    assert "](docs/questions.md)" in page("README.md")
