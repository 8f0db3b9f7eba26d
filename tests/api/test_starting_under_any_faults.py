"""Any sequence of faults, and a worker that dies anywhere: at most one operation is started."""

from __future__ import annotations

import json
import math
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_cpp.api.prechecking import Precheck
from airflow_provider_cpp.api.starting import Started
from airflow_provider_cpp.api.submissions import GO_LIVE, PUBLISH
from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppError,
)
from tests.api.model_service import POSTS, READS
from tests.api.scripted import (
    NOW,
    Runner,
    WorkerDied,
)
from tests.api.starting import START_OF, model, start

posts = st.lists(st.sampled_from(sorted(POSTS)), max_size=8)
reads = st.lists(st.sampled_from(sorted(READS)), max_size=25)
mostly_answered = st.lists(st.sampled_from([*["answered"] * 6, *sorted(READS)]), max_size=25)
#: What is started, and what is asked before.
kinds = st.sampled_from([(GO_LIVE, None), (GO_LIVE, Precheck()), (PUBLISH, None)])


@settings(max_examples=400, deadline=None)
@given(
    posts,
    reads | mostly_answered,
    st.none() | st.floats(0, 400),
    st.sampled_from(["succeeded", "failed"]),
    st.floats(0, 60),
    kinds,
)
def test_at_most_one_operation_is_started_and_what_is_told_is_true(
    what: list[str],
    how_read: list[str],
    ends_after: float | None,
    outcome: str,
    lag: float,
    started: tuple[str, Precheck | None],
) -> None:
    kind, check = started
    service = model(*what, reads=tuple(how_read), ends_after=ends_after, outcome=outcome, lag=lag, kind=kind)
    told, runner = start(service, kind=kind, check=check, latency=0.05)

    assert len(service.started) <= 1
    assert runner.now - NOW < 3600, "it ends"
    if isinstance(told, Started):
        assert [name for name, _ in service.started] == [told.location.operation_id]
        assert runner.kept[-1]["location"] == told.location.url
    elif not isinstance(told, AmbiguousOutcome):
        assert service.started == [], f"{type(told).__name__} says that nothing was started"
    assert len(runner.posts) <= 2 * 5
    assert json.loads(json.dumps(runner.kept)) == runner.kept


@settings(max_examples=400, deadline=None)
@given(
    posts,
    reads | mostly_answered,
    st.lists(st.integers(1, 40), min_size=1, max_size=3),
    st.sampled_from([None, 100.0, 2000.0]),
    st.floats(0, 10),
    st.floats(60, 4000),
    kinds,
)
def test_no_death_of_a_worker_starts_a_second_operation(
    what: list[str],
    how_read: list[str],
    deaths: list[int],
    ends_after: float | None,
    lag: float,
    pause: float,
    started: tuple[str, Precheck | None],
) -> None:
    kind, check = started
    service = model(*what, reads=tuple(how_read), ends_after=ends_after, lag=lag, kind=kind)
    record: dict[str, Any] | None = None
    now = NOW
    told: Any = None
    for dies_after in [*deaths, None]:
        runner = Runner(service, now=now, dies_after=dies_after, latency=0.05)
        try:
            told = runner.run(START_OF[kind].once(record, NOW if record else None, check=check))
        except WorkerDied:
            told = None
        except CppError as error:
            told = error
        record = runner.kept[-1] if runner.kept else record
        now = runner.now + pause
        assert len(service.started) <= 1
        if isinstance(told, Started | AirflowFailException):
            break  # Airflow retries neither
    if isinstance(told, Started):
        assert [name for name, _ in service.started] == [told.location.operation_id]


@settings(max_examples=400, deadline=None)
@given(
    posts,
    reads | mostly_answered,
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.sampled_from([None, 100.0, 2000.0]),
    st.floats(0, 10),
    st.floats(60, 4000),
    kinds,
    st.sampled_from([None, 0, 1]),
    st.booleans(),
)
def test_without_records_no_death_of_a_worker_starts_a_second_operation_either(
    what: list[str],
    how_read: list[str],
    deaths: list[int],
    ends_after: float | None,
    lag: float,
    pause: float,
    started: tuple[str, Precheck | None],
    cleared_before: int | None,
    is_run_anew: bool,
) -> None:
    """Below Airflow 3.3; the task may have been cleared, after which one operation more may be started."""
    kind, check = started
    service = model(*what, reads=tuple(how_read), ends_after=ends_after, lag=lag, kind=kind)
    now = began = NOW
    allowed, cleared = 1, False
    for number, dies_after in enumerate([*deaths, None]):
        since: float | None = None if number == 0 else began
        if number and number - 1 == cleared_before:
            allowed, cleared, since = len(service.started) + 1, True, math.inf
            began = now if is_run_anew else began
        runner = Runner(service, now=now, dies_after=dies_after, latency=0.05)
        told: Any = None
        try:
            told = runner.run(START_OF[kind].once(None, since, cleared=cleared and since != math.inf, check=check))
        except WorkerDied:
            pass
        except CppError as error:
            told = error
        now = runner.now + pause
        assert len(service.started) <= allowed
        if isinstance(told, Started | AirflowFailException) and number != cleared_before:
            break  # Airflow retries neither
