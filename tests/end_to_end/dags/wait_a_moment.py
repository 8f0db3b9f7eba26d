"""A DAG without this provider: if it doesn't run, the local Airflow is to blame."""

from __future__ import annotations

import datetime as dt

from airflow.providers.standard.operators.python import PythonOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG

with DAG("wait_a_moment", schedule=None, doc_md=__doc__):
    start = PythonOperator(task_id="start", python_callable=lambda: dt.datetime.now(dt.UTC).isoformat())
    # From the run's date on, so that it has to be longer than a busy machine takes to come to this task.
    wait = TimeDeltaSensor(task_id="wait", delta=dt.timedelta(seconds=90), deferrable=True)
    start >> wait
