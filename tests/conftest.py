"""Airflow, as far as it runs inside a test's own process: a home of its own, no examples, no database."""

from __future__ import annotations

import os
import tempfile

# Airflow reads its settings when it is first imported, so they have to stand before any test module.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-of-tests-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
