"""A dry run sends nothing that changes anything, and the waits after it are skipped."""

from __future__ import annotations

from copy import deepcopy

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowSkipException, BaseOperator

from airflow_provider_cpp.exceptions import CppConfigurationError, CppConflict, CppNotFound, UntrustedLocation
from airflow_provider_cpp.operators.offer import (
    AddImageVersionOperator,
    CancelOperator,
    GoLiveOperator,
    PublishOperator,
    PutOfferOperator,
)
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.tasks.starting_operator import NOT_STARTED_KEY
from tests.running import context_of, event_of, run_task

OFFER = "contoso-virtualmachineoffer"
ALL = {
    GoLiveOperator: {},
    PublishOperator: {},
    CancelOperator: {},
    PutOfferOperator: {"definition": {"definition": {"displayText": "New"}}},
    AddImageVersionOperator: {
        "plan_id": f"{OFFER}-plan",
        "image_version": "1.0.1",
        "images": {"image_type": "x64Gen1", "os_disk": "https://contoso.example/os.vhd?sig=s1gnature"},
    },
}


def made(make, **arguments):
    return make(**{"task_id": "t", "offer_id": OFFER, **ALL[make], **arguments})


def rendered(task, **params):
    fresh = deepcopy(task)
    fresh.render_template_fields(context_of(task, params=params))
    return fresh


def writes(portal):
    return [
        request for request in portal.requests if request.method not in {"GET", "HEAD"} and "/api/" in request.path
    ]


def run(task, **params):
    fresh = rendered(task, **params)
    context = context_of(fresh)
    return run_task(fresh, context).result, context["ti"].xcoms


class Run:
    """One run of a DAG, task by task, with the XComs between them."""

    def __init__(self):
        self.xcoms = {}

    def context(self, task):
        context = context_of(task, params={}, expanded_ti_count=None)
        context["ti"].xcoms = self.xcoms.setdefault(task.task_id, {})
        context["ti"].xcom_push = lambda key, value: self.xcoms[task.task_id].update({key: value})

        def pull(task_ids=None, key="return_value", **_):
            found = [
                self.xcoms.get(each, {}).get(key)
                for each in ([task_ids] if isinstance(task_ids, str) else task_ids)
            ]
            return found[0] if isinstance(task_ids, str) else found

        context["ti"].xcom_pull = pull
        context["ti"].get_relevant_upstream_map_indexes = lambda *_, **__: None  # Airflow 2
        return context

    def run(self, task):
        fresh = deepcopy(task)
        fresh.render_template_fields(self.context(task))
        result = run_task(fresh, self.context(fresh)).result
        if result is not None:
            self.xcoms[task.task_id]["return_value"] = result
        return result


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("make", ALL)
class TestAsParam:
    """`dry_run` is a template field of every operator that changes something."""

    @pytest.mark.parametrize("value", [True, "True", "true", 1, "1"])
    def test_yes_sends_nothing(self, cpp_emulator, make, native, value):
        dag = DAG("d", schedule=None, render_template_as_native_obj=native)
        run(made(make, dry_run="{{ params.dry }}", dag=dag), dry=value)
        assert writes(cpp_emulator) == []

    @pytest.mark.parametrize("value", ["yes", 2, [True], 1.5, "{{ x }}"])
    def test_what_is_neither_is_refused(self, cpp_emulator, make, native, value):
        dag = DAG("d", schedule=None, render_template_as_native_obj=native)
        with pytest.raises(CppConfigurationError, match="dry_run"):
            run(made(make, dry_run="{{ params.dry }}", dag=dag), dry=value)
        assert cpp_emulator.requests == []


@pytest.mark.parametrize("value", [False, "False", "", None, "None", 0])
def test_no_sends(cpp_emulator, value):
    run(made(GoLiveOperator, dry_run="{{ params.dry }}"), dry=value)
    assert len(writes(cpp_emulator)) == 1


