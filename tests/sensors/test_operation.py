"""OperationSensor against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout, AirflowSkipException
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppConfigurationError,
    CppNotFound,
    CppUnavailable,
    OperationCanceled,
    OperationFailed,
    OperationStatusUnknown,
    OperationTimeout,
    UntrustedLocation,
)
from airflow_provider_cpp.hooks import connection
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro.watching import Watch
from airflow_provider_cpp.sensors.operation import OperationSensor
from tests.running import Store, context_of, run_task

OFFER = "contoso-virtualmachineoffer"
QUICK = {"poke_interval": 0.05, "max_poke_interval": 0.1}


@pytest.fixture
def location(cpp_emulator):
    return CloudPartnerPortalHook().go_live(OFFER)


def sensor(location, **arguments):
    return OperationSensor(**{"task_id": "wait", "operation_location": location, **QUICK, **arguments})


def run(location, **arguments):
    task = sensor(location, **arguments)
    return run_task(task, context_of(task))


def test_by_default_it_looks_once_and_then_waits_in_the_triggerer(cpp_emulator, location):
    outcome = run(location)
    assert outcome.result["status"] == "succeeded"
    assert outcome.result["live_links"]
    (deferral,) = outcome.deferrals
    assert deferral.method_name == "execute_complete"


def test_an_operation_that_has_ended_defers_nothing(cpp_emulator, location):
    cpp_emulator.finish(OFFER)
    outcome = run(location)
    assert outcome.result["status"] == "succeeded"
    assert outcome.deferrals == []


def test_our_timeout_comes_before_airflows(cpp_emulator, location):
    (deferral,) = run(location, timeout=timedelta(seconds=30)).deferrals
    assert deferral.timeout > timedelta(seconds=30 + 60)


def test_the_trigger_is_handed_no_secret(cpp_emulator, location):
    (deferral,) = run(location).deferrals
    handed = repr(deferral.trigger.serialize()) + repr(deferral.trigger)
    assert cpp_emulator.client_secret not in handed
    assert "cpp_default" in handed


BOTH = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "poking"])


def message_of(error, location, **arguments):
    with pytest.raises(error) as caught:
        run(location, **arguments)
    return str(caught.value)


@BOTH
class TestOutcomes:
    """Deferred or poking, an operation has one outcome."""

    def test_success_returns_the_finished_operation(self, cpp_emulator, location, deferrable):
        result = run(location, deferrable=deferrable).result
        assert result["status"] == "succeeded"
        assert [step["id"] for step in result["steps"]][-1] == "live"

    def test_failure_names_step_and_messages_as_plain_text_and_is_not_retried(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="fail", failure_messages=("<p>The VHD has&nbsp;no <i>footer</i>.</p>",))
        task = sensor(CloudPartnerPortalHook().go_live(OFFER), deferrable=deferrable)
        with pytest.raises(OperationFailed, match=r"\(displaycertify\).*The VHD has no footer") as error:
            run_task(task, context_of(task))
        assert isinstance(error.value, AirflowFailException)
        assert "<" not in str(error.value).replace("< ", "")

    def test_cancellation(self, cpp_emulator, location, deferrable):
        cpp_emulator.finish(OFFER, "cancel")
        assert f"Offer contoso/{OFFER} was canceled" in message_of(
            OperationCanceled, location, deferrable=deferrable
        )

    def test_timeout_is_a_sensor_timeout_and_names_the_step(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="stall", duration=60)
        location = CloudPartnerPortalHook().go_live(OFFER)
        message = message_of(OperationTimeout, location, deferrable=deferrable, timeout=0.5)
        assert "Validate Pre-Requisites (displaydummycertify)" in message
        assert issubclass(OperationTimeout, AirflowSensorTimeout)

    def test_the_refusal_of_a_location_on_another_host(self, cpp_emulator, location, deferrable):
        cpp_emulator.clear_requests()
        message = message_of(
            UntrustedLocation, location.replace("localhost", "example.invalid"), deferrable=deferrable
        )
        assert "Nothing was sent" in message
        assert cpp_emulator.requests == []

    def test_a_principal_that_loses_its_right_while_it_waits(self, cpp_emulator, location, deferrable):
        cpp_emulator.configure(forbidden_publishers=frozenset({"contoso"}))
        assert "HTTP 403 Forbidden" in message_of(CppAuthError, location, deferrable=deferrable)

    @pytest.mark.parametrize(("argument", "error"), [("soft_fail", AirflowSkipException)])
    def test_soft_fail_skips_what_failed(self, cpp_emulator, location, deferrable, argument, error):
        cpp_emulator.finish(OFFER, "fail")
        with pytest.raises(error):
            run(location, deferrable=deferrable, **{argument: True})

    def test_soft_fail_skips_what_takes_too_long(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="stall")
        location = CloudPartnerPortalHook().go_live(OFFER)
        with pytest.raises(AirflowSkipException):
            run(location, deferrable=deferrable, soft_fail=True, timeout=0.3)


class StandsStill(OperationSensor):
    """Its process stands still after its first look, for longer than the wait may take."""

    def poke(self, context):
        is_first = self._steps is None
        outcome = super().poke(context)
        if is_first:
            time.sleep(0.6)
        return outcome


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
class TestAProcessThatStandsStill:
    """Airflow's clock says that the time is over, before ours could."""

    @staticmethod
    def run(mode, **arguments):
        location = CloudPartnerPortalHook().go_live(OFFER)
        task = StandsStill(
            task_id="wait",
            operation_location=location,
            deferrable=False,
            mode=mode,
            timeout=0.5,
            **QUICK,
            **arguments,
        )
        context = context_of(task)
        since = datetime.now(UTC)
        context["ti"].get_first_reschedule_date = lambda context: since
        return run_task(task, context).result

    def test_its_timeout_names_the_step(self, cpp_emulator, mode):
        cpp_emulator.configure(outcome="stall", duration=60)
        with pytest.raises(OperationTimeout, match=r"Validate Pre-Requisites \(displaydummycertify\)"):
            self.run(mode)

    def test_a_skip_is_a_skip_still(self, cpp_emulator, mode):
        cpp_emulator.configure(outcome="stall", duration=60)
        with pytest.raises(AirflowSkipException) as skipped:
            self.run(mode, soft_fail=True)
        assert isinstance(skipped.value.__cause__, OperationTimeout)


