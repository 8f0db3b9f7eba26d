"""A floor never imports from the one above it, and a DAG file imports nothing heavy."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

import airflow_provider_cpp

PACKAGE = Path(airflow_provider_cpp.__file__).parent
NAME = "airflow_provider_cpp"
HEAVY = {"requests", "aiohttp", "tenacity", "azure", "urllib3", "msal"}

_RULES = {"wire", "lro", "offers", "services"}
_BELOW_TRIGGERS = {"airflow_versions", "metrics", "hooks", "client", *_RULES, "exceptions", "links"}
_BELOW_OPERATORS = {*_BELOW_TRIGGERS, "triggers", "tasks"}

#: What each floor may import of the package, besides itself.
BELOW = {
    "wire": {"exceptions"},
    "lro": {"wire", "exceptions"},
    "offers": {"wire", "lro", "exceptions"},
    "services": {"wire", "lro", "offers", "exceptions"},
    "client": {"wire", "exceptions", "provider_info", "__init__"},
    "hooks": {"airflow_versions", "client", *_RULES, "exceptions", "provider_info"},
    "emulator": {"airflow_versions"},  # the fixtures for pytest only
    "assets": set(),
    "exceptions": set(),
    "provider_info": set(),
    "airflow_versions": set(),
    "metrics": {"airflow_versions", "client"},
    "values": _RULES,
    "operators": _BELOW_OPERATORS,
    "sensors": _BELOW_OPERATORS,
    "tasks": {*_BELOW_TRIGGERS, "triggers"},
    "triggers": _BELOW_TRIGGERS,
    "links": {"airflow_versions", "hooks", "client", *_RULES, "exceptions"},
}

#: Floors where users import from. Airflow's convention names their modules after what they are about, so that the
#: names repeat from floor to floor.
FACES = {"operators", "sensors", "triggers", "links", "assets", "hooks"}

MODULES = sorted(PACKAGE.rglob("*.py"))


def floor_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def on_floors(floors: set[str]) -> list[Path]:
    """Return the modules of these floors, of which there are some."""
    found = [path for path in MODULES if floor_of(path) in floors]
    assert found
    return found


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@functools.cache
def imports(path: Path, *, only_at_top: bool = False) -> set[str]:
    """Absolute names of all modules that a file imports, but for type checkers."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for other in node.orelse:
                visit(other)
            return
        if only_at_top and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree_of(path))
    return found


def test_the_checks_see_every_floor() -> None:
    floors = {floor_of(path) for path in MODULES} - {"__init__"}
    assert floors <= set(BELOW), "a new floor has to be put into its place"
    assert {"wire", "lro", "services", "client", "emulator", "tasks", *FACES} <= floors
    assert f"{NAME}.exceptions.CppError" in imports(PACKAGE / "wire" / "answers.py")


def test_a_floor_imports_only_from_those_below_it() -> None:
    for path in MODULES:
        floor = floor_of(path)
        for name in imports(path):
            if name.split(".")[0] != NAME:
                continue
            assert floor != "__init__", f"{path} imports {name}"
            part = name.split(".")[1]
            if part not in BELOW:
                part = "__init__"  # something that the package itself defines, such as its version
            assert part == floor or part in BELOW[floor], f"{path} imports {name}"


def repeated(names: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the names that more than one place has, with the places; see `program_of`.

    :param names: each a name, and where it is.
    """
    places = defaultdict(list)
    for name, place in names:
        places[name].append(place)
    return {name: found for name, found in places.items() if len(found) > 1}


def program_of(path: Path) -> str:
    """Return which program a module is of: the emulator shares nothing with the provider."""
    return "emulator" if floor_of(path) == "emulator" else "provider"


def place_of_name(path: Path) -> str:
    """Return within what a module's name is its own.

    Not only each program, but also each of Airflow's faces, and each service, which the emulator has too: services
    mirror each other.
    """
    parts = path.relative_to(PACKAGE).parts
    if parts[0] in FACES or parts[0] == "services" or (parts[0] == "emulator" and len(parts) > 2):
        return "/".join(parts[:-1])
    return program_of(path)


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imported_modules(path: Path, modules: set[str]) -> set[str]:
    """Return those of the modules that a file imports, for type checkers as well."""
    found: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if names <= modules else {*names, node.module}
    return found & modules - {module_of(path)}


def test_no_modules_import_each_other_not_even_for_types() -> None:
    modules = {module_of(path) for path in MODULES}
    waiting_for = {module_of(path): imported_modules(path, modules) for path in MODULES}
    assert f"{NAME}.lro.words" in waiting_for[f"{NAME}.offers.gone_live"]
    # In turns, whatever imports only what was taken out before is no part of a circle.
    while free := {module for module, imported in waiting_for.items() if not imported & waiting_for.keys()}:
        waiting_for = {module: imported for module, imported in waiting_for.items() if module not in free}
    assert waiting_for == {}


def test_no_two_modules_have_one_name() -> None:
    """So that a traceback's `watching.py` says where."""
    named = [path for path in MODULES if not path.stem.startswith("__")]
    found = repeated([(f"{place_of_name(path)}: {path.stem}", str(path.relative_to(PACKAGE))) for path in named])
    assert found == {}
    # Within a face or a service they may be called as in another one, but not as a module that serves all of them.
    for program in ("provider", "emulator"):
        others = {path.stem for path in named if place_of_name(path) == program}
        within = {path.stem for path in named if place_of_name(path) != program == program_of(path)}
        assert within, program
        assert within & others == set()


#: Which modules of the emulator put its services in: all others serve any.
DOORS = {"doors", "settings"}


def test_only_the_doors_of_the_emulator_know_a_service() -> None:
    places = {module_of(path): place_of_name(path) for path in MODULES}
    found = {
        path.stem
        for path in MODULES
        for name in imported_modules(path, set(places))
        if places[name].startswith("emulator/") and places[name] != place_of_name(path)
    }
    assert found == DOORS


def test_no_two_classes_have_one_name() -> None:
    found = repeated(
        [
            (f"{program_of(path)}: {node.name}", str(path.relative_to(PACKAGE)))
            for path in MODULES
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ClassDef)
        ]
    )
    assert found == {}


