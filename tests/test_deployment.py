"""The deployment example: what Docker, Helm and Airflow would refuse or overlook in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from airflow_provider_cpp.client.settings import read_settings

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "deployment"


CHARTS = ["values.yaml", "values-kubernetes-executor.yaml"]


def text(name):
    return (EXAMPLE / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load(text("compose.yaml"))


@pytest.fixture(scope="module")
def airflow_version():
    constraints = (ROOT / "constraints" / "airflow-3.3.txt").read_text(encoding="utf-8")
    return re.search(r"^apache-airflow==(.*)$", constraints, flags=re.MULTILINE)[1]


# Docker Compose


def test_compose_accepts_the_file():
    # Compose's own schema, which check-jsonschema carries.
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(EXAMPLE / "compose.yaml")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_part_of_airflow_is_there_and_two_triggerers(compose):
    commands = {name: service.get("command") for name, service in compose["services"].items()}
    assert {"api-server", "scheduler", "dag-processor", "celery worker", "triggerer"} <= {
        command for command in commands.values() if isinstance(command, str)
    }
    assert compose["services"]["triggerer"]["deploy"]["replicas"] == 2
    assert {"postgres", "redis"} <= set(compose["services"])


def test_what_a_service_waits_for_is_there_and_can_come(compose):
    services = compose["services"]
    for service in services.values():
        for name, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[name], name
            else:
                assert services[name]["restart"] == "no", name


def test_every_part_of_airflow_has_the_connection(compose):
    for name, service in compose["services"].items():
        if service["image"].startswith("airflow-cpp:"):
            assert "AIRFLOW_CONN_CPP_DEFAULT" in service["environment"], name


def test_each_volume_is_declared_and_each_mounted_folder_exists(compose):
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (EXAMPLE / source).is_dir() if source.startswith(".") else source in compose["volumes"]


def test_the_environment_has_what_the_file_asks_for():
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", text("compose.yaml")))
    given = set(re.findall(r"^(\w+)=", text("environment.example"), flags=re.MULTILINE))
    assert asked == given
    # None of them may be left empty by oversight: Compose stops where one is.
    assert re.findall(r"(?<!\$)\$\{\w+(?!:\?\}|\w)", text("compose.yaml")) == []


def test_the_connection_of_the_environment_is_accepted():
    (shown,) = re.findall(r"^AIRFLOW_CONN_CPP_DEFAULT='(.*)'$", text("environment.example"), flags=re.MULTILINE)
    connection = json.loads(shown)
    assert connection.pop("conn_type") == "cpp"
    assert read_settings("shown", **connection).publisher_id == "contoso"


# Airflow


#: Sections that a provider adds, with the options that are used here: celery, from its get_provider_info (3.26).
PROVIDERS_OPTIONS = {"celery": {"broker_url", "result_backend"}}

#: Options that Airflow reads, and describes nowhere, on purpose (3.3.2, `scheduler_job_runner.py`).
UNDESCRIBED_OPTIONS = {"scheduler": {"num_stuck_in_queued_retries"}}


def assert_airflow_has(section, option):
    from airflow.configuration import conf

    described = conf.configuration_description.get(section, {}).get("options", {})
    others = PROVIDERS_OPTIONS.get(section, set()) | UNDESCRIBED_OPTIONS.get(section, set())
    assert option in described or option in others, f"[{section}] {option}"


@pytest.mark.parametrize("name", ["compose.yaml", "environment.example", "values.yaml"])
def test_airflow_knows_each_of_its_variables(name):
    for section, option in re.findall(r"AIRFLOW__([A-Z_]+?)__([A-Z_]+)", text(name)):
        assert_airflow_has(section.lower(), option.lower())


@pytest.mark.parametrize("name", CHARTS)
def test_airflow_knows_each_setting_of_the_chart(name):
    for section, options in yaml.safe_load(text(name))["config"].items():
        for option in options:
            assert_airflow_has(section, option)


def test_airflow_has_each_command(compose):
    from airflow.cli.cli_config import core_commands

    known = {command.name for command in core_commands}
    commands = [service["command"] for service in compose["services"].values() if "command" in service]
    named = {command for command in commands if isinstance(command, str)} - {"celery worker"}  # the provider's
    assert named <= known


def test_airflow_sends_each_metric_that_an_alert_is_about():
    import airflow

    registry = Path(airflow.__file__).parent / "_shared" / "observability" / "metrics" / "metrics_template.yaml"
    if not registry.exists():
        pytest.skip("this Airflow has no list of its metrics")
    known = set()
    for metric in yaml.safe_load(registry.read_text(encoding="utf-8"))["metrics"]:
        names = {metric["name"], metric["legacy_name"]} - {"-"}
        known |= {re.sub(r"\\\{\w+\\\}", r"\\w+", re.escape(name.replace(".", "_"))) for name in names}
    alerts = yaml.safe_load(text("alerts.yaml"))["groups"][0]["rules"]
    for alert in alerts:
        for name in re.findall(r"airflow_(?!cpp_)(\w+)", alert["expr"]):
            assert any(re.fullmatch(pattern, name) for pattern in known), name
    assert any("take_offer_live_wait_until_live" in alert["expr"] for alert in alerts)


def test_we_send_each_metric_of_ours_that_an_alert_is_about():
    metrics = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([\w.]+)` \|", metrics, flags=re.MULTILINE))
    named = set(re.findall(r"airflow_(cpp_\w+)", text("alerts.yaml")))
    assert named
    assert named <= {name.replace(".", "_") for name in described}


@pytest.mark.parametrize(
    "alert", yaml.safe_load(text("alerts.yaml"))["groups"][0]["rules"], ids=lambda it: it["alert"]
)
def test_prometheus_can_read_each_alert(alert):
    # Prometheus' own grammar; what it can't read is a ValueError.
    parser = pytest.importorskip("promql_parser", reason="only the newest line's environment has it")
    assert parser.parse(alert["expr"])
    assert set(alert) <= {"alert", "expr", "for", "annotations"}
    assert re.fullmatch(r"\d+[smhd]", alert.get("for", "0s"))


# The image


def test_all_run_one_version_of_airflow(compose, airflow_version):
    (wanted,) = re.findall(r"^ARG AIRFLOW_VERSION=(.*)$", text("Dockerfile"), flags=re.MULTILINE)
    values = yaml.safe_load(text("values.yaml"))
    images = {service["image"] for service in compose["services"].values() if "build" in service}
    assert wanted == values["airflowVersion"] == values["images"]["airflow"]["tag"] == airflow_version
    assert images == {f"airflow-cpp:{airflow_version}"}


def test_its_python_is_one_that_the_package_has():
    (python,) = re.findall(r"^ARG PYTHON_VERSION=(.*)$", text("Dockerfile"), flags=re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"Programming Language :: Python :: {python}" in project["classifiers"]


def test_the_image_is_given_all_that_the_wheel_is_built_from():
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    copied = {
        source
        for sources in re.findall(r"^COPY --chown=\S+ (.*) \S+$", text("Dockerfile"), flags=re.MULTILINE)
        for source in sources.split()
    }
    assert all((ROOT / source).exists() for source in copied)
    project = configuration["project"]
    packages = configuration["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert copied == {"pyproject.toml", project["readme"], *project["license-files"], *packages}


# Helm


def _object(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


_TEXT, _NUMBER, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_ENABLED = _object(enabled=_FLAG)
_REPLICAS = _object(replicas=_NUMBER)
_QUANTITIES = {"type": "object", "patternProperties": {"^(cpu|memory)$": _TEXT}, "additionalProperties": False}

#: The values of the official chart that are used here, as chart/values.yaml of apache/airflow has them in
#: commit b9584335b22b76079a6c27abf792aa664c815685 (before 1.19). A key that the chart doesn't know is an error
#: of Helm; one that isn't in this list has to be looked up there first.
CHART = _object(
    airflowVersion=_TEXT,
    images=_object(airflow=_object(repository=_TEXT, tag=_TEXT)),
    executor={"enum": ["LocalExecutor", "CeleryExecutor", "KubernetesExecutor"]},
    fernetKeySecretName=_TEXT,
    apiSecretKeySecretName=_TEXT,
    jwtSecretName=_TEXT,
    secret={"type": "array", "items": _object(envName=_TEXT, secretName=_TEXT, secretKey=_TEXT)},
    config={"type": "object"},
    apiServer=_REPLICAS,
    scheduler=_REPLICAS,
    workers=_object(celery=_REPLICAS),
    triggerer=_object(
        replicas=_NUMBER,
        terminationGracePeriodSeconds=_NUMBER,
        podDisruptionBudget=_object(enabled=_FLAG, config=_object(maxUnavailable=_NUMBER)),
        persistence=_object(size=_TEXT),
        resources=_object(requests=_QUANTITIES, limits=_QUANTITIES),
    ),
    statsd=_ENABLED,
    redis=_ENABLED,
    postgresql=_ENABLED,
)


@pytest.mark.parametrize("name", CHARTS)
def test_the_chart_knows_each_value(name):
    jsonschema.validate(yaml.safe_load(text(name)), CHART)


def test_the_chart_runs_two_triggerers_with_the_connection():
    values = yaml.safe_load(text("values.yaml"))
    assert values["triggerer"]["replicas"] == 2
    assert [each["envName"] for each in values["secret"]] == ["AIRFLOW_CONN_CPP_DEFAULT"]


def test_only_celery_gets_redis():
    first, second = (yaml.safe_load(text(name)) for name in CHARTS)
    assert (first["executor"], first["redis"]["enabled"]) == ("CeleryExecutor", True)
    assert (second["executor"], second["redis"]["enabled"]) == ("KubernetesExecutor", False)


def test_celery_waits_in_the_chart_as_long_as_in_compose_and_kubernetes_as_long_as_by_default(compose):
    first, second = (yaml.safe_load(text(name))["config"] for name in CHARTS)
    environment = compose["services"]["scheduler"]["environment"]
    waits = [(section, option) for section in ("scheduler", "workers") for option in first[section]]
    assert waits
    for section, option in waits:
        assert str(first[section][option]) == environment[f"AIRFLOW__{section}__{option}".upper()]
    assert set(second["scheduler"]) == set(first["scheduler"])
    from airflow.configuration import conf

    # As scheduler_job_runner.py (3.3.2) has it where nothing is set: it isn't described.
    by_default = {"num_stuck_in_queued_retries": 2}
    for option, value in second["scheduler"].items():
        assert value == by_default.get(option) or value == conf.getfloat("scheduler", option)
