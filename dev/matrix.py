"""Try the package on every line of Airflow and every Python that it supports: ``make matrix``.

Each line gets an environment of its own from ``constraints/airflow-LINE.txt``, and the wheel in it, as a user has
it. There run the tests that face Airflow, the check of the provider's metadata against that Airflow's own schema,
and ``airflow dags test`` of the example against the emulator. Lines run side by side, one for each processor.

With the newest line all tests run on each other Python, or on that of ``PYTHON=3.12``; of ``make pythons``, those
of the pure floors. A Python that isn't on this machine is named; if it was asked for, that is an error.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from airflow_provider_cpp.emulator import Emulator
from dev import install, interpreters
from dev.portal_observer import PortalObserver
from dev.scene import OFFER_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPOSITORY = Path(__file__).parent.parent
CONSTRAINTS = REPOSITORY / "constraints"
#: The tests that face Airflow. The floors below the hooks don't know it: `make test` is enough for them.
TESTS = ("hooks", "links", "operators", "sensors", "triggers", "test_dags.py", "test_deprecations.py")
METADATA = ("test_provider_info.py",)
#: Those that need no running Airflow: a minute.
PURE = ("wire", "lro", "offers", "services", "client", "contract", "test_layers.py", "test_values.py")
#: Those that measure time, by the folders that they are in.
MEASURING = ("performance", "reliability")
#: A line of `dags test` that says that the package does what it shouldn't: a warning of Python's, or that of
#: Airflow's guard against operators that are run by hand.
WARNING_OF_US = re.compile(r"airflow_provider_cpp/\S*: \w*Warning|Warning.*airflow_provider_cpp/|called outside")
#: Seconds for one step, on whatever machine.
PATIENCE = 1800
#: Lines of a failed step's output that are shown; all of them are in `logs`.
SHOWN = 60


class StepFailed(Exception):
    """A step of a line went wrong; the message has the end of what it printed."""


#: The Python that runs this, which is the one of `.venv`.
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"


@dataclass
class Line:
    """One line of Airflow on one Python, and what was found out about it.

    :param name: the line of Airflow
    :param version: the version of Python
    :param interpreter: the path of that Python
    :param extent: the tests that run: those that face Airflow, all, or those of the pure floors
    """

    name: str
    version: str = OWN
    interpreter: str = sys.executable
    extent: Literal["facing", "all", "pure"] = "facing"
    airflow: str = "-"
    tests: str = "-"
    metadata: str = "-"
    dags_test: str = "-"
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The line's environment, with the output of each step in ``logs``."""
        python = "" if self.version == OWN else f"-python{self.version}"
        return REPOSITORY / f".venv-matrix-{self.name}{python}"

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return str(self.home / "bin" / "python")


def lines() -> list[str]:
    """Return the names of all lines, oldest first."""
    names = [file.stem.removeprefix("airflow-") for file in CONSTRAINTS.glob("airflow-*.in")]
    return sorted(names, key=lambda name: tuple(map(int, name.split("."))))


