"""The example DAGs, as Airflow parses them."""

from __future__ import annotations

from pathlib import Path

import pytest

DAGS = Path(__file__).parent.parent / "dags"


@pytest.fixture(scope="module")
def dags():
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2
        from airflow.models import DagBag

    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return bag.dags


def test_every_example_is_there(dags):
    assert set(dags) == {"go_live", "go_live_catalogue"}


def test_go_live_posts_and_then_waits(dags):
    dag = dags["go_live"]
    assert [task.task_id for task in dag.topological_sort()] == ["go_live", "wait_until_live"]
    assert set(dag.params) == {"offer_id", "publisher_id"}


@pytest.mark.parametrize("dag_id", ["go_live", "go_live_catalogue"])
def test_it_survives_the_way_into_airflows_database(dags, dag_id):
    import json

    from airflow.serialization.serialized_objects import SerializedDAG

    try:
        from airflow.serialization.serialized_objects import DagSerialization
    except ImportError:
        DagSerialization = SerializedDAG  # noqa: N806
    stored = json.loads(json.dumps(DagSerialization.to_dict(dags[dag_id])))
    restored = DagSerialization.from_dict(stored)
    assert set(restored.task_ids) == set(dags[dag_id].task_ids)


def test_every_identifier_is_a_template():
    from airflow_provider_cpp.operators.offer import GoLiveOperator
    from airflow_provider_cpp.sensors.operation import OperationSensor

    assert set(GoLiveOperator.template_fields) == {"offer_id", "publisher_id", "cpp_conn_id"}
    assert set(OperationSensor.template_fields) == {"operation_location", "cpp_conn_id"}
