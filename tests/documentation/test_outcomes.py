"""Messages that are shown are those of a run, and each error can be looked up."""

from __future__ import annotations

import ast
import re

import pytest

from airflow_provider_cpp import exceptions
from docs import outcomes
from tests.documentation.pages import ROOT, page


@pytest.fixture(scope="module")
def found():
    return outcomes.outcomes()


@pytest.mark.parametrize("name", outcomes.DOCUMENTS)
def test_every_message_shown_is_one_that_a_run_printed(found, name):
    text = page(name)
    assert outcomes.with_outcomes(text, found) == text, "run: python -m docs.outcomes"


def test_every_exception_has_an_outcome_and_a_place_in_the_troubleshooting_page(found):
    names = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, exceptions.CppError)
    }
    assert {type(each.error).__name__ for each in found if each.error} == names - {"CppError"}
    text = page("docs/troubleshooting.md")
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def literals(node):
    """Return the sentences that are written in an expression, without what is put into them."""
    texts = [
        each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    parts = [part for text in texts for part in re.split(r"(?<=[.:;]) ", " ".join(text.split()))]
    return [part.strip(".:;,( ") for part in parts if len(part.split()) >= 3]


def raised():
    """Return each place that makes an exception of the package, with the sentences that are written there."""
    names = set(vars(exceptions))
    package = ROOT / "airflow_provider_cpp"
    for path in sorted(package.rglob("*.py")):
        if package / "emulator" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            if node.func.id in names and (sentences := literals(node.args[0])):
                yield f"{path.relative_to(package)}:{node.lineno}", sentences


def test_whoever_looks_for_the_words_of_an_error_finds_them():
    text = " ".join(page("docs/troubleshooting.md").split())
    places = dict(raised())
    assert len(places) > 40
    assert {
        place: sentences
        for place, sentences in places.items()
        if not any(sentence in text for sentence in sentences)
    } == {}
