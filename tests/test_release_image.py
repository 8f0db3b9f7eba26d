"""The release of an image, killed after each of its steps and triggered again: nothing happens twice."""

from __future__ import annotations

import inspect
import runpy
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException, TaskDeferred

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.services.product_ingestion import draft_jobs, intents
from dev.scene import images_of
from tests.running import context_of, fresh_task, run_task, through_the_database

ROOT = Path(__file__).parent.parent
OFFER = "contoso-release"
WRITES = {"cpp": "put-offer", "product_ingestion": "configure"}
SIGNATURE = "s1gnature%2Bof%2Fours%3D"
STEPS = [
    "read_request",
    "wait_for_others",
    "add_images 0",
    "add_images 1",
    "what_is_left",
    "publish",
    "wait_for_signoff",
    "compare",
    "approve",
    "confirm",
    "go_live",
    "wait_until_live",
    "announce",
]
#: Where it is left while the service is at work.
AT_WORK = ["publish", "go_live"]


class Killed(Exception):
    """A worker died: whatever its task had brought about stays, and its result is lost."""


class Run:
    """One run of the DAG, by its own tasks in this process, in Airflow's order and by its trigger rules.

    :param dag: the DAG.
    :param told: the extras of the asset's events so far; those of this run come after them.
    :param conf: the run's params.
    :param event: what the build's event says, instead of them.
    :param answer: what the person says.
    :param dies_after: the step whose task is killed when it has done its work.
    :param at_work: the portal, and the step whose task is killed while the portal is still at what it asked for.
    """

    def __init__(self, dag, told, conf, *, event=None, answer="confirm", dies_after="", at_work=(None, "")):
        self.dag, self.told, self.answer = dag, told, answer
        self.dies_after, self.at_work = dies_after, at_work
        defaults = {name: dag.params[name] for name in dag.params}
        self.params = {**defaults, **conf}
        event = event and SimpleNamespace(extra=event, timestamp=1)
        self.context = {
            "params": self.params,
            "var": {"value": {"images_sas_token": f"sig={SIGNATURE}"}},
            "triggering_asset_events": {"built": [event]} if event else {},
        }
        self.results, self.states, self.errors = {}, {}, {}
        for task in dag.topological_sort():
            if task.task_id not in self.states:  # a branch has skipped it
                self.states[task.task_id] = self._state(task)

    def _state(self, task):
        """Return what becomes of a task: by the states of those before it, and by what it does."""
        before = [self.states[each] for each in task.upstream_task_ids]
        if "failed" in before or "upstream_failed" in before:
            return "upstream_failed"
        if task.trigger_rule == "none_failed_min_one_success":
            may_run = "success" in before
        else:
            assert task.trigger_rule == "all_success", task.task_id
            may_run = "skipped" not in before
        if not may_run:
            return "skipped"
        try:
            self._run(task)
        except AirflowSkipException:
            return "skipped"
        except Exception as error:  # noqa: BLE001 - any error fails a task
            self.errors[task.task_id] = error
            return "failed"
        return "success"

    def _run(self, task):
        name = task.task_id
        if name == "add_images":
            results = []
            for index in range(len(self.results["read_request"])):
                results.append(self._executed(task, index))
                self._maybe_die(f"{name} {index}")
            self.results[name] = results
            return
        if name == "approve":
            result = self.answer
        elif hasattr(task, "python_callable"):
            result = self._called(task)
        else:
            result = self._executed(task)
        self._maybe_die(name)
        self.results[name] = through_the_database(result)
        if name in {"approve", "what_is_left"}:
            for other in task.downstream_task_ids - {result}:
                self.states[other] = "skipped"
        if name == "wait_for_others":
            assert result is True, "something is on its way"

    def _maybe_die(self, step):
        if self.dies_after == step:
            raise Killed(step)

    def _called(self, task):
        resolved = [self.results[each.operator.task_id] for each in task.op_args]
        function = task.python_callable
        live = next(iter(task.outlets), None)
        sent = SimpleNamespace(extra=None)
        known = {
            **self.context,
            "ti": SimpleNamespace(xcom_pull=self._pulled),
            "inlet_events": {live: [SimpleNamespace(extra=extra) for extra in self.told]},
            "outlet_events": {live: sent},
        }
        names = [name for name in inspect.signature(function).parameters if name in known]
        result = function(*resolved, **{name: known[name] for name in names})
        if sent.extra is not None and self.dies_after != task.task_id:
            self.told.append(through_the_database(sent.extra))  # Airflow sends it once the task has succeeded
        return result

    def _executed(self, task, index=-1):
        fresh = fresh_task(task)
        context = context_of(task, dag=self.dag, dag_run=SimpleNamespace(conf={}), run_id="manual", **self.context)
        instance = context["ti"]
        instance.map_index = index
        instance.xcom_pull = self._pulled
        context["var"] = {"value": self.context["var"]["value"]}
        fresh.render_template_fields(context)
        portal, step = self.at_work
        if step == task.task_id:
            portal.override(OFFER, duration=1000)
            with suppress(TaskDeferred):
                fresh.execute(context)
            raise Killed(step)
        return run_task(context["task"] if index >= 0 else fresh, context).result

    def _pulled(self, task_ids=None, key="return_value", **_):
        if isinstance(task_ids, list):
            return [self._pulled(each, key) for each in task_ids]
        return self.results.get(task_ids) if key == "return_value" else None

    @property
    def state(self):
        return "failed" if {"failed", "upstream_failed"} & set(self.states.values()) else "success"


