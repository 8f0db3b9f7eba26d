"""Test a DAG that takes an offer live, without Microsoft: the fixture plays the portal."""

from airflow.dag_processing.dagbag import DagBag

from airflow_provider_cpp.emulator import Fault


def release():
    return DagBag().dags["take_offer_live"].test()


def test_the_offer_goes_live_after_one_request(cpp_emulator):
    assert release().state == "success"
    (request,) = cpp_emulator.requests_for("golive")
    assert request.offer_id == "contoso-virtualmachineoffer"


def test_a_refused_certification_fails_the_run(cpp_emulator):
    cpp_emulator.configure(outcome="fail", duration=0, failure_messages=["<p>The VHD has no footer.</p>"])
    run = release()
    assert run.state == "failed"
    assert run.get_task_instance("wait_until_live").state == "failed"


def test_a_lost_answer_is_no_reason_to_go_live_twice(cpp_emulator):
    cpp_emulator.configure(duration=0)
    cpp_emulator.faults.add(Fault("lost-response", action="golive"))
    assert release().state == "success"
    assert len(cpp_emulator.requests_for("golive")) == 1
