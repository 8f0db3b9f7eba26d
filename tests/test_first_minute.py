"""Where something is missing on a machine, `make demo` ends with a line that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dev import demo, matrix, room, scene, serve, setup

ROOT = Path(__file__).parent.parent

PROXY = {"HTTPS_PROXY": "http://somebody:hush@127.0.0.1:9"}
REFUSED = "WARNING: Retrying (...): Failed to establish a new connection: [Errno 111] Connection refused"


def without(tmp_path, *modules):
    """The environment of an interpreter whose standard library has none of these modules."""
    hides = f"import sys\nsys.modules.update(dict.fromkeys({modules!r}))\n"
    (tmp_path / "sitecustomize.py").write_text(hides)
    return matrix.environment(tmp_path, {"PYTHONPATH": str(tmp_path)})


def last_words(*command, **options):
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **{"env": os.environ, **options},
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    return [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("make: ***")][-1]


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_a_python_that_makes_no_environments_is_named_with_what_to_install(module, tmp_path):
    wanted = tmp_path / "made"
    said = last_words(sys.executable, "-m", "dev.setup", str(wanted), "any.txt", env=without(tmp_path, module))
    assert sys.executable in said
    assert "apt install python3-venv" in said
    assert not wanted.exists()


def test_make_names_what_to_install_where_no_python_can_make_environments(tmp_path):
    """The interpreters at fixed places are found without PATH, so that all of them have to be without it."""
    env = without(tmp_path, "ensurepip")
    said = last_words("make", f"VENV={tmp_path}/made", "demo", env=env)
    assert "No Python 3.11, 3.12 or 3.13 with venv and ensurepip" in said
    assert "apt install python3-venv" in said


def test_without_make_the_same_can_be_typed():
    text = (ROOT / "README.md").read_text()
    for module in ("setup", "demo", "serve"):
        assert f"python -m dev.{module}" in text or f"python3.11 -m dev.{module}" in text
        assert (ROOT / "dev" / f"{module}.py").exists()
    command = ["make", "--dry-run", "--always-make", "demo"]
    env = matrix.environment(ROOT, {})
    rehearsed = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert f" -m dev.setup .venv {Path(setup._newest_constraints()).relative_to(ROOT)}" in rehearsed.stdout


@pytest.mark.parametrize(
    ("output", "environ", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", {}, "the disk is full"),
        ("failed to copy: Disk quota exceeded (os error 122)", {}, "the disk is full"),
        (REFUSED, PROXY, "proxy HTTPS_PROXY=http://127.0.0.1:9; correct it"),
        ("ProxyError('Cannot connect to proxy.')", {"http_proxy": "me:hush@proxy:3128"}, "http_proxy=proxy:3128;"),
        (REFUSED, {}, "export HTTPS_PROXY="),
        ("dns error: failed to lookup address information", {}, "pip config set global.index-url"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", PROXY, "PIP_CERT="),
        ("invalid peer certificate: UnknownIssuer", {}, "PIP_CERT="),
        ("[Errno 13] Permission denied: '/root/.cache'", {}, "a HOME and a TMPDIR that you can write to"),
        ("Something new", {}, "see above"),
    ],
)
def test_what_failed_is_followed_by_what_to_do(output, environ, expected):
    said = setup.advice(f"{output}\n", environ)
    assert expected in said
    assert "hush" not in said
    assert "\n" not in said


def test_a_proxy_that_nobody_answers_at_is_named(tmp_path, monkeypatch, capfd):
    """By real pip, which asks an index that is nowhere but behind the proxy."""
    folder = str(tmp_path / "made")
    monkeypatch.setattr(setup, "obstacle", lambda *_: "")
    for name in [*os.environ]:
        if name.upper().endswith("_PROXY") or name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    for name, value in {
        **PROXY,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "https://index.invalid/simple",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert setup.main([folder, setup._newest_constraints()]) == 1
    said = capfd.readouterr()
    last = said.out.splitlines()[-1]
    assert f"{folder} can't be made: " in last
    assert "HTTPS_PROXY=http://127.0.0.1:9" in last
    assert "hush" not in said.out + said.err
    assert not Path(folder).exists()


def test_a_disk_that_is_too_full_is_named_with_what_it_lacks(tmp_path):
    assert room.obstacle(tmp_path, 0) == ""
    assert str(tmp_path) in room.obstacle(tmp_path, 10**9)
    assert "1000000000 are needed" in room.obstacle(tmp_path, 10**9)


def test_a_folder_that_cant_be_written_to_is_named():
    problem = room.obstacle(Path("/proc/self"), 0)  # not even by root
    assert problem.startswith("/proc/self can't be written to")
    assert "use a clone" in problem


@pytest.mark.parametrize("command", [demo, serve])
@pytest.mark.parametrize("what", ["full", "none"])
def test_without_a_place_for_temporary_files_the_last_line_says_what_to_do(command, what, monkeypatch, capsys):
    def nowhere():
        raise FileNotFoundError(2, "No usable temporary directory found in [...]")

    monkeypatch.setattr(sys, "argv", ["it"])
    if what == "none":
        monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    else:
        monkeypatch.setattr(scene, "MEGABYTES", 10**9)
    # Neither may have changed what signals do to the process that runs the tests.
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("signal.alarm", lambda *_: None)
    assert command.main() == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert "FAILED" in last
    assert "export TMPDIR=/path/to/folder" in last


@pytest.mark.parametrize("command", [demo, serve])
def test_a_disk_that_fills_up_meanwhile_is_no_traceback(command, monkeypatch, capsys):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "argv", ["it"])
    monkeypatch.setattr(command, "scene", full)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("signal.alarm", lambda *_: None)
    assert command.main() == 1
    assert "No space left on device" in capsys.readouterr().out.splitlines()[-1]
