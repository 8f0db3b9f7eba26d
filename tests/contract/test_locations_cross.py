"""A location crosses Airflow's database and leads to the same, on the connection's own host: on any service."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from airflow_provider_cpp.exceptions import UntrustedLocation
from airflow_provider_cpp.lro.records import Started
from tests.contract.stage import GOING_LIVE, Stage


def started(stage: Stage, act: str = GOING_LIVE, *fates: str) -> Any:
    """Start, and return the operation."""
    stage.ready()
    stage.posts(*fates)
    outcome, _ = stage.start(act)
    assert isinstance(outcome, Started), outcome
    return outcome.watched


@pytest.mark.parametrize("fate", ["answered", "lost answer"])
def test_a_location_leads_back_to_its_operation(stage: Stage, act: str, fate: str) -> None:
    watched = started(stage, act, fate)
    located = stage.service.located(watched.url)
    assert located == watched
    assert located.url == watched.url
    assert (located.offer, located.operation_id, located.ids) == (watched.offer, watched.operation_id, watched.ids)
    assert str(located) == str(watched)
    assert stage.intent(act).located(watched.url) == watched


def test_it_is_on_the_connections_host_and_holds_no_secret(stage: Stage, act: str) -> None:
    url = urlsplit(started(stage, act).url)
    assert f"{url.scheme}://{url.netloc}" == stage.service.origin  # type: ignore[attr-defined]
    assert "@" not in url.netloc
    assert len(url.geturl()) < 1000


def test_one_on_another_host_is_refused(stage: Stage) -> None:
    url = started(stage).url
    for other in ("https://evil.example", "http://cloudpartner.azure.com", "https://x@graph.example"):
        with pytest.raises(UntrustedLocation, match="Nothing was sent"):
            stage.service.located(other + url[len(stage.service.origin) :])  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", [None, "", 7, "{{ ti }}", "https://", "/", "//", "x" * 99999])
def test_what_is_none_is_refused(stage: Stage, text: Any) -> None:
    with pytest.raises(UntrustedLocation):
        stage.service.located(text)


def test_one_of_another_service_is_refused_in_words_that_ask_for_a_switch(
    stage: Stage, other_stages: list[Stage]
) -> None:
    for other in other_stages:
        watched = started(other)
        with pytest.raises(UntrustedLocation, match="Was the connection switched"):
            stage.service.located(watched.url)


def test_an_operation_is_read_once_by_its_location(stage: Stage) -> None:
    watched = started(stage)
    operation, runner = stage.run(stage.service.operation(watched.url))
    assert operation.status == "running"
    assert len(runner.sent) == 1
    stage.end()
    operation, _ = stage.run(stage.service.operation(watched.url))
    assert operation.status == "succeeded"


def test_the_submissions_name_what_runs(stage: Stage, act: str) -> None:
    started(stage, act)
    rows, _ = stage.run(stage.service.submissions(stage.offer, None))
    (running,) = (row for row in rows.entries if row.is_running)
    only, _ = stage.run(stage.service.submissions(stage.offer, "running"))
    assert running in only.entries
    assert stage.service.operations_of(stage.offer).at(running).url.startswith("https://")
