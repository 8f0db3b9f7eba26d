"""Which Pythons `make matrix` and `make pythons` try: those that are here; those that aren't are named."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dev import interpreters, matrix

ROOT = Path(__file__).parent.parent
NEWEST = matrix.lines()[-1]
OTHERS = [version for version in interpreters.supported() if version != matrix.OWN]


def script(path, answer):
    """Put a program in place of an interpreter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without an interpreter, but with a home."""
    for name in ("PYENV_ROOT", "XDG_DATA_HOME", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


def test_those_that_the_package_declares_are_tried():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    versions = interpreters.supported()
    assert f">={versions[0]}" == declared
    assert versions == ["3.11", "3.12", "3.13"]
    for page in ("README.md", "docs/versions.md"):
        assert all(version in (ROOT / page).read_text() for version in versions)


def test_the_interpreter_that_runs_this_is_found(machine):
    (machine / "bin").mkdir()
    (machine / "bin" / f"python{matrix.OWN}").symlink_to(sys.executable)
    assert interpreters.find(matrix.OWN) == str(machine / "bin" / f"python{matrix.OWN}")


@pytest.mark.parametrize(
    "place", [".pyenv/versions/3.12.1", ".local/share/uv/python/cpython-3.12.7-linux-x86_64-gnu"]
)
def test_one_that_isnt_on_path_is_found_and_a_shim_that_leads_nowhere_is_passed_over(place, machine):
    script(machine / "bin" / "python3.12", 'echo "pyenv: python3.12: command not found" >&2; exit 127')
    assert interpreters.find("3.12") is None
    found = script(machine / place / "bin" / "python3.12", "echo 3.12")
    assert interpreters.find("3.12") == found
    assert interpreters.find("3.13") is None


def test_one_without_a_global_lock_is_another_python(machine):
    script(machine / "bin" / "python3.13", "echo 3.13t")
    assert interpreters.find("3.13") is None


@pytest.fixture
def found(monkeypatch):
    """One other Python is here, and one isn't."""
    here, missing = OTHERS
    monkeypatch.setattr(interpreters, "find", {here: "/its/python", missing: None}.get)
    return here, missing


def plan(names=(), versions=(), **options):
    chosen, missing = matrix.choose(list(names), list(versions), **options)
    return [(line.name, line.version, line.extent) for line in chosen], missing


def test_by_default_all_lines_run_on_our_own_python_and_all_tests_on_each_other(found):
    here, missing = found
    lines = [(name, matrix.OWN, "facing") for name in matrix.lines()]
    assert plan() == ([*lines, (NEWEST, here, "all")], [missing])


def test_a_line_and_a_version_that_are_asked_for_are_the_only_ones(found):
    here, _ = found
    older = matrix.lines()[0]
    assert plan([older]) == ([(older, matrix.OWN, "facing")], [])
    assert plan([], [here]) == ([(NEWEST, here, "all")], [])
    assert plan([NEWEST], [here]) == ([(NEWEST, here, "all")], [])
    assert plan([older], [here]) == ([(older, here, "facing")], [])
    assert plan([], [matrix.OWN]) == ([(NEWEST, matrix.OWN, "all")], [])


def test_the_pure_floors_run_on_every_other_python(found):
    here, missing = found
    assert plan(pure=True) == ([(NEWEST, here, "pure")], [missing])
    for part in matrix.PURE:
        assert (ROOT / "tests" / part).exists()


def test_a_make_that_tests_call_isnt_told_what_this_one_was(monkeypatch):
    for name, value in {
        "MAKEFLAGS": " -- PYTHON=3.12",
        "MAKELEVEL": "1",
        "PYTHON": "3.12",
        "AIRFLOW": "3.3",
    }.items():
        monkeypatch.setenv(name, value)
    said = make("demo")
    assert said.returncode == 0, said.stderr
    assert "3.12" not in said.stdout


def test_environments_of_one_line_on_two_pythons_are_apart():
    homes = {matrix.Line(NEWEST, version).home for version in interpreters.supported()}
    assert len(homes) == len(interpreters.supported())


def test_one_that_was_asked_for_and_isnt_here_is_an_error(found, monkeypatch, capsys):
    _, missing = found
    monkeypatch.setattr(sys, "argv", ["matrix", "--python", missing])
    monkeypatch.setattr(matrix, "build", lambda _: pytest.fail("nothing can be tried"))
    assert matrix.main() == 1
    assert f"Python {missing} isn't on this machine" in capsys.readouterr().out


def test_one_that_isnt_here_is_named_and_the_others_are_tried(found, monkeypatch, capsys):
    here, missing = found
    tried = []
    monkeypatch.setattr(sys, "argv", ["matrix", "--pure"])
    monkeypatch.setattr(matrix, "build", lambda folder: folder / "any.whl")
    monkeypatch.setattr(matrix, "try_out", lambda line, *_: tried.append(line.version))
    assert matrix.main() == 0
    assert tried == [here]
    *_, last = capsys.readouterr().out.splitlines()
    assert missing in last.split()
    assert "not on this machine" in last


def test_one_that_nobody_declares_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["matrix", "--python", "3.9"])
    with pytest.raises(SystemExit):
        matrix.main()
    assert "not a supported Python: 3.9" in capsys.readouterr().err


def make(*words):
    command = ["make", "--dry-run", "--no-print-directory", *words]
    env = matrix.environment(Path(), {})
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=env)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["matrix"], "-m dev.matrix"),
        (["matrix", "PYTHON=3.12"], "-m dev.matrix --python 3.12"),
        (["matrix", "PYTHON=3.12", f"AIRFLOW={NEWEST}"], f"-m dev.matrix {NEWEST} --python 3.12"),
        (["matrix", "PYTHON=3.12 3.13"], "-m dev.matrix --python 3.12 --python 3.13"),
        (["matrix", "PYTHON=/usr/bin/python3.11"], "-m dev.matrix"),
        (["pythons"], "-m dev.matrix --pure"),
        (["pythons", "PYTHON=3.13"], "-m dev.matrix --pure --python 3.13"),
    ],
)
def test_make_takes_a_version_for_what_to_try_and_a_path_for_what_to_try_it_from(words, expected):
    said = make("-o", f".venv/made-from-{NEWEST}", *words)
    assert said.stdout.partition("python ")[2].split() == expected.split()


def test_make_takes_a_path_alone_for_what_makes_the_environment():
    assert "/my/python3.11 -m dev.setup" in make("--always-make", "matrix", "PYTHON=/my/python3.11").stdout
    refused = make("demo", "PYTHON=3.12")
    assert refused.returncode != 0
    assert "PYTHON=3.12 is a version" in refused.stderr
