"""The provider in a real Airflow: ``dags/go_live.py``, judged by Airflow's own word and by the portal's."""

from __future__ import annotations

import pytest

from tests.end_to_end.eventually import PATIENCE

# The first test waits for Airflow to start, which is longest on a machine with much else to do.
pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

DAG_ID = "go_live"
OFFER_ID = "contoso-end-to-end"


def begin(airflow, portal):
    """Take the offer live."""
    portal.add_offer(OFFER_ID, duration=40)  # on a busy machine the first look comes late
    conf = {"offer_id": OFFER_ID, "publisher_id": portal.publisher_id}
    run_id = airflow.trigger(DAG_ID, conf, timeout=PATIENCE)
    observer = airflow.observe(DAG_ID, run_id, 0.5)
    state = observer.wait(timeout=PATIENCE)
    return run_id, state, observer.stories()


@pytest.fixture(scope="module")
def run(side_by_side):
    """A finished run of the example DAG: its id, its state and its tasks' stories."""
    return side_by_side.result(begin)


@pytest.fixture(scope="module")
def sensor(run):
    """The story of the one task that was deferred."""
    _, _, stories = run
    (story,) = [story for story in stories.values() if "deferred" in story.names]
    return story


def test_the_run_succeeds_and_the_portal_says_that_the_offer_is_live(run, portal):
    _, state, stories = run
    assert state == "success"
    assert {story.final_state for story in stories.values()} == {"success"}
    assert portal.portal.live_version(portal.offer(OFFER_ID)) is not None


def test_the_sensor_waits_deferred_and_holds_a_worker_only_to_begin_and_to_end(sensor, portal):
    on_worker = [state for state in sensor.names if state in {"running", "deferred", "success"}]
    assert on_worker == ["running", "deferred", "running", "success"]
    assert sensor.waited_deferred.total_seconds() > portal.settings.duration / 2


def test_exactly_one_go_live_arrives_with_the_right_address_and_headers(run, portal):
    (post,) = portal.requests_for("golive", OFFER_ID)
    assert post.method == "POST"
    assert post.path == f"/api/publishers/{portal.publisher_id}/offers/{OFFER_ID}/golive"
    assert dict(post.query) == {"api-version": "2017-10-31"}
    assert post.headers["content-type"].partition(";")[0] == "application/json"
    scheme, _, token = post.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    assert token
    # 202 is the portal's word that it issued this token: any other is answered with 401.
    assert post.status == 202


def test_the_sensor_returns_the_finished_operation(run, sensor, local_airflow):
    run_id, _, _ = run
    operation = local_airflow.xcom(DAG_ID, run_id, sensor.task)
    assert operation["status"] == "succeeded"
    assert operation["live_links"]


def test_the_log_says_what_was_watched_and_names_no_secret(run, sensor, local_airflow, portal):
    run_id, _, stories = run
    log = "\n".join(local_airflow.logs(DAG_ID, run_id, sensor.task))
    assert OFFER_ID in log
    tokens = {post.headers["authorization"].partition(" ")[2] for post in portal.requests_for("golive", OFFER_ID)}
    for task in stories:
        whole = "\n".join(local_airflow.logs(DAG_ID, run_id, task))
        assert not [secret for secret in {portal.client_secret, *tokens} if secret in whole]
