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
