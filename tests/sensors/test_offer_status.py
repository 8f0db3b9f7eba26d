"""OfferStatusSensor against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppConfigurationError,
    CppNotFound,
    OperationCanceled,
    OperationTimeout,
    WatchedOperationFailed,
)
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.triggers.offer_status import OfferStatusTrigger
from tests.running import anew, context_of, event_of, run_task, through_the_database

OFFER = "contoso-vm"
QUICK = {"poke_interval": 0.05, "max_poke_interval": 0.1, "timeout": 30}

BOTH = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "poking"])


@pytest.fixture
def published(cpp_emulator):
    """An offer on its way to preview."""
    cpp_emulator.add_offer(OFFER, state="draft", duration=3)
    cpp_emulator.portal.publish(cpp_emulator.publisher_id, OFFER)
    return cpp_emulator


def sensor(**arguments):
    return OfferStatusSensor(**{"task_id": "wait", "offer_id": OFFER, **QUICK, **arguments})


def run(**arguments):
    task = sensor(**arguments)
    return run_task(task, context_of(task))


@BOTH
def test_by_default_it_waits_for_the_signoff_while_the_operation_still_runs(published, deferrable):
    outcome = run(deferrable=deferrable)
    steps = {step["id"]: step["status"] for step in outcome.result["steps"]}
    assert steps["publisher-signoff"] == "waitingForPublisherReview"
    assert outcome.result["status"] == "running"
    assert len(outcome.deferrals) == deferrable
    assert {request.action for request in published.requests} <= {"status", "offers", "token", "discovery"}
    assert len(published.requests_for("offers")) == 1  # for the link


@BOTH
def test_an_offer_that_failed_fails_the_task_at_once(cpp_emulator, deferrable):
    cpp_emulator.add_offer(OFFER, state="draft", duration=60)
    cpp_emulator.portal.publish(cpp_emulator.publisher_id, OFFER)
    cpp_emulator.finish(OFFER, "fail")
    with pytest.raises(WatchedOperationFailed, match=OFFER):
        run(deferrable=deferrable)


def test_one_that_was_canceled_says_so(cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="draft", duration=60)
    cpp_emulator.portal.publish(cpp_emulator.publisher_id, OFFER)
    cpp_emulator.finish(OFFER, "cancel")
    with pytest.raises(OperationCanceled):
        run()


def test_a_failure_may_be_what_is_waited_for(cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="draft", duration=60)
    cpp_emulator.portal.publish(cpp_emulator.publisher_id, OFFER)
    cpp_emulator.finish(OFFER, "fail")
    assert run(target={"failed", "canceled"}).result["status"] == "failed"


def test_an_offer_without_an_end_times_out_and_says_what_was_waited_for(cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="draft")
    with pytest.raises(OperationTimeout, match="waitingForPublisherReview"):
        run(timeout=0.5)


def test_a_missing_offer_is_an_error(cpp_emulator):
    with pytest.raises(CppNotFound, match="nobodys-offer"):
        run(offer_id="nobodys-offer")


def test_a_principal_that_isnt_let_in_is_an_error(published):
    published.faults.add(Fault("error", action="status", status=403, times=None))
    with pytest.raises(CppAuthError):
        run()


def test_failed_reads_are_read_again(published):
    published.faults.add(Fault("error", action="status", status=503, times=3))
    assert run().result["status"] == "running"


@pytest.mark.parametrize("wrong", [{"target": "reticulating"}, {"target": ()}, {"failed_states": ["gone"]}])
def test_a_status_that_no_offer_has_is_refused_while_the_dag_is_parsed(wrong):
    with pytest.raises(CppConfigurationError):
        sensor(**wrong)


def test_an_identifier_that_cant_be_one_is_refused_before_any_request(cpp_emulator):
    with pytest.raises(CppConfigurationError):
        run(offer_id="a/b")
    assert cpp_emulator.requests == []


def test_its_trigger_is_made_anew_from_json_primitives_alone(published):
    outcome = run()
    (deferral,) = outcome.deferrals
    path, arguments = deferral.trigger.serialize()
    assert path == "airflow_provider_cpp.triggers.offer_status.OfferStatusTrigger"
    assert through_the_database(arguments) == arguments
    assert anew(deferral.trigger).serialize() == deferral.trigger.serialize()


def test_a_trigger_of_an_unusable_offer_sends_the_error_as_its_event(cpp_emulator):
    event = event_of(OfferStatusTrigger(offer_id="..", target=["succeeded"]))
    assert (event["status"], event["error"]) == ("unknown", "CppConfigurationError")


def test_where_it_stands_is_told_once_across_worker_and_triggerer(cpp_emulator, capsys):
    cpp_emulator.add_offer(OFFER, state="draft", duration=0.6, step_durations={"displaydummycertify": 4})
    cpp_emulator.portal.publish(cpp_emulator.publisher_id, OFFER)
    assert len(run().deferrals) == 1
    told = capsys.readouterr().out
    assert told.count("Watching offer") == 1
    assert told.count("is in preview and waits for your sign-off.") == 1
