"""One address for every value that a DAG's author may name."""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
from enum import EnumMeta
from pathlib import Path

import pytest

from airflow_provider_cpp import values

ROOT = Path(__file__).parent.parent
NAMES = values.__all__


@pytest.mark.parametrize("name", NAMES)
def test_each_is_there(name):
    assert getattr(values, name).__name__ == name


@pytest.mark.parametrize("name", [name for name in NAMES if name[0].isupper()])
def test_each_value_is_frozen(name):
    value = getattr(values, name)
    if not isinstance(value, EnumMeta):
        assert value.__dataclass_params__.frozen
        assert value.__eq__ is not object.__eq__
        assert dataclasses.is_dataclass(value)


def test_type_checkers_find_the_same():
    tree = ast.parse(Path(values.__file__).read_text(encoding="utf-8"))
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    found = {alias.name: f"{node.module}.{alias.name}" for node in checked.body for alias in node.names}
    assert found == {name: f"airflow_provider_cpp.{values._MADE_IN[name]}.{name}" for name in NAMES}


def test_what_isnt_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Operatoin'"):
        values.Operatoin  # noqa: B018


def test_what_isnt_named_isnt_imported():
    script = (
        "import sys\n"
        "from airflow_provider_cpp.values import Operation\n"
        "print(*[m for m in sys.modules if m.startswith('airflow_provider_cpp')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "airflow_provider_cpp.lro.operations" in done.stdout.split()
    assert "services" not in done.stdout
    assert "lro.prechecking" not in done.stdout


def test_the_reference_has_each_of_them_at_this_address_and_nothing_else():
    page = (ROOT / "docs" / "reference" / "values.md").read_text(encoding="utf-8")
    assert set(re.findall(r"auto\w+:: (\S+)", page)) == {f"airflow_provider_cpp.values.{name}" for name in NAMES}


def test_whoever_writes_a_dag_names_values_by_this_address():
    """What a floor of the rules is called and has in it may change."""
    rules = r"airflow_provider_cpp\.(?:lro|offers|services|wire)[.\w]*"
    shown = [*(ROOT / "dags").glob("*.py"), *(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    shown += (ROOT / "docs" / "examples").glob("*.py")
    inner = {(path.name, name) for path in shown for name in re.findall(rules, path.read_text("utf-8"))}
    assert inner == set()