def test_what_has_ended_while_the_process_stood_still_has_ended(cpp_emulator):
    cpp_emulator.configure(duration=0.3)
    assert TestAProcessThatStandsStill.run("poke")["status"] == "succeeded"


@pytest.mark.parametrize("status", ["fail", "cancel"])
def test_deferred_and_poking_say_the_same(cpp_emulator, location, status):
    cpp_emulator.finish(OFFER, status)
    messages = {message_of((OperationFailed, OperationCanceled), location, deferrable=d) for d in (True, False)}
    assert len(messages) == 1


@BOTH
@pytest.mark.parametrize("vocabulary", ["documented", "mash", "camel", "pascal", "british"])
@pytest.mark.parametrize("body_form", ["object", "array"])
def test_every_vocabulary_and_form_of_body_is_understood(cpp_emulator, deferrable, vocabulary, body_form):
    cpp_emulator.configure(vocabulary=vocabulary, body_form=body_form, duration=0.3)
    hook = CloudPartnerPortalHook()
    assert run(hook.go_live(OFFER, precheck=False), deferrable=deferrable).result["status"] == "succeeded"
    for word, error in (("fail", OperationFailed), ("cancel", OperationCanceled)):
        location = hook.go_live(OFFER, precheck=False)
        cpp_emulator.finish(OFFER, word)
        message_of(error, location, deferrable=deferrable)


