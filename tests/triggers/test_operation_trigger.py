"""OperationTrigger in an event loop of its own, against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.running import anew, event_of, through_the_database

OFFER = "contoso-virtualmachineoffer"


@pytest.fixture
def location(cpp_emulator):
    return CloudPartnerPortalHook().go_live(OFFER)


def trigger(location, **arguments):
    now = time.time()
    defaults = {"started_at": now, "deadline": now + 30, "poke_interval": 0.05, "max_poke_interval": 0.1}
    return OperationTrigger(operation_location=location, **{**defaults, **arguments})


def test_it_is_made_anew_from_json_primitives_alone(location):
    first = trigger(location, cancel_on_kill=True, stuck_after=5.0)
    path, arguments = first.serialize()
    assert path == "airflow_provider_cpp.triggers.operation.OperationTrigger"
    assert through_the_database(arguments) == arguments
    assert anew(first).serialize() == first.serialize()


def test_it_survives_airflows_own_encryption(location):
    from airflow.models.trigger import Trigger

    _, arguments = trigger(location).serialize()
    encrypt = getattr(Trigger, "encrypt_kwargs", None) or Trigger._encrypt_kwargs  # Airflow 3, and 2
    assert Trigger._decrypt_kwargs(encrypt(arguments)) == arguments


def test_a_subclass_is_made_anew_as_itself(location):
    assert Subclass(operation_location="x", started_at=0, deadline=1).serialize()[0].endswith(".Subclass")


class Subclass(OperationTrigger):
    """Somebody's own."""


def test_arguments_that_a_newer_version_adds_have_defaults():
    OperationTrigger(operation_location="x", started_at=0.0, deadline=1.0)


@pytest.mark.parametrize(
    ("outcome", "status"), [("succeed", "succeeded"), ("fail", "failed"), ("cancel", "canceled")]
)
def test_it_sends_one_plain_event_when_the_operation_ends(cpp_emulator, outcome, status):
    cpp_emulator.configure(outcome=outcome, duration=0.4)
    event = event_of(trigger(CloudPartnerPortalHook().go_live(OFFER)))
    assert event["status"] == status
    assert through_the_database(event) == event
    assert event["operation"]["status"] == status


def test_the_deadline_is_absolute_so_that_no_restart_moves_it(cpp_emulator):
    cpp_emulator.configure(outcome="stall")
    began = time.time()
    first = trigger(CloudPartnerPortalHook().go_live(OFFER), deadline=began + 0.6)
    with contextlib.suppress(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(anext(first.run()), 0.4))
    assert event_of(anew(first))["status"] == "timeout"
    assert 0.5 < time.time() - began < 5


def test_a_deadline_that_passed_while_no_triggerer_ran_still_reads_once(cpp_emulator, location):
    cpp_emulator.finish(OFFER)
    assert event_of(trigger(location, deadline=time.time() - 60))["status"] == "succeeded"


def test_cancellation_touches_nothing_remote(cpp_emulator, location):
    async def run():
        task = asyncio.ensure_future(anext(trigger(location, cancel_on_kill=True).run()))
        await asyncio.sleep(0.3)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert cpp_emulator.requests_for("cancel") == []
    assert CloudPartnerPortalHook().get_operation(location).status == "running"


def test_a_connection_edited_while_it_waits_is_taken_up(cpp_emulator, location, monkeypatch):
    """A new secret reaches the watch when the old one is refused."""
    good = cpp_emulator.connection_json()
    bad = json.loads(good)
    bad["password"] = "expired"
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(bad))
    watching = trigger(location)
    read = watching._settings
    reads = []

    async def read_and_edit():
        settings = await read()
        reads.append(settings)
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", good)
        return settings

    monkeypatch.setattr(watching, "_settings", read_and_edit)
    assert event_of(watching)["status"] == "succeeded"
    assert len(reads) == 2


def test_a_refused_secret_ends_the_watch_with_an_error_that_names_it(cpp_emulator, location, monkeypatch):
    connection = cpp_emulator.connection()
    connection["password"] = "expired-secret"
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(connection))
    event = event_of(trigger(location))
    assert (event["status"], event["error"]) == ("unknown", "CppAuthError")
    assert "AADSTS7000215" in event["message"]
    assert "expired-secret" not in json.dumps(event)


def test_a_location_on_another_host_is_refused_before_any_request(cpp_emulator, location):
    cpp_emulator.clear_requests()
    event = event_of(trigger(location.replace("localhost", "example.invalid")))
    assert event["error"] == "UntrustedLocation"
    assert cpp_emulator.requests == []


