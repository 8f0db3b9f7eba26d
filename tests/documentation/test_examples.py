"""The examples are run, and do what is said of them."""

from __future__ import annotations

import re
import runpy
from types import SimpleNamespace

import pytest

from airflow_provider_cpp.triggers.watching_trigger import WatchingTrigger
from tests.documentation.pages import EXAMPLES, ROOT, blocks, page
from tests.running import context_of, run_task

# The ten-line DAG


def test_the_readmes_dag_is_the_examples():
    (code,) = blocks(page("README.md"), "python")
    assert code == (EXAMPLES / "ten_lines.py").read_text(encoding="utf-8")
    assert len(code.splitlines()) <= 11


@pytest.mark.parametrize("name", ["connection-form", "graph", "links", "log"])
def test_the_readme_has_the_pictures_that_the_browser_test_takes(name):
    (picture,) = re.findall(rf"^!\[.+\]\((docs/pictures/{name}\.png)\)$", page("README.md"), re.MULTILINE)
    assert (ROOT / picture).is_file()


def dags_of(name):
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:  # Airflow 2
        from airflow.models import DagBag

    bag = DagBag(str(EXAMPLES / name))
    assert bag.import_errors == {}
    return bag.dags


def parsed(name, dag_id):
    return dags_of(name)[dag_id]


def test_airflow_parses_the_ten_lines():
    dag = parsed("ten_lines.py", "take_offer_live")
    assert [task.task_id for task in dag.topological_sort()] == ["go_live", "wait_until_live"]


#: What an example needs a newer Airflow for.
NEEDS = {"alerting.py": "DeadlineAlert", "when_live.py": "AssetWatcher"}


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("[!t]*.py")))
def test_airflow_parses_each_example(name):
    if name in NEEDS:
        sdk = pytest.importorskip("airflow.sdk")
        if not hasattr(sdk, NEEDS[name]):
            pytest.skip(f"this Airflow has no {NEEDS[name]}")
    assert len(dags_of(name)) == 1


# The DAG that is started by a go-live


def test_airflow_parses_the_dag_that_runs_when_an_offer_is_live():
    pytest.importorskip("airflow.sdk", reason="Airflow 2 has no asset watchers")
    from airflow_provider_cpp.triggers.offer_live import OfferLiveTrigger

    assert parsed("when_live.py", "when_live").task_ids == ["tell_people"]
    asset = runpy.run_path(str(EXAMPLES / "when_live.py"))["offer"]
    (watcher,) = asset.watchers
    assert isinstance(watcher.trigger, OfferLiveTrigger)
    assert f"cpp://contoso/{watcher.trigger.offer_id}" == asset.uri


# The DAG that tells


def test_airflow_calls_somebody_when_a_task_fails_or_a_run_is_late():
    sdk = pytest.importorskip("airflow.sdk")
    if not hasattr(sdk, "DeadlineAlert"):
        pytest.skip("deadline alerts came with Airflow 3.1")
    dag = parsed("alerting.py", "take_offer_live_and_tell")
    (alert,) = dag.deadline
    assert isinstance(alert, sdk.DeadlineAlert)
    assert alert.interval.days == 3
    for task in dag.tasks:
        (callback,) = task.on_failure_callback
        assert callback.to == "release-team@contoso.example"
        assert "exception" in callback.html_content


def test_airflow_parses_the_wait_for_signoff():
    dag = parsed("wait_for_signoff.py", "live_once_it_may")
    assert [task.task_id for task in dag.topological_sort()] == ["wait_for_signoff", "go_live"]


def test_airflow_parses_the_schedule_as_the_clocks_of_paris():
    dag = parsed("on_mondays.py", "live_on_mondays")
    assert str(dag.timezone.name) == "Europe/Paris"
    assert str(dag.schedule if hasattr(dag, "schedule") else dag.schedule_interval) == "0 9 * * 1"


def test_the_dag_that_waits_elsewhere_watches_what_its_run_names(cpp_emulator):
    from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

    task = parsed("wait_elsewhere.py", "wait_elsewhere").get_task("wait_until_live")
    context = context_of(task)
    context["params"] = {"operation_location": CloudPartnerPortalHook().go_live("contoso-virtualmachineoffer")}
    cpp_emulator.finish("contoso-virtualmachineoffer")
    task.render_template_fields(context)
    assert run_task(task, context).result["status"] == "succeeded"


# What one writes oneself