@BOTH
def test_each_change_is_logged_once_and_a_quiet_poll_not_at_all(cpp_emulator, deferrable, capsys):
    cpp_emulator.configure(duration=3)
    location = CloudPartnerPortalHook().go_live(OFFER)
    run(location, deferrable=deferrable, poke_interval=0.02, max_poke_interval=0.02)
    told = re.findall(r"(Watching offer|Step [^:]+: \w+|has ended|succeeded\.)", capsys.readouterr().out)
    assert len(told) == len(set(told))
    assert told[0] == "Watching offer"
    assert told[-2:] == ["has ended", "succeeded."]
    assert len(told) >= 4
    reads = len(cpp_emulator.requests_for("operation"))
    assert reads > len(told) + 5


def test_a_connection_edited_while_a_worker_waits_is_taken_up(cpp_emulator, monkeypatch):
    cpp_emulator.configure(duration=1)
    location = CloudPartnerPortalHook().go_live(OFFER)
    good = cpp_emulator.connection_json()
    bad = json.loads(good)
    bad["password"] = "expired"
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(bad))
    task = sensor(location, deferrable=False)
    assert task.hook.settings.secret == "expired"
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", good)
    assert task.execute(context_of(task))["status"] == "succeeded"
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", json.dumps(bad))
    with pytest.raises(CppAuthError, match="AADSTS7000215"):
        run(location, deferrable=False)


def test_a_poke_after_an_error_of_airflows_own_looks_anew(cpp_emulator, location, monkeypatch):
    task = sensor(location, deferrable=False, silent_fail=True)
    context = context_of(task)
    assert task.poke(context) is False
    cpp_emulator.faults.add(Fault("error", action="operation", status=403))
    monkeypatch.delenv("AIRFLOW_CONN_CPP_DEFAULT")
    monkeypatch.setattr(connection, "PATIENCE_ON_WORKER", 0.0)
    with pytest.raises(CppUnavailable, match=r"(?s)403.*cpp_default.*isn't defined, or couldn't be read"):
        task.poke(context)
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json())
    assert task.poke(context) is False


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_airflows_own_timeout_is_told_with_what_was_watched(cpp_emulator, location, monkeypatch, mode):
    from airflow.providers.common.compat.sdk import AirflowTaskTimeout

    def out_of_time(*arguments, **more):
        raise AirflowTaskTimeout("Timeout, PID: 1")

    task = sensor(location, deferrable=False, mode=mode)
    context = context_of(task)
    context["ti"].get_first_reschedule_date = lambda context: None
    monkeypatch.setattr(Watch, "follow", out_of_time)
    with pytest.raises(OperationTimeout, match=r"execution_timeout.*nothing was canceled") as told:
        task.execute(context)
    assert location in str(told.value)


def test_a_start_without_a_worker_that_isnt_deferrable_is_refused_while_the_dag_is_parsed():
    with pytest.raises(CppConfigurationError, match="deferrable"):
        sensor("x", deferrable=False, start_from_trigger=True)


class Rescheduled:
    """A sensor in reschedule mode, of which Airflow makes each look a process of its own."""

    def __init__(self, location, *, since=None, store=None, **arguments):
        self.arguments = {"deferrable": False, "mode": "reschedule", **arguments}
        self.location = location
        self.since = since
        self.store = store

    def look(self):
        """Return the seconds to the next look, or the result."""
        from airflow.exceptions import AirflowRescheduleException

        task = sensor(self.location, **self.arguments)
        context = context_of(task, store=self.store)
        context["ti"].get_first_reschedule_date = lambda context: self.since
        try:
            return run_task(task, context).result
        except AirflowRescheduleException as rescheduled:
            return rescheduled.reschedule_date.timestamp() - time.time()


def test_rescheduling_ends_like_poking(cpp_emulator, location):
    task = Rescheduled(location)
    assert task.look() < 1
    cpp_emulator.finish(OFFER)
    assert task.look()["status"] == "succeeded"


