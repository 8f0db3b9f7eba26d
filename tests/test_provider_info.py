"""What the distribution tells Airflow about itself: an error here stops every Airflow process."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import subprocess
import sys
import tomllib
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
from packaging.utils import canonicalize_name

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.hooks.product_ingestion import ProductIngestionHook
from airflow_provider_cpp.links.operation import TASK_LINKS
from airflow_provider_cpp.provider_info import FIELDS, get_provider_info

DISTRIBUTION = "airflow-provider-cpp"
INFO = get_provider_info()
CONNECTION_TYPES = {each["connection-type"]: each for each in INFO["connection-types"]}
HOOKS = {"cpp": CloudPartnerPortalHook, "product_ingestion": ProductIngestionHook}
NAMES = {"cpp": "Azure Cloud Partner Portal", "product_ingestion": "Azure Marketplace (Product Ingestion API)"}

each_type = pytest.mark.parametrize("conn_type", list(HOOKS))


def schema(name):
    return json.loads((files("airflow") / name).read_text())


def test_airflows_own_schema_accepts_it():
    jsonschema.validate(INFO, schema("provider_info.schema.json"))


@each_type
def test_airflows_stricter_schema_accepts_the_connection_type(conn_type):
    items = schema("provider.yaml.schema.json")["properties"]["connection-types"]["items"]
    jsonschema.validate(CONNECTION_TYPES[conn_type], items)


def test_the_package_name_is_the_canonical_name_of_the_distribution():
    name = importlib.metadata.metadata(DISTRIBUTION)["Name"]
    assert INFO["package-name"] == canonicalize_name(name) == DISTRIBUTION


def test_the_entry_point_leads_to_it():
    (entry,) = [
        point
        for point in importlib.metadata.distribution(DISTRIBUTION).entry_points
        if point.group == "apache_airflow_provider"
    ]
    assert entry.load()() == INFO


def dotted_paths(value):
    if isinstance(value, dict):
        for item in value.values():
            yield from dotted_paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from dotted_paths(item)
    elif isinstance(value, str) and value.startswith("airflow_provider_cpp."):
        yield value


@pytest.mark.parametrize("path", sorted(set(dotted_paths(INFO))))
def test_every_dotted_path_can_be_imported(path):
    if path.endswith(".offer_live"):
        pytest.importorskip("airflow.sdk", reason="Airflow 2 has no asset watchers")
    try:
        importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        assert hasattr(importlib.import_module(module), name)


def test_there_are_dotted_paths_for_hook_operator_sensor_trigger_links_and_asset():
    floors = {path.split(".")[1] for path in dotted_paths(INFO)}
    assert floors == {"hooks", "operators", "sensors", "triggers", "links", "assets"}


def test_each_link_of_an_operator_is_registered():
    paths = {f"{type(link).__module__}.{type(link).__qualname__}" for link in TASK_LINKS}
    assert set(INFO["extra-links"]) == paths


@each_type
def test_the_hook_says_the_same_as_the_connection_type(conn_type):
    hook, described = HOOKS[conn_type], CONNECTION_TYPES[conn_type]
    assert hook.conn_type == conn_type
    assert described["hook-name"] == hook.hook_name == NAMES[conn_type]
    assert described["hook-class-name"] == f"{hook.__module__}.{hook.__qualname__}"


def test_each_connection_type_has_a_hook():
    assert set(CONNECTION_TYPES) == set(HOOKS)


@each_type
def test_the_hook_has_its_form_itself_as_airflow_before_3_2_passes_over_an_inherited_one(conn_type):
    assert {"get_connection_form_widgets", "get_ui_field_behaviour"} <= set(vars(HOOKS[conn_type]))


@each_type
def test_the_form_has_the_fields_of_the_contract(conn_type):
    assert list(CONNECTION_TYPES[conn_type]["conn-fields"]) == [
        "publisher_id",
        "tenant_id",
        "auth",
        "certificate_path",
        "authority",
        "scope",
        "api_version",
        "headers",
        "ca_file",
        "proxy",
        "timeout",
    ]


@pytest.fixture
def forms(monkeypatch):
    """Flask's forms: the real ones, or the stand-ins of Airflow's API server, which has none."""
    if find_spec("wtforms") and find_spec("flask_appbuilder"):
        return
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService as StandIns

    modules = {
        "wtforms": {"StringField": StandIns.MockStringField, "PasswordField": StandIns.MockPasswordField},
        "wtforms.validators": {"Optional": StandIns.MockOptional, "any_of": StandIns.MockEnum},
        "flask_appbuilder": {},
        "flask_appbuilder.fieldwidgets": {
            "BS3TextFieldWidget": StandIns.MockAnyWidget,
            "BS3PasswordFieldWidget": StandIns.MockAnyWidget,
        },
    }
    for name, content in modules.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**content))


@each_type
def test_the_methods_for_older_airflow_are_fed_from_the_same_table(forms, conn_type):
    widgets = HOOKS[conn_type].get_connection_form_widgets()
    assert list(widgets) == list(FIELDS[conn_type])
    secret = [name for name, field in widgets.items() if "Password" in repr(field)]
    assert secret == ["proxy"]  # the others are in `password`, which every form hides


def test_the_help_for_older_airflow_names_the_choices_that_its_form_may_not_offer(forms):
    auth = CloudPartnerPortalHook.get_connection_form_widgets()["auth"]
    told = auth.kwargs["description"] if hasattr(auth, "kwargs") else auth.param.description
    assert told.endswith(f"One of: {', '.join(FIELDS['cpp']['auth']['schema']['enum'])}")


@pytest.mark.parametrize(("is_airflow_2", "hidden"), [(True, ["schema"]), (False, ["schema", "extra"])])
def test_airflow_2_shows_extra_as_its_test_button_is_dead_without(monkeypatch, is_airflow_2, hidden):
    monkeypatch.setattr(airflow_versions, "AIRFLOW_V_3_0_PLUS", not is_airflow_2)
    assert CloudPartnerPortalHook.get_ui_field_behaviour()["hidden_fields"] == hidden


def test_the_list_of_providers_has_a_link_that_airflow_can_read():
    urls = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())["project"]["urls"]
    assert urls["Documentation"].startswith("https://")
    assert not [url for url in urls.values() if "," in url]  # Airflow 3.1 would stop


def test_the_labels_of_the_standard_fields_are_the_same_for_older_airflow():
    behaviour = CloudPartnerPortalHook.get_ui_field_behaviour()
    assert behaviour["relabeling"]["password"] == "Client secret"
    assert set(behaviour) == {"hidden_fields", "relabeling", "placeholders"}


@pytest.mark.parametrize(
    "name", [name for name, field in FIELDS["cpp"].items() if "default" not in field["schema"]]
)
def test_an_extra_field_that_is_empty_at_first_has_one_example_on_every_line_of_airflow(name):
    field = FIELDS["cpp"][name]
    (example,) = field["schema"]["examples"]  # a suggestion from 3.2 on, except for `headers` and `proxy`
    assert field["description"].startswith(f"e.g. {example}: ")  # what 3.0 and 3.1 have
    assert CloudPartnerPortalHook.get_ui_field_behaviour()["placeholders"][name] == example  # 2.11


def test_the_module_of_the_provider_info_imports_nothing():
    script = (
        "import sys; before = set(sys.modules); import airflow_provider_cpp.provider_info; "
        "print(sorted(m for m in set(sys.modules) - before if not m.startswith('airflow_provider_cpp')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['__future__']"


@pytest.mark.airflow
def test_airflow_lists_the_provider_and_its_connection_type():
    def airflow(*arguments):
        command = [sys.executable, "-m", "airflow", "providers", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert DISTRIBUTION in airflow("get", DISTRIBUTION)
    hooks = airflow("hooks", "--output", "json")
    assert [hook.__name__ for hook in HOOKS.values() if hook.__name__ not in hooks] == []
