"""Whatever happens to a cancel, what is reported is what became of the operation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import CppAuthError, CppConflict, CppError, CppNotFound, CppUnavailable
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro.schedule import PollSchedule
from tests.reliability.fault_table import APIS, PRODUCT_INGESTION
from tests.reliability.gate import Gate
from tests.reliability.going_live import OFFER, in_words, started

pytestmark = pytest.mark.usefixtures("logged_in")

PHASE = "Canceling"


@dataclass(frozen=True)
class Case:
    """A fault at the cancel of a running operation.

    :param faults: what goes wrong.
    :param posts: how many POSTs the service sees.
    :param state: what becomes of the operation.
    :param reported: what the cancel reports, or the class of the error.
    """

    faults: tuple[Fault, ...]
    posts: int
    state: str
    reported: str | type[Exception]


def one(kind, posts, state, reported, **more):
    return Case((Fault(kind, action="cancel", **more),), posts, state, reported)


CANCELED, RUNS_ON = ("canceled", "canceled"), ("running", "timeout")

CASES = {
    "none": Case((), 1, *CANCELED),
    "202, and the service does nothing": one("ignored", 1, *RUNS_ON),
    "the service acts, its answer is lost": one("lost-response", 1, *CANCELED),
    "the service acts, then the connection is reset": one("reset-after", 1, *CANCELED),
    "the connection is reset before the service acts": one("reset-before", 1, *RUNS_ON),
    "202, cut within the head": one("cut-head", 1, *CANCELED),
    "202, cut within the body": one("cut-body", 1, *CANCELED),
    "the service acts and never answers": one("hang", 1, *CANCELED, acts=True),
    "202, byte by byte, slower than the timeout": one("drip", 1, *CANCELED, delay=0.1),
    "429, Retry-After in seconds": one("throttled", 2, *CANCELED, retry_after="3"),
    "429, Retry-After as a date": one("throttled", 2, *CANCELED, retry_after="date:3"),
    "503, Retry-After in seconds": one("throttled", 2, *CANCELED, status=503, retry_after="3"),
    "500, the service acts": one("error", 1, *CANCELED, acts=True),
    "500, it doesn't act": one("error", 1, *RUNS_ON),
    "502 in HTML, it doesn't act": one("html", 1, *RUNS_ON, status=502),
    "302 to another host": one("redirect", 1, *RUNS_ON),
    "401, tokens were revoked": one("revoked", 2, *CANCELED),
    "401, the new token's, too": one("unauthorized", 2, "running", CppAuthError, times=2),
    "403": one("error", 1, "running", CppAuthError, status=403),
    "404": one("not-found", 1, "running", CppNotFound),
    "409": one("error", 1, "running", CppConflict, status=409),
    "503 with Retry-After, every time": one(
        "throttled", 5, "running", CppUnavailable, status=503, retry_after="3", times=None
    ),
    "429, every time": one("throttled", 5, "running", CppUnavailable, times=None),
    "500 at the read before it, twice": Case((Fault("error", action="operation", times=2),), 1, *CANCELED),
    "500 at the reads after it, four times": Case(
        (Fault("error", action="operation", skip=1, times=4),), 1, *CANCELED
    ),
}


#: What differs on the Product Ingestion API, where 503 with Retry-After leaves open what came of a request.
UNCLEAR = {
    "503, Retry-After in seconds": one("throttled", 1, *RUNS_ON, status=503, retry_after="3"),
    "503 with Retry-After, every time": one("throttled", 1, *RUNS_ON, status=503, retry_after="3", times=None),
}


@pytest.fixture
def location(portal, pauses, hook, monkeypatch):
    portal.configure(duration=100, cancel_duration=0.0)
    monkeypatch.setattr("airflow_provider_cpp.lro.cancelling.SCHEDULE", PollSchedule(0.3, 0.3))
    location = hook().go_live(OFFER)
    portal.clear_requests()
    return location


def reported(location, hook=CloudPartnerPortalHook):
    try:
        return hook().cancel_operation(location, within=1.5).status
    except CppError as error:
        return error


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", CASES)
def test_a_fault_at_the_cancel(portal, location, proves, connect_by_api, hook, api, fault):
    case = {**CASES, **(UNCLEAR if api == PRODUCT_INGESTION else {})}[fault]
    slow = {"hang", "drip"} & {what.kind for what in case.faults}
    connect_by_api(portal, timeout=1.5 if slow else 10)
    portal.faults.add(*case.faults)
    what = reported(location, hook)
    (operation,) = started(portal)
    assert portal.view(operation).state == case.state
    assert len(portal.requests_for("cancel")) == case.posts
    if isinstance(case.reported, str):
        assert what == case.reported
        words = f"`{what}`"
    else:
        assert type(what) is case.reported, what
        words = in_words(what).partition(",")[0]
    proves(PHASE, fault, (case.posts, "is canceled" if case.state == "canceled" else "runs on"), words)


def test_what_has_ended_is_not_canceled_as_the_cancel_would_meet_what_runs_now(portal, location, proves):
    portal.finish(OFFER)
    assert reported(location) == "succeeded"
    assert portal.requests_for("cancel") == []
    proves(PHASE, "the operation has ended before", (0, "has succeeded"), "`succeeded`")


# Whatever runs on an offer, by the hook's cancel


def called_off(**arguments):
    try:
        return CloudPartnerPortalHook().cancel(OFFER, **{"within": 0.4, **arguments}).status
    except CppError as error:
        return error


def test_where_nothing_runs_no_cancel_is_sent(portal, location, proves):
    portal.finish(OFFER)
    assert called_off() == "nothing_running"
    assert portal.requests_for("cancel") == []
    proves(PHASE, "of an offer, nothing runs on it", (0, "none"), "`nothing_running`")


def test_without_the_list_no_cancel_is_sent(portal, location, pauses, proves):
    portal.faults.add(Fault("error", action="submissions", times=None))
    what = called_off()
    assert type(what) is CppUnavailable
    assert portal.requests_for("cancel") == []
    proves(PHASE, "of an offer, 500 at the list, every time", (0, "runs on"), "`CppUnavailable`")


def test_a_cancel_that_is_refused_a_connection_is_an_error_that_names_it(portal, location, proves, monkeypatch):
    with Gate(urlsplit(portal.plain_url).port, then_shut=2) as gate:  # after the list and a look
        connection = json.loads(portal.connection_json(timeout=10))
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps({**connection, "host": gate.url}))
        what = called_off()
    assert type(what) is CppUnavailable
    assert "refused" in str(what)
    assert "Nothing was canceled" in str(what)
    assert portal.requests_for("cancel") == []
    proves(PHASE, "of an offer, the connection is refused, every time", (0, "runs on"), "`CppUnavailable`")


@pytest.mark.parametrize("kind", ["reset-before", "error"])
def test_a_cancel_without_a_clear_answer_is_sent_again_while_there_is_time(
    portal, location, proves, monkeypatch, kind
):
    monkeypatch.setattr("airflow_provider_cpp.lro.cancelling.SEND_AGAIN_AFTER", 0.2)
    portal.faults.add(Fault(kind, action="cancel"))
    assert called_off(within=30) == "canceled"
    assert len(portal.requests_for("cancel")) == 2
    (operation,) = started(portal)
    assert portal.view(operation).state == "canceled"
    what = "the connection is reset" if kind == "reset-before" else "500"
    proves(
        PHASE,
        f"of an offer, {what} before the service acts, and half a minute is left",
        (2, "is canceled"),
        "`canceled`",
    )
