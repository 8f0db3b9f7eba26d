"""Two hundred real triggers do nothing on the triggerer's event loop that could hold up the others."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from benchmarks.portal import ROOT

pytestmark = pytest.mark.measures

WATCHERS = 200


def blocked(portal):
    done = subprocess.run(
        [sys.executable, "-m", "tests.performance.on_the_loop", portal.origin, str(WATCHERS)],
        cwd=ROOT,
        env={**os.environ, **portal.connections(), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_no_file_import_request_or_lookup_blocks_the_loop_and_nothing_takes_50_ms(portal):
    found = blocked(portal)
    assert found["blocking"] == []
    assert portal.counted()["operation"] > WATCHERS
    if found["slow"]:  # other processes on the machine cost even the processor's time that is measured here
        found = blocked(portal)
    assert found["slow"] == []
