"""PublishOperator against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppConfigurationError,
    CppNotFound,
    OperationCanceled,
    OperationFailed,
    OperationTimeout,
)
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro import records
from airflow_provider_cpp.operators.offer import PUBLISH_RECORD_KEY, GoLiveOperator, PublishOperator
from tests.running import Store, context_of, run_task

OFFER = "contoso-virtualmachineoffer"
QUICK = {"poll_interval": 0.05, "max_poll_interval": 0.1}


@pytest.fixture(autouse=True)
def _draft(cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="draft")
    cpp_emulator.configure(duration=0.3)


def operator(**arguments):
    return PublishOperator(**{"task_id": "publish", "offer_id": OFFER, **QUICK, **arguments})


def run(*, store=None, try_number=1, **arguments):
    task = operator(**arguments)
    return run_task(task, context_of(task, store=Store() if store is None else store, try_number=try_number))


def publishes(cpp_emulator):
    return [operation for operation in cpp_emulator.operations(OFFER) if operation.kind == "publish"]


def test_it_returns_the_location_as_soon_as_the_request_is_accepted(cpp_emulator):
    outcome = run(notification_emails="jdoe@contoso.com, release@contoso.com")
    (post,) = cpp_emulator.requests_for("publish")
    assert json.loads(post.body) == {"metadata": {"notification-emails": "jdoe@contoso.com,release@contoso.com"}}
    assert outcome.deferrals == []
    assert publishes(cpp_emulator)[0].id in outcome.result


@pytest.mark.parametrize("deferrable", [True, False])
class TestWaiting:
    def test_it_succeeds_when_the_sign_off_is_due_and_a_go_live_may_follow(self, cpp_emulator, deferrable):
        outcome = run(wait_for_completion=True, deferrable=deferrable)
        (operation,) = publishes(cpp_emulator)
        assert operation.id in outcome.result
        assert cpp_emulator.view(operation).waits_for_signoff
        assert len(outcome.deferrals) == (1 if deferrable else 0)

        task = GoLiveOperator(task_id="go_live", offer_id=OFFER)
        assert run_task(task, context_of(task)).result
        assert len(cpp_emulator.requests_for("golive")) == 1

    def test_until_completed_it_waits_for_the_go_live(self, cpp_emulator, deferrable):
        with pytest.raises(OperationTimeout):
            run(wait_for_completion=True, deferrable=deferrable, until="completed", timeout=1)
        cpp_emulator.portal.go_live("contoso", OFFER)
        store = Store({PUBLISH_RECORD_KEY: _started(cpp_emulator)})
        outcome = run(
            store=store, try_number=2, wait_for_completion=True, deferrable=deferrable, until="completed"
        )
        assert publishes(cpp_emulator)[0].id in outcome.result
        assert len(cpp_emulator.requests_for("publish")) == 1

    def test_it_fails_with_the_failed_step_and_its_message(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="fail", failure_messages=("<p>No&nbsp;<b>boot</b> disk.</p>",))
        with pytest.raises(OperationFailed, match=r"Certification \(displaycertify\).*No boot disk"):
            run(wait_for_completion=True, deferrable=deferrable)

    def test_a_canceled_publish_is_an_error_of_its_own(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="cancel")
        with pytest.raises(OperationCanceled):
            run(wait_for_completion=True, deferrable=deferrable)


def _started(cpp_emulator):
    location = f"/api/publishers/contoso/offers/{OFFER}/operations/{publishes(cpp_emulator)[0].id}"
    return {"state": "started", "location": location}


def test_a_retry_takes_up_the_last_trys_publish(cpp_emulator):
    store = Store()
    cpp_emulator.configure(duration=100)
    with pytest.raises(OperationTimeout):
        run(store=store, wait_for_completion=True, timeout=0.3)
    assert store[PUBLISH_RECORD_KEY]["state"] == "started"
    cpp_emulator.finish(OFFER)
    run(store=store, try_number=2, wait_for_completion=True)
    assert len(cpp_emulator.requests_for("publish")) == 1
    assert store == {}, "so that a cleared task publishes again"


def test_a_retry_after_a_clear_publishes_nothing_if_a_publish_completed_meanwhile(cpp_emulator, monkeypatch):
    """Below Airflow 3.3, in a run that went on: cleared after try 1, try 3 is a retry."""
    monkeypatch.setattr(records, "RECONCILE_PAUSES", (0.05,))
    cpp_emulator.portal.publish("contoso", OFFER)
    cpp_emulator.finish(OFFER)
    cpp_emulator.portal.go_live("contoso", OFFER)
    cpp_emulator.finish(OFFER)
    task = operator(retries=1)
    began = datetime.now(UTC) - timedelta(minutes=1)
    context = context_of(task, try_number=3, dag_run=SimpleNamespace(start_date=began))
    context["ti"].max_tries = 2
    with pytest.raises(AmbiguousOutcome, match="to publish once more, clear this task"):
        run_task(task, context)
    assert cpp_emulator.requests_for("publish") == []


def test_a_lost_answer_is_no_reason_to_publish_twice(cpp_emulator):
    cpp_emulator.faults.add(Fault("lost-response", action="publish"))
    outcome = run()
    assert publishes(cpp_emulator)[0].id in outcome.result
    assert len(cpp_emulator.requests_for("publish")) == 1


def test_an_unknown_offer_fails_the_task(cpp_emulator):
    with pytest.raises(CppNotFound, match="contoso/nowhere"):
        run(offer_id="nowhere")


@pytest.mark.parametrize("until", ["", "live", "Signoff", None, 7])
def test_another_until_is_refused_while_the_dag_is_parsed(until):
    with pytest.raises(CppConfigurationError, match="until"):
        operator(until=until)


def test_its_record_has_a_key_of_its_own():
    assert PUBLISH_RECORD_KEY == "airflow_provider_cpp.publish", "tasks in flight depend on it"


@pytest.mark.parametrize("word", ["again", None, "{{ params.word }}"])
def test_another_word_for_if_running_is_refused_while_the_dag_is_parsed(word):
    with pytest.raises(CppConfigurationError, match="'fail', 'adopt', 'restart'"):
        operator(if_running=word)


def test_if_running_restart_publishes_the_draft_as_it_is_now(cpp_emulator):
    cpp_emulator.configure(duration=0, cancel_mode="sync")
    run()
    definition = {**cpp_emulator.offer(OFFER).definition, "displayText": "newer"}
    CloudPartnerPortalHook().put_offer(OFFER, {"definition": definition}, if_match="*")
    store = Store()
    outcome = run(if_running="restart", store=store)
    first, second = publishes(cpp_emulator)
    assert cpp_emulator.view(first).state == "canceled"
    assert second.id in outcome.result
    assert store.get(PUBLISH_RECORD_KEY) is None
