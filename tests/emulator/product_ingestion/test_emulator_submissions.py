"""A publication through the Product Ingestion API: jobs, and the rows of submissions."""

from __future__ import annotations

import re

import pytest

from tests.emulator.product_ingestion.conftest import OFFER

DONE = ("completed", "succeeded")
ERROR_MESSAGES = {
    "running": "An In Progress submission already exists",
    "not latest": "The submission cannot be pushed to as its not the latest",
    "no id": "Expected a submission id that isn't null or 0 since target type is Live",
}


@pytest.fixture
def emulator(emulator):
    emulator.add_offer(OFFER, state="draft")
    return emulator


def test_a_publication_goes_to_preview_and_then_live_with_one_id(emulator, client):
    assert client.rows() == []
    job = client.publish()
    assert client.end(job) == ("running", "pending")
    assert client.rows() == [("preview", "running", "pending")]
    emulator.advance(100)
    assert client.end(job) == DONE
    assert client.rows() == [("preview", *DONE)]
    (before,) = client.documents()
    job = client.go_live(client.preview())
    assert client.rows() == [("live", "running", "pending")]
    emulator.advance(100)
    assert client.end(job) == DONE
    (after,) = client.documents()
    assert (after["id"], after["created"]) == (before["id"], before["created"])
    assert after["target"] == {"targetType": "live"}


def test_what_starts_a_job_names_neither_a_location_nor_an_end(client):
    answer = client.post(client.submission("preview"))
    assert not {"location", "operation-location"} & {name.lower() for name in answer.headers}
    assert answer.json()["jobEnd"] == "0001-01-01T00:00:00"
    assert "resourceUri" not in answer.json()
    assert answer.json()["errors"] == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", answer.json()["jobStart"])


def test_a_row_says_nothing_of_job_steps_reasons_or_authors(emulator, client):
    client.publish()
    emulator.finish(OFFER, "fail")
    (row,) = client.documents()
    assert set(row) == {
        "$schema", "id", "product", "target", "lifecycleState", "status", "result", "created",
    }  # fmt: skip


def test_each_post_makes_a_job_of_its_own(client):
    body = client.submission("preview")
    assert client.start(body) != client.start(body)


def test_a_second_submission_fails_in_its_job_while_the_first_one_runs(emulator, client):
    client.publish()
    error = client.failed(client.submission("preview"))
    assert (error["code"], error["message"]) == ("conflict", ERROR_MESSAGES["running"])
    assert len(emulator.operations(OFFER)) == 1


def test_a_new_preview_replaces_the_one_that_isnt_live_yet(emulator, client):
    client.publish()
    emulator.advance(100)
    old = client.preview()
    client.publish()
    assert client.rows() == [("preview", "running", "pending")]
    emulator.advance(100)
    assert client.rows() == [("preview", *DONE)]
    assert client.preview() != old
    error = client.failed(client.submission("live", old))
    assert (error["code"], error["message"]) == ("conflict", ERROR_MESSAGES["not latest"])


@pytest.mark.parametrize("number", [None, "0"])
def test_a_go_live_needs_the_id_of_the_preview(emulator, client, number):
    client.publish()
    emulator.advance(100)
    error = client.failed(client.submission("live", number))
    assert error["message"] == ERROR_MESSAGES["no id"]
    assert client.rows() == [("preview", *DONE)]


def test_a_go_live_of_a_submission_that_isnt_there_isnt_found(client):
    error = client.failed(client.submission("live", "1152921505690000001"))
    assert (error["code"], error["details"][0]["code"]) == ("notFound", "resourceNotFound")


def test_a_preview_that_runs_or_failed_cant_go_live(emulator, client):
    client.publish()
    number = client.preview()
    assert client.failed(client.submission("live", number))["message"] == ERROR_MESSAGES["running"]
    emulator.finish(OFFER, "fail")
    assert client.rows() == [("preview", "completed", "failed")]
    error = client.failed(client.submission("live", number))
    assert (error["code"], error["details"][0]["code"]) == ("conflict", "invalidState")
    assert [operation.kind for operation in emulator.operations(OFFER)] == ["publish"]