def test_a_rescheduled_look_comes_as_late_as_any_other(cpp_emulator, location):
    """A tenth of the time since the sensor's first look, not since that of its present process."""
    since = datetime.now(UTC) - timedelta(hours=1)
    pause = Rescheduled(location, since=since, poke_interval=1, max_poke_interval=600).look()
    assert 300 < pause < 420


def test_a_rescheduled_sensors_time_is_over_when_it_is_over_for_all_of_its_looks(cpp_emulator, location):
    task = Rescheduled(location, since=datetime.now(UTC) - timedelta(hours=1), timeout=1800)
    with pytest.raises(OperationTimeout, match=r"still running|running"):
        task.look()


def test_execution_timeout_is_that_of_one_rescheduled_look(cpp_emulator, location):
    task = Rescheduled(
        location, since=datetime.now(UTC) - timedelta(hours=1), execution_timeout=timedelta(minutes=1)
    )
    assert task.look() > 0


def test_a_rescheduled_look_that_fails_is_repeated_until_it_is_clear_what_that_means(cpp_emulator):
    """Three times 404 after the grace; a process for each could never count to three."""
    unknown = f"{cpp_emulator.url}/api/publishers/contoso/offers/{OFFER}/operations/0-0"
    with pytest.raises(OperationStatusUnknown, match="don't list it"):
        Rescheduled(unknown, since=datetime.now(UTC) - timedelta(hours=1)).look()
    assert len(cpp_emulator.requests_for("operation")) == 3


def test_rescheduled_looks_tell_where_it_stands_once(cpp_emulator, location, capsys):
    task = Rescheduled(location, store=Store())
    for _ in range(3):
        task.look()
    cpp_emulator.finish(OFFER)
    task.look()
    told = capsys.readouterr().out
    assert told.count("Watching offer") == 1
    assert told.count("has ended") == 1


def test_what_stands_in_the_store_of_another_watch_is_left_aside(cpp_emulator, location, capsys):
    store = Store()
    Rescheduled(location, store=store).look()
    cpp_emulator.finish(OFFER)
    Rescheduled(CloudPartnerPortalHook().go_live(OFFER, precheck=False), store=store).look()
    assert capsys.readouterr().out.count("Watching offer") == 2


@pytest.mark.parametrize(
    "event",
    [
        None,
        "succeeded",
        {},
        {"status": "succeeded"},
        {"status": "finished", "message": "?"},
        {"status": "succeeded", "message": "without an operation", "operation": None},
        {"message": "no status", "operation": {}},
    ],
)
def test_an_event_that_it_does_not_know_is_an_error_and_never_a_success(event):
    task = sensor("https://example.invalid/")
    with pytest.raises(OperationStatusUnknown):
        task.execute_complete(context_of(task), event)


def test_a_connection_field_that_is_missing_is_named(cpp_emulator, location, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", '{"conn_type": "cpp", "login": "x", "password": "y"}')
    assert "Field tenant_id" in message_of(CppConfigurationError, location)


def test_an_operation_that_the_service_never_knew_is_unknown_after_the_grace(cpp_emulator):
    location = f"{cpp_emulator.url}/api/publishers/contoso/offers/{OFFER}/operations/0-0"
    with pytest.raises(CppNotFound):
        CloudPartnerPortalHook().get_operation(location)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"soft_fail": True}, AirflowSkipException),
        ({"never_fail": True}, AirflowSkipException),
        ({}, OperationTimeout),
    ],
)
def test_a_wait_that_airflow_itself_ended_says_what_to_check(arguments, error):
    """No triggerer ran, so that Airflow's own timeout came instead of an event."""
    task = sensor("https://example.invalid/", **arguments)
    word = "Trigger timeout" if AIRFLOW_V_3_0_PLUS else "Trigger/execution timeout"
    with pytest.raises(error) as ended:
        task.resume_execution("__fail__", {"error": word}, context_of(task))
    assert error is AirflowSkipException or "check that one runs" in str(ended.value)
