"""Whatever an answer, an XCom or a redirect says, nothing is sent to another host."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import UntrustedLocation
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.reliability.going_live import OFFER, go_live, posts, started
from tests.reliability.raw_server import RawServer
from tests.running import context_of, event_of, run_task

PATH = f"/api/publishers/contoso/offers/{OFFER}/operations/56615b67-2185-49fe-80d2-c4ddf77bb2e8"


@pytest.fixture
def stranger():
    """A server that is somebody else's; it would answer anything with 200."""
    with RawServer(lambda connection, request: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")) as server:
        yield server


def trigger(location):
    now = time.time()
    return OperationTrigger(
        operation_location=location, started_at=now, deadline=now + 20, poke_interval=0.02, max_poke_interval=0.03
    )


FORMS = ["location-relative", "operation-location-absolute", "both"]


@pytest.mark.parametrize("form", FORMS)
def test_a_foreign_location_in_the_answer_is_looked_up_instead(portal, pauses, stranger, form):
    portal.configure(location_form=form)
    portal.faults.add(Fault("foreign-location", action="golive", value=stranger.url))
    outcome = go_live(wait_for_completion=True, poll_interval=0.02)
    assert outcome.result.startswith(f"{portal.url}/")
    assert (posts(portal), len(started(portal))) == (1, 1)
    assert stranger.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("action", ["golive", "submissions", "token", "discovery"])
def test_no_redirect_is_followed_to_start(portal, pauses, stranger, action, status):
    portal.faults.add(Fault("redirect", action=action, status=status, value=stranger.url, times=None))
    assert go_live().error is not None
    assert started(portal) == []
    assert stranger.requests == []


@pytest.mark.parametrize("status", [302, 308])
def test_no_redirect_is_followed_to_watch(portal, location, wait, stranger, status):
    portal.faults.add(Fault("redirect", action="operation", status=status, value=stranger.url, times=2))
    assert wait(location)["status"] == "succeeded"
    assert stranger.requests == []


@pytest.mark.parametrize("action", ["token", "discovery"])
def test_no_redirect_of_the_login_is_followed_to_watch(portal, location, wait, stranger, action):
    portal.faults.add(Fault("redirect", action=action, value=stranger.url, times=2))
    assert wait(location)["status"] == "succeeded"
    assert stranger.requests == []


def foreign(portal, stranger):
    ours, theirs = urlsplit(portal.url), urlsplit(stranger.url)
    return {
        "another host": f"{stranger.url}{PATH}",
        "the same host, another port": f"https://{ours.hostname}:{theirs.port}{PATH}",
        "another scheme": f"http://{ours.netloc}{PATH}",
        "a user": f"https://{ours.netloc}@{theirs.netloc}{PATH}",
        "a backslash": f"{stranger.url}\\@{ours.netloc}{PATH}",
        "no scheme": f"//{theirs.netloc}{PATH}",
        "a trailing dot": f"https://{ours.hostname}.:{ours.port}{PATH}",
        "dots": f"{portal.url}/api/publishers/contoso/offers/../../../operations/56615b67",
        "an encoded slash": f"{portal.url}{PATH}%2f..",
        "a file": "file:///etc/passwd",
        "metadata": "http://169.254.169.254/metadata/identity",
        "a look-alike": f"https://loc\u0430lhost:{ours.port}{PATH}",
        "too much": f"{portal.url}{PATH}?{'x' * 4096}",
    }


CASES = list(foreign(type("", (), {"url": "https://a:1"}), type("", (), {"url": "http://b:2"})))


@pytest.mark.parametrize("case", CASES)
def test_a_location_that_somebody_made_up_is_refused_before_any_request(portal, stranger, case):
    location = foreign(portal, stranger)[case]
    for deferrable in (True, False):
        task = OperationSensor(task_id="wait", operation_location=location, deferrable=deferrable)
        with pytest.raises(UntrustedLocation, match="is refused"):
            run_task(task, context_of(task))
    assert event_of(trigger(location))["error"] == "UntrustedLocation"
    with pytest.raises(UntrustedLocation):
        CloudPartnerPortalHook().cancel_operation(location)
    assert portal.requests == []
    assert stranger.requests == []