@pytest.fixture(scope="module")
def dag():
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2
        from airflow.models import DagBag

    return DagBag(str(ROOT / "dags" / "release_image.py")).dags["release_image"]


@pytest.fixture(params=WRITES)
def api(request):
    return request.param


@pytest.fixture
def portal(cpp_emulator, monkeypatch, api):
    door = {} if api == "cpp" else {"api": api}
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(**door))
    monkeypatch.setattr(draft_jobs, "PAUSES", (0.01,))
    monkeypatch.setattr(intents, "FIRST_LOOKS", (0.0,))
    return cpp_emulator


def anew(portal):
    """Give the portal the offer as it is before the release; return how to count what is sent since."""
    portal.add_offer(OFFER, "contoso", "live", plans=2)
    portal.override(OFFER, duration=0)
    before = sent(portal)
    return lambda: [now - then for now, then in zip(sent(portal), before, strict=True)]


def sent(portal):
    kinds = ("put-offer", "configure", "publish", "golive", "cancel")
    found = [len(portal.requests_for(kind, OFFER)) for kind in kinds]
    return [found[0] + found[1], *found[2:]]


def live_versions(portal):
    offer = portal.offer(OFFER)
    key = "microsoft-azure-virtualmachines.vmImages"
    plans = offer.published[portal.portal.live_version(offer)]["plans"]
    return [list(sku[key]) for plan in plans for sku in (plan, *plan["diskGenerations"])]


def test_untroubled_it_sends_one_request_of_each_kind_and_tells_it_once(dag, portal):
    requests, told = anew(portal), []
    run = Run(dag, told, images_of("1.0.1", plans=2))
    assert run.errors == {}
    assert run.state == "success"
    assert set(run.results) >= {step.partition(" ")[0] for step in STEPS} - {"announce"}
    assert requests() == [2, 1, 1, 0]
    assert live_versions(portal) == [["1.0.0", "1.0.1"]] * 4
    (news,) = told
    assert (news["image_version"], news["plan_ids"]) == ("1.0.1", [f"{OFFER}-plan", f"{OFFER}-plan-2"])


def test_killed_after_any_step_the_next_run_ends_as_an_untroubled_one_and_does_nothing_twice(dag, portal):
    for step in STEPS:
        requests, told = anew(portal), []
        first = Run(dag, told, images_of("1.0.1", plans=2), dies_after=step)
        assert first.state == "failed", step
        assert set(map(type, first.errors.values())) == {Killed}, (step, first.errors)
        second = Run(dag, told, images_of("1.0.1", plans=2))
        assert (second.state, second.errors) == ("success", {}), step
        assert requests() == [2, 1, 1, 0], step
        assert live_versions(portal) == [["1.0.0", "1.0.1"]] * 4, step
        assert len(told) == 1, step


def test_killed_while_the_service_is_at_work_the_next_run_waits_for_its_end(dag, portal):
    for step in AT_WORK:
        requests, told = anew(portal), []
        first = Run(dag, told, images_of("1.0.1", plans=2), at_work=(portal, step))
        assert set(map(type, first.errors.values())) == {Killed}, (step, first.errors)
        meanwhile = Run(dag, told, images_of("1.0.1", plans=2))
        assert meanwhile.states["wait_for_others"] == "failed", "in Airflow the sensor pokes again"
        portal.finish(OFFER)
        portal.override(OFFER, duration=0)
        second = Run(dag, told, images_of("1.0.1", plans=2))
        assert (second.state, second.errors) == ("success", {}), step
        assert requests() == [2, 1, 1, 0], step
        assert live_versions(portal) == [["1.0.0", "1.0.1"]] * 4, step
        assert len(told) == 1, step


def test_triggered_again_after_all_is_done_it_does_nothing_and_tells_nobody(dag, portal):
    requests, told = anew(portal), []
    Run(dag, told, images_of("1.0.1", plans=2))
    again = Run(dag, told, images_of("1.0.1", plans=2))
    assert again.state == "success"
    assert (again.states["found_live"], again.states["announce"]) == ("success", "skipped")
    assert requests() == [2, 1, 1, 0]
    assert len(told) == 1


