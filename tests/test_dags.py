"""The example DAGs, as Airflow parses them."""

from __future__ import annotations

import runpy
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

DAG_IDS = ["go_live", "release_image", "after_live", "release_catalogue", "marketplace_report"]
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
    assert set(dags) == set(DAG_IDS)


def test_go_live_posts_and_then_waits(dags):
    dag = dags["go_live"]
    assert [task.task_id for task in dag.topological_sort()] == ["go_live", "wait_until_live"]
    assert set(dag.params) == {"offer_id", "publisher_id", "connection"}


def test_a_release_goes_live_or_cancels_after_a_person_was_asked(dags):
    dag = dags["release_image"]
    chain = ["read_request", "wait_for_others", "add_images", "what_is_left", "publish"]
    chain += ["wait_for_signoff", "compare", "approve"]
    for task_id, following in pairwise(chain):
        assert dag.get_task(task_id).downstream_task_ids >= {following}
    assert dag.get_task("approve").downstream_task_ids == {"confirm", "cancel"}
    assert dag.get_task("go_live").upstream_task_ids == {"confirm"}
    assert dag.get_task("publish").if_running == "restart"
    assert dag.get_task("cancel").downstream_task_ids == set()
    assert all(_callback_of(task) for task in dag.tasks)


def _callback_of(task):
    # Airflow 2 says only of some tasks whether they are mapped.
    return getattr(task, "partial_kwargs", vars(task))["on_failure_callback"]


def test_one_plan_after_the_other_gets_its_images(dags):
    assert dags["release_image"].get_task("add_images").partial_kwargs["max_active_tis_per_dagrun"] == 1


def test_nothing_is_announced_after_a_rejection(dags):
    """Its upstream tasks are skipped then, all of them: another one that succeeded would have it announced."""
    announce = dags["release_image"].get_task("announce")
    assert announce.trigger_rule == "none_failed_min_one_success"
    assert announce.upstream_task_ids == {"wait_until_live", "found_live"}
    assert dags["release_image"].get_task("wait_until_live").upstream_task_ids == {"go_live"}
    assert dags["release_image"].get_task("found_live").upstream_task_ids == {"what_is_left"}


def test_a_release_ends_in_preview_where_airflow_can_ask_nobody(monkeypatch):
    for name in list(sys.modules):
        if name.startswith("airflow.providers.standard.operators.hitl"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "airflow.providers.standard.operators.hitl", None)
    dag = runpy.run_path(str(DAGS / "release_image.py"))["dag"]
    approve = dag.get_task("approve")
    assert approve.downstream_task_ids == {"confirm", "cancel"}
    assert approve.python_callable({"approved": True}) == "confirm"
    with pytest.raises(AirflowSkipException, match="stays there"):
        approve.python_callable({"approved": False})


def test_only_the_publish_that_was_approved_goes_live(dags, cpp_emulator):
    cpp_emulator.add_offer("contoso-release", state="draft")
    hook = CloudPartnerPortalHook()
    confirm = dags["release_image"].get_task("confirm").python_callable
    cpp_emulator.override("contoso-release", duration=0)
    approved = hook.publish("contoso-release")
    confirm(approved, {"connection": "cpp_default"})
    hook.cancel("contoso-release")
    hook.publish("contoso-release")  # by somebody else, who changed something
    with pytest.raises(AirflowFailException, match=r"approved doesn't wait .*canceled"):
        confirm(approved, {"connection": "cpp_default"})


def test_an_offer_that_fails_is_nothing_to_the_others_of_a_catalogue(dags):
    dag = dags["release_catalogue"]
    assert dag.get_task("report").trigger_rule == "all_done"
    wait = dag.get_task("release.wait_until_live")
    assert wait.upstream_task_ids == {"release.go_live"}
    assert wait.get_closest_mapped_task_group() is not None


def test_what_follows_is_scheduled_by_what_a_release_announces(dags):
    (outlet,) = dags["release_image"].get_task("announce").outlets
    assert outlet.uri == "cpp://contoso/contoso-release"
    timetable = dags["after_live"].timetable
    condition = getattr(timetable, "asset_condition", None) or timetable.dataset_condition  # Airflow 2
    assert outlet.uri in str(condition)


@pytest.mark.parametrize("dag_id", DAG_IDS)
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

    assert set(GoLiveOperator.template_fields) == {"offer_id", "publisher_id", "cpp_conn_id", "is_dry_run"}
    assert set(OperationSensor.template_fields) == {"operation_location", "cpp_conn_id"}
