"""The documentation: what it shows is run, what it names exists."""

from __future__ import annotations

import ast
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_provider_cpp import airflow_versions, exceptions
from airflow_provider_cpp.client.settings import read_settings
from airflow_provider_cpp.emulator import Settings
from airflow_provider_cpp.emulator.faults import KINDS
from airflow_provider_cpp.operators.offer import (
    AddImageVersionOperator,
    CancelOperator,
    GetOfferOperator,
    GoLiveOperator,
    ListOffersOperator,
    PublishOperator,
    PutOfferOperator,
)
from airflow_provider_cpp.provider_info import CONNECTION_TYPES, FIELDS
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.triggers.operation import OperationTrigger
from airflow_provider_cpp.triggers.watching_trigger import WatchingTrigger
from docs import outcomes
from tests.running import context_of, run_task

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "docs" / "examples"


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


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


def test_airflow_has_each_metric_that_is_named():
    import airflow
    import yaml

    registry = Path(airflow.__file__).parent / "_shared" / "observability" / "metrics" / "metrics_template.yaml"
    if not registry.exists():
        pytest.skip("this Airflow has no list of its metrics")
    known = {metric["name"] for metric in yaml.safe_load(registry.read_text(encoding="utf-8"))["metrics"]}
    section = page("docs/cluster.md").split("## What to monitor")[1].split("\n## ")[0]
    named = {
        name for row in re.findall(r"^\| (`.*?) \|", section, flags=re.M) for name in re.findall("`(.*?)`", row)
    }
    assert len(named) > 5
    assert named <= known


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


# The operators' pages


OPERATORS_PAGES = sorted((ROOT / "docs" / "operators").glob("*.md"))
NAMED = r"\n## (\w+(?:Operator|Sensor|Hook|Trigger))\n"


@pytest.mark.parametrize("path", OPERATORS_PAGES, ids=lambda path: path.stem)
def test_each_operators_page_leads_to_microsofts_own_before_its_first_table(path):
    beginning = path.read_text(encoding="utf-8").split("\n|")[0]
    assert re.search(r"\]\(https://learn\.microsoft\.com/[\w/-]+\)", beginning)


@pytest.mark.parametrize("path", OPERATORS_PAGES, ids=lambda path: path.stem)
def test_each_operators_page_has_an_example_above_each_table_of_parameters(path):
    text = path.read_text(encoding="utf-8")
    names_and_sections = re.split(NAMED, text)[1:] or [path.stem, text]
    for name, section in zip(names_and_sections[::2], names_and_sections[1::2], strict=True):
        (example,) = re.findall(r"^```{literalinclude} (\S+)$", section.split("\n|")[0], flags=re.MULTILINE)
        code = (path.parent / example).read_text(encoding="utf-8")
        assert name in code or not name[0].isupper(), f"{example} doesn't use {name}"


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


#: What people search for, as they would write it.
WORDS = ["rotate", "retire", "roll back", "dry run", "thirty offers", "SaaS", "VM image", "approval", "schedule"]


@pytest.mark.parametrize("word", WORDS)
def test_whoever_looks_for_a_word_finds_a_question_with_it_and_its_answer(word):
    rows = [row for row in page("docs/questions.md").splitlines() if row.startswith("| ") and "](" in row]
    assert [row for row in rows if word.lower() in row.split(" | ")[0].lower()]


def test_each_question_leads_to_its_answer():
    rows = re.findall(r"^\| (?!Question |-)(.*\?.*) \| (.*) \|$", page("docs/questions.md"), flags=re.MULTILINE)
    assert len(rows) > 40
    assert [question for question, answer in rows if "](" not in answer] == []
    assert "](docs/questions.md)" in page("README.md")


# The tests that a user is shown


# Half a minute on an idle machine; the limits only end what hangs.
@pytest.mark.airflow
@pytest.mark.timeout(900)
def test_the_users_tests_pass_in_a_project_of_their_own(tmp_path):
    (tmp_path / "dags").mkdir()
    for name in (
        "ten_lines.py",
        "put_offer.py",
        "put_resources.py",
        "change_offer.py",
        "list_offers.py",
        "cancel_offer.py",
        "publish.py",
    ):
        shutil.copy(EXAMPLES / name, tmp_path / "dags")
    shutil.copy(ROOT / "dags" / "release_offer.py", tmp_path / "dags")
    for folder in (EXAMPLES / "offers", ROOT / "dags" / "offers"):
        shutil.copytree(folder, tmp_path / "dags" / "offers", dirs_exist_ok=True)
    for name in ("release", "hook", "offers", "cancel", "publish", "approval"):
        shutil.copy(EXAMPLES / f"test_{name}.py", tmp_path)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }

    def run(*command):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=800,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    run("airflow", "db", "migrate")
    assert "14 passed" in run("pytest", "-q")


