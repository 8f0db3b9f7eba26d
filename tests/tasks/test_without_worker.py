"""A wait that is handed straight to the triggerer and ends there, as far as one process can show it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.exceptions import CppAuthError, CppConfigurationError, CppError, WatchedOperationFailed
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro import ends
from airflow_provider_cpp.lro.ends import TaskEnd
from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.running import context_of, run_task, through_the_database

OFFER = "contoso-virtualmachineoffer"
QUICK = {"poke_interval": 0.05, "max_poke_interval": 0.1}
WITHOUT_WORKER = {"start_from_trigger": True, "end_from_trigger": True}

needs_airflow_3_3 = pytest.mark.skipif(not airflow_versions.WITHOUT_WORKER.is_here, reason="needs Airflow 3.3")


def sensor(location="https://x.example/", **arguments):
    return OperationSensor(
        **{"task_id": "wait", "operation_location": location, **QUICK, **WITHOUT_WORKER, **arguments}
    )


def trigger_of(task, **changes):
    """Make the trigger as the scheduler and the triggerer do between them."""
    arguments = {**through_the_database(task.start_trigger_args.trigger_kwargs), **changes}
    trigger = OperationTrigger(**arguments)
    trigger.timeout_after = datetime.now(UTC) + task.start_trigger_args.timeout
    return trigger


def fired(trigger):
    import asyncio

    async def run():
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(run())
    return event


def test_it_is_off_by_default():
    assert not OperationSensor(task_id="wait", operation_location="x").start_from_trigger


@needs_airflow_3_3
def test_the_output_of_a_task_becomes_a_template_that_the_triggerer_can_render():
    with DAG(dag_id="release", schedule=None):
        go_live = GoLiveOperator(task_id="go_live", offer_id=OFFER)
        task = sensor(go_live.output)
    assert task.start_trigger_args.trigger_kwargs["operation_location"] == (
        "{{ ti.xcom_pull(task_ids='go_live', key='return_value', map_indexes=-1) }}"
    )
    assert task.upstream_task_ids == {"go_live"}


def test_the_output_of_a_mapped_task_is_refused_while_the_dag_is_parsed():
    with DAG(dag_id="release", schedule=None):
        mapped = GoLiveOperator.partial(task_id="go_live").expand(offer_id=["a", "b"])
        with pytest.raises(CppConfigurationError, match="'go_live' is mapped"):
            sensor(mapped.output)


def test_a_pull_that_would_stop_the_triggerer_is_refused_while_the_dag_is_parsed():
    with pytest.raises(CppConfigurationError, match="map_indexes=-1"):
        sensor("{{ ti.xcom_pull('go_live') }}")
    sensor("{{ ti.xcom_pull('go_live', map_indexes=-1) }}")
    sensor("{{ params.location }}")
    with pytest.raises(CppConfigurationError, match="map_indexes=-1"):
        sensor("{{ ti.xcom_pull('a') or ti.xcom_pull('b', map_indexes=-1) }}")
    with pytest.raises(CppConfigurationError, match="cpp_conn_id"):
        sensor(cpp_conn_id="{{ ti.xcom_pull('pick') }}")


def test_to_start_from_the_trigger_without_deferring_is_refused_while_the_dag_is_parsed():
    with pytest.raises(CppConfigurationError, match="deferrable"):
        sensor(deferrable=False)


@pytest.mark.parametrize("location", [None, 7, ["https://x.example/"]])
def test_what_is_no_location_is_refused_while_the_dag_is_parsed(location):
    with pytest.raises(CppConfigurationError, match="operation_location"):
        sensor(location)


def test_the_class_is_left_alone_for_other_sensors():
    sensor()
    assert OperationSensor.start_from_trigger is False
    assert OperationSensor.start_trigger_args is None


@needs_airflow_3_3
def test_the_deadline_counts_from_the_start_of_the_wait_also_after_a_restart():
    task = sensor(timeout=timedelta(hours=1))
    first, again = trigger_of(task), trigger_of(task)
    again.timeout_after = first.timeout_after
    time.sleep(0.05)
    assert first._times() == again._times()
    started_at, deadline = first._times()
    assert deadline - started_at == 3600
    assert abs(started_at - time.time()) < 5


@needs_airflow_3_3
def test_an_execution_timeout_is_honoured():
    task = sensor(timeout=timedelta(hours=5), execution_timeout=timedelta(hours=1))
    started_at, deadline = trigger_of(task)._times()
    assert 3000 < deadline - started_at < 3600
    assert task.start_trigger_args.timeout == timedelta(hours=1)


@needs_airflow_3_3
def test_a_success_ends_the_task(cpp_emulator):
    task = sensor(CloudPartnerPortalHook().go_live(OFFER), do_xcom_push=False)
    event = fired(trigger_of(task))
    assert event.task_instance_state == "success"
    assert event.xcoms is None


@needs_airflow_3_3
def test_a_result_that_can_not_be_pushed_from_here_is_pushed_by_a_worker(cpp_emulator):
    """Outside a triggerer there is nobody who would take it."""
    task = sensor(CloudPartnerPortalHook().go_live(OFFER))
    event = fired(trigger_of(task))
    assert task.execute_complete(context_of(task), through_the_database(event.payload))["status"] == "succeeded"


@needs_airflow_3_3
def test_a_failure_ends_the_task(cpp_emulator):
    location = CloudPartnerPortalHook().go_live(OFFER)
    cpp_emulator.finish(OFFER, "fail")
    event = fired(trigger_of(sensor(location)))
    assert event.task_instance_state == "failed"


@needs_airflow_3_3
def test_a_failure_that_airflow_would_retry_resumes_on_a_worker(cpp_emulator):
    location = CloudPartnerPortalHook().go_live(OFFER)
    cpp_emulator.finish(OFFER, "fail")
    task = sensor(location, retries=3)
    event = fired(trigger_of(task))
    assert event.payload["status"] == "failed"
    with pytest.raises(WatchedOperationFailed):
        task.execute_complete(context_of(task), through_the_database(event.payload))


@needs_airflow_3_3
@pytest.mark.parametrize("argument", ["soft_fail", "never_fail"])
def test_a_failure_that_is_to_be_soft_skips(cpp_emulator, argument):
    location = CloudPartnerPortalHook().go_live(OFFER)
    cpp_emulator.finish(OFFER, "fail")
    assert fired(trigger_of(sensor(location, **{argument: True}))).task_instance_state == "skipped"


@needs_airflow_3_3
def test_a_timeout_fails_the_task_and_tells_what_still_runs(cpp_emulator):
    cpp_emulator.configure(outcome="stall")
    location = CloudPartnerPortalHook().go_live(OFFER)
    assert fired(trigger_of(sensor(location, timeout=0.3))).task_instance_state == "failed"


@needs_airflow_3_3
def test_outlets_need_a_worker(cpp_emulator):
    from airflow.sdk import Asset

    location = CloudPartnerPortalHook().go_live(OFFER)
    event = fired(trigger_of(sensor(location, outlets=[Asset("cpp://contoso/vm")], do_xcom_push=False)))
    assert event.payload["status"] == "succeeded"


@needs_airflow_3_3
def test_a_wait_that_began_on_a_worker_may_end_in_the_triggerer(cpp_emulator):
    task = sensor(CloudPartnerPortalHook().go_live(OFFER), start_from_trigger=False, do_xcom_push=False)
    from airflow.providers.common.compat.sdk import TaskDeferred

    with pytest.raises(TaskDeferred) as deferral:
        task.execute(context_of(task))
    assert fired(deferral.value.trigger).task_instance_state == "success"


@pytest.mark.parametrize("error", [CppAuthError, CppError])
@pytest.mark.parametrize("retries", [0, 2])
def test_a_failure_ends_in_the_triggerer_only_where_airflow_retries_it_as_a_worker_would(error, retries):
    event = ends.refused("x", error("no"))
    end = ends.end_without_worker(event, retries=retries, skip_on_failure=False, resume_on_success=False)
    # CppAuthError isn't retried on a worker, CppError and what it isn't known by is.
    assert end is (None if error is CppAuthError and retries else TaskEnd.FAILED)


@pytest.fixture
def lines_about(capsys, caplog):
    """How many lines of log speak of a feature that this Airflow lacks, whichever way it logs."""
    shown = ""

    def count(feature):
        nonlocal shown
        shown += capsys.readouterr().out
        return max(shown.count(feature.fallback), caplog.text.count(feature.fallback))

    return count


@pytest.fixture
def older_airflow(monkeypatch):
    for name in ("WITHOUT_WORKER", "CANCEL_WHILE_DEFERRED", "TASK_STATE", "STUCK_WHILE_RESCHEDULED"):
        feature = replace(getattr(airflow_versions, name), is_here=False)
        monkeypatch.setattr(airflow_versions, name, feature)


def test_older_airflow_falls_back_to_the_worker_and_says_so_once(cpp_emulator, older_airflow, lines_about):
    task = sensor(CloudPartnerPortalHook().go_live(OFFER))
    assert not task.start_from_trigger
    assert not task.end_from_trigger
    outcome = run_task(task, context_of(task))
    assert outcome.result["status"] == "succeeded"
    assert len(outcome.deferrals) == 1
    assert lines_about(airflow_versions.WITHOUT_WORKER) == 1
    assert lines_about(airflow_versions.CANCEL_WHILE_DEFERRED) == 0


def test_where_a_worker_waits_anyway_nobody_is_told_of_it(cpp_emulator, older_airflow, lines_about):
    location = CloudPartnerPortalHook().go_live(OFFER)
    task = sensor(location, start_from_trigger=False, deferrable=False)
    assert run_task(task, context_of(task)).result["status"] == "succeeded"
    assert lines_about(airflow_versions.WITHOUT_WORKER) == 0


def test_older_airflow_says_once_that_it_cancels_nothing_while_deferred(cpp_emulator, older_airflow, lines_about):
    location = CloudPartnerPortalHook().go_live(OFFER)
    task = OperationSensor(task_id="wait", operation_location=location, cancel_on_kill=True, **QUICK)
    assert run_task(task, context_of(task)).result["status"] == "succeeded"
    assert lines_about(airflow_versions.CANCEL_WHILE_DEFERRED) == 1


@pytest.mark.parametrize(
    ("stuck_after", "mode", "lines"), [(60, "reschedule", 1), (None, "reschedule", 0), (60, "poke", 0)]
)
def test_older_airflow_says_at_the_first_look_that_nothing_warns_of_what_is_stalled(
    cpp_emulator, older_airflow, lines_about, stuck_after, mode, lines
):
    location = CloudPartnerPortalHook().go_live(OFFER)
    cpp_emulator.finish(OFFER)
    for since in (None, datetime.now(UTC)):  # the second look is that of another process
        task = OperationSensor(
            task_id="wait",
            operation_location=location,
            deferrable=False,
            mode=mode,
            stuck_after=stuck_after,
            **QUICK,
        )
        context = context_of(task)
        context["ti"].get_first_reschedule_date = lambda context, since=since: since
        assert run_task(task, context).result["status"] == "succeeded"
    assert lines_about(airflow_versions.STUCK_WHILE_RESCHEDULED) == lines


def test_older_airflow_refuses_what_a_newer_one_refuses(older_airflow):
    with pytest.raises(CppConfigurationError, match="deferrable"):
        sensor(deferrable=False)
    with pytest.raises(CppConfigurationError, match="map_indexes=-1"):
        sensor("{{ ti.xcom_pull('go_live') }}")
