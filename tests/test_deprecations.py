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

import airflow

with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
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
    {more}
modules = [name for name in sys.modules if name.startswith("airflow_provider_cpp.")]
print(json.dumps([sorted(bag.dags), modules, [[each.filename, str(each.message)] for each in seen]]))
"""


#: What can't be imported, by the first version of Airflow where it can.
WATCHERS = {
    "airflow_provider_cpp.triggers.offer_live": AIRFLOW_V_3_0_PLUS,
    "airflow_provider_cpp.triggers.shared_looks": AIRFLOW_V_3_3_PLUS,
}


def warned_of_us(tmp_path, more=""):
    not_here = {name for name, is_here in WATCHERS.items() if not is_here} or "{}"
    script = SCRIPT.replace("{more}", more).replace("{not_here}", str(not_here))
    done = subprocess.run(
        [sys.executable, "-c", script, str(DAGS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    dags, modules, seen = json.loads(done.stdout.splitlines()[-1])
    assert "go_live" in dags
    assert "airflow_provider_cpp.triggers.operation" in modules
    places = (str(PACKAGE), str(DAGS))
    return [message for file, message in seen if file.startswith(places)]


@pytest.mark.timeout(300)
def test_no_module_and_no_example_uses_what_is_deprecated(tmp_path):
    assert warned_of_us(tmp_path) == []


@pytest.mark.timeout(300)
def test_a_warning_would_be_seen(tmp_path):
    ours = str(PACKAGE / "exceptions.py")
    more = f"warnings.warn_explicit('old', DeprecationWarning, {ours!r}, 1)"
    assert warned_of_us(tmp_path, more) == ["old"]
