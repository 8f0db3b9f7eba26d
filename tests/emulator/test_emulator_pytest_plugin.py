from __future__ import annotations

import json
import os

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

OFFER = "contoso-virtualmachineoffer"


def test_the_fixture_gives_a_ready_offer_and_the_connection(cpp_emulator):
    connection = json.loads(os.environ["AIRFLOW_CONN_CPP_DEFAULT"])
    assert connection == cpp_emulator.connection()
    operation = cpp_emulator.operations(OFFER)[0]
    assert cpp_emulator.view(operation).waits_for_signoff
    assert cpp_emulator.settings.duration == 1


def test_the_connection_is_gone_after_the_test():
    assert "AIRFLOW_CONN_CPP_DEFAULT" not in os.environ


@pytest.mark.cpp_api("product_ingestion")
@pytest.mark.cpp_settings(row_delay=5, duration=3)
def test_the_connection_can_lead_to_the_second_door_and_settings_be_there_from_the_start(cpp_emulator):
    connection = json.loads(os.environ["AIRFLOW_CONN_CPP_DEFAULT"])
    assert connection == cpp_emulator.connection(api="product_ingestion")
    assert (cpp_emulator.row_delay, cpp_emulator.duration) == (5, 3)


# A person's answers


@pytest.fixture
def answers(request):
    pytest.importorskip("airflow.providers.standard.operators.hitl", reason="Airflow asks from 3.1 on")
    return request.getfixturevalue("hitl_answers")


def question(task_id="approve", options=("Approve", "Reject")):
    from airflow_provider_cpp.emulator.pytest_plugin import Question

    return Question(task_id, "Take it live?", "It is **version 2**.", list(options), -1)


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ("Approve", {"chosen_options": ["Approve"], "params_input": {}}),
        (["Approve", "Reject"], {"chosen_options": ["Approve", "Reject"], "params_input": {}}),
        (
            {"chosen_options": ["Reject"], "params_input": {"why": "too soon"}},
            {"chosen_options": ["Reject"], "params_input": {"why": "too soon"}},
        ),
    ],
)
def test_an_answer_is_what_airflows_api_takes(answers, given, chosen):
    answers["approve"] = given
    asked = question()
    assert answers.to(asked) == chosen
    assert answers.questions == [asked]


def test_a_question_without_an_answer_says_how_to_give_one(answers):
    with pytest.raises(AirflowFailException, match=r'hitl_answers\["approve"\] = "Approve"'):
        answers.to(question())


def test_an_answer_that_is_no_option_is_refused(answers):
    answers["approve"] = "Aprove"
    with pytest.raises(AirflowFailException, match="Aprove; its options are Approve, Reject"):
        answers.to(question())


def test_every_operator_that_asks_is_answered(answers):
    from airflow.providers.standard.operators import hitl

    asking = [hitl.ApprovalOperator, hitl.HITLBranchOperator, hitl.HITLEntryOperator, hitl.HITLOperator]
    assert {operator.execute for operator in asking} == {hitl.HITLOperator.execute}