# What outcomes look like


@pytest.fixture(scope="module")
def found():
    return outcomes.outcomes()


@pytest.mark.parametrize("name", outcomes.DOCUMENTS)
def test_every_message_shown_is_one_that_a_run_printed(found, name):
    text = page(name)
    assert outcomes.with_outcomes(text, found) == text, "run: python -m docs.outcomes"


def test_every_exception_has_an_outcome_and_a_place_in_the_troubleshooting_page(found):
    names = {
        name
        for name, value in vars(exceptions).items()
        if isinstance(value, type) and issubclass(value, exceptions.CppError)
    }
    assert {type(each.error).__name__ for each in found if each.error} == names - {"CppError"}
    text = page("docs/troubleshooting.md")
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def literals(node):
    """Return the sentences that are written in an expression, without what is put into them."""
    texts = [
        each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    parts = [part for text in texts for part in re.split(r"(?<=[.:;]) ", " ".join(text.split()))]
    return [part.strip(".:;,( ") for part in parts if len(part.split()) >= 3]


def raised():
    """Return each place that makes an exception of the package, with the sentences that are written there."""
    names = set(vars(exceptions))
    package = ROOT / "airflow_provider_cpp"
    for path in sorted(package.rglob("*.py")):
        if package / "emulator" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            if node.func.id in names and (sentences := literals(node.args[0])):
                yield f"{path.relative_to(package)}:{node.lineno}", sentences


def test_whoever_looks_for_the_words_of_an_error_finds_them():
    text = " ".join(page("docs/troubleshooting.md").split())
    places = dict(raised())
    assert len(places) > 40
    assert {
        place: sentences
        for place, sentences in places.items()
        if not any(sentence in text for sentence in sentences)
    } == {}


# Names, defaults, connections


@pytest.mark.parametrize(
    ("section", "cls"),
    [
        ("ListOffersOperator", ListOffersOperator),
        ("GetOfferOperator", GetOfferOperator),
        ("PutOfferOperator", PutOfferOperator),
        ("AddImageVersionOperator", AddImageVersionOperator),
        ("GoLiveOperator", GoLiveOperator),
        ("CancelOperator", CancelOperator),
        ("PublishOperator", PublishOperator),
        ("OperationSensor", OperationSensor),
        ("OfferStatusSensor", OfferStatusSensor),
        ("OperationTrigger", OperationTrigger),
    ],
)
def test_every_parameter_is_described(section, cls):
    pages = "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "operators").glob("*.md"))
    )
    text = pages.split(f"\n## {section}\n")[1].split("\n## ")[0].split("\n# ")[0]
    described = set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))
    # Not `cls.__module__`, which is where users import it from. No two classes have one name.
    sources = (
        ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "airflow_provider_cpp").rglob("*.py")
    )
    (node,) = (n for each in sources for n in each.body if isinstance(n, ast.ClassDef) and n.name == cls.__name__)
    (init,) = (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    assert {argument.arg for argument in init.args.kwonlyargs} <= described


def test_every_field_of_the_connection_is_described_with_its_default():
    rows = {
        row.split("|")[1].strip(): row
        for row in page("docs/connection.md").splitlines()
        if row.startswith(("| extra `", "| `"))
    }
    for field_of in FIELDS.values():
        for name, field in field_of.items():
            row = rows[f"extra `{name}`"]
            assert f"| {field['label']} |" in row
            assert str(field["schema"].get("default", "")) in row.split("|")[-2]


@pytest.mark.parametrize(("conn_type", "service"), CONNECTION_TYPES.items())
def test_what_the_types_of_connections_differ_in_is_described(conn_type, service):
    table = page("docs/connection.md").split("\n\n## ")[0].split("\n| | ")[1].splitlines()
    heading, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    column = heading.index(f"`{conn_type}`") + 1
    cells = " ".join(row[column] for row in rows[1:] if len(row) > column)
    assert [service[name] for name in ("name", "host", "scope", "api_version") if service[name] not in cells] == []
    assert f"`{service['hook_class']}`" in cells


@pytest.mark.parametrize("name", ["README.md", "docs/index.md"])
def test_the_first_pages_say_which_type_of_connection_a_reader_needs(name):
    beginning = page(name).split("\n## ")[0 if name == "README.md" else 1]
    assert [each for each in CONNECTION_TYPES if f"| `{each}` |" not in beginning] == []


def test_every_connection_shown_is_accepted(tmp_path):
    certificate = tmp_path / "certificate.pem"
    certificate.write_text("-----BEGIN CERTIFICATE-----")
    shown = blocks(page("docs/connection.md"), "json")
    for name in ("docs/connection.md", "docs/quickstart.md", "README.md"):
        for code in blocks(page(name), "sh"):
            shown += re.findall(r"'(\{.*?\n?\})'", code, flags=re.DOTALL)
    kinds, types = set(), set()
    for text in shown:
        connection = json.loads(text)
        extra = {**connection.get("extra", {})}
        for name in {"certificate_path", "ca_file"} & set(extra):
            extra[name] = str(certificate)
        if "<" in extra.get("tenant_id", ""):
            extra["tenant_id"] = "0d9c4f1e-0000-4000-8000-000000000001"
        password = re.sub("<.*>", "put-in", connection.get("password", ""))
        settings = read_settings(
            "shown",
            conn_type=connection["conn_type"],
            login=connection.get("login"),
            password=password,
            extra=extra,
        )
        # Only one of the services has to be told whose the offers are.
        assert settings.publisher_id == "contoso" or settings.conn_type == "product_ingestion"
        kinds.add(settings.auth)
        types.add(settings.conn_type)
    assert kinds == set(FIELDS["cpp"]["auth"]["schema"]["enum"])
    assert types == set(CONNECTION_TYPES)


def test_the_connection_shown_as_a_uri_is_the_one_shown_as_json():
    from airflow.providers.common.compat.sdk import Connection

    text = page("docs/connection.md").split("\n## As JSON\n")[1]
    (uri,) = re.findall(r"^cpp://.*$", text.split("\n## ")[0], flags=re.MULTILINE)
    connection = Connection(conn_id="shown", uri=uri.replace("<client secret, URL-quoted>", "s%2Fe%25cret"))
    assert connection.password == "s/e%cret"
    shown = json.loads(re.search(r"'(\{.*?\n\})'", text, flags=re.DOTALL)[1])
    assert (connection.conn_type, connection.login) == (shown["conn_type"], shown["login"])
    assert connection.extra_dejson == shown["extra"]


def test_the_certificate_shown_is_one_that_the_login_library_takes(tmp_path):
    from azure.identity import CertificateCredential

    subprocess.run(
        ["sh", EXAMPLES / "make_certificate.sh"], cwd=tmp_path, check=True, capture_output=True, timeout=60
    )
    CertificateCredential("tenant", "client", certificate_path=tmp_path / "cpp-release.pem")


def test_every_switch_and_every_fault_of_the_emulator_is_described():
    text = page("docs/testing.md")
    wanted = [field.name for field in fields(Settings)] + list(KINDS)
    assert [name for name in wanted if f"| `{name}` |" not in text] == []


def test_every_make_target_is_described():
    targets = re.findall(r"^([a-z]+):.*## ", page("Makefile"), flags=re.MULTILINE)
    text = page("CONTRIBUTING.md")
    assert [name for name in targets if f"| `make {name}` |" not in text] == []


def test_what_needs_a_newer_airflow_is_in_the_table_with_the_line_that_the_log_has():
    text = page("docs/versions.md")
    features = [value for value in vars(airflow_versions).values() if isinstance(value, airflow_versions.Feature)]
    assert len(features) >= 3
    for feature in features:
        beginning = f'*"{feature.name} needs Airflow {feature.since}; ..."*'
        (row,) = (line for line in text.splitlines() if beginning in line)
        assert f"| {feature.since} |" in row


def test_every_line_of_airflow_that_is_tried_is_named():
    for file in (ROOT / "constraints").glob("airflow-*.in"):
        (pin,) = re.findall(r"^apache-airflow==(\S+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert pin in page("README.md")
        assert f"apache-airflow=={pin}" in file.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