def test_after_a_rejection_nothing_goes_live_and_the_next_run_asks_again(dag, portal, api):
    requests, told = anew(portal), []
    rejected = Run(dag, told, images_of("1.0.1", plans=2), answer="cancel")
    assert (rejected.state, told) == ("success", [])
    assert {rejected.states[each] for each in ("confirm", "go_live", "wait_until_live", "announce")} == {"skipped"}
    again = Run(dag, told, images_of("1.0.1", plans=2))
    assert (again.state, len(told)) == ("success", 1)
    # What is in preview can't be taken back on the newer API: the next run takes it up.
    assert requests() == ([2, 2, 1, 1] if api == "cpp" else [2, 1, 1, 0])


def test_the_first_release_of_an_offer_is_one_too(dag, portal):
    portal.add_offer(OFFER, "contoso", "draft", plans=2)
    portal.override(OFFER, duration=0)
    portal.faults.add(Fault("not-found", action="submissions", offer_id=OFFER))  # it may have no list yet
    told = []
    run = Run(dag, told, images_of("1.0.1", plans=2))
    assert (run.state, run.errors, len(told)) == ("success", {}, 1)
    assert run.results["compare"]["is_first"] is True
    assert live_versions(portal) == [["1.0.0", "1.0.1"]] * 4


def test_after_a_publish_that_failed_the_next_run_publishes_anew(dag, portal):
    requests, told = anew(portal), []
    portal.override(OFFER, duration=0, outcome="fail")
    failed = Run(dag, told, images_of("1.0.1", plans=2))
    assert failed.states["publish"] == "failed"
    portal.override(OFFER, duration=0, outcome="succeed")
    again = Run(dag, told, images_of("1.0.1", plans=2))
    assert (again.state, again.errors) == ("success", {})
    assert requests()[:3] == [2, 2, 1]
    assert len(told) == 1


def test_the_event_of_the_build_is_released_without_params(dag, portal):
    anew(portal)
    example = runpy.run_path(str(ROOT / "docs" / "examples" / "build_image.py"))
    sent = {example["BUILT"]: SimpleNamespace(extra=None)}
    example["build"].function(params={"image_version": "1.0.1"}, outlet_events=sent)
    assert example["BUILT"].uri in str(
        getattr(dag.timetable, "asset_condition", None) or dag.timetable.dataset_condition
    )
    assert Run(dag, [], {}, event=through_the_database(sent[example["BUILT"]].extra)).state == "success"
    assert live_versions(portal) == [["1.0.0", "1.0.1"]] * 4


ONE = images_of("1.0.1", plans=1)
OWN = ONE["plans"][0]

#: What is missing or malformed, and the words that say so.
REFUSED = {
    "nothing": ({}, "image_version, such as 1.0.2, and plans"),
    "no version": ({"plans": ONE["plans"]}, "image_version, such as 1.0.2"),
    "no plans": ({**ONE, "plans": []}, "and plans: a list"),
    "plans that are no list": ({**ONE, "plans": OWN}, "and plans: a list"),
    "a plan without images": ({**ONE, "plans": [{"plan_id": OWN["plan_id"]}]}, "plan_id and images of each"),
    "a plan that is a text": ({**ONE, "plans": [OWN["plan_id"]]}, "plan_id and images of each"),
    "a plan with more": ({**ONE, "plans": [{**OWN, "keep": 3}]}, "and nothing else"),
    "a plan twice": ({**ONE, "plans": [OWN, OWN]}, "name a plan twice"),
    "images that are none": ({**ONE, "plans": [{**OWN, "images": 7}]}, "images is 7|images"),
    "images of texts": ({**ONE, "plans": [{**OWN, "images": ["x64Gen1"]}]}, "images"),
    "disks that are texts": (
        {**ONE, "plans": [{**OWN, "images": [{**OWN["images"][0], "data_disks": ["a"]}]}]},
        "data disk that is",
    ),
    "an unknown plan, after one that is there": (
        {**ONE, "plans": [OWN, {**OWN, "plan_id": "gold"}]},
        "has no plan 'gold'",
    ),
    "a version of another form": ({**ONE, "image_version": "1.0"}, "isn't written as image versions are"),
}


def test_what_is_missing_or_malformed_fails_before_anything_is_sent(dag, portal):
    requests = anew(portal)
    for name, (conf, words) in REFUSED.items():
        for given in ({"conf": conf}, {"conf": {}, "event": conf or {"else": 1}}):
            run = Run(dag, [], **given)
            error = run.errors.get("read_request")
            assert isinstance(error, AirflowFailException | CppConfigurationError), (name, error)
            with pytest.raises(type(error), match=words):
                raise error
            assert "Nothing was sent" in str(error), name
    assert requests() == [0, 0, 0, 0]
