"""What the document of a job says of why it failed."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.services.product_ingestion.jobs import Job, read_failures, read_job
from tests.runner import answered
from tests.services.product_ingestion.portal import IN_PROGRESS, NOT_LATEST
from tests.services.product_ingestion.submitted import error


def failed(*errors: Any) -> Job:
    job = read_job(answered(200, {"jobStatus": "completed", "jobResult": "failed", "errors": list(errors)}))
    assert isinstance(job, Job)
    return job


@pytest.mark.parametrize("member", ["code", "message", "resourceId", "anything"])
def test_no_member_of_an_error_shows_a_secret(member: str) -> None:
    tree = {"code": "x", member: "https://contoso.blob.core.windows.net/a.vhd?sig=abc%2Fdef"}
    (failure,) = read_failures([{"code": "conflict", "details": [tree], "message": ""}])[:1]
    assert "sig=***" in str(failure)
    assert "abc" not in failed(tree).reason


@pytest.mark.parametrize(
    ("tree", "is_conflict"),
    [
        (error("conflict", IN_PROGRESS), True),
        (error("badRequest", "Operation failed", [error("invalidState", NOT_LATEST)]), True),
        (error("badRequest", "The submission is not the newest."), True),
        (error("productLocked", "The product is locked."), True),
        (
            error("badRequest", "Operation failed", [error("invalidResource", "The agent is not the latest.")]),
            False,
        ),
        (error("internalServerError", "The kernel of the image is not the latest version.", []), False),
        (error("conflict", "Operation failed", [error("invalidResource", "The logo is missing.")]), False),
    ],
    ids=str,
)
def test_a_conflict_is_with_another_submission(tree: Any, is_conflict: bool) -> None:
    assert failed(tree).met_conflict is is_conflict
