"""Any sequence of faults, and a worker that dies anywhere: one publication at most comes of a task."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import AmbiguousOutcome, CppError
from airflow_provider_cpp.lro.prechecking import NotStarted, Precheck
from airflow_provider_cpp.lro.starting import Started
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from tests.runner import NOW, Runner
from tests.services.faults import READS, UNCLEAR, Faults
from tests.services.product_ingestion.portal import POSTS, Portal
from tests.services.product_ingestion.submitted import Other
from tests.services.task_model import Task
from tests.services.under_any_faults import ended, faults, kinds, often, run, tries, words

posts = st.lists(st.sampled_from(sorted(POSTS)) | st.sampled_from(UNCLEAR), max_size=8)
once = st.lists(st.tuples(st.sampled_from(sorted(READS)), st.just(1)), min_size=1, max_size=4)
others = st.lists(
    st.builds(
        Other,
        st.floats(0, 300) | st.floats(0, 5000),
        st.none() | st.floats(1, 300) | st.floats(100, 4000),
        st.sampled_from([GO_LIVE, GO_LIVE, PUBLISH]),
        ended,
    ),
    max_size=2,
)
#: What counts before: what is live, what is in preview or was on its way to customers last.
LIVE = (("live", "succeeded"),)
before = st.sampled_from(
    [
        (*LIVE, ("preview", "succeeded")),
        (("preview", "succeeded"),),
    ]
    * 6
    + [
        (),
        LIVE,
        (*LIVE, ("preview", "failed")),
        (*LIVE, ("preview", "pending")),
        (*LIVE, ("live", "failed")),
        (*LIVE, ("live", "pending")),
        (("live", "failed"),),
    ]
)


@st.composite
def portals(draw: Any, kind: str, check: Precheck | None) -> Portal:
    """Draw a service; seldom one that is odd in more than a few ways."""

    def seldom(strategy: Any, default: Any) -> Any:
        return draw(strategy) if draw(st.integers(0, 3)) == 0 else default

    portal = Portal(
        posts=draw(posts),
        listed=Faults(*draw(faults)),
        states=Faults(*draw(once | faults)),
        takes=draw(st.none() | st.floats(0, 400) | st.sampled_from([100.0, 2000.0])),
        outcome=draw(ended),
        outcomes=draw(st.lists(ended, max_size=2)),
        lag=seldom(st.floats(0, 60) | st.floats(0, 500), 0.0),
        queues=seldom(st.lists(st.floats(0, 20) | st.floats(0, 300), max_size=4), []),
        conflict_at_post=draw(st.booleans()),
        forgets=seldom(st.floats(0, 1000), None),
        others=seldom(others, []),
        cancel_posts=draw(st.lists(st.sampled_from(sorted(POSTS)), max_size=4)),
        kind=kind,
    )
    for index, (target, result) in enumerate(draw(before)):
        row = portal.add(target, result, age=1e6 - index * 1e5)
        if target == "preview":
            portal.of[f"old {row.number}"] = portal.draft - draw(st.integers(0, 2))
    if draw(st.integers(0, 9)) == 0 and portal.rows and portal.rows[-1].target == "live":
        # Some say that what is live is listed in preview, too.
        last = portal.rows[-1]
        if last.result == "succeeded":
            portal.add("preview", number=last.number)
    return portal


started = kinds.flatmap(lambda kind: st.tuples(portals(*kind), st.just(kind[1])))


def patience(portal: Portal) -> float:
    """Return the seconds after which all that was accepted is to be seen."""
    return portal.lag + max(portal.queues, default=0.0)


@often
@given(started, words)
def test_at_most_one_is_begun_and_what_is_told_is_true(
    what: tuple[Portal, Precheck | None], if_running: str
) -> None:
    portal, check = what
    runner = Runner(portal, latency=0.05)
    told: Any
    try:
        told = runner.run(portal.to_start(if_running).once(check=check))
    except CppError as error:
        told = error

    portal.advance(runner.now + 10_000)
    # What somebody canceled leaves no trace, and never took effect.
    effective = [name for name, _ in portal.started if portal.state(name, runner.now + 10_000) != "canceled"]
    assert len(effective) <= 1
    assert runner.now - NOW < 2 * 3600, "it ends"
    if isinstance(told, Started):
        assert runner.kept[-1]["location"] == told.location
        name = portal.name_of(told.watched)
        assert not name or if_running == "adopt" or portal.has_draft(name)
        if effective and name in dict(portal.started):
            assert effective == [name]
    elif isinstance(told, NotStarted):
        assert runner.posts == []
    elif not isinstance(told, AmbiguousOutcome):
        is_told = "left no trace" in str(told)
        assert is_told or portal.started == [], f"{type(told).__name__}: nothing was started"
    assert len(runner.posts) <= 2 * 5 * (1 + 2 * (if_running == "restart"))
    assert if_running == "restart" or portal.canceled == []
    assert json.loads(json.dumps(runner.kept)) == runner.kept


@often
@given(
    started,
    tries,
    st.floats(60, 4000),
    st.sampled_from([None] * 5 + [{"of": "another offer", "state": "intended"}]),
    words,
    st.booleans(),
)
def test_no_death_of_a_worker_begins_a_second_one(
    what: tuple[Portal, Precheck | None],
    each: list[tuple[int | None, str, str]],
    pause: float,
    found: dict[str, Any] | None,
    if_running: str,
    redrafts: bool,
) -> None:
    portal, check = what
    task = Task(portal, check, True, patience(portal) + pause, if_running, redrafts, record=found)
    run(task, each)


@often
@given(started, tries, st.floats(60, 4000), words, st.booleans())
def test_without_records_no_death_of_a_worker_begins_a_second_one_either(
    what: tuple[Portal, Precheck | None],
    each: list[tuple[int | None, str, str]],
    pause: float,
    if_running: str,
    redrafts: bool,
) -> None:
    """Below Airflow 3.3; the task may have been cleared, after which one publication more may be begun."""
    portal, check = what
    task = Task(portal, check, False, patience(portal) + pause, if_running, redrafts)
    run(task, each)