def live(emulator, client):
    """Take the draft live; return its number."""
    client.publish()
    emulator.advance(100)
    number = client.preview()
    client.go_live(number)
    emulator.advance(100)
    assert ("live", *DONE) in client.rows()
    return number


def test_what_is_live_cant_go_live_again(emulator, client):
    number = live(emulator, client)
    error = client.failed(client.submission("live", number))
    assert (error["code"], error["details"][0]["code"]) == ("conflict", "invalidState")
    assert [operation.kind for operation in emulator.operations(OFFER)] == ["publish", "golive"]


def test_a_later_go_live_runs_beside_what_is_live(emulator, client):
    old = live(emulator, client)
    client.publish()
    assert client.rows() == [("live", *DONE), ("preview", "running", "pending")]
    emulator.advance(100)
    new = client.preview()
    client.go_live(new)
    assert client.rows() == [("live", *DONE), ("live", "running", "pending")]
    assert [row["id"].rpartition("/")[2] for row in client.documents()] == [old, new]
    emulator.advance(100)
    assert client.rows() == [("live", *DONE)]
    (row,) = client.documents()
    assert row["id"].endswith(f"/{new}")


def test_a_go_live_that_failed_leaves_what_was_live_and_needs_a_new_preview(emulator, client):
    live(emulator, client)
    client.publish()
    emulator.advance(100)
    number = client.preview()
    job = client.go_live(number)
    emulator.finish(OFFER, "fail")
    assert client.end(job) == ("completed", "failed")
    assert client.rows() == [("live", *DONE), ("live", "completed", "failed")]
    assert client.failed(client.submission("live", number))["details"][0]["code"] == "invalidState"
    client.publish()
    assert client.rows() == [("live", *DONE), ("preview", "running", "pending")]


def test_a_first_go_live_that_failed_is_the_only_row(emulator, client):
    client.publish()
    emulator.advance(100)
    client.go_live(client.preview())
    emulator.finish(OFFER, "fail")
    assert client.rows() == [("live", "completed", "failed")]


def test_a_failed_certification_is_said_in_details_below_a_code_that_looks_transient(emulator, client):
    job = client.publish()
    (row,) = client.documents()
    emulator.finish(OFFER, "fail")
    assert client.job(job)["errors"] == [
        {
            "resourceId": row["id"],
            "code": "internalServerError",
            "message": "Operation failed",
            "details": [
                {
                    "code": "invalidState",
                    "message": "Certification",
                    "details": [
                        {"code": "invalidState", "message": "Issues found during Certification.", "details": []}
                    ],
                }
            ],
        }
    ]
    assert "resourceUri" not in client.job(job)


def test_words_of_a_failure_that_a_test_chose_stand_in_the_innermost_details(emulator, client):
    emulator.override(OFFER, failure_messages=("<p>Image of plan&nbsp;<b>basic</b> is missing</p>",))
    job = client.publish()
    emulator.finish(OFFER, "fail")
    (error,) = client.job(job)["errors"]
    (step,) = error["details"]
    assert [reason["message"] for reason in step["details"]] == ["Image of plan basic is missing"]


def test_a_submission_is_read_by_its_id_while_it_is_active(emulator, client):
    client.publish()
    guid = client.product()
    (row,) = client.documents()
    assert client.get(f"/{row['id']}") == row
    assert client.get(f"/submission/{guid}/0")["target"] == {"targetType": "draft"}
    emulator.advance(100)
    client.publish()
    assert client.get(f"/{row['id']}", 404)["error"]["code"] == "notFound"


def test_rows_can_be_asked_for_by_target(emulator, client):
    live(emulator, client)
    client.publish()
    path = f"/submission/{client.product()}"
    (row,) = client.get(path, params={"TargetType": "live"})["value"]
    assert (row["status"], row["result"]) == DONE


