"""Many waits by our sensor, and as many by Airflow's HttpSensor, each a mapped task.

For what, and how often they look, is in the file that ``BENCHMARK_WAITS`` names.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from airflow.providers.http.sensors.http import HttpSensor
from airflow.sdk import DAG

from airflow_provider_cpp.sensors.operation import OperationSensor

WAITS = json.loads(Path(os.environ["BENCHMARK_WAITS"]).read_text())
INTERVAL = WAITS["interval"]

with DAG(dag_id="ours", schedule=None, start_date=datetime(2025, 1, 1)):  # noqa: DTZ001
    ours = OperationSensor.partial(
        task_id="wait", end_from_trigger=True, poke_interval=INTERVAL, max_poke_interval=INTERVAL
    ).expand(operation_location=WAITS["ours"])

with DAG(dag_id="http_sensor", schedule=None, start_date=datetime(2025, 1, 1)):  # noqa: DTZ001
    http_sensor = HttpSensor.partial(task_id="wait", deferrable=True, poke_interval=INTERVAL).expand(
        endpoint=WAITS["http_sensor"]
    )
