"""Test a DAG that asks a person: the fixture ``hitl_answers`` answers, and has what the person was shown."""

import pytest
from airflow.dag_processing.dagbag import DagBag

OFFER = "contoso-release"
PLANS = [f"{OFFER}-plan", f"{OFFER}-plan-2"]
VHD = "https://contosoimages.blob.core.windows.net/vhds/release-1.0.1"


@pytest.fixture
def release(cpp_emulator, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_IMAGES_SAS_TOKEN", "sv=2023-11-03&sp=rl&sig=secret")
    cpp_emulator.add_offer(OFFER, state="live", plans=2)
    cpp_emulator.configure(duration=0)
    images = [{"image_type": kind, "os_disk": f"{VHD}-{kind}.vhd"} for kind in ("x64Gen1", "x64Gen2")]
    conf = {"image_version": "1.0.1", "plans": [{"plan_id": plan_id, "images": images} for plan_id in PLANS]}
    return lambda **more: DagBag().dags["release_image"].test(run_conf={**conf, **more})


def sent(cpp_emulator):
    return [len(cpp_emulator.requests_for(action)) for action in ("put-offer", "publish", "golive", "cancel")]


def test_approved_it_goes_live_once(release, cpp_emulator, hitl_answers):
    hitl_answers["approve"] = "Approve"
    assert release().state == "success"
    (question,) = hitl_answers.questions
    assert question.subject == "Take contoso-release live?"
    assert "Image **1.0.1** of contoso-release-plan, contoso-release-plan-2" in question.body
    assert "customers, who have version 1" in question.body
    assert sent(cpp_emulator) == [2, 1, 1, 0]
    assert release().state == "success"
    assert sent(cpp_emulator) == [2, 1, 1, 0]


def test_rejected_it_is_canceled(release, cpp_emulator, hitl_answers):
    hitl_answers["approve"] = "Reject"
    assert release().state == "success"
    assert sent(cpp_emulator) == [2, 1, 0, 1]


def test_without_an_answer_it_fails_at_once(release, cpp_emulator, hitl_answers):
    assert release().state == "failed"
    assert sent(cpp_emulator) == [2, 1, 0, 0]


def test_what_cant_be_fails_before_anything_is_sent(release, cpp_emulator):
    assert release(image_version="1.0").state == "failed"
    assert sent(cpp_emulator) == [0, 0, 0, 0]
