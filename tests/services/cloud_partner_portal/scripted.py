"""Answers of Cloud Partner Portal, as its reference prints them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.listing import listed
from tests.runner import Runner, answered

ORIGIN = "https://cloudpartner.azure.com"
PUBLISHER = "contoso"
OFFER = "contoso-virtualmachineoffer"
GUID = "56615b67-2185-49fe-80d2-c4ddf77bb2e8"


def step(step_id: str = "displaycertify", status: str = "inProgress", **more: Any) -> dict[str, Any]:
    return {
        "estimatedTimeFrame": "< 5 day",
        "id": step_id,
        "stepName": {"displaycertify": "Certification", "live": "Live"}.get(step_id, step_id),
        "description": "",
        "status": status,
        "messages": [],
        "progressPercentage": 0,
        **more,
    }


def message(text: str, level: str = "error") -> dict[str, str]:
    return {"messageHtml": text, "level": level, "timestamp": "2018-03-16T17:50:45.7215661Z"}


def operation(status: Any = "running", *steps: dict[str, Any], **more: Any) -> Answer:
    """A 200 with an operation's status document."""
    return answered(200, {"status": status, "messages": [], "steps": list(steps), **more})


def submission(identifier: str, state: str = "running", slot: str = "production", **more: Any) -> dict[str, Any]:
    """An entry of the submissions list, as the reference prints it."""
    return {
        "id": identifier,
        "offerId": OFFER,
        "offerVersion": 2,
        "offerTypeId": "microsoft-azure-virtualmachines",
        "publisherId": PUBLISHER,
        "submissionType": "publish",
        "submissionState": state,
        "publishingVersion": 2,
        "slot": slot,
        "version": 636576975611768314,
        "definition": {"metadata": {"emails": "jdoe@contoso.com"}},
        "changedTime": "2018-03-23T18:59:21.1768314Z",
        **more,
    }


def read_list(read: Callable[[Any], Any], *readings: Reading, query: tuple[tuple[str, str], ...] = ()) -> Any:
    """What comes of reading a list that a service answers with, page by page."""
    call = Call("List things", "publisher contoso", "GET", f"/api/publishers/{PUBLISHER}/offers", query)
    return Runner(readings).run(listed(call, ORIGIN, read, patient=False))
