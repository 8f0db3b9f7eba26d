"""Any sequence of faults, and a worker that dies anywhere: at most one operation is started."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import AmbiguousOutcome
from airflow_provider_cpp.lro.prechecking import NotStarted, Precheck
from airflow_provider_cpp.lro.starting import Started
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from tests.runner import NOW
from tests.services.cloud_partner_portal.model_service import POSTS, ModelService, Other
from tests.services.cloud_partner_portal.scripted import step, submission
from tests.services.cloud_partner_portal.starting import start
from tests.services.faults import READS, UNCLEAR, Faults
from tests.services.task_model import Task
from tests.services.under_any_faults import ended, faults, kinds, often, run, tries, words

posts = st.lists(st.sampled_from(sorted(POSTS)) | st.sampled_from(UNCLEAR), max_size=8)
#: An operation is read by few tries only.
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
#: What there was before: operations of either kind, one that runs, one whose id leads nowhere.
olds = st.lists(
    st.builds(
        lambda name, state, slot, changed: submission(name, state, slot, changedTime=changed),
        st.sampled_from(["old-2", "old-3", "old/4", "contoso$offer$5$preview"]),
        st.sampled_from(["completed", "completed", "failed", "canceled", "running"]),
        st.sampled_from(["production", "staging", "", None]),
        st.sampled_from(["2018-03-23T18:59:21.1768314Z", "2019-03-23T18:59:21", "2020-03-23", None, "never"]),
    ),
    max_size=2,
    unique_by=lambda entry: entry["id"],
)
statuses = st.sampled_from(
    [
        None,
        None,
        {"status": "waitingForPublisherReview"},
        {"status": "running", "steps": [step()]},
        {"status": "neverPublished"},
        {"status": "succeeded"},
        {"status": "failed", "steps": [step(status="failed")]},
        {"status": "somethingNew"},
        {"state": "unknown"},
        [],
    ]
)
versions = st.tuples(*[st.sampled_from([None, 0, 1, 2, "no offer"])] * 2)


@st.composite
def services(draw: Any, kind: str, check: Precheck | None) -> ModelService:
    """Draw a service; seldom one that is odd in more than a few ways."""

    def seldom(strategy: Any, default: Any) -> Any:
        return draw(strategy) if draw(st.integers(0, 3)) == 0 else default

    service = ModelService(
        Faults(*((name, 1) for name in draw(posts))),
        listed=Faults(*draw(faults)),
        states=Faults(*draw(once | faults)),
        checks=Faults(*(draw(faults) if check else ())),
        ends_after=draw(st.none() | st.floats(0, 400) | st.sampled_from([100.0, 2000.0])),
        outcome=draw(ended),
        outcomes=draw(st.lists(ended, max_size=2)),
        lag=seldom(st.floats(0, 60), 0.0),
        kind=kind,
        gone=seldom(st.sampled_from([404, 410]), None),
        others=seldom(others, []),
        dated=seldom(st.sampled_from([False, False, 1, 2]), True),
        page=seldom(st.integers(1, 3), None),
        page_form=draw(st.sampled_from(["nextLink", "@odata.nextLink", "continuationToken", "Link"])),
        newest_first=draw(st.booleans()),
        ahead=seldom(st.floats(-50_000, 50_000), None),
        status=draw(statuses) if check else None,
        versions=draw(versions) if check else (None, None),
        cancels=Faults(*((name, 1) for name in draw(st.lists(st.sampled_from(sorted(POSTS)), max_size=4)))),
        signoff_after=draw(st.none() | st.floats(0, 400)),
        numbers=draw(st.sampled_from(["zero", "same", "growing"])),
    )
    service.old += seldom(olds, [])
    if kind == PUBLISH and draw(st.booleans()):
        service.old.append(submission("theirs", "running", slot="staging"))
    for entry in service.old:
        if entry["slot"] != "production":
            service.of[entry["id"]] = revision = service.draft - draw(st.integers(0, 2))
            entry["offerVersion"] = service._number(revision)
    if service.ends_after is None:
        # Longer than anybody looks for it: what keeps a second one from beginning is that it runs.
        service.lag = seldom(st.floats(60, 500), service.lag)
    return service


started = kinds.flatmap(lambda kind: st.tuples(services(*kind), st.just(kind[1])))


@often
@given(started, words)
def test_at_most_one_operation_is_started_and_what_is_told_is_true(
    what: tuple[ModelService, Precheck | None], if_running: str
) -> None:
    service, check = what
    told, runner = start(service, kind=service.kind, check=check, latency=0.05, if_running=if_running)

    assert len(service.started) <= 1
    assert runner.now - NOW < 2 * 3600, "it ends"
    if isinstance(told, Started):
        assert runner.kept[-1]["location"] == told.location
        name = told.watched.operation_id
        if if_running != "adopt" and name in service.of:
            assert service.of[name] == service.draft, "what is told to be published is the draft as it is now"
        if service.started and not told.watched.operation_id.startswith("other"):
            assert [name for name, _ in service.started] == [told.watched.operation_id]
    elif isinstance(told, NotStarted):
        assert runner.posts == []
    elif not isinstance(told, AmbiguousOutcome):
        is_told = "left no trace" in str(told)
        assert is_told or service.started == [], f"{type(told).__name__}: nothing was started"
    assert len(runner.posts) <= 2 * 5 * (1 + 2 * (if_running == "restart"))
    assert if_running == "restart" or service.canceled == []
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
def test_no_death_of_a_worker_starts_a_second_operation(
    what: tuple[ModelService, Precheck | None],
    each: list[tuple[int | None, str, str]],
    pause: float,
    found: dict[str, Any] | None,
    if_running: str,
    redrafts: bool,
) -> None:
    service, check = what
    task = Task(service, check, True, service.lag + pause, if_running, redrafts, record=found)
    run(task, each)


@often
@given(started, tries, st.floats(60, 4000), words, st.booleans())
def test_without_records_no_death_of_a_worker_starts_a_second_operation_either(
    what: tuple[ModelService, Precheck | None],
    each: list[tuple[int | None, str, str]],
    pause: float,
    if_running: str,
    redrafts: bool,
) -> None:
    """Below Airflow 3.3; the task may have been cleared, after which one operation more may be started."""
    service, check = what
    task = Task(service, check, False, service.lag + pause, if_running, redrafts)
    run(task, each)
