"""What a failure says first: Airflow's UI cuts it off, so that offer, step and reason come before ids."""

from __future__ import annotations

import re
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.cancelling import Cancel
from airflow_provider_cpp.lro.goals import SIGNOFF
from airflow_provider_cpp.services.cloud_partner_portal.calls import go_live
from airflow_provider_cpp.wire.answers import Answer, Reading, error_of
from tests.runner import LOST, Runner, answered, refused
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, PUBLISHER, message, operation, step
from tests.services.cloud_partner_portal.watched import DAY, LOCATION, follow

PAGE = "https://partner.microsoft.com/dashboard/commercial-marketplace/offers/6c864fee-e0e3-51a6-a0e9-451afa13f0cf"
NO_IMAGE = step("displaycertify", "failed", messages=[message("The image has no agent.")])
REQUEST = "0af7651916cd43dd8448eb211c80319c"


def live(**more: Any) -> Reading:
    return answered(200, {"id": OFFER, "version": 7, "definition": {}, **more})


ENDS = {
    "a step failed": ([operation("failed", NO_IMAGE)], "failed at step Certification (displaycertify): The image"),
    "the operation failed": ([operation("failed", messages=[message("No plan.")])], "failed: error: No plan"),
    "no reason": ([operation("failed")], "failed. "),
    "canceled": ([operation("canceled")], "was canceled. "),
    "another word": ([operation("aborted")], "was canceled (the service says 'aborted')"),
    "timeout": (
        [operation("running", step())] * 9000,
        "didn't end within 14 days; it was last seen running at st",
    ),
    "signoff missed": (
        [operation("failed", NO_IMAGE)],
        "failed at step Certification (displaycertify): The image",
    ),
    "found nowhere": ([refused(410), answered(200, [])], "can't be learned: HTTP 410"),
    "not allowed": ([refused(403, "NoRole", "Not a member.")], "failed: HTTP 403 NoRole 'Not a member.'"),
}


def at_the_start(text: str, words: str) -> bool:
    return 0 <= text.find(words[:20]) < 100 and words in text


@pytest.mark.parametrize("name", ENDS)
def test_offer_and_reason_come_first_and_ids_last(name: str) -> None:
    script, words = ENDS[name]
    goal = {"goal": SIGNOFF} if name == "signoff missed" else {}
    event, _ = follow(list(script), deadline=1_800_000_000.0 + 14 * DAY, **goal)

    told = str(event["message"])
    assert told.find(f"{PUBLISHER}/{OFFER}") < 60
    assert at_the_start(told, words)
    assert GUID not in told[:150]
    assert re.search(rf"Operation {GUID}\.(?: Request id: \S+)?$", told)


@pytest.mark.parametrize(
    ("reading", "sentence"),
    [
        (live(), "Version 7 is still live."),
        (live(version=0), "A version that the service doesn't number is still live."),
        (live(version=None), "A version that the service doesn't number is still live."),
        (refused(404), "Nothing of this offer is live yet."),
        (refused(503), "What customers see now couldn't be read."),
        (LOST, "What customers see now couldn't be read."),
        (
            Answer(200, {}, damage="the body is too large"),
            "What customers see now couldn't be read.",
        ),
        (answered(200, b"<html>"), "What customers see now couldn't be read."),
    ],
)
@pytest.mark.parametrize("status", ["failed", "canceled", "running"])
def test_it_says_what_customers_see_now_where_the_service_tells(
    reading: Reading, sentence: str, status: str
) -> None:
    script = [operation(status)] * (1 if status != "running" else 9000)
    event, runner = follow([*script, refused(404)], live=reading)

    assert sentence in str(event["message"])
    assert len(runner.asked_at_the_end) == 1, "and doesn't insist"


def test_a_success_asks_nothing_more() -> None:
    _, runner = follow([operation("succeeded")])
    assert runner.asked_at_the_end == []


def test_a_failure_leads_to_the_offers_own_page_where_that_is_known() -> None:
    page = f"{PAGE}/overview"
    event, _ = follow([operation("failed")], live=live(pcRedirectUri=page))
    assert page in str(event["message"])
    event, _ = follow([operation("failed")], live=live(pcRedirectUri="https://evil.example/offers"))
    assert "evil" not in str(event["message"])
    assert "https://partner.microsoft.com/dashboard/marketplace-offers/overview" in str(event["message"])


def test_the_page_of_an_offer_that_isnt_live_is_the_drafts() -> None:
    draft = answered(200, {"id": OFFER, "version": 1, "definition": {}, "pcRedirectUri": f"{PAGE}/overview"})
    event, _ = follow([operation("failed"), draft], live=refused(404))
    assert PAGE in str(event["message"])


@pytest.mark.parametrize("call", [go_live(PUBLISHER, OFFER), LOCATION.to_read()])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 423, 429, 500, 503])
def test_a_refusal_ends_with_its_ids_whatever_is_added_to_it(call: Any, status: int) -> None:
    reading = refused(status, "Code", "A reason.", x_ms_request_id=REQUEST)
    error = error_of(call, reading)

    for each in (error, error.with_more("Nothing was sent again."), error.saying("Something else happened.")):
        assert str(each).endswith(f"Request id: {REQUEST}.")
        assert str(each).count(REQUEST) == 1
        assert (GUID in str(each)) is (call.operation_id is not None)
    assert "A reason." in str(error)[:110]


def test_a_cancel_that_had_no_effect_says_so_first() -> None:
    runner = Runner([operation("running"), answered(202), operation("failed", NO_IMAGE)], live=live())
    event = runner.run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))
    assert event.error is None
    assert at_the_start(event.message, f"Cancel of offer {PUBLISHER}/{OFFER} came too late.")
    cant = [operation("running", cancellationRequestState="cannotCancel")]
    error = Runner(cant).run(Cancel(LOCATION).confirmed()).error
    assert isinstance(error, CppError)
    assert at_the_start(str(error), "can't be canceled any more: the service says 'cannotCancel'")
    assert str(error).endswith(f"Operation {GUID}.")


# The end in the log


@pytest.mark.parametrize("status", ["failed", "rejected", "canceled"])
def test_the_end_of_what_failed_is_no_info_and_has_no_estimate(status: str) -> None:
    failed = step("displaycertify", "failed", messages=[message("No agent.")])
    _, runner = follow([operation("running", step()), operation(status, failed, step("live", "notStarted"))])

    assert any(f"has ended: {status}" in line for line in runner.warnings())
    watching = next(n for n, line in enumerate(runner.lines()) if line.startswith("Watching"))
    assert "estimated" in runner.lines()[watching]
    assert "estimated" not in "".join(runner.lines()[watching + 1 :])
