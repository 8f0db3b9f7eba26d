"""The tests that a user is shown pass in a project of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.documentation.pages import EXAMPLES, ROOT


# Half a minute on an idle machine; the limits only end what hangs.
@pytest.mark.airflow
@pytest.mark.timeout(900)
def test_the_users_tests_pass_in_a_project_of_their_own(tmp_path):
    (tmp_path / "dags").mkdir()
    for name in (
        "ten_lines.py",
        "put_offer.py",
        "put_resources.py",
        "change_offer.py",
        "list_offers.py",
        "cancel_offer.py",
        "publish.py",
    ):
        shutil.copy(EXAMPLES / name, tmp_path / "dags")
    shutil.copy(ROOT / "dags" / "release_image.py", tmp_path / "dags")
    shutil.copytree(EXAMPLES / "offers", tmp_path / "dags" / "offers")
    for name in ("release", "hook", "offers", "cancel", "publish", "approval"):
        shutil.copy(EXAMPLES / f"test_{name}.py", tmp_path)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }

    def run(*command):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=800,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    run("airflow", "db", "migrate")
    assert "15 passed" in run("pytest", "-q")
