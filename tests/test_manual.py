"""The manual as a whole: it builds without a warning, its links lead somewhere, and it leaves nothing out."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from airflow_provider_cpp.operators import offer

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PACKAGE = ROOT / "airflow_provider_cpp"
#: What is read on a forge, with the links that a forge follows.
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
#: What stands in for its text in the manual.
INCLUDED = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    """Build the manual, with what `make docs` says."""
    target = tmp_path_factory.mktemp("manual")
    (command,) = re.findall(r"\$\(BIN\)/python (-m sphinx .*) docs/_build$", (ROOT / "Makefile").read_text(), re.M)
    done = subprocess.run(
        [sys.executable, *command.split(), "-d", str(target / "doctrees"), str(target / "html")],
        cwd=ROOT,
        env={**os.environ, "AIRFLOW_HOME": str(target / "airflow")},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return target / "html"


@pytest.mark.timeout(300)
def test_it_builds_without_a_warning(manual):
    assert (manual / "index.html").is_file()
    assert (manual / "reference" / "operators.html").is_file()


@pytest.mark.timeout(300)
def test_each_page_is_two_clicks_from_the_first(manual):
    # Each page is in the list beside the first one, or in that beside a page of it.
    first = set(re.findall(r'href="([\w/]+\.html)', (manual / "index.html").read_text(encoding="utf-8")))
    second = {
        os.path.normpath(Path(name).parent / link)
        for name in first
        for link in re.findall(r'href="([\w./]+\.html)', (manual / name).read_text(encoding="utf-8"))
    }
    pages = {str(path.relative_to(DOCS).with_suffix(".html")) for path in DOCS.rglob("*.md")}
    assert pages - first - second == set()


# The reference


def public_classes(folder):
    """Return the modules of a folder that hold a class which users import, with those classes."""
    found = {}
    for path in sorted((PACKAGE / folder).glob("*.py")):
        names = [
            node.name
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ClassDef) and re.search(r"(Operator|Sensor|Trigger|Hook|Link)$", node.name)
        ]
        address = f"airflow_provider_cpp.{folder}.{path.stem}"
        for name in names:
            # One in a private module says itself where it is to be imported from.
            public = getattr(import_module(address), name).__module__ if path.stem[0] == "_" else address
            found.setdefault(public, []).append(name)
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("folder", ["hooks", "operators", "sensors", "triggers", "links"])
def test_the_reference_has_every_public_class(manual, folder):
    text = "".join(path.read_text(encoding="utf-8") for path in (manual / "reference").glob("*.html"))
    for module, names in public_classes(folder).items():
        assert [name for name in names if f'id="{module}.{name}"' not in text] == []


def test_the_classes_are_found():
    assert set(public_classes("operators")["airflow_provider_cpp.operators.offer"]) == set(offer.__all__)


def test_an_operator_has_one_address():
    """By which Airflow, and who listens to it, names the class of a task, too."""
    addresses = [address for folder in ("operators", "sensors") for address in public_classes(folder)]
    assert not [address for address in addresses if address.rpartition(".")[2][0] == "_"]
    assert {getattr(offer, name).__module__ for name in offer.__all__} == {offer.__name__}


def test_the_page_on_the_architecture_has_every_module_of_the_rules_and_of_the_client():
    table = (DOCS / "architecture.md").read_text(encoding="utf-8").split("module by module")[1].split("\n## ")[0]
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \| (?!Decides|Holds)", table, re.M)
        for name in re.findall(r"`(\w+)`", row)
    }
    folders = [PACKAGE / folder for folder in ("wire", "lro", "offers", "services", "client")]
    assert named == {path.stem for folder in folders for path in folder.rglob("[!_]*.py")}


def bases(folder):
    """Return the names of the classes that others of a folder derive from."""
    classes = [
        node
        for path in (PACKAGE / folder).glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    return {base.id for node in classes for base in node.bases if isinstance(base, ast.Name)}


@pytest.mark.parametrize("folder", ["operators", "sensors"])
def test_the_first_page_leads_to_each_operator_and_sensor(folder):
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    names = {name for names in public_classes(folder).values() for name in names} - bases(folder)
    led_to = {
        name
        for name, anchor in re.findall(r"\[(\w+)\]\(operators/\w+\.md#(\w+)\)", text)
        if anchor == name.lower()
    }
    assert names - led_to == set()


# As a forge shows it


def anchors(path):
    text = path.read_text(encoding="utf-8")
    if path.name in INCLUDED:
        text = (ROOT / INCLUDED[path.name]).read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(file), target


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_a_page_names_exists(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    named = re.findall(r"(?:`|^|\$ )make ([a-z]+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(named) <= targets