def test_a_function_of_ones_own_asks_the_hook(cpp_emulator):
    cpp_emulator.add_offer("only-a-draft", state="draft")
    task = parsed("ask_hook.py", "ask_hook").get_task("statuses")
    assert set(task.python_callable()) == {"contoso-virtualmachineoffer", "only-a-draft"}


def test_an_operator_of_ones_own_waits_in_the_trigger(cpp_emulator, monkeypatch):
    monkeypatch.setitem(WatchingTrigger.__init__.__kwdefaults__, "poke_interval", 0.1)
    from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

    task = parsed("own_operator.py", "own_operator").get_task("live_links")
    task.operation_location = CloudPartnerPortalHook().go_live("contoso-virtualmachineoffer")
    cpp_emulator.finish("contoso-virtualmachineoffer")
    done = run_task(task, context_of(task))
    assert [link["text"] for link in done.result] == ["Live"]
    assert len(done.deferrals) == 1


def test_the_address_that_an_example_shows_is_under_the_links_key():
    from airflow_provider_cpp.links.operation import PARTNER_CENTER_KEY

    (page,) = parsed("show_link.py", "show_link").get_task("show").op_args
    assert f"key='{PARTNER_CENTER_KEY}'" in page


def test_a_roll_back_brings_the_draft_to_what_an_earlier_version_was(cpp_emulator):
    from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

    offer_id = "contoso-virtualmachineoffer"
    definition = {"displayText": "Good", "plans": [{"planId": "gold"}]}
    cpp_emulator.add_offer(offer_id, state="live", definition=definition)
    hook = CloudPartnerPortalHook()
    hook.put_offer(offer_id, {"definition": {"displayText": "Bad"}}, if_match="*")
    dag = parsed("roll_back.py", "roll_back")
    read, put = dag.get_task("read"), dag.get_task("put")
    read.version = "1"
    put.definition = run_task(read, context_of(read)).result
    assert cpp_emulator.offer(offer_id).definition["displayText"] == "Bad"
    assert run_task(put, context_of(put)).result["changed"]
    assert cpp_emulator.offer(offer_id).definition["displayText"] == "Good"
    assert [task.task_id for task in dag.topological_sort()] == ["read", "put", "publish"]


@pytest.mark.parametrize(("dry_run", "sent"), [(True, [0, 0]), (False, [1, 1])])
def test_a_dry_run_sends_nothing_and_the_same_run_without_it_does(cpp_emulator, dry_run, sent):
    definition = {"displayText": "Contoso", "offer": {}, "plans": [{"planId": "contososkuidentifier"}]}
    cpp_emulator.add_offer("contoso-virtualmachineoffer", state="draft", definition=definition)
    for task in parsed("dry_run.py", "look_first").topological_sort():
        context = context_of(task, params={"dry_run": dry_run, "image": "1.0.1"}, var={"value": {}})
        task.render_template_fields(context)
        run_task(task, context)
    assert [len(cpp_emulator.requests_for(action)) for action in ("put-offer", "publish")] == sent


def test_the_example_adds_an_image_to_each_plan_one_after_the_other(cpp_emulator, monkeypatch):
    plans = ["contoso-standard", "contoso-premium"]
    images, generations = "microsoft-azure-virtualmachines.vmImages", "diskGenerations"
    definition = {
        "displayText": "Contoso",
        "plans": [{"planId": plan, images: {}, generations: [{"planId": f"{plan}-gen2"}]} for plan in plans],
    }
    cpp_emulator.add_offer("contoso-virtualmachineoffer", state="draft", definition=definition)
    task = parsed("add_images.py", "add_images").get_task("add_image")
    assert task.max_active_tis_per_dagrun == 1
    values = SimpleNamespace(images_sas_token="sv=2023-11-03&sig=s1gnature")
    for index, plan in enumerate(plans):
        more = {"params": {"image_version": "1.0.2"}, "var": {"value": values}, "run_id": "manual"}
        context = context_of(task, dag=task.dag, dag_run=SimpleNamespace(conf={}), **more)
        context["ti"].map_index = index
        task.render_template_fields(context)
        result = context["task"].execute(context)
        assert (result["plan_id"], result["versions"]) == (plan, ["1.0.2"])
        there = cpp_emulator.offer("contoso-virtualmachineoffer").definition["plans"][index]
        assert there[images]["1.0.2"]["osVhdUrl"].endswith("/contoso-1.0.2-gen1.vhd?sv=2023-11-03&sig=s1gnature")
        assert "1.0.2" in there[generations][0][images]
