"""Airflow inside a test's own process (a home of its own, no examples, no database), and Hypothesis."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# Airflow reads its settings when it is first imported, so they have to stand before any test module.
if "AIRFLOW_HOME" not in os.environ:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-of-tests-")
    atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # It inherits the home of the process that started it, and so do the others.
    os.environ["AIRFLOW_HOME"] = str(Path(os.environ["AIRFLOW_HOME"], worker))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

# Without a stop-watch: on a busy machine one slow example says nothing about the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", settings.get_profile("unhurried"), max_examples=15)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "unhurried"))

#: What takes longest, in this order: where tests run side by side it has to begin first.
LONG = (
    "end_to_end",
    "reliability",
    "test_package.py",
    "documentation",
    "test_release_catalogue.py",
    "test_release_image.py",
    "test_manual.py",
    "test_local_airflow.py",
    "services",
    "triggers",
    "sensors",
    "operators",
)

#: Folders that hold what measures time: the Makefile names them, so that nothing else has to be collected for it.
MEASURING = ("performance", "reliability")

#: Folders whose tests share the one Airflow, or a table of faults: one process has to run all of them.
TOGETHER = ("end_to_end", "reliability")

#: Files in these folders that share neither.
APART = (
    "tests/reliability/test_no_other_host.py",
    "tests/reliability/test_one_exchange.py",
    "tests/reliability/test_secrets_stay_secret.py",
    "tests/reliability/test_tokens_over_time.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where tests run side by side, begin with what is long; and refuse what `make test` wouldn't run."""
    for item in items:
        if item.get_closest_marker("measures") and part_of(item.nodeid) not in MEASURING:
            raise pytest.UsageError(f"{item.nodeid} measures time, which only tests in {MEASURING} can")
    if hasattr(config, "workerinput"):
        place = {part: number for number, part in enumerate(LONG)}
        items.sort(key=lambda item: place.get(part_of(item.nodeid), len(LONG)))


def part_of(nodeid: str) -> str:
    """Return the folder or file below `tests` that a test is in."""
    return nodeid.partition("::")[0].removeprefix("tests/").partition("/")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have one process run a file's tests, which share its fixtures, or those of a folder."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            part, file = part_of(nodeid), nodeid.partition("::")[0]
            if part not in TOGETHER or file in APART:
                return file
            return f"{part}, watching" if part == "reliability" and "watching" in Path(file).name else part

    return Scheduling(config, log)


#: Folders whose emulators share listeners and a login, but for tests that ask for `own_listeners`.
ON_SHARED_LISTENERS = ("hooks", "links", "operators", "sensors", "tasks", "test_release_image.py", "triggers")


@pytest.fixture(scope="session")
def _listeners() -> Iterator[Any]:
    from tests.shared_listeners import Listeners

    listeners = Listeners()
    yield listeners
    listeners.stop()


@pytest.fixture
def own_listeners() -> None:
    """Give a test's emulator listeners and a login of its own, where it is about them."""


@pytest.fixture
def _shares_listeners(request: pytest.FixtureRequest) -> Iterator[None]:
    if part_of(request.node.nodeid) not in ON_SHARED_LISTENERS or "own_listeners" in request.fixturenames:
        yield
        return
    from tests.shared_listeners import shared

    with shared(request.getfixturevalue("_listeners"), request.getfixturevalue("monkeypatch")):
        yield


@pytest.fixture
def cpp_emulator(_shares_listeners: None, cpp_emulator: Any) -> Any:
    """The package's own fixture; see `ON_SHARED_LISTENERS`."""
    return cpp_emulator


#: Where Airflow keeps what it hides in logs: one place for its core and one for tasks, by version.
MASKERS = (
    "airflow._shared.secrets_masker.secrets_masker",
    "airflow.sdk._shared.secrets_masker.secrets_masker",
    "airflow.sdk.execution_time.secrets_masker",
    "airflow.utils.log.secrets_masker",
)


@pytest.fixture(autouse=True)
def _hides_no_other_tests_secrets() -> Iterator[None]:
    """Have Airflow forget the secrets of a test's connections.

    It compiles one pattern of all of them, anew with each connection that is read: with those of a thousand
    emulators, each of which has its own, that took a tenth of a second.
    """
    maskers = [sys.modules[name]._secrets_masker() for name in MASKERS if name in sys.modules]
    before = [(masker, set(masker.patterns), masker.replacer) for masker in maskers]
    yield
    for masker, patterns, replacer in before:
        masker.patterns, masker.replacer = patterns, replacer


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the tests in a browser can be told."""
    group = parser.getgroup("browser")
    group.addoption(
        "--require-browser", action="store_true", help="fail where there is no browser, instead of skipping"
    )
    group.addoption("--write-pictures", action="store_true", help="write docs/pictures anew")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to skip what is required."""
    if config.getoption("--require-browser") and find_spec("playwright") is None:
        raise pytest.UsageError("--require-browser: playwright isn't installed; call make browser")
