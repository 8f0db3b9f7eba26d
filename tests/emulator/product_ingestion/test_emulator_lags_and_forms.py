"""What the service may do that no page rules out: lags, forms and faults, one setting at a time."""

from __future__ import annotations

import time

import pytest
import requests

from airflow_provider_cpp.emulator import Emulator, Fault
from tests.emulator.product_ingestion.conftest import OFFER, IngestionClient

DONE = ("completed", "succeeded")
RUNNING = ("running", "pending")


@pytest.fixture
def emulator(emulator):
    emulator.add_offer(OFFER, state="draft")
    return emulator


def test_a_job_that_hasnt_begun_says_so(emulator, client):
    emulator.job_start_delay = 10
    job = client.publish()
    assert client.end(job) == ("notStarted", "pending")
    emulator.advance(10)
    assert client.end(job) == RUNNING


def test_a_row_may_show_later_than_its_post(emulator, client):
    emulator.row_delay = 10
    job = client.publish()
    assert client.rows() == []
    # What isn't shown yet is in progress all the same.
    assert client.failed(client.submission("preview"))["message"] == "An In Progress submission already exists"
    emulator.advance(10)
    assert client.rows() == [("preview", *RUNNING)]
    emulator.advance(90)
    assert client.end(job) == DONE
    client.go_live(client.preview())
    assert client.rows() == [("preview", *DONE)]
    emulator.advance(10)
    assert client.rows() == [("live", *RUNNING)]


def test_an_offer_that_was_seeded_has_no_lag(emulator, client):
    emulator.configure(row_delay=10, row_end_delay=10)
    emulator.add_offer(OFFER, state="live")
    assert client.rows() == [("live", *DONE)]


def test_a_row_may_run_on_after_its_job_has_succeeded(emulator, client):
    emulator.row_end_delay = 10
    job = client.publish()
    emulator.advance(100)
    assert client.end(job) == DONE
    assert client.rows() == [("preview", *RUNNING)]
    number = client.preview()
    assert client.failed(client.submission("live", number))["code"] == "conflict"
    emulator.advance(10)
    client.go_live(number)
    emulator.advance(100)
    assert client.rows() == [("live", *RUNNING)]


def test_a_job_may_be_gone_after_days(emulator, client):
    emulator.configure(job_lifetime=7 * 86400, token_lifetime=30 * 86400)
    job = client.publish()
    emulator.advance(7 * 86400)
    assert client.get(f"/configure/{job}/status", 404)["error"]["code"] == "notFound"
    assert client.rows() == [("preview", *DONE)]


def test_a_conflict_may_be_answered_at_once(emulator, client):
    emulator.conflict_answer = "http"
    client.publish()
    answer = client.post(client.submission("preview"))
    assert answer.status_code == 409
    assert answer.json()["error"] == {
        "code": "conflict",
        "message": "An In Progress submission already exists",
        "details": [],
    }


def test_what_is_live_may_be_listed_as_a_preview_too(emulator, client):
    emulator.preview_row_after_live = True
    emulator.add_offer(OFFER, state="live")
    first, second = client.documents()
    assert client.rows() == [("live", *DONE), ("preview", *DONE)]
    assert first["id"] == second["id"]


def test_a_jobs_id_may_be_spelt_as_the_pages_print_it(emulator, client):
    emulator.job_id_name = "jobID"
    document = client.post(client.submission("preview")).json()
    assert "jobId" not in document
    assert "jobID" in client.job(document["jobID"])


