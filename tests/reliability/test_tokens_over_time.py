"""Tokens last as long as a wait does, at one request for any number of watchers."""

from __future__ import annotations

import asyncio
import time

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.measuring import least
from tests.reliability.going_live import OFFER
from tests.reliability.waiting import seconds_to_cancel
from tests.running import anew, event_of


def trigger(location, **arguments):
    now = time.time()
    defaults = {"started_at": now, "deadline": now + 60, "poke_interval": 0.05, "max_poke_interval": 0.1}
    return OperationTrigger(operation_location=location, **{**defaults, **arguments})


@pytest.fixture
def running(portal):
    """Locations of operations that run until they are finished, one for each offer."""

    def start(count, duration):
        portal.configure(duration=duration)
        hook = CloudPartnerPortalHook()
        locations = []
        for number in range(count):
            portal.add_offer(f"offer-{number}")
            locations.append(hook.go_live(f"offer-{number}"))
        portal.clear_requests()
        return locations

    return start


async def events_of(triggers):
    async def event_of_one(it):
        (event,) = [event async for event in it.run()]
        return event.payload

    return await asyncio.gather(*map(event_of_one, triggers))


def test_three_hundred_watchers_take_one_token(portal, running):
    locations = running(20, duration=0.0) * 15
    events = asyncio.run(events_of([trigger(location) for location in locations]))
    assert {event["status"] for event in events} == {"succeeded"}
    assert len(portal.requests_for("token")) == 1


def test_three_hundred_watchers_take_one_new_token_after_all_were_revoked(portal, running):
    locations = running(20, duration=60.0) * 15

    async def watch():
        watching = asyncio.ensure_future(events_of([trigger(location) for location in locations]))
        while not portal.requests_for("operation"):
            await asyncio.sleep(0.05)
        portal.revoke_tokens()
        while len(portal.requests_for("token")) < 2:
            await asyncio.sleep(0.05)
        for number in range(20):
            portal.finish(f"offer-{number}")
        return await watching

    assert {event["status"] for event in asyncio.run(watch())} == {"succeeded"}
    assert len(portal.requests_for("token")) == 2
    assert {request.status for request in portal.requests_for("operation")} == {200, 401}


def test_tokens_of_two_seconds_are_renewed_before_their_end(portal, running):
    (location,) = running(1, duration=5.0)
    portal.configure(token_lifetime=2.0)
    assert event_of(trigger(location))["status"] == "succeeded"
    assert 3 <= len(portal.requests_for("token")) <= 7
    assert {request.status for request in portal.requests_for("operation")} == {200}


@pytest.mark.parametrize("kind", ["error", "html"])
def test_a_login_that_is_down_for_a_while_ends_no_watch(portal, running, kind):
    (location,) = running(1, duration=1.5)
    portal.configure(token_lifetime=1.0)
    portal.faults.add(Fault(kind, action="token", skip=1, times=4))
    began = time.monotonic()
    assert event_of(trigger(location))["status"] == "succeeded"
    assert time.monotonic() - began < 20
    assert len(portal.requests_for("token")) > 4


def test_a_secret_that_is_refused_ends_the_watch_at_once(portal, running, monkeypatch):
    (location,) = running(1, duration=30.0)
    portal.configure(token_lifetime=1.0)

    async def watch():
        watching = asyncio.ensure_future(events_of([trigger(location)]))
        while not portal.requests_for("operation"):
            await asyncio.sleep(0.05)
        monkeypatch.setattr(portal._login, "client_secret", "another since")
        portal.clear_requests()
        return await asyncio.wait_for(watching, 15)

    (event,) = asyncio.run(watch())
    assert (event["status"], event["error"]) == ("unknown", "CppAuthError")
    assert "AADSTS7000215" in event["message"]
    assert len(portal.requests_for("token")) == 1


def test_a_deadline_survives_a_trigger_that_is_made_anew_again_and_again(portal, running):
    (location,) = running(1, duration=60.0)
    now = time.time()
    it = trigger(location, started_at=now, deadline=now + 1.5)

    async def for_a_moment(it):
        try:
            return await asyncio.wait_for(events_of([it]), 0.4)
        except TimeoutError:
            return None

    while (events := asyncio.run(for_a_moment(it))) is None:
        it = anew(it)
        assert time.time() < now + 15
    assert events[0]["status"] == "timeout"
    assert time.time() >= now + 1.5
    assert it.serialize() == anew(it).serialize()
    (operation,) = [operation for operation in portal.operations("offer-0") if operation.kind == "golive"]
    assert operation.id in events[0]["message"]
    assert portal.requests_for("cancel") == []


@pytest.mark.measures
@pytest.mark.parametrize("moment", ["a read that hangs", "the pause after a bad read", "a login that hangs"])
def test_a_trigger_that_is_canceled_ends_within_a_tenth_of_a_second(portal, location, moment):
    portal.faults.add(
        Fault("hang", action="operation", times=None)
        if moment == "a read that hangs"
        else Fault("throttled", action="operation", retry_after="600", times=None)
        if moment == "the pause after a bad read"
        else Fault("slow", action="token", delay=0.8, times=None)
    )
    action = "token" if "login" in moment else "operation"

    async def cancel():
        portal.clear_requests()
        watching = asyncio.ensure_future(events_of([trigger(location)]))
        while not portal.requests_for(action):
            await asyncio.sleep(0.02)
        return await seconds_to_cancel(watching)

    assert least(lambda: asyncio.run(cancel()), 0.1) < 0.1
    assert OFFER in location
