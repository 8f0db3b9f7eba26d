"""A connection that Airflow says isn't defined: it may be there, as Airflow passes over a backend that fails."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook

from airflow_provider_cpp import exceptions
from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import CppUnavailable
from airflow_provider_cpp.hooks import connection
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro.ends import result_of
from airflow_provider_cpp.operators.offer import GoLiveOperator
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.running import context_of, event_of

OFFER = "contoso-virtualmachineoffer"
QUICK = {"poke_interval": 0.1, "max_poke_interval": 0.2}
SAID = r"Connection 'cpp_default' isn't defined, or couldn't be read"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(connection, "PAUSES", (0.02,))
    monkeypatch.setattr(connection, "PATIENCE_ON_WORKER", 0.3)
    monkeypatch.setattr(connection, "PATIENCE_IN_TRIGGERER", 0.3)


@pytest.fixture
def said(monkeypatch):
    """The lines in the task's log that the trigger writes."""
    lines = []
    monkeypatch.setattr(OperationTrigger, "_say", lambda self, level, text: lines.append(text))
    return lines


def secrets_backend(value, *, for_tries=10**9, then=None):
    """A real secrets backend that gives this value, or fails, for the first tries."""
    from airflow.sdk.definitions.connection import Connection  # noqa: F401 - Airflow 3 alone
    from airflow.secrets.base_secrets import BaseSecretsBackend

    class Backend(BaseSecretsBackend):
        tries = 0

        def get_conn_value(self, conn_id, team_name=None):
            self.tries += 1
            given = value if self.tries <= for_tries else then
            if isinstance(given, Exception):
                raise given
            return given

    return Backend()


@pytest.fixture
def airflow_asks(monkeypatch):
    """Let Airflow's own look-up ask one secrets backend."""
    supervisor = pytest.importorskip("airflow.sdk.execution_time.supervisor")

    def ask(backend):
        monkeypatch.setattr(supervisor, "ensure_secrets_backend_loaded", lambda *_: [backend])
        # Airflow 3.0 looks up as Airflow 2 does where no supervisor answers.
        monkeypatch.setattr("airflow.models.connection.ensure_secrets_loaded", lambda *_: [backend], raising=False)
        return backend

    return ask


BROKEN = {
    "the backend fails": OSError("connection reset by peer"),
    "its login is refused": PermissionError("token expired"),
    "half of a JSON text": '{"conn_type": "cpp", "login": "x", "extra": {"tena',
    "it isn't there": None,
    "an empty text": "",
}


@pytest.mark.parametrize("value", BROKEN.values(), ids=BROKEN.keys())
class TestWhatAirflowCallsNotDefined:
    def test_airflow_says_so_itself(self, cpp_emulator, airflow_asks, value):
        airflow_asks(secrets_backend(value))
        with pytest.raises(AirflowNotFoundException, match="isn't defined"):
            BaseHook.get_connection("cpp_default")

    def test_on_a_worker_it_is_an_error_that_allows_for_both_and_that_airflow_retries(
        self, cpp_emulator, airflow_asks, value
    ):
        airflow_asks(secrets_backend(value))
        task = GoLiveOperator(task_id="go_live", offer_id=OFFER)
        with pytest.raises(CppUnavailable, match=SAID) as caught:
            task.execute(context_of(task))
        assert exceptions.is_retried(caught.value)
        assert cpp_emulator.requests == []

    def test_in_the_triggerer_too(self, cpp_emulator, airflow_asks, value):
        location = CloudPartnerPortalHook().go_live(OFFER)
        airflow_asks(secrets_backend(value))
        event = event_of(OperationTrigger(operation_location=location))
        with pytest.raises(CppUnavailable, match=SAID) as caught:
            result_of(event, by_sensor=True)
        assert exceptions.is_retried(caught.value)

    def test_one_that_can_be_read_in_time_is_read_on_and_that_is_one_line(
        self, cpp_emulator, airflow_asks, value, said, monkeypatch
    ):
        monkeypatch.setattr(connection, "PATIENCE_IN_TRIGGERER", 60.0)  # in time on a busy machine, too
        location = CloudPartnerPortalHook().go_live(OFFER)
        backend = airflow_asks(secrets_backend(value, for_tries=5, then=cpp_emulator.connection_json()))
        event = event_of(OperationTrigger(operation_location=location, **QUICK))
        assert event["status"] == "succeeded"
        assert backend.tries > 5
        assert sum("couldn't be read" in line for line in said) == 1
        assert sum("can be read, after 5 failures" in line for line in said) == 1


def test_any_other_failure_of_airflow_is_read_on_to_the_end_of_the_wait(cpp_emulator, monkeypatch, said):
    location = CloudPartnerPortalHook().go_live(OFFER)
    good, tries = BaseHook.get_connection("cpp_default"), []

    def fails(self, conn_id):
        tries.append(conn_id)
        if len(tries) <= 40:  # twice the patience for one that is missing
            raise RuntimeError(f"no supervisor, request {len(tries)}")
        return good

    monkeypatch.setattr("airflow.providers.common.compat.connection.get_async_connection", _async(fails))
    event = event_of(OperationTrigger(operation_location=location, **QUICK))
    assert event["status"] == "succeeded"
    assert sum("no supervisor" in line for line in said) == 1


def _async(read):
    async def get(conn_id, hook=None):
        return read(hook, conn_id)

    return get


def test_a_refusal_is_not_lost_where_the_connection_cant_be_read_anew(cpp_emulator, airflow_asks):
    location = CloudPartnerPortalHook().go_live(OFFER)
    cpp_emulator.faults.add(Fault("error", action="operation", status=403, times=None))
    airflow_asks(secrets_backend(cpp_emulator.connection_json(), for_tries=1))
    task = OperationSensor(task_id="wait", operation_location=location)
    with pytest.raises(CppUnavailable, match=rf"(?s)403.*{SAID}"):
        task.execute(context_of(task))
    airflow_asks(secrets_backend(cpp_emulator.connection_json(), for_tries=1))
    event = event_of(OperationTrigger(operation_location=location, **QUICK))
    assert event["error"] == "CppUnavailable"
    assert "403" in event["message"]


def test_the_button_doesnt_wait(cpp_emulator, airflow_asks):
    backend = airflow_asks(secrets_backend(None))
    works, told = CloudPartnerPortalHook().test_connection()
    assert not works
    assert "isn't defined, or couldn't be read" in told
    assert backend.tries == 1


def test_a_field_that_is_missing_is_no_passing_trouble(cpp_emulator, airflow_asks):
    backend = airflow_asks(secrets_backend('{"conn_type": "cpp", "login": "x"}'))
    with pytest.raises(exceptions.CppConfigurationError, match=r"tenant_id|password"):
        CloudPartnerPortalHook().settings  # noqa: B018 - reading it is the test
    assert backend.tries == 1
