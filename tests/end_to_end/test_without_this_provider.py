"""What LocalAirflow promises of the real Airflow: a DAG runs, and what isn't there is reported."""

from __future__ import annotations

import pytest

from dev.local_airflow import LocalAirflowError
from tests.end_to_end.eventually import PATIENCE

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


def begin(airflow, portal):
    """Run the DAG without this provider."""
    run_id = airflow.trigger("wait_a_moment", timeout=PATIENCE)
    observer = airflow.observe("wait_a_moment", run_id, 0.5)
    return run_id, observer.wait(timeout=PATIENCE), observer.stories()


def test_a_dag_runs_and_its_tasks_tell_where_they_spent_their_time(local_airflow, side_by_side):
    run_id, state, stories = side_by_side.result(begin)
    assert state == "success"

    start, wait = (stories[task] for task in ("start", "wait"))
    assert start.final_state == wait.final_state == "success"
    assert "deferred" not in start.names
    assert [state for state in wait.names if state in {"running", "deferred", "success"}] == [
        "running",
        "deferred",
        "running",
        "success",
    ]
    assert wait.waited_deferred.total_seconds() > 1
    assert any("Done. Returned value" in line for line in local_airflow.logs("wait_a_moment", run_id, "start"))
    assert local_airflow.xcom("wait_a_moment", run_id, "start").startswith("20")


def test_a_dag_that_is_not_there_is_reported(local_airflow):
    with pytest.raises(LocalAirflowError, match="doesn't know the DAG nowhere"):
        local_airflow.trigger("nowhere", timeout=1)


def test_a_connection_in_its_database_is_shown_and_passes_the_test_in_the_ui(local_airflow, portal):
    local_airflow.add_connection("shown", portal.connection())
    shown = local_airflow.api("GET", "/connections/shown")
    assert f"{shown['host']}:{shown['port']}" == portal.url
    sent = {
        name: shown[name] for name in ("connection_id", "conn_type", "host", "port", "login", "password", "extra")
    }
    answer = local_airflow.api("POST", "/connections/test", sent)
    assert (answer["status"], "can see the offers of publisher" in answer["message"]) == (True, True), answer
