"""How an operation is started exactly once, though the service has no idempotency key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_cpp.api import calls
from airflow_provider_cpp.api.answers import Answer, Reading
from airflow_provider_cpp.api.calls import Call
from airflow_provider_cpp.api.starting import How, Start, Started
from airflow_provider_cpp.api.submissions import GO_LIVE
from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
    OperationCanceled,
)
from tests.api.model_service import POSTS, READS, ModelService
from tests.api.scripted import (
    GUID,
    LOST,
    NOW,
    OFFER,
    ORIGIN,
    PUBLISHER,
    UNTRUSTED,
    Runner,
    WorkerDied,
    answered,
    refused,
    submission,
)

START = Start(calls.go_live(PUBLISHER, OFFER), GO_LIVE, ORIGIN, PUBLISHER, OFFER)
PATH = f"/api/publishers/{PUBLISHER}/offers/{OFFER}/operations"


def start(service: Any, record: object = None, **more: Any) -> tuple[Started | CppError, Runner]:
    """Start once, and return what came of it and the runner."""
    runner = Runner(service, **more)
    try:
        return runner.run(START.once(record)), runner
    except CppError as error:
        return error, runner


def model(*posts: str, reads: tuple[str, ...] = (), **more: Any) -> ModelService:
    return ModelService(iter(posts), iter(reads), **more)


# The plain case


def test_an_accepted_request_is_sent_once_and_its_location_returned() -> None:
    service = model()
    started, runner = start(service)

    assert isinstance(started, Started)
    assert started.how is How.POSTED
    assert started.location.operation_id == "golive-1"
    assert len(runner.posts) == 1


def test_the_intent_is_kept_before_the_request_and_the_location_right_after_its_answer() -> None:
    events: list[str] = []
    service = model()

    def spied(call: Call, now: float) -> Reading:
        events.append(f"{call.method} with {len(runner.kept)} kept")
        return service(call, now)

    runner = Runner(spied)
    started = runner.run(START.once())

    assert events == ["GET with 0 kept", "POST with 1 kept"]
    intent, done = runner.kept
    assert intent["before"] == ["old-1"]
    assert done["location"] == started.location.url
    assert all("Bearer" not in json.dumps(record) for record in runner.kept)


@pytest.mark.parametrize(
    "headers",
    [
        {"Operation-Location": f"{ORIGIN}{PATH}/{GUID}"},
        {"Location": f"{PATH}/{GUID}?api-version=2017-10-31"},
        {"Location": f"/api/operations/{PUBLISHER}${OFFER}$2$preview?api-version=2017-10-31"},
        {"Operation-Location": f"{ORIGIN}{PATH}/{GUID}", "Location": "https://results.example/"},
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_every_documented_answer_is_an_operation(headers: dict[str, str], status: int) -> None:
    names = {name.replace("-", "_"): value for name, value in headers.items()}
    started, runner = start([answered(200, []), answered(status, **names)])

    assert isinstance(started, Started)
    assert started.location.url.startswith(ORIGIN)
    assert len(runner.sent) == 2


def test_a_202_with_a_cut_body_is_accepted_by_its_head() -> None:
    answer = Answer(202, {"location": f"{PATH}/{GUID}"}, b"", damage="the body is cut")
    started, _ = start([answered(200, []), answer])
    assert isinstance(started, Started)
    assert started.how is How.POSTED


# Table 4.2

REFUSALS = {
    "400": CppBadRequest,
    "401": CppAuthError,
    "404": CppNotFound,
    "422": CppBadRequest,
}


@pytest.mark.parametrize(("post", "error"), REFUSALS.items())
def test_a_refusal_is_an_error_after_one_post(post: str, error: type[CppError]) -> None:
    service = model(post)
    outcome, runner = start(service)

    assert type(outcome) is error
    assert isinstance(outcome, AirflowFailException)
    assert len(runner.posts) == 1
    assert f"{PUBLISHER}/{OFFER}" in str(outcome)
    assert runner.waits == [], "and at once"


@pytest.mark.parametrize("status", [403, 405, 410, 412, 413, 415])
def test_further_refusals_too(status: int) -> None:
    outcome, runner = start([answered(200, []), refused(status)])
    assert isinstance(outcome, CppAuthError | CppBadRequest | CppNotFound)
    assert len(runner.sent) == 2


def test_an_untrusted_certificate_is_a_setting_to_correct() -> None:
    outcome, _ = start([answered(200, []), UNTRUSTED])
    assert type(outcome) is CppConfigurationError


@pytest.mark.parametrize("post", ["refused connection", "429", "503 with Retry-After"])
def test_what_provably_wasnt_acted_on_is_repeated_a_few_times(post: str) -> None:
    service = model(post, post, "answered")
    started, runner = start(service)

    assert isinstance(started, Started)
    assert started.how is How.POSTED
    assert (len(runner.posts), len(service.started)) == (3, 1)

    service = model(*[post] * 100)
    outcome, runner = start(service)
    assert type(outcome) is CppUnavailable
    assert service.started == []
    assert len(runner.posts) == 5


@pytest.mark.parametrize(
    "post",
    [name for name, (acts, reading) in POSTS.items() if acts and reading is not None],
)
def test_an_operation_whose_answer_got_lost_is_adopted_and_never_posted_again(post: str) -> None:
    for lag in (0.0, 20.0):
        service = model(post, lag=lag)
        started, runner = start(service)

        assert isinstance(started, Started)
        assert started.how is How.ADOPTED
        assert started.location.operation_id == "golive-1"
        assert len(runner.posts) == 1
        assert runner.kept[-1]["location"] == started.location.url


@pytest.mark.parametrize("post", ["lost answer", "500, acted"])
def test_an_operation_that_failed_before_it_was_found_is_adopted_all_the_same(post: str) -> None:
    service = model(post, ends_after=1.0, outcome="failed", lag=3.0)
    started, runner = start(service)

    assert isinstance(started, Started), "what is watched then tells the failure"
    assert len(runner.posts) == 1


@pytest.mark.parametrize("post", ["lost request", "500", "502", "503", "408"])
def test_a_request_that_left_no_trace_is_sent_once_more_and_no_third_time(post: str) -> None:
    service = model(post, "answered")
    started, runner = start(service)
    assert isinstance(started, Started)
    assert len(runner.posts) == 2
    assert 100 <= runner.sent_at[-1] - NOW <= 150, "after two minutes of looking for it"

    service = model(*[post] * 100)
    outcome, runner = start(service)
    assert type(outcome) is AmbiguousOutcome
    assert isinstance(outcome, AirflowFailException), "nobody posts a third time before a person has looked"
    assert len(runner.posts) == 2
    for part in (PUBLISHER, OFFER, "https://partner.microsoft.com/"):
        assert part in str(outcome)


def test_the_second_request_is_looked_for_too() -> None:
    service = model("lost request", "lost answer")
    started, runner = start(service)
    assert isinstance(started, Started)
    assert started.how is How.ADOPTED
    assert (len(runner.posts), len(service.started)) == (2, 1)


def test_a_redirect_is_looked_into_but_not_followed_and_not_repeated() -> None:
    service = model("302", "answered")
    outcome, runner = start(service)
    assert type(outcome) is CppUnavailable
    assert "Redirects" in str(outcome)
    assert len(runner.posts) == 1


def test_an_accepted_request_of_which_nothing_came_isnt_sent_again() -> None:
    for answer in (answered(202), answered(204)):
        outcome, runner = start(lambda call, now, a=answer: a if call.method == "POST" else answered(200, []))
        assert type(outcome) is AmbiguousOutcome
        assert len(runner.posts) == 1


def test_another_operation_that_began_meanwhile_is_not_taken_for_ours() -> None:
    entries = [submission("publish-1", "running", slot="staging")]

    def service(call: Call, now: float) -> Reading:
        return LOST if call.method == "POST" else answered(200, entries if now > NOW else [])

    outcome, runner = start(service, latency=1.0)
    assert type(outcome) is AmbiguousOutcome
    assert len(runner.posts) == 1


# A conflict


def test_a_conflict_with_a_go_live_of_this_offer_adopts_it() -> None:
    service = model(old=[submission("theirs", "running")])
    started, runner = start(service)

    assert isinstance(started, Started)
    assert (started.how, started.location.operation_id) == (How.ADOPTED, "theirs")
    assert len(runner.posts) == 1


def test_a_conflict_with_anything_else_names_it() -> None:
    service = model(old=[submission("publish-1", "running", slot="staging")])
    outcome, runner = start(service)

    assert type(outcome) is CppConflict
    assert "publish-1" in str(outcome)
    assert outcome.http_status == 409
    assert not isinstance(outcome, AirflowFailException), "a later retry may succeed"
    assert len(runner.posts) == 1
    assert runner.waits == []


def test_a_conflict_stays_a_conflict_where_the_submissions_cant_be_read() -> None:
    script = iter([answered(200, []), refused(409, "Conflict", "Busy.")])
    outcome, runner = start(lambda call, now: next(script, refused(500)))

    assert type(outcome) is CppConflict, "409 is a refusal: there's nothing unclear about it"
    assert len(runner.posts) == 1


# The list that tells


def test_without_the_list_nothing_is_begun() -> None:
    for reading in (LOST, refused(500), refused(401), refused(403)):
        outcome, runner = start(lambda call, now, r=reading: r)
        assert isinstance(outcome, CppError)
        assert not isinstance(outcome, AmbiguousOutcome)
        assert runner.posts == []
        assert runner.kept == []


def test_a_service_without_the_list_goes_live_but_repeats_nothing_unclear() -> None:
    def service(call: Call, now: float) -> Reading:
        return LOST if call.method == "POST" else refused(404)

    outcome, runner = start(service)
    assert type(outcome) is AmbiguousOutcome
    assert len(runner.posts) == 1
    assert any("can't be found out" in line for line in runner.lines())


@pytest.mark.parametrize("identifier", ["../../../../cancel?x=", "a/b", "a b", "", "x" * 100, "a\r\nb"])
def test_a_submission_with_a_strange_id_leads_nowhere(identifier: str) -> None:
    def service(call: Call, now: float) -> Reading:
        if call.method == "POST":
            return LOST
        return answered(200, [submission(identifier)] if now > NOW else [])

    outcome, runner = start(service, latency=1.0)
    if isinstance(outcome, Started):
        assert outcome.location.url.startswith(f"{ORIGIN}{PATH}/")
        assert set(outcome.location.operation_id) <= set("abcdefghijklmnopqrstuvwxyz-0123456789")
    assert len(runner.posts) == 1


# What an earlier try did


def _record(service: ModelService, *, dies_after: int) -> dict[str, Any] | None:
    runner = Runner(service, dies_after=dies_after)
    with pytest.raises(WorkerDied):
        runner.run(START.once())
    return runner.kept[-1] if runner.kept else None


def _started_record(service: ModelService) -> dict[str, Any]:
    _, runner = start(service)
    return runner.kept[-1]


def test_a_retry_reattaches_to_what_still_runs() -> None:
    service = model()
    started, runner = start(service, _started_record(service))

    assert isinstance(started, Started)
    assert started.how is How.REATTACHED
    assert runner.posts == []


def test_a_retry_finishes_with_what_succeeded_meanwhile() -> None:
    service = model(ends_after=60.0, outcome="completed")
    started, runner = start(service, _started_record(service), now=NOW + 3600)

    assert isinstance(started, Started)
    assert started.how is How.FINISHED
    assert runner.posts == []


def test_a_retry_posts_anew_after_a_failure() -> None:
    service = model(ends_after=60.0, outcome="failed")
    started, runner = start(service, _started_record(service), now=NOW + 3600)

    assert isinstance(started, Started)
    assert (started.how, started.location.operation_id) == (How.POSTED, "golive-2")
    assert len(runner.posts) == 1
    assert any("failed" in line for line in runner.lines())


@pytest.mark.parametrize("by_record", [True, False])
def test_a_retry_looks_as_long_for_the_last_trys_operation_as_that_would_have(by_record: bool) -> None:
    """The service knows the operation, but its list and its status catch up only after a minute."""
    service = model()
    record = _started_record(service)

    def lagging(call: Any, now: float) -> Any:
        if now < NOW + 60:
            return answered(200, []) if call.path.endswith("/submissions/") else refused(404)
        return service(call, now)

    runner = Runner(lagging, now=NOW)
    started = runner.run(START.once(record) if by_record else START.once(None, NOW - 60))
    assert started.how is How.REATTACHED
    assert runner.posts == []


def test_a_success_that_airflow_never_heard_of_is_found_without_waiting() -> None:
    service = model(ends_after=60.0, outcome="completed")
    _started_record(service)
    runner = Runner(service, now=NOW + 3600)
    started = runner.run(START.once(None, 0.0, records_are_kept=True))
    assert started.how is How.FINISHED
    assert runner.posts == []


def test_a_retry_overrules_nobody_who_canceled_and_the_next_clear_goes_live_again() -> None:
    service = model(ends_after=60.0, outcome="canceled")
    outcome, runner = start(service, _started_record(service), now=NOW + 3600)

    assert isinstance(outcome, OperationCanceled)
    assert runner.posts == []

    started, runner = start(service, runner.kept[-1], now=NOW + 7200)
    assert isinstance(started, Started)
    assert started.how is How.POSTED


def test_a_record_about_another_offer_or_host_is_left_aside() -> None:
    service = model()
    record = {**_started_record(model()), "of": "POST https://other.example/api/x/golive"}
    started, runner = start(service, record)

    assert isinstance(started, Started)
    assert started.how is How.POSTED
    assert any("other.example" in line for line in runner.warnings())


def test_a_refused_login_leaves_no_intent_behind() -> None:
    """The secret is refused between the list and the request, so that nothing was started."""
    service = model()

    def refusing(call: Any, now: float) -> Any:
        if call.method == "POST":
            raise CppAuthError("the secret has expired")
        return service(call, now)

    outcome, runner = start(refusing)
    assert isinstance(outcome, CppAuthError)
    assert runner.kept[-1]["state"] == "refused"


def test_a_retry_that_cant_read_what_the_last_try_started_posts_nothing() -> None:
    record = _started_record(model())
    for reading in (LOST, refused(500), refused(403), answered(200, b"<html>"), answered(200, {})):
        outcome, runner = start(lambda call, now, r=reading: r, record)
        assert isinstance(outcome, CppError)
        assert runner.posts == []


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(("state", "how"), [("running", How.REATTACHED), ("completed", How.FINISHED)])
def test_an_operation_that_isnt_found_is_looked_up_among_the_submissions(
    status: int, state: str, how: How
) -> None:
    record = _started_record(model())

    def service(call: Call, now: float) -> Reading:
        if call.path.endswith("/submissions/"):
            return answered(200, [submission("golive-1", state)])
        return refused(status)

    started, runner = start(service, record)
    assert isinstance(started, Started)
    assert started.how is how
    assert runner.posts == []


@pytest.mark.parametrize("state", ["running", "completed"])
def test_an_operation_of_the_old_form_that_isnt_found_isnt_posted_again(state: str) -> None:
    # The list knows submissions by GUID; `P$O$n$slot` is in none of its entries.
    record = {"state": "started", "location": f"{ORIGIN}/api/operations/{PUBLISHER}${OFFER}$2$production"}

    def service(call: Call, now: float) -> Reading:
        if call.method == "POST":
            return answered(202, Location=f"{PATH}/{GUID}")
        if call.path.endswith("/submissions/"):
            return answered(200, [submission(GUID, state)])
        return refused(404)

    _, runner = start(service, record)
    assert runner.posts == []


def test_a_worker_that_died_before_the_answer_is_settled_by_the_written_intent() -> None:
    for ends_after, how in ((None, How.REATTACHED), (5.0, How.FINISHED)):
        service = model(ends_after=ends_after)
        record = _record(service, dies_after=3)  # the list, the intent, the POST
        assert len(service.started) == 1
        assert record is not None
        assert "location" not in record

        started, runner = start(service, record, now=NOW + 600)
        assert isinstance(started, Started)
        assert started.how is how
        assert runner.posts == []


def test_a_worker_that_died_before_the_request_leaves_no_operation_and_the_next_try_posts() -> None:
    service = model()
    record = _record(service, dies_after=2)
    assert service.started == []

    started, runner = start(service, record, now=NOW + 600)
    assert isinstance(started, Started)
    assert (started.how, len(runner.posts)) == (How.POSTED, 1)


def test_an_intent_isnt_settled_by_a_list_that_cant_be_read() -> None:
    # The operation ended, so that no conflict would stop a second one.
    service = model(ends_after=5.0)
    record = _record(service, dies_after=3)
    service.reads = iter(["500"] * 30)

    _, runner = start(service, record, now=NOW + 600)
    assert runner.posts == []
    assert len(service.started) == 1


def test_an_intent_without_a_list_is_for_a_person_to_settle() -> None:
    def service(call: Call, now: float) -> Reading:
        if call.method == "POST":
            return answered(202, Location=f"{PATH}/{GUID}")
        return refused(404)

    outcome, runner = start(service, {"state": "intended", "before": None})
    assert type(outcome) is AmbiguousOutcome
    assert runner.posts == []


@pytest.mark.parametrize("post", ["400", "404", "429", "refused connection"])
def test_a_refused_try_isnt_settled_by_what_somebody_else_did_later(post: str) -> None:
    service = model(*[post] * 5)
    outcome, runner = start(service)
    assert isinstance(outcome, CppError)
    assert service.started == []
    record = runner.kept[-1]

    service.posts = iter(())
    service.old.append(submission("by-hand", "completed"))  # weeks later
    started, runner = start(service, record, now=NOW + 1_000_000)

    assert isinstance(started, Started)
    assert started.how is How.POSTED, "the task was cleared to go live, not to find that somebody did"


@pytest.mark.parametrize("record", [None, "text", 7, [], {}, {"state": "x"}, {"before": "x"}, {"location": 7}])
def test_a_record_that_says_nothing_is_no_earlier_try(record: object) -> None:
    started, runner = start(model(), record)
    assert isinstance(started, Started)
    assert len(runner.posts) == 1


@pytest.mark.parametrize(
    "location",
    ["https://evil.example/api/operations/a$b$1$preview", f"/api/publishers/x/offers/{OFFER}/operations/1"],
)
def test_a_record_that_leads_elsewhere_is_refused(location: str) -> None:
    outcome, runner = start(model(), {"state": "started", "location": location})
    assert isinstance(outcome, CppError)
    assert runner.sent == []


# Any sequence of faults

posts = st.lists(st.sampled_from(sorted(POSTS)), max_size=8)
reads = st.lists(st.sampled_from(sorted(READS)), max_size=25)
mostly_answered = st.lists(st.sampled_from([*["answered"] * 6, *sorted(READS)]), max_size=25)


@settings(max_examples=400, deadline=None)
@given(
    posts,
    reads | mostly_answered,
    st.none() | st.floats(0, 400),
    st.sampled_from(["succeeded", "failed"]),
    st.floats(0, 60),
)
def test_at_most_one_operation_is_started_and_what_is_told_is_true(
    what: list[str], how_read: list[str], ends_after: float | None, outcome: str, lag: float
) -> None:
    service = model(*what, reads=tuple(how_read), ends_after=ends_after, outcome=outcome, lag=lag)
    told, runner = start(service, latency=0.05)

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
)
def test_no_death_of_a_worker_starts_a_second_operation(
    what: list[str], how_read: list[str], deaths: list[int], ends_after: float | None, lag: float, pause: float
) -> None:
    service = model(*what, reads=tuple(how_read), ends_after=ends_after, lag=lag)
    record: dict[str, Any] | None = None
    now = NOW
    told: Any = None
    for dies_after in [*deaths, None]:
        runner = Runner(service, now=now, dies_after=dies_after, latency=0.05)
        try:
            told = runner.run(START.once(record, NOW if record else None))
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
