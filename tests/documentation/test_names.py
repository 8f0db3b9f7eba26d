"""What is named is there, and what is there is named."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from airflow_provider_cpp import airflow_versions
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
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.documentation.pages import ROOT, page


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
    parameters = inspect.signature(cls.__init__).parameters.values()
    named = {each.name for each in parameters if each.kind is each.KEYWORD_ONLY}
    assert named
    assert named <= described


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