@pytest.mark.parametrize("make", ALL)
def test_it_is_a_field_of_airflows_whose_own_method_stays(make):
    task = made(make, dry_run="{{ params.dry }}")
    assert "is_dry_run" in task.template_fields
    assert getattr(task, "dry_run", None) == getattr(super(type(task), task), "dry_run", None)
    if hasattr(task, "dry_run"):
        task.dry_run()  # as `airflow tasks test --dry-run` does in Airflow 2
    for wrong in ("yes", 2, []):
        with pytest.raises(CppConfigurationError, match=r"dry_run=.*neither yes nor no"):
            made(make, dry_run=wrong)


def test_the_output_of_a_task_decides_and_nothing_is_no_answer(cpp_emulator):
    with DAG("d", schedule=None):
        decide = BaseOperator(task_id="decide")
        task = GoLiveOperator(task_id="t", offer_id=OFFER, dry_run=decide.output)
    assert task.upstream_task_ids == {"decide"}
    of_the_dag = Run()
    with pytest.raises(CppConfigurationError, match="dry_run is the output of a task that pushed nothing"):
        of_the_dag.run(task)
    of_the_dag.xcoms["decide"] = {"return_value": True}
    assert of_the_dag.run(task) is None
    assert writes(cpp_emulator) == []


class TestPublish:
    """What a publish would do."""

    def test_it_is_told(self, cpp_emulator):
        cpp_emulator.add_offer("draft", state="draft")
        result, xcoms = run(made(PublishOperator, offer_id="draft", dry_run=True))
        assert result is None
        assert "Dry run: would send Publish of offer contoso/draft" in xcoms[NOT_STARTED_KEY]["message"]
        assert writes(cpp_emulator) == []

    def test_a_publish_that_runs_would_be_taken_up(self, cpp_emulator):
        cpp_emulator.add_offer("draft", state="draft")
        run(made(PublishOperator, offer_id="draft"))
        _, xcoms = run(made(PublishOperator, offer_id="draft", dry_run=True))
        assert "would take up what runs" in xcoms[NOT_STARTED_KEY]["message"]
        assert len(writes(cpp_emulator)) == 1

    def test_where_it_would_fail_it_does(self, cpp_emulator):
        with pytest.raises(CppNotFound):
            run(made(PublishOperator, offer_id="nowhere", dry_run=True))
        run(made(GoLiveOperator))
        with pytest.raises(CppConflict, match=r"would be refused.*Nothing was sent"):
            run(made(PublishOperator, dry_run=True))


def test_a_cancel_names_what_it_would_cancel(cpp_emulator):
    run(made(GoLiveOperator))
    result, _ = run(made(CancelOperator, dry_run=True))
    assert result["status"] == "dry_run"
    assert "/operations/" in result["location"]
    assert "Dry run: would cancel" in result["message"]
    assert len(writes(cpp_emulator)) == 1


def test_a_cancel_of_nothing_says_so(cpp_emulator):
    cpp_emulator.add_offer("draft", state="draft")
    result, _ = run(made(CancelOperator, offer_id="draft", dry_run=True))
    assert result["status"] == "nothing_running"


