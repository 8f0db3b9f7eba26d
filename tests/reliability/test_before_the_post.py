"""What goes wrong before the POST starts nothing; what provably never arrived is sent again."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from airflow_provider_cpp.client.blocking import BlockingClient
from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import CppAuthError, CppConfigurationError, CppConflict, CppUnavailable
from tests.reliability.fault_table import APIS, PRODUCT_INGESTION
from tests.reliability.gate import Deaf, Gate
from tests.reliability.going_live import OFFER, go_live, posts, started, told
from tests.running import Store

PHASE = "Before the POST"
RETURNED = "returned the location"


pytestmark = pytest.mark.parametrize("api", APIS)


@pytest.fixture
def connect(api, portal, monkeypatch):
    """Connects to the portal by that API: takes a password, a host, and values of the connection's extra."""

    def by_env(*, password=None, host=None, **extra):
        connection = portal.connection(api=api, **{"timeout": 10, **extra})
        connection["host"] = host or connection["host"]
        connection["password"] = password or connection["password"]
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(connection))

    return by_env


def check(portal, outcome, lines, proves, fault, *, ends, saying="", sent=0, began=0):
    assert (posts(portal), len(started(portal))) == (sent, began), outcome.error
    words = told(outcome, lines)
    if isinstance(ends, str):
        assert words == ends
    else:
        assert type(outcome.error) is ends, outcome.error
        assert re.search(saying, str(outcome.error), re.DOTALL), str(outcome.error)
    proves(PHASE, fault, (sent, began), words)


AT_THE_LIST = {
    "the list's answer is lost, once": (Fault("lost-response", action="submissions"), None),
    "the list: 429, Retry-After in seconds": (Fault("throttled", action="submissions", retry_after="7"), None),
    "the list: 500, four times": (Fault("error", action="submissions", times=4), None),
    "the list: 500, every time": (
        Fault("error", action="submissions", times=None),
        r"wasn't sent: .*HTTP 500.*\(List submissions\)",
    ),
    "the list: 502 in HTML, every time": (
        Fault("html", action="submissions", status=502, times=None),
        r"wasn't sent: .*HTTP 502.*\(List submissions\)",
    ),
    "the list: 200 in HTML, every time": (
        Fault("html", action="submissions", times=None),
        r"wasn't sent: .*host and proxy.*\(List submissions\)",
    ),
    "the list: cut body, every time": (Fault("cut-body", action="submissions", times=None), "body is cut"),
    "the list: hangs, every time": (
        Fault("hang", action="submissions", times=None),
        r"wasn't sent: .*timed out.*\(List submissions\)",
    ),
    "the list: a redirect, every time": (
        Fault("redirect", action="submissions", times=None),
        r"wasn't sent: .*(Redirects are refused|Nothing is followed).*\(List submissions\)",
    ),
    "the precheck: 500, four times": (Fault("error", action="status", times=4), None),
    "the precheck: 500, every time": (
        Fault("error", action="status", times=None),
        r"wasn't sent: .*HTTP 500.*\(Get status\)",
    ),
    "the precheck: 200 in HTML, every time": (
        Fault("html", action="status", times=None),
        "wasn't sent: .*(Get status was )?HTTP 200",
    ),
    "the precheck: a redirect, every time": (
        Fault("redirect", action="status", times=None),
        r"wasn't sent: .*(Redirects are refused|Nothing is followed).*\(Get status\)",
    ),
    "the precheck: a word that nobody knows": (
        Fault("status-word", action="status", value="somethingNew"),
        None,
    ),
    "the login: 503, once": (Fault("error", action="token", status=503), None),
    "the login: lost answer, once": (Fault("lost-response", action="token"), None),
    "the login: byte by byte, slower than the timeout, once": (Fault("drip", action="token", delay=0.1), None),
    "the login: 503, every time": (
        Fault("error", action="token", status=503, times=None),
        "login doesn't work just now: HTTP 503",
    ),
    "the login: 429 with Retry-After of an hour, every time": (
        Fault("throttled", action="token", retry_after="3600", times=None),
        "login doesn't work just now: HTTP 429",
    ),
    "the login: HTML, every time": (Fault("html", action="token", times=None), "the login doesn't work just now"),
    "the login: its metadata are down, every time": (
        Fault("error", action="discovery", status=503, times=None),
        "the login doesn't work just now",
    ),
}


#: On the Product Ingestion API the precheck reads the list, in which a word that nobody knows is one of what runs.
BY_ROWS = {"the precheck: a word that nobody knows": (CppConflict, "isn't due: a publish runs.*somethingNew")}