class TestOnKill:
    """`cancel_on_kill` cancels what a user ended, and nothing else."""

    @pytest.fixture
    def killed(self, cpp_emulator, monkeypatch):
        def kill(location, state, *, cancel_on_kill=True):
            monkeypatch.setattr("airflow_provider_cpp.airflow_versions.current_state", lambda ti: state)
            asyncio.run(trigger(location, cancel_on_kill=cancel_on_kill).on_kill())
            return [request.status for request in cpp_emulator.requests_for("cancel")]

        return kill

    @pytest.mark.parametrize("state", ["failed", "success"])
    def test_a_task_that_a_user_ended_cancels_the_operation_and_sees_it_confirmed(
        self, cpp_emulator, location, killed, state
    ):
        cpp_emulator.configure(duration=60, cancel_duration=0.1)
        assert killed(location, state) == [202]
        assert CloudPartnerPortalHook().get_operation(location).status == "canceled"

    @pytest.mark.parametrize(
        "state", ["deferred", "running", "queued", "scheduled", "up_for_retry", "restarting", "skipped", None]
    )
    def test_a_trigger_that_merely_moves_cancels_nothing(self, cpp_emulator, location, killed, state):
        assert killed(location, state) == []

    def test_it_is_off_by_default(self, cpp_emulator, location, killed):
        assert killed(location, "failed", cancel_on_kill=False) == []

    def test_not_knowing_the_state_means_not_canceling(self, cpp_emulator, location):
        # Outside a triggerer there is nobody to ask.
        asyncio.run(trigger(location, cancel_on_kill=True).on_kill())
        assert cpp_emulator.requests_for("cancel") == []

    @pytest.fixture
    def marked_failed(self, cpp_emulator, monkeypatch):
        """A trigger whose task a user marked failed, and what it says."""
        monkeypatch.setattr("airflow_provider_cpp.airflow_versions.current_state", lambda ti: "failed")
        cpp_emulator.configure(duration=60, cancel_duration=1)
        killed = trigger(CloudPartnerPortalHook().go_live(OFFER), cancel_on_kill=True)
        said = []
        monkeypatch.setattr(killed, "_say", lambda level, text: said.append(text))
        return killed, said

    def test_a_cancel_is_seen_confirmed_though_airflow_breaks_on_kill_off(self, cpp_emulator, marked_failed):
        killed, said = marked_failed

        async def run():
            task = asyncio.create_task(as_a_triggerer_does(killed))
            while not task.done():
                await asyncio.sleep(0.1)
                task.cancel("user-action")
            assert task.cancelled()

        asyncio.run(run())
        assert len(cpp_emulator.requests_for("cancel")) == 1
        assert CloudPartnerPortalHook().get_operation(killed.operation_location).status == "canceled"
        assert "Confirmed" in said[-1]

    def test_a_cancel_that_takes_longer_than_airflow_grants_on_kill_is_seen_confirmed(
        self, marked_failed, monkeypatch
    ):
        monkeypatch.setattr("airflow_provider_cpp.triggers.canceling_trigger.ON_KILL_LIMIT", 0.2)
        killed, said = marked_failed
        asyncio.run(as_a_triggerer_does(killed, granted=0.5))
        assert "Confirmed" in said[-1]

    def test_a_triggerer_that_is_stopped_breaks_it_off_and_says_so(self, cpp_emulator, marked_failed):
        cpp_emulator.configure(cancel_duration=60)
        killed, said = marked_failed

        async def run():
            task = asyncio.create_task(as_a_triggerer_does(killed))
            await until(lambda: any("Watching" in line for line in said))
            task.cancel("user-action")
            await asyncio.sleep(0.1)
            assert not task.done()
            task.cancel()
            await asyncio.wait([task], timeout=5)
            assert task.done()

        asyncio.run(run())
        assert "was sent, but isn't confirmed: the triggerer is being stopped" in said[-1]
        assert "https://partner.microsoft.com/" in said[-1]

    def test_an_event_loop_that_ends_breaks_it_off_and_says_so(self, cpp_emulator, marked_failed):
        cpp_emulator.configure(cancel_duration=60)
        killed, said = marked_failed

        async def run():
            task = asyncio.create_task(as_a_triggerer_does(killed))
            await until(lambda: any("Watching" in line for line in said))
            return task

        began = time.monotonic()
        assert asyncio.run(run()).cancelled()
        assert time.monotonic() - began < 10
        assert "was sent, but isn't confirmed: the triggerer is being stopped" in said[-1]

    def test_a_triggerer_that_is_stopped_before_the_cancel_was_sent_says_that(
        self, cpp_emulator, marked_failed, monkeypatch
    ):
        monkeypatch.setattr(
            "airflow_provider_cpp.airflow_versions.current_state", lambda ti: time.sleep(1) or "failed"
        )
        killed, said = marked_failed

        async def run():
            task = asyncio.create_task(as_a_triggerer_does(killed))
            await asyncio.sleep(0.3)
            return task

        asyncio.run(run())
        assert said[-1].startswith(f"Not canceling {killed.operation_location}: the triggerer is being stopped.")
        assert cpp_emulator.requests_for("cancel") == []

    def test_a_triggerer_that_stalled_cancels_nothing(self, cpp_emulator, marked_failed, monkeypatch):
        monkeypatch.setattr("airflow_provider_cpp.airflow_versions.silence_limit", lambda *, in_triggerer: 0.8)
        monkeypatch.setattr("airflow_provider_cpp.triggers.stalled.TICK", 0.05)
        killed, said = marked_failed

        async def run():
            watching = asyncio.ensure_future(anext(killed.run()))
            await asyncio.sleep(0.2)
            time.sleep(1)
            await asyncio.sleep(0.2)
            watching.cancel()
            await asyncio.wait([watching])
            await as_a_triggerer_does(killed)

        asyncio.run(run())
        assert "stalled for 1 s" in said[-1]
        assert cpp_emulator.requests_for("cancel") == []

    def test_a_refused_cancel_is_told_and_keeps_nobody_waiting(self, cpp_emulator, marked_failed):
        cpp_emulator.faults.add(Fault("error", action="cancel", status=400))
        killed, said = marked_failed
        asyncio.run(as_a_triggerer_does(killed))
        assert "isn't confirmed. " in said[-1]
        assert "400" in said[-1]
        assert len(cpp_emulator.requests_for("cancel")) == 1


