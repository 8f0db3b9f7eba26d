"""Test a DAG that publishes an offer and takes it live, without Microsoft: the fixture plays the portal."""

from airflow.dag_processing.dagbag import DagBag

OFFER = "contoso-virtualmachineoffer"


def test_the_draft_is_published_and_taken_live(cpp_emulator):
    cpp_emulator.add_offer(OFFER, state="draft")
    cpp_emulator.configure(duration=0)
    assert DagBag().dags["publish_and_go_live"].test().state == "success"
    assert [len(cpp_emulator.requests_for(action)) for action in ("publish", "golive")] == [1, 1]
