"""Waits that commit b24b80f left in Airflow's database, taken up by this one: an upgrade needs no drain."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from airflow_provider_cpp import exceptions
from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook
from airflow_provider_cpp.lro.ends import End, result_of
from airflow_provider_cpp.lro.records import How, Started
from airflow_provider_cpp.triggers.offer_status import OfferStatusTrigger
from airflow_provider_cpp.triggers.operation import OperationTrigger
from tests.running import anew, event_of

OFFER = "contoso-virtualmachineoffer"

#: What every trigger of commit b24b80f has among its arguments, as a worker left it.
LEFT = {
    "cpp_conn_id": "cpp_default",
    "poke_interval": 0.1,
    "max_poke_interval": 0.2,
    "stuck_after": 86400.0,
    "limit": 1209600.0,
    "hard_limit": 1209600.0,
    "ending": None,
    "told": {
        "steps": {"displaydummycertify": "inProgress", "displaycertify": "notStarted", "*": "running"},
        "words": ["Reticulating"],
        "since": 1_800_000_000.0,
        "stuck": True,
    },
}


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(OperationTrigger, "_say", lambda self, level, text: lines.append(text))
    return lines


def times():
    return {"started_at": time.time() - 60, "deadline": time.time() + 3600}


@pytest.mark.parametrize("told", [LEFT["told"], None])
def test_the_wait_for_an_operation_goes_on(cpp_emulator, said, told):
    location = CloudPartnerPortalHook().go_live(OFFER)
    arguments = {"operation_location": location, "until": "completed", "cancel_on_kill": False}
    trigger = anew(OperationTrigger(**arguments, **{**LEFT, **times(), "told": told}))
    result = result_of(event_of(trigger), by_sensor=True)
    assert result["status"] == "succeeded"
    assert any("Watching offer" in line for line in said) is (told is None)


def test_the_wait_for_an_offers_status_goes_on(cpp_emulator):
    CloudPartnerPortalHook().go_live(OFFER)
    arguments = {"offer_id": OFFER, "publisher_id": None, "target": ["succeeded"], "failed_states": []}
    trigger = anew(OfferStatusTrigger(**arguments, **{**LEFT, **times()}))
    assert result_of(event_of(trigger), by_sensor=True)["status"] == "succeeded"


def test_what_a_trigger_says_of_itself_is_what_that_version_takes_too():
    """A rollout has old and new triggerers at once."""
    path, arguments = OperationTrigger(operation_location="x", **LEFT).serialize()
    assert path == "airflow_provider_cpp.triggers.operation.OperationTrigger"
    assert set(arguments) == {*LEFT, "started_at", "deadline", "operation_location", "until", "cancel_on_kill"}


#: Events that commit b24b80f sent, as it wrote them.
EVENTS = json.loads((Path(__file__).parent / "events_of_b24b80f.json").read_text())

MEANT = {
    "failed": "WatchedOperationFailed",
    "canceled": "OperationCanceled",
    "timeout": "OperationTimeout",
    "unknown": "OperationStatusUnknown",
    "refused": "CppAuthError",
}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_understood_and_said_again_as_it_was(name):
    event = EVENTS[name]
    end = End.read(event)
    assert end.to_event() == event
    if name in MEANT:
        with pytest.raises(getattr(exceptions, MEANT[name])) as caught:
            end.result(by_sensor=True)
        assert caught.value.message == event["message"]
    else:
        assert end.result(by_sensor=True) == event["operation"]


#: What a try of commit b24b80f kept, by what has become of its operation since.
RECORDS = {
    "begun": lambda location: {"state": "begun"},
    "intended": lambda location: {"state": "intended", "before": []},
    "unclear": lambda location: {"state": "unclear", "before": []},
    "started": lambda location: {"state": "started", "location": location},
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_settled_and_nothing_is_sent_twice(cpp_emulator, name):
    cpp_emulator.configure(duration=3600)
    location = CloudPartnerPortalHook().go_live(OFFER)
    path = f"/api/publishers/contoso/offers/{OFFER}/golive"
    record = {"of": f"POST {cpp_emulator.url}{path}", **RECORDS[name](location)}
    kept = []
    hook = CloudPartnerPortalHook()
    if name == "begun":  # nothing had been sent: what runs is somebody else's, and refuses this one
        outcome = hook.start_go_live(OFFER, keep=kept.append, record=record, since=time.time() - 60)
        assert outcome.how is How.ADOPTED
    else:
        outcome = hook.start_go_live(OFFER, keep=kept.append, record=record, since=time.time() - 60)
        assert isinstance(outcome, Started)
        assert outcome.how is How.REATTACHED
        assert len(cpp_emulator.requests_for("golive")) == 1
    assert kept[-1] == {"of": record["of"], "state": "started", "location": outcome.location}
