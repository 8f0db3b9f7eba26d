"""What the error of an operation that failed says, wherever in a document of the service its reason stood."""

from __future__ import annotations

import pytest

from airflow_provider_cpp.exceptions import OperationFailed
from airflow_provider_cpp.lro import ends
from airflow_provider_cpp.lro.ends import result_of
from airflow_provider_cpp.lro.operations import Operation
from airflow_provider_cpp.services.cloud_partner_portal.locations import parse_location
from airflow_provider_cpp.services.cloud_partner_portal.statuses import read_operation
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, message, operation, step

URL = f"{ORIGIN}/api/publishers/contoso/offers/{OFFER}/operations/{GUID}"
WATCHED = parse_location(URL, origin=ORIGIN)


def _ended(*arguments: object, **more: object) -> dict[str, object]:
    read = read_operation(operation(*arguments, **more))  # type: ignore[arg-type]
    assert isinstance(read, Operation)
    return ends.ended(WATCHED, read).to_event()


FAILED = _ended(
    "failed",
    step("displaydummycertify", "complete"),
    step("displaycertify", "rejected", messages=[message("<p>The image of plan <b>gold</b> has no agent.</p>")]),
    step("live", "notStarted"),
)


def test_a_failure_names_the_failed_step_its_messages_in_plain_text_and_what_to_do() -> None:
    with pytest.raises(OperationFailed) as caught:
        result_of(FAILED, by_sensor=False)

    told = str(caught.value)
    assert "Certification (displaycertify)" in told
    assert "The image of plan gold has no agent" in told
    assert "https://partner.microsoft.com/" in told
    assert "<" not in told
    assert "displaydummycertify" not in told, "what went well is no news"


NAMED = "Correct what is named in the offer"
UNNAMED = "The service names no reason"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"messages": None, "error": ""},
        {"error": {}, "errors": [], "statusDetails": None},
    ],
)
def test_where_nothing_is_named_nobody_is_told_to_correct_it(more: dict[str, object]) -> None:
    for steps in ([], [step("displaycertify", "failed")], [step("displaycertify", "inProgress")]):
        told = str(_ended("failed", *steps, **more)["message"])
        assert UNNAMED in told
        assert NAMED not in told
        assert "https://partner.microsoft.com/" in told


@pytest.mark.parametrize(
    ("steps", "more"),
    [
        ([], {"message": "No image."}),
        ([], {"statusDetails": {"errors": [{"message": "No image."}]}}),
        ([step("displaycertify", "rejected", error={"message": "No image."})], {}),
        ([step("displaycertify", "inProgress", messages=[message("No image.")])], {}),
        ([step("displaycertify", "reticulated", messages=["No image."])], {}),
        (
            [step("displaycertify", "certificationFailed", messages=[message("No image.")])],
            {"messages": ["No image."]},
        ),
    ],
)
def test_a_reason_is_told_once_wherever_it_stood(steps: list[dict[str, object]], more: dict[str, object]) -> None:
    told = str(_ended("failed", *steps, **more)["message"])
    assert told.count("No image") == 1
    assert NAMED in told
    assert UNNAMED not in told
