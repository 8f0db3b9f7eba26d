"""Why an operation failed, or stands still, wherever the service says so: against a portal on a real socket."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_cpp.emulator.cloud_partner_portal.reasons import REASON_FORMS
from airflow_provider_cpp.emulator.refusals import REASON
from airflow_provider_cpp.exceptions import OperationTimeout, WatchedOperationFailed
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.sensors.offer_status import OfferStatusSensor
from airflow_provider_cpp.sensors.operation import OperationSensor
from tests.running import context_of, run_task

OFFER = "contoso-virtualmachineoffer"
QUICK = {"task_id": "wait", "poke_interval": 0.05, "max_poke_interval": 0.1}
BOTH = pytest.mark.parametrize("deferrable", [True, False], ids=["deferred", "poking"])


def run(task):
    return run_task(task, context_of(task))


@BOTH
@pytest.mark.parametrize("form", REASON_FORMS)
def test_a_failure_says_why_or_that_nothing_says_why(cpp_emulator, form, deferrable):
    cpp_emulator.configure(reason_form=form)
    location = CloudPartnerPortalHook().go_live(OFFER)
    cpp_emulator.finish(OFFER, "fail")
    with pytest.raises(WatchedOperationFailed) as caught:
        run(OperationSensor(operation_location=location, deferrable=deferrable, timeout=30, **QUICK))
    told = str(caught.value)
    assert told.count(REASON.rstrip(".")) == (form != "none")
    assert ("names no reason" in told) == (form == "none")
    assert ("Correct what is named" in told) == (form != "none")


@BOTH
@pytest.mark.parametrize("word", ["attentionNeeded", "certificationFailed"])
def test_a_step_that_asks_for_somebody_is_told_at_once_and_at_the_timeout(cpp_emulator, caplog, word, deferrable):
    cpp_emulator.configure(outcome="stall", failed_step="displaydummycertify", duration=0.0, stalled_word=word)
    location = CloudPartnerPortalHook().go_live(OFFER)
    with caplog.at_level(logging.WARNING), pytest.raises(OperationTimeout) as caught:
        run(OperationSensor(operation_location=location, deferrable=deferrable, timeout=1, **QUICK))
    assert f"is {word}: Certification failed: the VM image" in str(caught.value)


@BOTH
@pytest.mark.parametrize("said", ["published", "succeeded"])
@pytest.mark.parametrize("target", ["published", "Succeeded"])
def test_published_is_live_as_what_is_waited_for_and_as_what_is_read(cpp_emulator, said, target, deferrable):
    cpp_emulator.configure(live_status=said)
    CloudPartnerPortalHook().go_live(OFFER)
    cpp_emulator.finish(OFFER)
    task = OfferStatusSensor(offer_id=OFFER, target=target, deferrable=deferrable, timeout=30, **QUICK)
    result = run(task).result
    assert (result["status"], result["raw_status"]) == ("succeeded", said)
