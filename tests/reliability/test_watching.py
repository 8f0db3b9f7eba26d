"""Whatever happens to the reads, the wait tells the operation's own end, on a worker and deferred alike."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    OperationCanceled,
    OperationFailed,
    OperationStatusUnknown,
)
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.reliability.dripping import AT_MOST, PATH, Portal
from tests.reliability.fault_table import APIS, PRODUCT_INGESTION
from tests.reliability.going_live import OFFER
from tests.reliability.waiting import NO_QUARTER_OF_AN_HOUR, PHASE, TOLD, Case, check, told
from tests.running import event_of


def one(kind, reads, ends=None, saying="", *, lists=0, waits=0.0, timeout=10.0, constants=None, times=2, **more):
    fault = Fault(kind, action="operation", times=times, **more)
    return Case((fault,), reads, ends, saying, lists, waits, timeout, constants or {})


LATE = {"GRACE_FOR_NOT_FOUND": 0.0}
GIVEN_UP = r"can't be learned: 10 reads in a row failed.*HTTP {}.*says nothing about the operation itself"

CASES = {
    "lost answers": one("lost-response", 3),
    "resets": one("reset-before", 3),
    "cut heads": one("cut-head", 3),
    "cut bodies": one("cut-body", 3),
    "no answer within the timeout": one("hang", 2, times=1, timeout=1.5),
    "an answer byte by byte, slower than the timeout": one("drip", 2, times=1, delay=0.1, timeout=1.5),
    "429, Retry-After in seconds": one("throttled", 2, times=1, retry_after="1", waits=1),
    "429, Retry-After as a date": one("throttled", 2, times=1, retry_after="date:2", waits=1),
    "429, nonsense in Retry-After": one("throttled", 3, retry_after="-1e999 soon"),
    "503, Retry-After in seconds": one("throttled", 2, times=1, status=503, retry_after="1", waits=1),
    "503 without Retry-After": one("error", 3, status=503),
    "500, nine times": one("error", 10, times=9, constants=NO_QUARTER_OF_AN_HOUR),
    "500, ten times within a quarter of an hour": one("error", 11, times=10),
    "500, ten times over a quarter of an hour": one(
        "error", 10, OperationStatusUnknown, GIVEN_UP.format(500), times=None, constants=NO_QUARTER_OF_AN_HOUR
    ),
    "502 in HTML": one("html", 3, status=502),
    "504": one("error", 3, status=504),
    "408": one("error", 3, status=408),
    "200 in HTML": one("html", 3),
    "200 in HTML, ten times over a quarter of an hour": one(
        "html", 10, OperationStatusUnknown, GIVEN_UP.format(200), times=None, constants=NO_QUARTER_OF_AN_HOUR
    ),
    "an empty body": one("empty", 3),
    "a body without a status": one("no-status", 3),
    "a body of 2 MiB": one("oversized", 3),
    "a body of 64 MiB, packed": one("gzip-bomb", 3),
    "the body as an array": one("array", 1),
    "a status word of no vocabulary": one("status-word", 3),
    "succeeded in another spelling": one("status-word", 1, value=" COMPLETED "),
    "202 without a body": one("ignored", 3),
    "302 to another host": one("redirect", 3),
    "404 within the first five minutes": one("not-found", 6, times=5),
    "404 later, twice": one("not-found", 3, constants=LATE),
    "404 later, three times; the submissions tell": one("not-found", 3, times=None, lists=1, constants=LATE),
    "410; the submissions tell": one("gone", 1, times=None, lists=1),
    "410, and the submissions can't be read at first": Case(
        (Fault("gone", action="operation", times=None), Fault("error", action="submissions", times=2)), 3, lists=3
    ),
    "401, tokens were revoked": one("revoked", 2, times=1),
    "401, the new token's, too": one(
        "unauthorized", 2, CppAuthError, "HTTP 401.*(login.*password|the token's time is over)"
    ),
    "403": one("error", 1, CppAuthError, "HTTP 403.*Partner Center", status=403),
    "400": one("error", 1, CppBadRequest, "HTTP 400", status=400),
    "the login is down for a while": Case(
        (Fault("revoked", action="operation"), Fault("error", action="token", status=503, times=3)), 2
    ),
}


#: What differs on the Product Ingestion API: a job that isn't found leaves the row of its submission. Nor has
#: anybody seen a job in an array.
BY_ROW = {
    "the body as an array": one("array", 3, lists=1),
    "410, and the submissions can't be read at first": CASES["410, and the submissions can't be read at first"],
    "404 within the first five minutes": one("not-found", 1, times=5, lists=1),
    "404 later, twice": one("not-found", 1, lists=1),
    "404 later, three times; the submissions tell": one("not-found", 1, times=None, lists=1),
    "410; the submissions tell": one("gone", 1, times=None, lists=1),
}


def case_of(api, fault):
    """Return what a fault leads to on an API."""
    case = {**CASES, **(BY_ROW if api == PRODUCT_INGESTION else {})}[fault]
    if api == PRODUCT_INGESTION and case.ends is None and fault not in BY_ROW:
        return replace(case, lists=case.lists + 1)  # the job's end is confirmed by its row
    return case


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", CASES)
def test_a_fault_at_the_reads(portal, location, proves, monkeypatch, connect_by_api, wait, api, fault):
    case = case_of(api, fault)
    for name, value in case.constants.items():
        monkeypatch.setattr(f"airflow_provider_cpp.lro.watching.{name}", value)
    connect_by_api(portal, timeout=case.timeout)
    portal.faults.add(*case.faults)
    began = time.monotonic()
    words, error = told(wait, location)
    assert time.monotonic() - began >= case.waits
    check(portal, proves, fault, case, words, error)


def test_an_operation_that_neither_its_location_nor_the_submissions_know(
    portal, location, proves, monkeypatch, wait
):
    monkeypatch.setattr("airflow_provider_cpp.lro.watching.GRACE_FOR_NOT_FOUND", 0.0)
    unknown = re.sub("operations/[^?]*", "operations/56615b67-2185-49fe-80d2-c4ddf77bb2e8", location)
    case = Case((), 3, OperationStatusUnknown, "HTTP 404.*submissions don't list it", lists=1)
    fault = "404 later, three times; the submissions don't list it"
    check(portal, proves, fault, case, *told(wait, unknown))


def test_a_secret_that_is_refused_is_told_at_once(portal, location, proves, monkeypatch, wait):
    monkeypatch.setattr(portal._login, "client_secret", "another")
    portal.faults.add(Fault("revoked", action="operation"))
    case = Case((), 0, CppAuthError, "AADSTS7000215.*password.*operation .* may run on.*clear this task")
    check(portal, proves, "the login refuses the secret", case, *told(wait, location))


ENDS = {"fail": OperationFailed, "cancel": OperationCanceled}


@pytest.mark.usefixtures("logged_in")
@pytest.mark.parametrize("outcome", ENDS)
@pytest.mark.parametrize("kind", ["lost-response", "cut-body", "error", "html", "no-status", "status-word"])
def test_no_fault_changes_the_outcome_that_is_told(portal, wait, outcome, kind):
    portal.configure(outcome=outcome)
    location = CloudPartnerPortalHook().go_live(OFFER)
    portal.faults.add(Fault(kind, action="operation", times=2))
    with pytest.raises(ENDS[outcome], match=r"displaycertify|canceled"):
        wait(location)


def test_no_longer_wait_than_the_deadline_is_made_of_a_retry_after(portal, location):
    portal.faults.add(Fault("throttled", action="operation", retry_after="3600"))
    now = time.time()
    trigger = OperationTrigger(operation_location=location, started_at=now, deadline=now + 1.0, poke_interval=0.01)
    assert event_of(trigger)["status"] == "succeeded"
    assert 0.9 <= time.time() - now < 10
    assert len(portal.requests_for("operation")) == 2


def test_a_status_whose_body_drips_is_read_again(proves, wait, dripping):
    with dripping(Portal(b"GET")) as portal:
        began = time.monotonic()
        words, error = told(wait, CloudPartnerPortalHook().location(PATH).url)
        assert time.monotonic() - began < AT_MOST
        assert (words, error) == (TOLD, None)
        assert portal.count(b"GET") == 2
    proves(PHASE, "200 at once, its body byte by byte", (2, 0), words)
