"""A service that can't be reached while an operation is watched: the wait goes on, and tells why it can't."""

from __future__ import annotations

import json
import threading
from urllib.parse import urlsplit

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError, OperationStatusUnknown
from tests.reliability.gate import Deaf, Gate
from tests.reliability.waiting import NO_QUARTER_OF_AN_HOUR, TOLD, Case, check, deferred, on_a_worker, told

GIVEN_UP = r"10 reads in a row failed.*not sent.*says nothing about the operation itself"


@pytest.fixture
def connect(portal, monkeypatch):
    """Change the connection."""

    def change(host, **extra):
        connection = {**portal.connection(timeout=10, **extra), "host": host}
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(connection))

    return change


@pytest.fixture
def quickly_given_up(monkeypatch):
    for name, value in NO_QUARTER_OF_AN_HOUR.items():
        monkeypatch.setattr(f"airflow_provider_cpp.lro.watching.{name}", value)


def path(location):
    return urlsplit(location).path


def test_connections_refused_for_a_while(portal, location, proves, connect, wait):
    with Gate(urlsplit(portal.plain_url).port) as gate:
        gate.shut()
        connect(gate.url)
        threading.Timer(0.5, gate.open).start()
        words, error = told(wait, path(location))
    check(portal, proves, "connections refused for a while", Case((), 1), words, error)
    assert words == TOLD


def test_connections_refused_over_a_quarter_of_an_hour(portal, location, proves, connect, wait, quickly_given_up):
    with Gate(0) as gate:
        gate.shut()
        connect(gate.url)
        case = Case((), 0, OperationStatusUnknown, GIVEN_UP)
        fault = "connections refused over a quarter of an hour"
        check(portal, proves, fault, case, *told(wait, path(location)))


def test_a_name_that_can_not_be_resolved(portal, location, proves, connect, wait, nameless, quickly_given_up):
    connect(nameless)
    case = Case((), 0, OperationStatusUnknown, GIVEN_UP)
    fault = "name not resolved over a quarter of an hour"
    check(portal, proves, fault, case, *told(wait, path(location)))


def test_a_host_that_completes_no_connection(
    portal, location, proves, connect, wait, monkeypatch, quickly_given_up
):
    for colour in ("blocking", "asynchronous"):
        monkeypatch.setattr(f"airflow_provider_cpp.client.{colour}.CONNECT_TIMEOUT", 0.1)
    with Deaf() as deaf:
        connect(deaf.url)
        case = Case((), 0, OperationStatusUnknown, GIVEN_UP)
        fault = "connect timeouts over a quarter of an hour"
        check(portal, proves, fault, case, *told(wait, path(location)))


def test_a_certificate_that_is_not_trusted_at_the_first_look_is_told_at_once(portal, location, proves, connect):
    connect(portal.url, auth="token", ca_file="")
    case = Case((), 0, CppConfigurationError, "certificate.*Nothing was sent.*ca_file")
    fault = "certificate not trusted, at the first look of a task"
    check(portal, proves, fault, case, *told(on_a_worker, location))


def test_a_certificate_that_is_not_trusted_any_more_is_a_failed_read(
    portal, location, proves, connect, quickly_given_up
):
    connect(portal.url, auth="token", ca_file="")
    case = Case((), 0, OperationStatusUnknown, "10 reads in a row failed.*certificate not trusted")
    fault = "certificate not trusted any more, over a quarter of an hour"
    check(portal, proves, fault, case, *told(deferred, location))
