"""What `cancel_on_kill` does on a worker, which Airflow tells by a signal that a task is to end."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from airflow_provider_cpp import airflow_versions
from airflow_provider_cpp.exceptions import OperationCanceled
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.sensors.operation import OperationSensor
from airflow_provider_cpp.tasks.killed.canceling import kill_budget
from tests.running import context_of

OFFER = "contoso-virtualmachineoffer"


class TheEnd(BaseException):
    """The task's process ends here: as in Airflow, nothing that goes on after an error goes on after this."""


@pytest.fixture
def killed(cpp_emulator, monkeypatch, capsys):
    """Wait on this worker, tell the task after half a second to end, as Airflow does, and return its log."""
    took = []

    def kill(state, *, failed_fast=False, stalled=0.0, **arguments):
        monkeypatch.setattr(airflow_versions, "current_state", lambda ti: state)
        monkeypatch.setattr(airflow_versions, "another_failed_fast", lambda ti: failed_fast)
        task = OperationSensor(
            task_id="wait",
            operation_location=CloudPartnerPortalHook().go_live(OFFER),
            **{"deferrable": False, "cancel_on_kill": True, "poke_interval": 0.1, **arguments},
        )

        is_told, has_answered, is_over = threading.Event(), threading.Event(), threading.Event()

        def on_signal(*_):
            if not is_told.is_set():
                is_told.set()
                if stalled:
                    task._pulse._last -= stalled
                began = time.monotonic()
                task.on_kill()
                took.append(time.monotonic() - began)
                has_answered.set()
            if has_answered.is_set() and not is_over.is_set():
                raise TheEnd

        def send_signals():
            # Python drops what is raised while it finalizes something: then another one ends the task.
            while not is_over.wait(0.5):
                os.kill(os.getpid(), signal.SIGUSR1)

        former = signal.signal(signal.SIGUSR1, on_signal)
        sender = threading.Thread(target=send_signals)
        sender.start()
        try:
            with pytest.raises((TheEnd, OperationCanceled)):
                task.execute(context_of(task))
        finally:
            is_over.set()
            sender.join()
            signal.signal(signal.SIGUSR1, former)
        return capsys.readouterr().out

    cpp_emulator.configure(duration=60, cancel_duration=0.2)
    kill.took = took
    return kill


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_task_that_a_user_ended_cancels_the_operation_and_sees_it_confirmed(cpp_emulator, killed, state):
    assert "Confirmed" in killed(state)
    assert len(cpp_emulator.requests_for("cancel")) == 1


def test_a_cancel_that_takes_longer_than_airflow_grants_is_told_as_not_confirmed(cpp_emulator, killed):
    cpp_emulator.configure(cancel_duration=60)
    said = killed("failed")
    assert killed.took[0] < airflow_versions.kill_grace()
    assert "isn't confirmed" in said
    assert "run CancelOperator" in said
    assert len(cpp_emulator.requests_for("cancel")) == 1


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({"state": "running"}, "no user ended the task"),
        ({"state": "skipped"}, "no user ended the task"),
        ({"state": "failed", "failed_fast": True}, "fail_fast"),
        ({"state": "failed", "stalled": 400.0}, "this process stalled for "),
    ],
)
def test_what_airflow_ended_runs_on(cpp_emulator, killed, seen, why):
    said = killed(**seen)
    assert why in said
    assert "Not canceling" in said
    assert cpp_emulator.requests_for("cancel") == []


def test_it_is_off_by_default(cpp_emulator, killed):
    assert "ancel" not in killed("failed", cancel_on_kill=False)
    assert cpp_emulator.requests_for("cancel") == []


def test_an_airflow_that_doesnt_answer_in_time_means_not_canceling(cpp_emulator, killed, monkeypatch):
    monkeypatch.setattr("airflow_provider_cpp.tasks.killed.asking_airflow._PATIENCE", 0.0)
    monkeypatch.setattr(airflow_versions, "silence_limit", lambda *, in_triggerer: time.sleep(0.2) or 300.0)
    assert "Airflow doesn't say whether a user ended the task. It runs on" in killed("failed")
    time.sleep(0.5)  # whoever asks doesn't survive the test
    assert cpp_emulator.requests_for("cancel") == []


def test_an_airflow_that_cant_answer_means_not_canceling(cpp_emulator, killed, monkeypatch):
    monkeypatch.setattr(airflow_versions, "silence_limit", None)
    assert "Airflow doesn't say whether a user ended the task (TypeError: " in killed("failed")
    assert cpp_emulator.requests_for("cancel") == []


@pytest.mark.parametrize(("grace", "budget"), [(5.0, 3.0), (60.0, 54.0), (600.0, 540.0), (1.0, 1.0)])
def test_the_cancel_is_watched_for_what_airflow_leaves_the_task(monkeypatch, grace, budget):
    monkeypatch.setattr(airflow_versions, "kill_grace", lambda: grace)
    assert kill_budget() == budget


def run_of(states, *, fail_fast=True):
    name = "fail_fast" if airflow_versions.AIRFLOW_V_3_0_PLUS else "fail_stop"
    others = [SimpleNamespace(task_id=key) for key, state in states.items() if state == "failed"]
    return SimpleNamespace(
        dag_id="release",
        run_id="manual",
        task_id="wait",
        map_index=-1,
        task=SimpleNamespace(dag=SimpleNamespace(**{name: fail_fast})),
        get_dagrun=lambda: SimpleNamespace(get_task_instances=lambda state: others),
    )


@pytest.mark.parametrize(
    ("states", "fail_fast", "expected"),
    [
        ({"wait": "failed", "other": "failed"}, True, True),
        ({"wait": "failed", "other": "failed"}, False, False),
        ({"wait": "failed", "other": "success", "third": None}, True, False),
    ],
)
def test_only_another_tasks_failure_in_a_dag_that_fails_fast_counts(monkeypatch, states, fail_fast, expected):
    if airflow_versions.AIRFLOW_V_3_0_PLUS:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        monkeypatch.setattr(
            RuntimeTaskInstance, "get_task_states", staticmethod(lambda **asked: {"manual": states})
        )
    assert airflow_versions.another_failed_fast(run_of(states, fail_fast=fail_fast)) is expected
