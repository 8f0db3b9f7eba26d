"""Whatever happens to the POST, one operation at most is started, and the task tells what is true."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppAuthError,
    CppBadRequest,
    CppConflict,
    CppNotFound,
    CppUnavailable,
    is_retried,
)
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from tests.reliability.fault_table import APIS, CLOUD_PARTNER_PORTAL, PRODUCT_INGESTION
from tests.reliability.going_live import OFFER, go_live, leads_to, posts, started, told
from tests.running import Store

pytestmark = pytest.mark.usefixtures("logged_in")

PHASE = "Going live"

RETURNED = "returned the location"
FOUND = "found the operation among the submissions, returned its location"


@dataclass(frozen=True)
class Case:
    """A fault at the POST.

    :param faults: what goes wrong.
    :param posts: how many POSTs the service sees.
    :param started: how many operations it starts.
    :param ends: words of `told`, or the class of the error.
    :param saying: what the error says, as a pattern.
    :param waits: least seconds that are waited before the second POST.
    :param timeout: seconds that a request may take.
    """

    faults: tuple[Fault, ...]
    posts: int
    started: int
    ends: str | type[Exception]
    saying: str = ""
    waits: float = 0.0
    timeout: float = 10.0


def at_post(kind, **more):
    return Fault(kind, action="golive", **more)


def one(kind, posts, started, ends, saying="", *, waits=0.0, timeout=10.0, **more):
    return Case((at_post(kind, **more),), posts, started, ends, saying, waits, timeout)


CARRIED_OUT_ROW = "503 with Retry-After, though the service acts, whose operation runs"

UNCLEAR = r"Go Live of offer contoso/contoso-virtualmachineoffer.*may or may not have been accepted.*Look at https"

CASES = {
    "the service acts, its answer is lost": one("lost-response", 1, 1, FOUND),
    "the service acts, then the connection is reset": one("reset-after", 1, 1, FOUND),
    "the connection is reset before the service acts": one("reset-before", 2, 1, RETURNED),
    "the same, every time": one("reset-before", 2, 0, AmbiguousOutcome, UNCLEAR, times=None),
    "202, cut within the head": one("cut-head", 1, 1, FOUND),
    "202, cut within the body": one("cut-body", 1, 1, RETURNED),
    "the service acts and never answers": one("hang", 1, 1, FOUND, acts=True, timeout=2.0),
    "the service neither acts nor answers": one("hang", 2, 1, RETURNED, acts=False, timeout=2.0),
    "202, byte by byte, slower than the timeout": one("drip", 1, 1, FOUND, delay=0.1, timeout=2.0),
    "429, Retry-After in seconds": one("throttled", 2, 1, RETURNED, retry_after="7", waits=7),
    "429, Retry-After as a date": one("throttled", 2, 1, RETURNED, retry_after="date:30", waits=28),
    "429, nonsense in Retry-After": one("throttled", 2, 1, RETURNED, retry_after="soon"),
    "429, no Retry-After": one("throttled", 2, 1, RETURNED),
    "429, every time": one("throttled", 5, 0, CppUnavailable, "HTTP 429.*throttl", times=None),
    "429, Retry-After longer than we wait": one(
        "throttled", 1, 0, CppUnavailable, "HTTP 429.*throttl", retry_after="3600"
    ),
    "503, Retry-After in seconds": one("throttled", 2, 1, RETURNED, status=503, retry_after="7", waits=7),
    "503, nonsense in Retry-After": one("throttled", 2, 1, RETURNED, status=503, retry_after="soon"),
    "503 without Retry-After, the service acts": one("error", 1, 1, FOUND, status=503, acts=True),
    "503 without Retry-After, it doesn't act": one("error", 2, 1, RETURNED, status=503),
    "500, the service acts": one("error", 1, 1, FOUND, acts=True),
    "500, it doesn't act": one("error", 2, 1, RETURNED),
    "500, every time": one("error", 2, 0, AmbiguousOutcome, UNCLEAR, times=None),
    "500, then 500 and the service acts": Case((at_post("error"), at_post("error", acts=True)), 2, 1, FOUND),
    "502 in HTML, the service acts": one("html", 1, 1, FOUND, status=502, acts=True),
    "502 in HTML, it doesn't act": one("html", 2, 1, RETURNED, status=502),
    "504, the service acts": one("error", 1, 1, FOUND, status=504, acts=True),
    "408, the service acts": one("error", 1, 1, FOUND, status=408, acts=True),
    "200 in HTML, the service acts": one("html", 1, 1, FOUND, acts=True),
    "200 in HTML, it doesn't act": one("html", 1, 0, AmbiguousOutcome, "no submission came of it.*Look at https"),
    "202 without a body": one("empty", 1, 1, RETURNED),
    "202 without a location": one("no-location", 1, 1, FOUND),
    "202 with a location on another host": one("foreign-location", 1, 1, FOUND),
    "202 with 2 MiB of body": one("oversized", 1, 1, RETURNED),
    "202 with 64 MiB of body, packed": one("gzip-bomb", 1, 1, RETURNED),
    "202, and the service did nothing": one("ignored", 1, 0, AmbiguousOutcome, "no submission came of it"),
    "302 to another host": one(
        "redirect", 1, 0, CppUnavailable, "HTTP 302.*(Redirects are refused|Nothing is followed)"
    ),
    "307 to another host": one(
        "redirect", 1, 0, CppUnavailable, "HTTP 307.*(Redirects are refused|Nothing is followed)", status=307
    ),
    "401, tokens were revoked": one("revoked", 2, 1, RETURNED),
    "401, the new token's, too": one(
        "unauthorized", 2, 0, CppAuthError, "HTTP 401.*(login.*password|the token's time is over)", times=2
    ),
    "403": one("error", 1, 0, CppAuthError, "HTTP 403.*Partner Center", status=403),
    "400": one("error", 1, 0, CppBadRequest, "HTTP 400", status=400),
    "404": one("not-found", 1, 0, CppNotFound, "HTTP 404.*check (the identifiers|offer_id)"),
    "410": one("gone", 1, 0, CppNotFound, "HTTP 410"),
    "answer lost, then the list can't be read": Case(
        (at_post("lost-response"), Fault("error", action="submissions", skip=1, times=None)),
        1,
        1,
        AmbiguousOutcome,
        "submissions can't be read: HTTP 500.*Look at https",
    ),
    "reset before the service acts, and soon the list can't be read any more": Case(
        (at_post("reset-before"), Fault("error", action="submissions", skip=2, times=None)),
        1,
        0,
        AmbiguousOutcome,
        "submissions can't be read: HTTP 500.*Look at https",
    ),
    "answer lost, then the list is down for a while": Case(
        (at_post("lost-response"), Fault("error", action="submissions", skip=1, times=7)), 1, 1, FOUND
    ),
    "401, and the login is down for a while": Case(
        (at_post("revoked"), Fault("error", action="token", status=503, skip=1, times=1)), 2, 1, RETURNED
    ),
}


#: What differs on the Product Ingestion API: a go-live has a key there, so that one more request can do no harm;
#: and where it is stands in the body of the answer.
BY_KEY = {
    "503, Retry-After in seconds": one("throttled", 2, 1, RETURNED, status=503, retry_after="7"),
    "200 in HTML, it doesn't act": one("html", 2, 1, RETURNED),
    "202, and the service did nothing": one("ignored", 2, 1, RETURNED),
    "202, cut within the body": one("cut-body", 1, 1, FOUND),
    "202 without a body": one("empty", 1, 1, FOUND),
    "202 with 2 MiB of body": one("oversized", 1, 1, FOUND),
    "202 with 64 MiB of body, packed": one("gzip-bomb", 1, 1, FOUND),
    "202 with a location on another host": one("foreign-location", 1, 1, RETURNED),
}


def case_of(api, fault):
    """Return what a fault leads to on an API."""
    if api != PRODUCT_INGESTION:
        return CASES[fault]
    case = {**CASES, **BY_KEY}[fault]
    # The precheck reads the list, too.
    faults = [replace(what, skip=what.skip + 1) if what.action == "submissions" else what for what in case.faults]
    return replace(case, faults=tuple(faults))


def check(case, portal, outcome, lines, proves, fault, hook=CloudPartnerPortalHook):
    assert (posts(portal), len(started(portal))) == (case.posts, case.started)
    words = told(outcome, lines)
    if isinstance(case.ends, str):
        assert words == case.ends, outcome.error
        assert leads_to(started(portal)[-1], outcome.result, hook)
        assert outcome.result.startswith(portal.url)
        assert outcome.record is None
    else:
        assert type(outcome.error) is case.ends, outcome.error
        assert re.search(case.saying, str(outcome.error), re.DOTALL), str(outcome.error)
    proves(PHASE, fault, (posts(portal), len(started(portal))), words)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", CASES)
def test_a_fault_at_the_post(portal, pauses, lines, proves, connect_by_api, hook, api, fault):
    case = case_of(api, fault)
    connect_by_api(portal, timeout=case.timeout)
    portal.faults.add(*case.faults)
    outcome = go_live()
    assert max([0.0, *pauses]) >= case.waits
    check(case, portal, outcome, lines, proves, fault, hook)


#: How often a request is sent that was answered by 503 with Retry-After, and carried out all the same. On Cloud
#: Partner Portal a second one meets the first, as long as that runs.
CARRIED_OUT = {CLOUD_PARTNER_PORTAL: 2, PRODUCT_INGESTION: 1}


@pytest.mark.parametrize("api", APIS)
def test_503_with_retry_after_of_a_request_that_was_carried_out(
    portal, pauses, lines, proves, connect_by_api, hook, api
):
    """As a gateway answers that gave up too soon."""
    portal.configure(duration=100)
    connect_by_api(portal)
    portal.faults.add(at_post("throttled", status=503, retry_after="7", acts=True))
    check(one("throttled", CARRIED_OUT[api], 1, FOUND), portal, go_live(), lines, proves, CARRIED_OUT_ROW, hook)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", [name for name, case in CASES.items() if not isinstance(case.ends, str)])
@pytest.mark.parametrize("before_3_3", [False, True], ids=["by its record", "by asking the service"])
def test_after_an_error_the_next_try_settles_it_with_one_operation_in_all(
    portal, pauses, connect_by_api, hook, api, fault, before_3_3
):
    connect_by_api(portal, timeout=CASES[fault].timeout)
    store = Store()
    portal.faults.add(*CASES[fault].faults)
    error = go_live(store, before_3_3=before_3_3).error
    assert (error is None) == isinstance(case_of(api, fault).ends, str)
    if error is None:
        return
    portal.faults.clear()
    cleared = not before_3_3 and not is_retried(error)  # before, a clear takes up what runs only
    outcome = go_live(store, try_number=2, before_3_3=before_3_3, cleared=cleared)
    assert len(started(portal)) == 1
    assert leads_to(started(portal)[0], outcome.result, hook)
    assert outcome.record is None


@pytest.mark.parametrize("precheck", [True, False])
@pytest.mark.parametrize("fault", [None, "lost-response", "reset-before", "no-location", "slow"])
def test_tasks_that_go_live_with_one_offer_at_the_same_moment_start_one_operation(portal, fault, precheck):
    """As of two DAGs, or of one mapped task that names an offer twice."""
    portal.configure(duration=100)
    if fault:
        portal.faults.add(at_post(fault))
    at_once = threading.Barrier(3)

    def run(_):
        at_once.wait(10)
        return go_live(precheck=precheck)

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(run, range(3)))
    assert len(started(portal)) == 1
    assert {outcome.result.partition("?")[0].rpartition("/")[2] for outcome in outcomes} == {started(portal)[0].id}


def test_409_as_a_go_live_of_this_offer_runs_adopts_it(portal, pauses, lines, proves):
    portal.configure(duration=100)
    CloudPartnerPortalHook().go_live(OFFER)  # somebody else's
    portal.clear_requests()
    lines.clear()
    outcome = go_live(precheck=False)  # as if it had begun right after the precheck
    check(Case((), 1, 1, FOUND), portal, outcome, lines, proves, "409, a go-live of this offer runs")


def test_409_as_another_operation_runs_names_it(portal, pauses, lines, proves):
    portal.add_offer(OFFER, state="draft")
    portal.configure(duration=100)
    client = CloudPartnerPortalHook().client
    from airflow_provider_cpp.services.cloud_partner_portal import calls

    assert client.send(calls.publish("contoso", OFFER)).status == 202
    case = Case((), 1, 0, CppConflict, r"HTTP 409.*Running on it: publish [0-9a-f-]{36} \(running\)")
    check(case, portal, go_live(precheck=False), lines, proves, "409, another operation runs")
