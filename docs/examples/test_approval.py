"""Test a DAG that asks a person: the fixture ``hitl_answers`` answers, and has what the person was shown."""

import pytest
from airflow.dag_processing.dagbag import DagBag

OFFER = "contoso-release"


@pytest.fixture
def release(cpp_emulator):
    was = {"displayText": "Contoso Release, as it was", "plans": [{"planId": "contoso-release-plan"}]}
    cpp_emulator.add_offer(OFFER, state="live", definition=was)
    cpp_emulator.configure(duration=0)
    return DagBag().dags["release_offer"].test


def sent(cpp_emulator):
    return [len(cpp_emulator.requests_for(action)) for action in ("publish", "golive", "cancel")]


def test_approved_it_goes_live(release, cpp_emulator, hitl_answers):
    hitl_answers["approve"] = "Approve"
    assert release().state == "success"
    (question,) = hitl_answers.questions
    assert question.subject == "Take contoso-release live?"
    assert "customers, who have version 1" in question.body
    assert sent(cpp_emulator) == [1, 1, 0]


def test_rejected_it_is_canceled(release, cpp_emulator, hitl_answers):
    hitl_answers["approve"] = "Reject"
    assert release().state == "success"
    assert sent(cpp_emulator) == [1, 0, 1]


def test_without_an_answer_it_fails_at_once(release, cpp_emulator, hitl_answers):
    assert release().state == "failed"
    assert sent(cpp_emulator) == [1, 0, 0]
