"""Importing the package and parsing its DAGs uses nothing that Airflow or a library is about to take away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS, AIRFLOW_V_3_3_PLUS

import airflow_provider_cpp

PACKAGE = Path(airflow_provider_cpp.__file__).parent
DAGS = Path(__file__).parent.parent / "dags"

SCRIPT = """
import importlib, json, pkgutil, sys, warnings

with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
{what}
print(json.dumps([[each.filename, str(each.message)] for each in seen]))
"""

ALL_OF_IT = """
    import airflow
    import airflow_provider_cpp

    for module in pkgutil.walk_packages(airflow_provider_cpp.__path__, "airflow_provider_cpp."):
        if module.name in {not_here} or module.name.endswith("__main__"):
            continue
        importlib.import_module(module.name)
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2
        from airflow.models import DagBag
    bag = DagBag(sys.argv[1])
    assert bag.import_errors == {}, bag.import_errors
    assert "go_live" in bag.dags
    assert "airflow_provider_cpp.triggers.operation" in sys.modules
"""


#: What can't be imported, by the first version of Airflow where it can.
WATCHERS = {
    "airflow_provider_cpp.triggers.offer_live": AIRFLOW_V_3_0_PLUS,
    "airflow_provider_cpp.triggers.shared_snapshots": AIRFLOW_V_3_3_PLUS,
}


def warned_of_us(tmp_path, what):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{what}", what.strip("\n")), str(DAGS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    places = (str(PACKAGE), str(DAGS))
    return [message for file, message in json.loads(done.stdout.splitlines()[-1]) if file.startswith(places)]


@pytest.mark.timeout(300)
def test_no_module_and_no_example_uses_what_is_deprecated(tmp_path):
    not_here = {name for name, is_here in WATCHERS.items() if not is_here} or "{}"
    assert warned_of_us(tmp_path, ALL_OF_IT.replace("{not_here}", str(not_here))) == []


@pytest.mark.timeout(300)
def test_a_warning_would_be_seen(tmp_path):
    ours = str(PACKAGE / "exceptions.py")
    warns = f"    warnings.warn_explicit('old', DeprecationWarning, {ours!r}, 1)"
    assert warned_of_us(tmp_path, warns) == ["old"]
