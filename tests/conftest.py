"""Airflow, as far as it runs inside a test's own process: a home of its own, no examples, no database."""

from __future__ import annotations

import os
import tempfile
from importlib.util import find_spec

import pytest

# Airflow reads its settings when it is first imported, so they have to stand before any test module.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-of-tests-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


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