class TestWaits:
    """After a dry run there is nothing to wait for."""

    @pytest.fixture
    def tasks(self):
        with DAG("d", schedule=None):
            go_live = GoLiveOperator(task_id="go_live", offer_id=OFFER, dry_run=True)
            wait = OperationSensor(task_id="wait", operation_location=go_live.output)
        return go_live, wait

    def test_readmes_dag_is_skipped_and_says_why(self, cpp_emulator, tasks):
        of_the_dag = Run()
        assert of_the_dag.run(tasks[0]) is None
        with pytest.raises(
            AirflowSkipException, match=r"nothing to wait for: task go_live started nothing. Dry run"
        ):
            of_the_dag.run(tasks[1])
        assert writes(cpp_emulator) == []

    def test_so_is_a_wait_whose_template_pulls_past_a_task_in_between(self, cpp_emulator, tasks):
        go_live, _ = tasks
        with go_live.dag:
            between = BaseOperator(task_id="between")
            wait = OperationSensor(task_id="pulls", operation_location="{{ ti.xcom_pull(task_ids='go_live') }}")
            go_live >> between >> wait
        of_the_dag = Run()
        of_the_dag.run(go_live)
        with pytest.raises(AirflowSkipException, match="task go_live started nothing"):
            of_the_dag.run(wait)

    def test_a_version_that_is_live_already_leaves_nothing_to_wait_for_either(self, cpp_emulator):
        with DAG("d", schedule=None):
            go_live = GoLiveOperator(task_id="go_live", offer_id=OFFER, skip_if_live=True)
            wait = OperationSensor(task_id="wait", operation_location=go_live.output, trigger_rule="none_failed")
        cpp_emulator.add_offer(OFFER, state="live")
        of_the_dag = Run()
        with pytest.raises(AirflowSkipException, match="live already"):
            of_the_dag.run(go_live)
        with pytest.raises(AirflowSkipException, match=r"nothing to wait for: task go_live.*live already"):
            of_the_dag.run(wait)

    def test_where_the_task_before_simply_pushed_nothing_it_is_an_error(self, cpp_emulator, tasks):
        with pytest.raises(UntrustedLocation, match="the task before pushed nothing"):
            Run().run(tasks[1])

    def test_a_wait_that_no_worker_began_is_skipped_by_the_one_that_resumes_it(self, cpp_emulator, tasks):
        from airflow_provider_cpp.triggers.operation import OperationTrigger

        ending = {"retries": 0, "push": True, "skip_on_failure": False, "resume_on_success": False}
        event = event_of(OperationTrigger(operation_location="None", ending=ending))
        of_the_dag = Run()
        of_the_dag.run(tasks[0])
        with pytest.raises(AirflowSkipException, match="task go_live started nothing"):
            deepcopy(tasks[1]).resume_execution("execute_complete", {"event": event}, of_the_dag.context(tasks[1]))

    def test_a_sign_off_after_a_dry_publish_isnt_waited_for(self, cpp_emulator):
        cpp_emulator.add_offer("draft", state="draft")
        with DAG("d", schedule=None):
            publish = PublishOperator(task_id="publish", offer_id="draft", dry_run=True)
            wait = OfferStatusSensor(task_id="wait", offer_id="draft")
            publish >> wait
        of_the_dag = Run()
        of_the_dag.run(publish)
        with pytest.raises(AirflowSkipException, match="task publish started nothing"):
            of_the_dag.run(wait)

    @pytest.mark.parametrize(
        ("waited_for", "is_skipped"),
        [
            ({"offer_id": "draft"}, True),
            ({"offer_id": "DRAFT", "publisher_id": "Contoso"}, True),
            ({"offer_id": OFFER}, False),
            ({"offer_id": "draft", "publisher_id": "fabrikam"}, False),
        ],
    )
    def test_only_the_offer_of_the_dry_run_isnt_waited_for(self, cpp_emulator, waited_for, is_skipped):
        for publisher_id in ("contoso", "fabrikam"):
            cpp_emulator.add_offer("draft", publisher_id, state="draft")
        with DAG("d", schedule=None):
            publish = PublishOperator(task_id="publish", offer_id="draft", dry_run=True)
            wait = OfferStatusSensor(task_id="wait", target=["running", "neverPublished"], **waited_for)
            publish >> wait
        of_the_dag = Run()
        of_the_dag.run(publish)
        if is_skipped:
            with pytest.raises(AirflowSkipException, match="task publish started nothing"):
                of_the_dag.run(wait)
        else:
            assert of_the_dag.run(wait)["status"] in {"running", "neverPublished"}

    def test_in_a_mapped_group_the_reason_is_that_of_the_same_entry(self, cpp_emulator, tasks):
        context = context_of(tasks[1])
        context["ti"].map_index = 1
        notes = [{"dry_run": False, "message": f"Entry {index}."} for index in range(2)]
        context["ti"].xcom_pull = lambda map_indexes=slice(None), **_: notes[map_indexes]
        wait = deepcopy(tasks[1])
        wait.operation_location = None
        with pytest.raises(AirflowSkipException, match=r"task go_live started nothing. Entry 1\."):
            wait._locate(context)
