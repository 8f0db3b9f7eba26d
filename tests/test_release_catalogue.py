"""The example DAG `release_catalogue`: nothing happens that wasn't named, nothing that wasn't approved."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.test_dags import DAGS, dags  # noqa: F401 - a fixture

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]

hitl = pytest.importorskip("airflow.providers.standard.operators.hitl", reason="needs Airflow 3.1")

PUBLISHER = "fabrikam"
NEW = ("fabrikam-vm-large", "fabrikam-vm-small")
LIVE = "fabrikam-live"


@pytest.fixture(scope="module")
def database():
    """Airflow's metadata database in this session's own home, and the DAGs where Airflow looks for them."""
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True, timeout=200
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("airflow.settings.DAGS_FOLDER", str(DAGS))
        yield


@pytest.fixture
def portal(cpp_emulator):
    cpp_emulator.configure(duration=0)
    for offer_id in NEW:
        cpp_emulator.add_offer(offer_id, PUBLISHER)
    cpp_emulator.add_offer(LIVE, PUBLISHER, "live")
    return cpp_emulator


@pytest.fixture
def run(database, dags, portal, hitl_answers):  # noqa: F811
    """Run it, and return the run and the states of its tasks, of mapped ones by their name."""

    def run(answer, *offer_ids):
        if answer:
            hitl_answers["approve"] = answer
        done = dags["release_catalogue"].test(run_conf={"publisher_id": PUBLISHER, "offer_ids": list(offer_ids)})
        return done.state, {(ti.task_id, ti.rendered_map_index): ti.state for ti in done.get_task_instances()}

    return run


def sent(portal):
    return sorted(request.offer_id for request in portal.requests_for("golive"))


def test_nothing_is_taken_live_if_nothing_is_named(run, portal, hitl_answers):
    state, _ = run("Approve")
    assert state == "failed"
    assert (sent(portal), hitl_answers.questions) == ([], [])


def test_a_mistyped_offer_is_refused_before_anything_is_asked(run, portal, hitl_answers):
    state, _ = run("Approve", NEW[0], "fabrikam-vm-smal")
    assert state == "failed"
    assert (sent(portal), hitl_answers.questions) == ([], [])


def test_a_person_sees_what_would_happen_and_nothing_happens_before(run, portal, hitl_answers):
    state, tasks = run("Reject", "all")
    assert state == "success"
    assert tasks["report", None] == "skipped"
    assert sent(portal) == []
    (question,) = hitl_answers.questions
    assert question.subject == f"Take 2 offers of {PUBLISHER} live?"
    for offer_id in NEW:
        assert f"- **{offer_id}**: Dry run: " in question.body
    assert f"- **{LIVE}**: " in question.body
    assert "is live already" in question.body


def test_all_of_them_go_live_by_the_one_word(run, portal):
    state, tasks = run("Approve", "all")
    assert state == "success"
    assert sent(portal) == sorted(NEW)
    for step in ("release.go_live", "release.wait_until_live"):
        assert {tasks[step, offer_id] for offer_id in NEW} == {"success"}


def test_those_that_are_named_go_live_and_no_others(run, portal):
    state, _ = run("Approve", NEW[0].upper())
    assert state == "success"
    assert sent(portal) == [NEW[0]]


def test_where_nobody_approves_nothing_goes_live(run, portal):
    state, tasks = run(None, "all")
    assert state == "failed"
    assert tasks["report", None] == "failed"
    assert sent(portal) == []