async def as_a_triggerer_does(killed, granted=30.0):
    """Do as Airflow's triggerer with a trigger that it was told to cancel."""
    try:
        await asyncio.wait_for(killed.on_kill(), timeout=granted)
    finally:
        await killed.cleanup()


async def until(is_so, seconds=10.0):
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.02)


def test_watchers_of_one_operation_share_a_request_that_is_under_way(cpp_emulator, location):
    from airflow_provider_cpp.client.asynchronous import AsyncClient

    hook = CloudPartnerPortalHook()
    call = hook.location(location).to_read()

    async def ask():
        client = AsyncClient(hook.settings)
        await client.exchange(call)
        before = len(cpp_emulator.requests_for("operation"))
        first = asyncio.ensure_future(client.exchange(call))
        others = [asyncio.ensure_future(client.exchange(call)) for _ in range(20)]
        await asyncio.sleep(0)
        first.cancel()  # whoever asked first may go: the others still get their reading
        answers = await asyncio.gather(*others)
        await client.close()
        return {answer.status for answer in answers}, len(cpp_emulator.requests_for("operation")) - before

    statuses, requests = asyncio.run(ask())
    assert statuses == {200}
    assert requests <= 2


def test_nothing_synchronous_is_asked_of_airflow_in_the_triggerers_loop(cpp_emulator, location, monkeypatch):
    """`extra_dejson` and the masking of secrets talk to Airflow's supervisor, and block the loop meanwhile."""
    from airflow.providers.common.compat.sdk import Connection

    def blocking(*arguments):
        try:
            asyncio.get_running_loop()
        except RuntimeError:  # another thread, which may: Airflow 3.1 and 3.2 read the connection there
            return {}
        raise AssertionError("this blocks the loop")

    monkeypatch.setattr(Connection, "extra_dejson", property(blocking))
    monkeypatch.setattr(Connection, "get_extra_dejson", blocking, raising=False)
    cpp_emulator.finish(OFFER)
    assert event_of(trigger(location))["status"] == "succeeded"


def test_a_connection_is_kept_for_longer_than_the_shortest_gap_between_polls(cpp_emulator, location):
    from airflow_provider_cpp.client.asynchronous import KEEP_ALIVE, AsyncClient

    hook = CloudPartnerPortalHook()

    async def ask():
        client = AsyncClient(hook.settings)
        await client.exchange(hook.location(location).to_read())
        kept = client._session.connector._keepalive_timeout
        await client.close()
        return kept

    assert asyncio.run(ask()) == KEEP_ALIVE > 2 * 30


class TestASwitchedConnection:
    """Of a release that was begun on one connection, and whose connection leads to the other service by now."""

    @pytest.mark.parametrize(
        ("first", "then"),
        [("cloud_partner_portal", "product_ingestion"), ("product_ingestion", "cloud_partner_portal")],
    )
    def test_it_is_refused_in_words_and_the_operation_goes_on(self, cpp_emulator, monkeypatch, first, then):
        cpp_emulator.configure(duration=0.4)
        cpp_emulator.add_offer(OFFER, state="ready")
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api=first))
        location = OffersHook().go_live(OFFER)
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api=then))
        sent = len(cpp_emulator.requests)
        event = event_of(trigger(location))
        assert (event["status"], event["error"]) == ("unknown", "UntrustedLocation")
        assert "Was the connection switched" in event["message"]
        assert "goes on all the same" in event["message"]
        assert len(cpp_emulator.requests) == sent
        # Switched back, it is followed to its end.
        monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api=first))
        assert event_of(trigger(location))["status"] == "succeeded"
        assert len(cpp_emulator.requests_for("golive", OFFER)) == 1