def at_the_list(api, fault):
    """Return what goes wrong on an API, the error that ends it, if any, and what that says."""
    what, saying = AT_THE_LIST[fault]
    ends = CppUnavailable if saying else RETURNED
    if api != PRODUCT_INGESTION:
        return what, ends, saying or ""
    if what.action == "submissions":
        what = replace(what, skip=what.skip + 1)
    elif what.action == "status":
        what, saying = (
            replace(what, action="submissions"),
            saying and saying.replace("Get status", "List submissions"),
        )
    return (what, *BY_ROWS.get(fault, (ends, saying or "")))


@pytest.mark.parametrize("fault", AT_THE_LIST)
def test_without_the_list_or_a_token_nothing_is_posted(portal, pauses, lines, proves, connect, api, fault):
    connect(timeout=1.5 if "hangs" in fault or "byte" in fault else 10)
    what, ends, saying = at_the_list(api, fault)
    portal.faults.add(what)
    began = 1 if ends == RETURNED else 0
    check(portal, go_live(), lines, proves, fault, ends=ends, saying=saying, sent=began, began=began)


def test_a_wrong_secret_is_told_at_once(portal, pauses, lines, proves, connect):
    connect(password="expired")
    outcome = go_live()
    check(
        portal,
        outcome,
        lines,
        proves,
        "the login: the secret is wrong",
        ends=CppAuthError,
        saying="AADSTS7000215.*password",
    )
    assert len(portal.requests_for("token")) == 1
    assert pauses == []


def test_403_at_the_list_is_told_at_once(portal, pauses, lines, proves, connect):
    connect()
    portal.configure(forbidden_publishers=("contoso",))
    check(portal, go_live(), lines, proves, "the list: 403", ends=CppAuthError, saying="HTTP 403.*Partner Center")
    assert pauses == []


def test_a_login_that_can_not_be_reached(portal, pauses, lines, proves, connect):
    with Gate(0) as gate:
        gate.shut()
        connect(authority=gate.url.replace("http:", "https:"))
        check(
            portal,
            go_live(),
            lines,
            proves,
            "the login: refused connections",
            ends=CppUnavailable,
            saying="authority",
        )


def test_connections_that_are_refused(portal, pauses, lines, proves, connect):
    with Gate(0) as gate:
        gate.shut()
        connect(host=gate.url)
        check(
            portal,
            go_live(),
            lines,
            proves,
            "connection refused, every time",
            ends=CppUnavailable,
            saying="refused",
        )
    assert len(pauses) == 4


@pytest.fixture
def after_the_list(portal, connect, monkeypatch):
    """Shut the way to the API after the list, and open it again at the first pause."""
    with Gate(urlsplit(portal.plain_url).port, then_shut=1) as gate:
        connect(host=gate.url)
        waited = []

        def pause(seconds):
            waited.append(seconds)
            gate.open()

        monkeypatch.setattr(
            "airflow_provider_cpp.hooks.offer_documents.BlockingClient",
            functools.partial(BlockingClient, sleep=pause),
        )
        yield waited


def test_a_post_whose_connection_is_refused_is_sent_again(portal, after_the_list, lines, proves):
    check(
        portal,
        go_live(),
        lines,
        proves,
        "connection refused at the POST, once",
        ends=RETURNED,
        sent=1,
        began=1,
    )
    assert len(after_the_list) == 1


def test_a_name_that_can_not_be_resolved(portal, pauses, lines, proves, connect, nameless):
    connect(host=nameless)
    outcome = go_live()
    check(
        portal,
        outcome,
        lines,
        proves,
        "name not resolved, every time",
        ends=CppUnavailable,
        saying="cpp.invalid|Name",
    )
    assert len(pauses) == 4


def test_a_host_that_completes_no_connection(portal, pauses, lines, proves, connect, monkeypatch):
    monkeypatch.setattr("airflow_provider_cpp.client.blocking.CONNECT_TIMEOUT", 0.2)
    with Deaf() as deaf:
        connect(host=deaf.url)
        outcome = go_live()
    check(portal, outcome, lines, proves, "connect timeout, every time", ends=CppUnavailable, saying="not sent")
    assert len(pauses) == 4


def test_a_certificate_that_is_not_trusted_is_told_at_once(portal, pauses, lines, proves, connect):
    connect(auth="token", password="t0ken", ca_file="")
    check(
        portal,
        go_live(),
        lines,
        proves,
        "certificate not trusted",
        ends=CppConfigurationError,
        saying="certificate.*ca_file",
    )
    assert pauses == []


def test_what_went_wrong_before_the_post_leaves_the_next_try_free(portal, pauses, connect):
    connect()
    store = Store()
    portal.faults.add(Fault("error", action="submissions", times=None))
    assert isinstance(go_live(store).error, CppUnavailable)
    portal.faults.clear()
    assert go_live(store, try_number=2).result
    assert (posts(portal), len(started(portal))) == (1, 1)
    assert [operation.kind for operation in portal.operations(OFFER)][-1] == "golive"