def test_what_moved_between_versions_of_airflow_is_looked_for_in_one_place() -> None:
    """Besides it: the compat package, which looks for us, and what triggers are made of, which never moved."""
    stable = ("airflow.providers.common.compat.", "airflow.triggers.")
    for path in on_floors({"__init__", *BELOW} - {"airflow_versions"}):
        of_airflow = {name for name in imports(path) if name.startswith("airflow.")}
        assert {name for name in of_airflow if not name.startswith(stable)} == set(), path
        assert not any("version_compat" in name for name in of_airflow), path


def test_the_rules_know_neither_airflow_nor_an_http_library_nor_a_clock() -> None:
    for path in on_floors(_RULES):
        roots = {name.split(".")[0] for name in imports(path)}
        assert roots - {NAME} <= set(sys.stdlib_module_names), path
        assert not roots & {"time", "asyncio", "socket", "ssl", "http", "threading", "os"}, path
        assert "urllib.request" not in {".".join(name.split(".")[:2]) for name in imports(path)}, path


#: What only the pages of one service say: its name, its paths, its words for things.
OF_A_SERVICE = re.compile(
    r"cloud.?partner|\bcpp\b|submission(?!_)|api-version|golive|/api/|/rp/|partner center|partner\.microsoft|"
    r"operation-location|cancellationRequestState|product.?ingestion",
    re.IGNORECASE,
)


@pytest.mark.parametrize("floor", ["wire", "lro"])
def test_the_engine_knows_no_service(floor: str) -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in (PACKAGE / floor).rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if OF_A_SERVICE.search(line.replace(NAME, ""))
    ]
    assert found == []
    assert OF_A_SERVICE.search((PACKAGE / "services/cloud_partner_portal/calls.py").read_text())


def test_only_a_services_own_folder_and_the_table_of_services_import_it() -> None:
    """Whatever else has to do with one asks for it by the connection's type, and knows its shape alone."""
    modules = {module_of(path) for path in MODULES}
    folders = {path.parent.name for path in (PACKAGE / "services").glob("*/__init__.py")}
    found = {
        (module_of(path), folder)
        for path in MODULES
        for name in imported_modules(path, modules)
        for folder in folders
        if name.startswith(f"{NAME}.services.{folder}")
        and not module_of(path).startswith(f"{NAME}.services.{folder}")
    }
    assert found <= {(f"{NAME}.services.by_connection_type", folder) for folder in folders}
    assert "cloud_partner_portal" in {folder for _, folder in found}


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("lro/*.py")), ids=lambda path: path.name)
def test_the_engines_own_tests_know_no_service(path: Path) -> None:
    """They run on the model service of `tests/lro`."""
    others = ("services", "offers", "emulator", "hooks", "operators", "sensors", "triggers", "tasks", "client")
    known = tuple(f"{root}.{each}" for root in (NAME, "tests") for each in others)
    assert {name for name in imports(path) if name.startswith(known)} == set()


def test_the_client_doesnt_know_airflow_and_imports_libraries_where_it_uses_them() -> None:
    for path in on_floors({"client"}):
        assert "airflow" not in {name.split(".")[0] for name in imports(path)}, path
        at_top = {name.split(".")[0] for name in imports(path, only_at_top=True)}
        assert at_top - {NAME} <= set(sys.stdlib_module_names), path


def test_no_module_imports_a_heavy_library_at_its_top() -> None:
    for path in on_floors({"__init__", *BELOW} - {"emulator"}):
        at_top = {name.split(".")[0] for name in imports(path, only_at_top=True)}
        assert not at_top & HEAVY, path


def test_the_providers_metadata_imports_nothing_at_all() -> None:
    assert imports(PACKAGE / "provider_info.py") <= {"__future__.annotations"}
    assert imports(PACKAGE / "__init__.py") <= {"__future__.annotations"}


AIRFLOW_ITSELF = """
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowSensorTimeout
from airflow.providers.common.compat.sdk import BaseHook, BaseOperator, BaseSensorOperator, TaskDeferred
import airflow.triggers.base
"""
OURS = """
import airflow_provider_cpp.operators.offer
import airflow_provider_cpp.sensors.operation
import airflow_provider_cpp.triggers.operation
"""


def test_a_dag_file_that_imports_the_operators_imports_nothing_heavy_through_us() -> None:
    shown = "print(*sys.modules, sep='|')"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{AIRFLOW_ITSELF}\n{shown}\n{OURS}\n{shown}"],
        env={**os.environ, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    before, after = (set(line.split("|")) for line in done.stdout.splitlines()[-2:])
    ours = after - before
    assert f"{NAME}.operators.offer" in ours
    assert not {name.split(".")[0] for name in ours} & HEAVY