def test_ids_of_submissions_dont_grow_with_time(emulator, client):
    numbers = []
    for _ in range(12):
        client.publish()
        emulator.advance(100)
        numbers.append(client.preview())
    assert all(2**60 <= int(number) < 2**63 for number in numbers)
    assert numbers != sorted(numbers)


# Cancelling


def cancel(client, job):
    return client.send("POST", f"/configure/{job}/cancel")


def test_a_preview_that_is_canceled_is_gone(emulator, client):
    job = client.publish()
    answer = cancel(client, job)
    assert answer.status_code == 200
    document = answer.json()
    assert (document["jobStatus"], document["jobResult"]) == ("completed", "cancelled")
    assert not document["jobEnd"].startswith("0001")
    assert document["errors"] == []
    assert client.rows() == []
    assert client.end(job) == ("completed", "cancelled")


def test_a_go_live_that_is_canceled_is_a_preview_again(emulator, client):
    client.publish()
    emulator.advance(100)
    number = client.preview()
    assert cancel(client, client.go_live(number)).status_code == 200
    assert client.rows() == [("preview", *DONE)]
    client.go_live(number)
    assert client.rows() == [("live", "running", "pending")]


def test_what_has_ended_cant_be_canceled(emulator, client):
    job = client.publish()
    assert cancel(client, job).status_code == 200
    answer = cancel(client, job)
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {"code": "badRequest", "message": "Cannot cancel job, job has already completed.", "details": []}
    }


def test_a_preview_that_waits_for_its_publisher_has_ended(emulator, client):
    job = client.publish()
    emulator.advance(100)
    assert cancel(client, job).status_code == 400
    assert client.rows() == [("preview", *DONE)]


def test_a_go_live_cant_be_canceled_past_its_point_of_no_return(emulator, client):
    client.publish()
    emulator.advance(100)
    job = client.go_live(client.preview())
    emulator.advance(99)
    answer = cancel(client, job)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "badRequest"
    assert client.end(job) == ("running", "pending")
    emulator.point_of_no_return = "never"
    assert cancel(client, job).status_code == 200


def test_nothing_is_canceled_that_isnt_there(client):
    assert cancel(client, "7f9a0c1e-0000-4000-8000-00000000c0de").status_code == 404


# What a job was about


def test_the_detail_of_a_job_is_there_once_it_has_succeeded(emulator, client):
    job = client.publish()
    assert client.get(f"/configure/{job}", 400)["error"]["code"] == "badRequest"
    emulator.advance(100)
    (submission,) = client.get(f"/configure/{job}")["resources"]
    assert submission["id"].endswith(f"/{client.preview()}")
    assert client.job(job)["resourceUri"] == f"https://product-ingestion.mp.microsoft.com/configure/{job}"


def test_the_detail_of_a_failed_job_isnt_there(client):
    job = client.start(client.submission("live"))
    assert client.get(f"/configure/{job}", 404)["error"]["code"] == "notFound"


def test_the_detail_of_a_canceled_job_is_there(client):
    job = client.publish()
    cancel(client, job)
    assert client.get(f"/configure/{job}")["resources"]


def test_a_job_of_an_offer_that_was_seeded_anew_is_gone(emulator, client):
    job = client.publish()
    emulator.add_offer(OFFER, state="draft")
    assert client.get(f"/configure/{job}/status", 404)["error"]["code"] == "notFound"


def test_what_came_to_its_sign_off_stays_so_whatever_ends_it_later(emulator, client):
    job = client.publish()
    emulator.finish(OFFER)
    ended = client.job(job)
    emulator.advance(1)
    emulator.finish(OFFER)
    assert client.job(job) == ended
    emulator.finish(OFFER, "fail")
    assert client.job(job) == ended
    assert client.rows() == [("preview", *DONE)]


def test_what_the_first_door_takes_live_anew_has_one_row(emulator, client):
    live(emulator, client)
    client.portal("POST", "/golive")
    assert client.rows() == [("live", "running", "pending")]
    emulator.finish(OFFER, "fail")
    assert client.rows() == [("live", *DONE)]
