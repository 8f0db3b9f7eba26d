"""What of a template the triggerer can render, and what is refused or handed to a worker because it can't."""

from __future__ import annotations

import json

import jinja2
import pytest
from airflow.providers.common.compat.sdk import DAG, TaskDeferred, TaskGroup

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.tasks import without_worker
from airflow_provider_cpp.tasks.without_worker import why_not_rendered
from tests.running import context_of

OFFER = "contoso-virtualmachineoffer"
needs_airflow_3_3 = pytest.mark.skipif(not airflow_versions.WITHOUT_WORKER.is_here, reason="needs Airflow 3.3")

RENDERED = [
    "https://x.example/",
    "{{ params.location }}",
    "{{ params['location'] | trim }}",
    "{{ dag_run.conf.location or var.value.location }}",
    "{{ ti.xcom_pull('go_live', map_indexes=-1) }}",
    "{{ logical_date | ds_nodash }}",
    "{% if params.a is defined %}{{ params.a }}{% endif %}",
    "{% set location = params.location %}{{ location }}",
    "{{ range(3) | join }}",
    "{% raw %}{{ nothing }}{% endraw %}",
    "{# a comment #}x",
]
NOT_RENDERED = {
    "{{ location_of('vm') }}": "name 'location_of'",
    "{{ locations.vm }}": "name 'locations'",
    "{{ params.location | shortened }}": "filter 'shortened'",
    "{{ params.location | trim | shortened }}": "filter 'shortened'",
    "{% if params.location is ours %}x{% endif %}": "test 'ours'",
    "{% include 'location.txt' %}": "include, import or extend",
    "{% import 'macros.jinja' as m %}{{ m.location() }}": "include, import or extend",
    "{% from 'macros.jinja' import location %}{{ location() }}": "include, import or extend",
    "{% extends 'location.txt' %}": "include, import or extend",
    "{% do params.update(a=1) %}x": "can't read the template",
    "{{ params.location": "can't read the template",
    "{{ prev_start_date_success }}": "name 'prev_start_date_success'",
    "{{ task_state_store.get('location') }}": "name 'task_state_store'",
    "{{ inlet_events }}": "name 'inlet_events'",
}


@pytest.mark.parametrize("template", RENDERED)
def test_what_the_triggerer_can_render_is_taken(template):
    assert why_not_rendered(template) is None
    OperationSensor(task_id="wait", operation_location=template, start_from_trigger=True)


@pytest.mark.parametrize(("template", "named"), NOT_RENDERED.items(), ids=NOT_RENDERED)
class TestWhatItCannot:
    def test_is_refused_while_the_dag_is_parsed(self, template, named):
        with pytest.raises(CppConfigurationError, match=f"operation_location can't be used.*{named}"):
            OperationSensor(task_id="wait", operation_location=template, start_from_trigger=True)
        with pytest.raises(CppConfigurationError, match=f"offer_id can't be used.*{named}"):
            OfferStatusSensor(task_id="wait", offer_id=template, start_from_trigger=True)

    def test_a_worker_takes_it(self, template, named):
        OperationSensor(task_id="wait", operation_location=template)


def test_it_is_the_same_in_a_task_group_and_whichever_macros_the_dag_brings():
    macros = {"location_of": str}
    with DAG(dag_id="release", schedule=None, user_defined_macros=macros), TaskGroup("group"):
        with pytest.raises(CppConfigurationError, match="location_of"):
            OperationSensor(task_id="a", operation_location="{{ location_of('vm') }}", start_from_trigger=True)
        OperationSensor(task_id="b", operation_location="{{ params.location }}", start_from_trigger=True)
    with pytest.raises(CppConfigurationError, match="location_of"):  # also where it has no DAG yet
        OperationSensor(task_id="c", operation_location="{{ location_of('vm') }}", start_from_trigger=True)


@needs_airflow_3_3
@pytest.mark.parametrize(
    ("own", "text", "on_a_worker"),
    [
        ({"jinja_environment_kwargs": {"variable_start_string": "[["}}, "[[ params.location ]]", True),
        ({"jinja_environment_kwargs": {"trim_blocks": True}}, "{{ params.location }}", True),
        ({"jinja_environment_kwargs": {"trim_blocks": True}}, "https://x.example/", False),
        ({"template_undefined": jinja2.ChainableUndefined}, "{{ params.location }}", True),
        ({"render_template_as_native_obj": True}, "{{ params.location }}", False),
        ({"template_searchpath": "/nowhere"}, "{{ params.location }}", False),
        ({"user_defined_macros": {"a": 1}}, "{{ params.location }}", False),
        ({}, "{{ params.location }}", False),
    ],
)
def test_where_the_dag_renders_in_its_own_way_a_worker_starts_the_wait(own, text, on_a_worker):
    with DAG(dag_id="release", schedule=None, **own):
        task = OperationSensor(task_id="wait", operation_location=text, start_from_trigger=True)
    assert task.start_from_trigger is not on_a_worker
    assert (task.start_trigger_args is None) is on_a_worker


@needs_airflow_3_3
def test_its_log_says_so_in_one_line(cpp_emulator, capsys, caplog):
    location = CloudPartnerPortalHook().go_live(OFFER)
    with DAG(dag_id="release", schedule=None, template_undefined=jinja2.ChainableUndefined):
        task = OperationSensor(task_id="wait", operation_location="{{ params.location }}", start_from_trigger=True)
    task.operation_location = location
    with pytest.raises(TaskDeferred):
        task.execute(context_of(task))
    said = capsys.readouterr().out + caplog.text
    assert said.count("the triggerer doesn't know the DAG's template_undefined") == 1


@needs_airflow_3_3
@pytest.mark.parametrize("name", sorted(without_worker._IN_THE_TRIGGERER))
def test_the_triggerer_has_what_is_said_to_be_there(name):
    from datetime import UTC, datetime
    from uuid import uuid4

    from airflow.executors.workloads.task import TaskInstanceDTO
    from airflow.jobs.triggerer_job_runner import TriggerRunner
    from airflow.serialization.serialized_objects import DagSerialization

    from airflow_provider_cpp.triggers.operation import OperationTrigger

    with DAG(dag_id="release", schedule=None, params={"location": "x"}) as dag:
        OperationSensor(task_id="wait", operation_location=f"{{{{ {name} is defined }}}}", start_from_trigger=True)
    data = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    now = datetime.now(UTC)
    ti = TaskInstanceDTO(
        id=uuid4(),
        dag_version_id=uuid4(),
        task_id="wait",
        dag_id="release",
        run_id="manual",
        try_number=1,
        map_index=-1,
        pool_slots=1,
        queue="default",
        priority_weight=1,
    )
    run = {
        "dag_id": "release",
        "run_id": "manual",
        "logical_date": now,
        "data_interval_start": now,
        "data_interval_end": now,
        "run_after": now,
        "start_date": now,
        "end_date": None,
        "clear_number": 0,
        "run_type": "manual",
        "state": "running",
        "conf": {},
        "consumed_asset_events": [],
        "partition_key": None,
        "partition_date": None,
    }
    runtime = TriggerRunner.create_runtime_ti(ti, data, run)
    context = runtime.get_template_context()
    trigger = OperationTrigger(operation_location=f"{{{{ {name} is defined }}}}")
    trigger.task_instance = runtime
    trigger.render_template_fields(context)
    assert trigger.operation_location == "True"