def main() -> int:
    """Run the lines that were asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="LINE", help=f"of {', '.join(lines())}; all by default")
    parser.add_argument("--python", action="append", default=[], metavar="3.12", help="with the newest line alone")
    parser.add_argument("--pure", action="store_true", help="only what needs no running Airflow")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="lines at a time")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(lines()):
        parser.error(f"no constraints for {', '.join(sorted(unknown))}; there are {', '.join(lines())}")
    if undeclared := set(arguments.python) - set(interpreters.supported()):
        supported = ", ".join(interpreters.supported())
        parser.error(f"not a supported Python: {', '.join(sorted(undeclared))}; there are {supported}")
    chosen, missing = choose(arguments.names, arguments.python, pure=arguments.pure)
    for version in missing:
        print(f"Python {version} isn't on this machine: not tried.", flush=True)
    if missing and arguments.python:
        return 1
    with tempfile.TemporaryDirectory(prefix="cpp-matrix-") as folder:
        wheel = build(Path(folder))
        # Processes beside one another run all tests, on all processors: one line after the other.
        for jobs, some in (
            (arguments.jobs, [line for line in chosen if line.extent == "facing"]),
            (1, [line for line in chosen if line.extent != "facing"]),
        ):
            with ThreadPoolExecutor(max(1, jobs)) as pool:
                list(pool.map(lambda line: try_out(line, wheel, Path(folder)), some))
    print_table(chosen, missing)
    return 1 if any(line.failures for line in chosen) else 0


def choose(names: list[str], versions: list[str], *, pure: bool = False) -> tuple[list[Line], list[str]]:
    """Return the lines to try, each on its Python, and the Pythons that aren't there.

    :param names: the lines of Airflow that were asked for, if any
    :param versions: the versions of Python that were asked for, if any
    :param pure: whether only the tests of the pure floors are to run
    """
    newest = lines()[-1]
    chosen = [] if versions or pure else [Line(name) for name in names or lines()]
    wanted = versions or ([] if names else [each for each in interpreters.supported() if each != OWN])
    missing = []
    for version in wanted:
        interpreter = sys.executable if version == OWN else interpreters.find(version)
        if interpreter is None:
            missing.append(version)
            continue
        for name in names or [newest]:
            extent = "facing" if name != newest else "pure" if pure else "all"
            chosen.append(Line(name, version, interpreter, extent))
    return chosen, missing


def build(folder: Path) -> Path:
    """Build the wheel that all lines install."""
    command = [install.uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(REPOSITORY)]
    subprocess.run(command, env=install.environment(), check=True, timeout=PATIENCE)
    (wheel,) = folder.glob("*.whl")
    return wheel


def try_out(line: Line, wheel: Path, folder: Path) -> None:
    """Run all steps of a line, those after a failed one too, and write down what came of it."""
    began = time.monotonic()
    home = folder / line.home.name
    try:
        make_environment(line, wheel)
        line.airflow = installed(line, "apache-airflow")
        if line.extent == "pure":
            line.tests = run_tests(line, home, "tests", PURE, beside=True)
            return
        migrate = [line.python, "-P", "-m", "airflow", "db", "migrate"]
        run(line, "migrate", migrate, env=environment(home, {}), cwd=folder)
    except StepFailed as failure:
        line.failures.append(str(failure))
    else:
        if line.extent == "all":
            line.tests = step(line, lambda: run_all_tests(line, home))
        else:
            line.tests = step(line, lambda: run_tests(line, home, "tests", TESTS))
        line.metadata = step(line, lambda: run_tests(line, home, "metadata", METADATA))
        line.dags_test = step(line, lambda: dags_test(line, home))
    finally:
        line.seconds = time.monotonic() - began


def make_environment(line: Line, wheel: Path) -> None:
    """Make the line's environment, unless there is one from the same files, and put the wheel into it."""
    file = CONSTRAINTS / f"airflow-{line.name}.txt"
    made_from = hashlib.sha256(file.read_bytes() + (REPOSITORY / "pyproject.toml").read_bytes()).hexdigest()
    stamp = line.home / "made-from"
    if not stamp.exists() or stamp.read_text() != made_from:
        shutil.rmtree(line.home, ignore_errors=True)
        run(line, "environment", [install.uv(), "venv", "--quiet", "--python", line.interpreter, str(line.home)])
    (line.home / "logs").mkdir(exist_ok=True)
    command = [install.uv(), "pip", "install", "--quiet", "--python", line.python, "--constraints", str(file)]
    command += ["--reinstall-package", "airflow-provider-cpp", f"{wheel}[emulator]", "apache-airflow"]
    # Only the newest line has the versions of all that `make test` needs.
    group = "dev" if line.extent == "all" else "test"
    command += ["--group", f"{REPOSITORY / 'pyproject.toml'}:{group}"]
    if line.extent == "pure":
        command.append("pytest-xdist")
    run(line, "install", command, env=install.environment())
    stamp.write_text(made_from)


def installed(line: Line, distribution: str) -> str:
    """Return the version of a distribution in the line's environment."""
    code = f"import importlib.metadata; print(importlib.metadata.version({distribution!r}))"
    return run(line, "version", [line.python, "-c", code]).strip()


def run_all_tests(line: Line, home: Path) -> str:
    """Run what ``make test`` does: those that measure time after all others; return pytest's counts."""
    others = run_tests(line, home, "tests", (), marked="not measures", beside=True)
    measured = run_tests(line, home, "measuring", MEASURING, marked="measures")
    return f"{others}; {measured}"


