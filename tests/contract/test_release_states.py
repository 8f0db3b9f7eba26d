"""The state of an offer at a glance: on any service."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.offers.overview import ReleaseState
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from tests.contract.stage import Stage
from tests.runner import LOST, refused


def release_state(stage: Stage) -> Any:
    """Return which state the offer is in, or the error."""
    found, runner = stage.run(stage.service.release_state(stage.listed, stage.offer.publisher_id))
    assert len(runner.sent) <= 2, "two requests for an offer are all that is promised"
    assert runner.posts == []
    return found


def parts(found: ReleaseState) -> tuple[bool, bool, str, str]:
    """Return whether something is live and in preview, the kind of what runs, and what is waited for."""
    running = found.running.kind if found.running else ""
    assert (found.waiting is None) == (not found.waits_for)
    return found.live is not None, found.preview is not None, running, found.waits_for


#: What is live, in preview, running and waited for, by how the offer was arranged.
ARRANGED = {
    "never_published": (False, False, "", ""),
    "live": (True, False, "", ""),
    "preview_failed": (False, False, "", "correction"),
}


@pytest.mark.parametrize("arrange", ARRANGED)
def test_each_state_is_told_apart(stage: Stage, arrange: str) -> None:
    getattr(stage, arrange)()
    found = release_state(stage)
    assert parts(found) == ARRANGED[arrange]
    assert found.error is None
    assert found.status


def test_what_waits_for_its_signoff_is_in_preview_and_doesnt_run(stage: Stage) -> None:
    stage.ready()
    found = release_state(stage)
    assert parts(found)[1:] == (True, "", "signoff")
    assert found.waiting == found.preview
    assert found.waiting.kind == PUBLISH
    assert found.waiting.at is not None
    assert found.waiting.time_of


def test_a_go_live_that_failed_waits_for_a_correction(stage: Stage) -> None:
    stage.go_live_failed()
    found = release_state(stage)
    assert found.waits_for == "correction"
    assert found.waiting.kind == GO_LIVE
    assert found.running is None


def test_what_runs_is_named_with_its_time_and_waits_for_nobody(stage: Stage) -> None:
    stage.live()
    stage.somebody_publishes()
    found = release_state(stage)
    assert parts(found) == (True, False, PUBLISH, "")
    assert found.running.id
    assert found.running.at == pytest.approx(stage.now, abs=1)


def test_a_go_live_that_runs_is_one(stage: Stage) -> None:
    stage.ready()
    stage.somebody_goes_live()
    found = release_state(stage)
    assert parts(found)[2:] == (GO_LIVE, "")
    assert found.preview is not None, "it is in preview until it is live"


def test_it_is_named_until_it_is_live_and_then_that_is(stage: Stage) -> None:
    stage.ready()
    before = release_state(stage).live
    stage.somebody_goes_live()
    stage.end()
    found = release_state(stage)
    assert parts(found) == (True, False, "", "")
    assert found.live != before


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(403), refused(404)])
def test_a_list_that_cant_be_read_is_an_error(stage: Stage, reading: Any) -> None:
    stage.live()
    stage.list_reads = reading
    found, _ = stage.run(stage.service.release_state(stage.listed, stage.offer.publisher_id))
    assert isinstance(found, CppError)


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(403)])
def test_what_else_cant_be_read_costs_nothing_of_what_the_list_says(stage: Stage, reading: Any) -> None:
    stage.live()
    stage.looks = reading
    found, runner = stage.run(stage.service.release_state(stage.listed, stage.offer.publisher_id))
    assert found.live is not None
    assert found.error or all(map(stage.is_list, runner.sent)), "what was asked for in vain is said"
