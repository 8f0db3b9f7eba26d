"""The Compose file as the cluster of `make cluster` reads it: variables, services, addresses, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dev.airflow_image import commands
from dev.compose_addresses import on_loopback
from dev.compose_file import ComposeError, in_order, read_services

EXAMPLE = Path(__file__).parent.parent / "docs" / "deployment" / "compose.yaml"

VARIABLES = dict.fromkeys(
    ["AIRFLOW_CONN_CPP_DEFAULT", "FERNET_KEY", "API_SECRET_KEY", "JWT_SECRET", "ADMIN_PASSWORD"], "of-test"
) | {"POSTGRES_PASSWORD": "postgres-secret", "REDIS_PASSWORD": "redis-secret"}

SMALL = """
x-base: &base
  image: base:1
  environment: &environment
    SAID: ${SAID:?put it in}
    SIZE: 12
services:
  first:
    <<: *base
    command: serve --port 80
    restart: always
    environment:
      <<: *environment
      MORE: "1"
    depends_on:
      second: {condition: service_healthy}
    volumes: [data:/data, ./here:/there:ro]
    deploy: {replicas: 2}
  second:
    image: other
    command: [run, "${SAID}"]
"""


def small(**variables):
    return read_services(SMALL, {"SAID": "so", **variables}, {})


def test_a_service_has_what_it_merges_and_what_it_says_itself():
    first = small()["first"]
    assert first.image == "base:1"
    assert first.environment == {"SAID": "so", "SIZE": "12", "MORE": "1"}
    assert first.command == ("serve", "--port", "80")
    assert first.volumes == (("data", "/data"), ("./here", "/there"))
    assert first.waits_for == {"second": "service_healthy"}
    assert (first.comes_back, first.replica_names) == (True, ["first-1", "first-2"])


def test_a_service_that_says_little_is_there_once_and_stays_down():
    second = small()["second"]
    assert second.command == ("run", "so")
    assert (second.comes_back, second.replica_names, second.environment) == (False, ["second"], {})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("${NAME}", "value"),
        ("a-${NAME:?}-b", "a-value-b"),
        ("${NAME:-other}", "value"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${EMPTY?}", ""),
        ("${MISSING:-other}", "other"),
        ("${MISSING-other}", "other"),
        ("${MISSING}", ""),
        ("$${NAME}", "${NAME}"),
        ("100 %", "100 %"),
    ],
)
def test_variables_are_put_in_as_compose_does(written, meant):
    text = f"services: {{one: {{image: i, environment: {{SAID: '{written}'}}}}}}"
    services = read_services(text, {"NAME": "value", "EMPTY": ""}, {})
    assert services["one"].environment["SAID"] == meant


@pytest.mark.parametrize("variables", [{}, {"SAID": ""}])
def test_a_variable_that_is_needed_and_missing_is_named(variables):
    with pytest.raises(ComposeError, match="SAID has no value: put it in"):
        read_services(SMALL, variables, {})


def test_scale_says_another_number_of_replicas():
    services = read_services(SMALL, {"SAID": "so"}, {"first": 1, "second": 3})
    assert services["first"].replica_names == ["first"]
    assert services["second"].replica_names == ["second-1", "second-2", "second-3"]
    with pytest.raises(ComposeError, match="no service third"):
        read_services(SMALL, {"SAID": "so"}, {"third": 1})


def test_a_service_comes_after_those_that_it_waits_for():
    assert [each.name for each in in_order(small())] == ["second", "first"]


def test_services_that_wait_in_vain_are_named():
    text = "services: {one: {image: i, depends_on: {two: {condition: service_started}}}, three: {image: i}}"
    with pytest.raises(ComposeError, match="one can't start"):
        in_order(read_services(text, {}, {}))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgresql+psycopg2://airflow:secret@postgres/airflow", "postgresql+psycopg2://airflow:secret@127.0.0.1:1/airflow"),
        ("db+postgresql://airflow:secret@postgres/airflow", "db+postgresql://airflow:secret@127.0.0.1:1/airflow"),
        ("redis://:secret@redis:6379/0", "redis://:secret@127.0.0.1:2/0"),
        ("http://api-server:8080/execution/", "http://127.0.0.1:3/execution/"),
        ("http://api-server:8080", "http://127.0.0.1:3"),
        ("https://graph.microsoft.com/x", "https://graph.microsoft.com/x"),
        ('{"host": "https://redis:6379"}', '{"host": "https://redis:6379"}'),
        ("redis", "redis"),
    ],
)  # fmt: skip
def test_an_address_of_a_service_becomes_one_of_this_machine(written, meant):
    ports = {("postgres", 5432): 1, ("redis", 6379): 2, ("api-server", 8080): 3}
    services = {"postgres", "redis", "api-server"}
    assert on_loopback({"AT": written}, services, lambda *each: ports[each]) == {"AT": meant}


def test_an_address_in_two_variables_becomes_one_of_this_machine():
    environment = {"STATSD_HOST": "statsd", "STATSD_PORT": "9125", "OTHER_HOST": "statsd", "OTHER": "statsd"}
    moved = on_loopback(environment, {"statsd"}, lambda service, port: {("statsd", 9125): 4}[service, port])
    assert moved == {**environment, "STATSD_HOST": "127.0.0.1", "STATSD_PORT": "4"}


def test_the_image_migrates_and_makes_a_user_before_its_command():
    environment = {
        "_AIRFLOW_DB_MIGRATE": "true",
        "_AIRFLOW_WWW_USER_CREATE": "true",
        "_AIRFLOW_WWW_USER_USERNAME": "me",
        "_AIRFLOW_WWW_USER_PASSWORD": "secret",
    }
    migrate, create, last = commands(["version"], environment)
    assert (migrate, create[:4], last) == (["db", "migrate"], ["users", "create", "--username", "me"], ["version"])
    assert create[-4:] == ["--role", "Admin", "--password", "secret"]
    assert commands(["scheduler"], {}) == [["scheduler"]]


def test_the_example_is_understood_to_the_last_address():
    services = read_services(EXAMPLE.read_text(encoding="utf-8"), VARIABLES, {"worker": 2})
    assert [each.name for each in in_order(services)][:4] == ["postgres", "redis", "statsd", "init"]
    assert services["worker"].replica_names == ["worker-1", "worker-2"]
    assert services["triggerer"].replica_names == ["triggerer-1", "triggerer-2"]
    asked = set()

    def port_of(service, port):
        asked.add((service, port))
        return 9

    for service in services.values():
        if service.image.startswith("airflow-cpp:"):
            moved = on_loopback(service.environment, services, port_of)
            # No value names another container any more.
            assert not [value for value in moved.values() if re.search(f"[@/]({'|'.join(services)})[:/]", value)]
            assert "redis-secret@127.0.0.1" in moved["AIRFLOW__CELERY__BROKER_URL"]
    assert asked == {("postgres", 5432), ("redis", 6379), ("api-server", 8080), ("statsd", 9125)}