def test_documents_may_have_members_that_no_page_has(emulator, client):
    job = client.publish()
    before = [set(client.job(job)), set(client.documents()[0])]
    emulator.extra_members = True
    after = [set(client.job(job)), set(client.documents()[0])]
    assert all(old < new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize(("form", "details"), [("list", []), ("object", {}), ("missing", None)])
def test_an_error_without_details_may_say_so_in_other_ways(emulator, client, form, details):
    emulator.empty_details = form
    assert client.failed(client.submission("live", "1"))["details"][0].get("details") == details
    assert client.get("/submission/none-of-these", 404)["error"].get("details") == details


@pytest.mark.parametrize(
    "setting",
    [
        {"row_delay": -1},
        {"conflict_answer": "none"},
        {"point_of_no_return": "never ever"},
        {"schema_minimums": {"plan": "newest"}},
        {"schema_minimums": "2022-07-01"},
        {"max_page_size": -1},
        {"extra_members": 1},
    ],
)
def test_a_wrong_setting_is_refused_by_name(setting):
    with pytest.raises(ValueError, match=next(iter(setting))):
        Emulator(**setting)


# Faults


def effective(emulator):
    return [operation.kind for operation in emulator.operations(OFFER)]


def test_a_lost_answer_has_started_a_publication(emulator, client):
    emulator.faults.add(Fault("lost-response", "publish"))
    with pytest.raises(requests.ConnectionError):
        client.publish()
    assert effective(emulator) == ["publish"]
    assert client.rows() == [("preview", *RUNNING)]
    (record,) = emulator.requests_for("publish", OFFER)
    assert (record.accepted, record.status) == (True, None)


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("status", [502, 503])
def test_a_gateways_error_may_have_started_a_publication_or_not(emulator, client, status, acts):
    emulator.faults.add(Fault("error", "publish", status=status, acts=acts))
    answer = client.post(client.submission("preview"))
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == "serviceUnavailable"
    assert effective(emulator) == ["publish"] * acts


def test_an_answer_may_lack_the_jobs_id(emulator, client):
    emulator.faults.add(Fault("no-location", "publish"))
    answer = client.post(client.submission("preview"))
    assert answer.status_code == 202
    assert not {"jobId", "jobID"} & set(answer.json())
    assert effective(emulator) == ["publish"]


def test_too_many_requests_are_refused_in_graphs_form(emulator, client):
    emulator.faults.add(Fault("throttled", "operation", retry_after="7"))
    job = client.publish()
    answer = client.send("GET", f"/configure/{job}/status")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["error"]["code"] == "TooManyRequests"


def test_a_read_may_hang(emulator, client):
    client.publish()
    emulator.faults.add(Fault("hang", "submissions"))
    guid = client.product()
    with pytest.raises(requests.Timeout):
        client.get(f"/submission/{guid}", timeout=0.3)


def test_a_job_may_not_be_found_for_a_while(emulator, client):
    emulator.faults.add(Fault("not-found", "operation"))
    job = client.publish()
    assert client.get(f"/configure/{job}/status", 404)["error"]["code"] == "notFound"
    assert client.end(job) == RUNNING


def test_a_state_may_be_a_word_of_no_page(emulator, client):
    emulator.faults.add(Fault("status-word", "operation", value="queued"), Fault("status-word", "submissions"))
    job = client.publish()
    assert client.end(job) == ("queued", "pending")
    assert client.get(f"/submission/{client.product()}")["value"][1]["status"] == "reticulating"


def test_a_state_may_be_left_out(emulator, client):
    emulator.faults.add(Fault("no-status", "operation"))
    assert "jobStatus" not in client.job(client.publish())


def test_links_may_lead_to_another_host(emulator, client):
    emulator.add_offer("another")
    emulator.faults.add(Fault("foreign-location", "products", value="https://portal.example"))
    link = client.get("/product", params={"$maxpagesize": 1})["@nextLink"]
    assert link.startswith("https://portal.example/rp/product-ingestion/product?")


def test_a_token_that_is_refused_once_is_refused_as_graph_does(emulator, client):
    emulator.faults.add(Fault("unauthorized", "products"))
    answer = client.send("GET", "/product")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_somebody_else_may_publish_just_before(emulator, client):
    emulator.faults.add(Fault("overtaken", "publish"))
    assert client.failed(client.submission("preview"))["message"] == "An In Progress submission already exists"
    assert effective(emulator) == ["publish"]


def test_somebody_else_may_replace_what_waits_for_its_publisher(emulator, client):
    client.publish()
    emulator.advance(100)
    number = client.preview()
    emulator.faults.add(Fault("overtaken", "submissions", offer_id=OFFER))
    assert client.rows() == [("preview", *RUNNING)]
    assert client.preview() != number
    emulator.advance(100)
    assert client.failed(client.submission("live", number))["message"].endswith("its not the latest")


def test_somebody_else_may_take_the_preview_live_just_before(emulator, client):
    client.publish()
    emulator.advance(100)
    number = client.preview()
    emulator.faults.add(Fault("overtaken", "golive", value="golive"))
    assert (
        client.failed(client.submission("live", number))["message"] == "An In Progress submission already exists"
    )
    assert effective(emulator) == ["publish", "golive"]


def test_what_somebody_else_does_can_be_publish_and_golive_only():
    with pytest.raises(ValueError, match="value is 'cancel'"):
        Fault("overtaken", value="cancel")


def test_settings_and_faults_can_be_changed_over_http(emulator, client):
    url = f"{emulator.url}/emulator"
    changes = {"row_delay": 5, "schema_minimums": {"plan": "2022-03-01-preview3"}}
    document = client.session.post(f"{url}/settings", json=changes, timeout=10).json()
    assert {name: document[name] for name in changes} == changes
    assert emulator.row_delay == 5
    fault = {"kind": "overtaken", "action": "golive", "value": "golive"}
    client.session.post(f"{url}/faults", json=fault, timeout=10)
    assert [each.kind for each in emulator.faults.pending()] == ["overtaken"]


def test_an_expired_token_is_refused_and_a_new_one_taken(emulator, client):
    emulator.token_lifetime = 60
    assert client.send("GET", "/product").status_code == 200
    emulator.advance(60)
    assert client.send("GET", "/product").status_code == 401
    assert IngestionClient(emulator).send("GET", "/product").status_code == 200


def test_a_slow_answer_comes_late(emulator, client):
    emulator.faults.add(Fault("slow", "products", delay=0.1))
    client.token()
    before = time.monotonic()
    client.get("/product")
    assert time.monotonic() - before >= 0.1
