"""A publish is started by the same rules as a go-live: one operation at most, and the truth is told."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import AmbiguousOutcome, CppBadRequest, CppConflict, CppError
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from tests.reliability.fault_table import APIS, PRODUCT_INGESTION
from tests.reliability.going_live import OFFER, in_words, leads_to
from tests.reliability.test_going_live import BY_KEY, CARRIED_OUT, CARRIED_OUT_ROW, CASES, FOUND, RETURNED

pytestmark = pytest.mark.usefixtures("logged_in")

PHASE = "Publishing"

#: Faults of the table of going live, met by a publish.
SHARED = (
    "the service acts, its answer is lost",
    "the service acts, then the connection is reset",
    "the connection is reset before the service acts",
    "the same, every time",
    "202, cut within the head",
    "202, cut within the body",
    "the service acts and never answers",
    "429, Retry-After in seconds",
    "429, every time",
    "503, Retry-After in seconds",
    "500, the service acts",
    "500, it doesn't act",
    "500, every time",
    "502 in HTML, the service acts",
    "200 in HTML, it doesn't act",
    "202 without a location",
    "202 with a location on another host",
    "202, and the service did nothing",
    "302 to another host",
    "401, tokens were revoked",
    "403",
    "400",
    "404",
    "answer lost, then the list can't be read",
)


@pytest.fixture
def draft(portal):
    portal.add_offer(OFFER, state="draft")
    return portal


def publish(lines, hook=CloudPartnerPortalHook):
    """Publish by the hook; return its location or error, and what it did in words."""
    lines.clear()
    try:
        location = hook().publish(OFFER)
    except CppError as error:
        return error, in_words(error).partition(",")[0]
    return location, FOUND if re.search(": adopted (operation|publish) ", "\n".join(lines)) else RETURNED


def published(portal):
    return [operation for operation in portal.operations(OFFER) if operation.kind == "publish"]


#: What differs on the Product Ingestion API: a publish has no key there, and is never sent a second time; and
#: where it is stands in the body of the answer.
NEVER_REPEATED = {
    "503, Retry-After in seconds": replace(
        BY_KEY["503, Retry-After in seconds"], posts=1, started=0, ends=AmbiguousOutcome
    ),
    "202, cut within the body": BY_KEY["202, cut within the body"],
    "202 with a location on another host": BY_KEY["202 with a location on another host"],
    "the connection is reset before the service acts": replace(
        CASES["the connection is reset before the service acts"], posts=1, started=0, ends=AmbiguousOutcome
    ),
    "the same, every time": replace(CASES["the same, every time"], posts=1),
    "500, it doesn't act": replace(CASES["500, it doesn't act"], posts=1, started=0, ends=AmbiguousOutcome),
    "500, every time": replace(CASES["500, every time"], posts=1),
    "302 to another host": replace(CASES["302 to another host"], ends=AmbiguousOutcome),
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", SHARED)
def test_a_fault_at_the_post(draft, pauses, lines, proves, connect_by_api, hook, api, fault):
    case = {**CASES, **(NEVER_REPEATED if api == PRODUCT_INGESTION else {})}[fault]
    connect_by_api(draft, timeout=case.timeout)
    draft.faults.add(
        *(replace(what, action="publish" if what.action == "golive" else what.action) for what in case.faults)
    )
    outcome, words = publish(lines, hook)

    assert (len(draft.requests_for("publish")), len(published(draft))) == (case.posts, case.started)
    assert max([0.0, *pauses]) >= case.waits
    if isinstance(case.ends, str):
        assert words == case.ends, outcome
        assert leads_to(published(draft)[0], outcome, hook)
    else:
        assert type(outcome) is case.ends, outcome
        assert f"Publish of offer contoso/{OFFER}" in str(outcome)
    proves(PHASE, fault, (case.posts, case.started), words)


@pytest.mark.parametrize("api", APIS)
def test_503_with_retry_after_of_a_request_that_was_carried_out(
    draft, pauses, lines, proves, connect_by_api, hook, api
):
    draft.configure(duration=100)
    connect_by_api(draft)
    draft.faults.add(Fault("throttled", action="publish", status=503, retry_after="7", acts=True))
    outcome, words = publish(lines, hook)
    assert len(published(draft)) == 1
    assert len(draft.requests_for("publish")) == CARRIED_OUT[api]
    assert leads_to(published(draft)[0], outcome, hook)
    assert "adopted" in "\n".join(lines) or "taken for this one" in "\n".join(lines)
    proves(PHASE, CARRIED_OUT_ROW, (CARRIED_OUT[api], 1), words)


def test_422_as_the_draft_isnt_valid(draft, pauses, lines, proves):
    draft.faults.add(Fault("error", action="publish", status=422))
    outcome, words = publish(lines)
    assert type(outcome) is CppBadRequest
    assert published(draft) == []
    proves(PHASE, "422", (len(draft.requests_for("publish")), 0), words)


def test_a_publish_that_runs_is_taken_up_if_it_has_the_draft(draft, pauses, lines, proves):
    CloudPartnerPortalHook().publish(OFFER)  # somebody else's
    draft.clear_requests()
    outcome, words = publish(lines)
    assert published(draft)[0].id in outcome
    fault = "a publish of this offer runs, with the draft as it is now"
    proves(PHASE, fault, (len(draft.requests_for("publish")), 1), words)


def test_a_publish_that_runs_with_an_older_draft_is_a_conflict(draft, pauses, lines, proves):
    CloudPartnerPortalHook().publish(OFFER)
    draft.clear_requests()
    CloudPartnerPortalHook().put_offer(OFFER, {"definition": {"displayText": "newer"}}, if_match="*")
    outcome, words = publish(lines)
    assert type(outcome) is CppConflict
    fault = "a publish of this offer runs, with an older draft"
    proves(PHASE, fault, (len(draft.requests_for("publish")), 0), words)


def test_409_as_a_go_live_runs_names_it(portal, pauses, lines, proves):
    portal.configure(duration=100)
    CloudPartnerPortalHook().go_live(OFFER)
    outcome, words = publish(lines)
    assert type(outcome) is CppConflict
    assert "Running on it: golive" in str(outcome)
    assert len(published(portal)) == 1, "the one that brought it into preview"
    proves(PHASE, "409, a go-live runs", (len(portal.requests_for("publish")), 0), words)
