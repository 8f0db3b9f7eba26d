"""Starts an operation with a scripted service, and tells what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_provider_cpp.exceptions import (
    CppError,
)
from airflow_provider_cpp.lro.prechecking import NotStarted
from airflow_provider_cpp.lro.starting import Start, Started
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from airflow_provider_cpp.services.cloud_partner_portal.intents import GoingLive, Publishing
from tests.runner import Runner
from tests.services.cloud_partner_portal.model_service import ModelService
from tests.services.cloud_partner_portal.scripted import OFFER, ORIGIN, PUBLISHER

START = Start(GoingLive(ORIGIN, OfferRef(PUBLISHER, OFFER)))
PUBLISHING = Start(Publishing(ORIGIN, OfferRef(PUBLISHER, OFFER)))
START_OF = {GO_LIVE: START, PUBLISH: PUBLISHING}
PATH = f"/api/publishers/{PUBLISHER}/offers/{OFFER}/operations"


def start(
    service: Any,
    record: object = None,
    *,
    kind: str = GO_LIVE,
    check: Any = None,
    if_running: str = "fail",
    **more: Any,
) -> tuple[Started | NotStarted | CppError, Runner]:
    """Start once, and return what came of it and the runner."""
    runner = Runner(service, **more)
    try:
        return runner.run(replace(START_OF[kind], if_running=if_running).once(record, check=check)), runner
    except CppError as error:
        return error, runner


def model(*posts: str, reads: tuple[str, ...] = (), **more: Any) -> ModelService:
    return ModelService(iter(posts), iter(reads), **more)