def run_tests(
    line: Line, home: Path, name: str, tests: tuple[str, ...], *, marked: str = "not airflow", beside: bool = False
) -> str:
    """Run tests of this repository with the line's Airflow and the installed package; return pytest's count.

    :param tests: files and folders; all of them if none is named
    :param marked: those with these marks
    :param beside: whether processes beside one another run them
    """
    command = [line.python, "-P", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-m", marked]
    if beside:
        processes = min((os.cpu_count() or 1) + 2, 6)
        command += ["-n", str(processes), "--dist", "loadscope", "--no-loadscope-reorder"]
    # Some install the package, from where it is installed here.
    env = environment(home, {}, install.environment())
    output = run(line, name, [*command, *(f"tests/{test}" for test in tests)], env=env, cwd=REPOSITORY)
    # Such as "170 passed, 12 skipped, 3 warnings in 61.02s".
    count = output.strip().splitlines()[-1].strip("= ").partition(" in ")[0]
    return ", ".join(part for part in count.split(", ") if "warning" not in part and "deselected" not in part)


def dags_test(line: Line, home: Path) -> str:
    """Take an offer of an emulated portal live by ``airflow dags test``; return what came of it."""
    with Emulator(duration=3) as portal:
        portal.add_offer(OFFER_ID)
        env = environment(
            home,
            {
                "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
                "AIRFLOW_CONN_CPP_DEFAULT": portal.connection_json(),
                # Python is silent on deprecations in imported modules.
                "PYTHONWARNINGS": "default::DeprecationWarning,default::PendingDeprecationWarning",
            },
        )
        command = [line.python, "-P", "-m", "airflow", "dags", "test", "go_live"]
        output = run(line, "dags-test", command, env=env, cwd=home)
        seen = PortalObserver(portal, OFFER_ID)
        if not seen.is_live or seen.go_lives != 1:
            is_it = "live" if seen.is_live else "not live"
            raise StepFailed(f"dags test ended well, but the offer is {is_it} after {seen.go_lives} requests")
    if ours := [each for each in output.splitlines() if WARNING_OF_US.search(each)]:
        raise StepFailed("dags test warned of the package:\n" + "\n".join(ours))
    return f"live, {seen.go_lives} POST"


def environment(home: Path, more: dict[str, str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a line's processes, in which nothing configures another Airflow."""
    # Nor does what `make matrix` was told tell a test's own `make` anything.
    names = {"AIRFLOW", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "PYTHONPATH"}
    others = ("AIRFLOW_", "_AIRFLOW_")
    env = {key: value for key, value in environ.items() if key not in names and not key.startswith(others)}
    return {**env, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False", **more}


def step(line: Line, work: Callable[[], str]) -> str:
    """Do one step; return what it found out, or write down the failure."""
    try:
        return work()
    except StepFailed as failure:
        line.failures.append(str(failure))
        return "FAILED"


def run(
    line: Line, name: str, command: list[str], *, env: dict[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Run a command, keep what it prints in the line's ``logs``, and return that.

    :raises StepFailed: if it fails or takes too long.
    """
    began = time.monotonic()
    try:
        done = subprocess.run(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=PATIENCE,
        )
        code, output = str(done.returncode), done.stdout
    except subprocess.TimeoutExpired as late:
        code, output = f"none after {PATIENCE} s", (late.stdout or b"").decode(errors="replace")
    logs = line.home / "logs"
    if logs.is_dir():
        (logs / f"{name}.txt").write_text(output)
    say(line, f"{name:<12} {'done' if code == '0' else 'FAILED':<7} {time.monotonic() - began:6.1f} s")
    if code != "0":
        end = "\n".join(output.splitlines()[-SHOWN:])
        raise StepFailed(f"{name}: exit code {code} of {' '.join(command)}\n{end}")
    return output


_printing = threading.Lock()


def say(line: Line, text: str) -> None:
    """Print a line of progress."""
    with _printing:
        print(f"Airflow {line.name:<5} Python {line.version:<5} {text}", flush=True)


def print_table(chosen: list[Line], missing: list[str]) -> None:
    """Print the failures, and after them a table of all lines, with the Pythons that weren't there."""
    for line in chosen:
        for failure in line.failures:
            print(f"\n--- Airflow {line.name} on Python {line.version}: {failure}", flush=True)
    rows = [("Line", "Airflow", "Python", "Tests", "Provider info", "dags test", "Seconds")]
    rows += [
        (
            *(line.name, line.airflow, line.version, line.tests, line.metadata, line.dags_test),
            f"{line.seconds:.0f}",
        )
        for line in chosen
    ]
    rows += [("-", "-", version, "not on this machine", "-", "-", "-") for version in missing]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
