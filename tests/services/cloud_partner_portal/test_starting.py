"""How an operation is started exactly once, though the service has no idempotency key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
)
from airflow_provider_cpp.lro.starting import How, Started
from airflow_provider_cpp.offers.submission import PUBLISH
from airflow_provider_cpp.wire.answers import Answer, Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import LOST, NOW, UNTRUSTED, Runner, answered, refused
from tests.services.cloud_partner_portal.model_service import POSTS
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER, submission
from tests.services.cloud_partner_portal.starting import PATH, START, model, start

# The plain case


def test_an_accepted_request_is_sent_once_and_its_location_returned() -> None:
    service = model()
    started, runner = start(service)

    assert isinstance(started, Started)
    assert started.how is How.POSTED
    assert started.watched.operation_id == "golive-1"
    assert len(runner.posts) == 1


def test_the_intent_is_kept_before_the_request_and_the_location_right_after_its_answer() -> None:
    events: list[str] = []
    service = model()

    def spied(call: Call, now: float) -> Reading:
        events.append(f"{call.method} with {len(runner.kept)} kept")
        return service(call, now)

    runner = Runner(spied)
    started = runner.run(START.once())

    assert events == ["GET with 1 kept", "POST with 2 kept"]
    begun, intent, done = runner.kept
    assert begun["state"] == "begun"
    assert intent["before"] == ["old-1"]
    assert done["location"] == started.location
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
    assert started.location.startswith(ORIGIN)
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
        assert started.watched.operation_id == "golive-1"
        assert len(runner.posts) == 1
        assert runner.kept[-1]["location"] == started.location


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


@pytest.mark.parametrize("second", ["429", "refused connection", "400", "401", "302"])
def test_a_refused_second_request_doesnt_hide_that_the_first_had_no_clear_answer(second: str) -> None:
    service = model("500", *[second] * 5)
    outcome, runner = start(service)

    assert isinstance(outcome, CppError)
    assert not isinstance(outcome, AmbiguousOutcome)
    assert "HTTP 500" in str(outcome)
    assert "left no trace" in str(outcome)
    assert runner.kept[-1]["state"] == "intended", "so that a retry looks for it again"


def test_a_redirect_is_looked_into_but_not_followed_and_not_repeated() -> None:
    service = model("302", "answered")
    outcome, runner = start(service)
    assert type(outcome) is CppUnavailable
    assert "Redirects" in str(outcome)
    assert len(runner.posts) == 1


@pytest.mark.parametrize("acts", ["302", "302, acted"])
def test_a_redirect_doesnt_hide_that_the_request_may_have_been_taken(acts: str) -> None:
    service = model(acts, lag=300.0, ends_after=200.0)
    outcome, runner = start(service)
    assert type(outcome) is CppUnavailable
    assert "It left no trace among the offer's submissions" in str(outcome)

    again, runner = start(service, runner.kept[-1], now=NOW + 600)
    assert isinstance(again, Started)
    assert len(service.started) == 1


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
    assert (started.how, started.watched.operation_id) == (How.ADOPTED, "theirs")
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


def test_a_conflict_says_why_it_isnt_known_what_runs() -> None:
    for why, listed in (("HTTP 500", refused(500)), ("HTTP 404", refused(404)), ("HTTP 200", answered(200, {}))):
        script = iter([answered(200, []), refused(409, "Conflict", "Busy.")])
        outcome, _ = start(lambda call, now, script=script, listed=listed: next(script, listed))
        assert f"Running on it: not known, as the offer's submissions can't be read: {why}" in str(outcome)
        assert "none that the list names" not in str(outcome)


def test_a_go_live_that_ended_isnt_what_a_conflict_was_with() -> None:
    """Somebody went live and was through, and published again, between the list and the request."""
    old = submission("old-1", "completed")
    theirs = [submission("theirs", "completed"), submission("publish-2", "running", slot="staging")]
    script = iter([answered(200, [old]), refused(409, "Conflict", "Busy."), answered(200, [old, *theirs])])
    outcome, runner = start(lambda call, now: next(script))

    assert type(outcome) is CppConflict
    assert "publish publish-2 (running)" in str(outcome)
    assert runner.kept[-1]["state"] == "refused"


def test_a_second_request_that_meets_the_first_one_finds_it_however_late_it_is_listed() -> None:
    service = model("lost answer", lag=170.0)
    outcome, runner = start(service)

    assert isinstance(outcome, Started)
    assert (outcome.how, len(runner.posts), len(service.started)) == (How.ADOPTED, 2, 1)


def test_a_login_that_refuses_after_the_second_request_met_something_hides_nothing() -> None:
    script: Any = iter(
        [answered(200, []), refused(500), *[answered(200, [])] * 8, refused(409), CppAuthError("Expired.")]
    )

    def service(call: Call, now: float) -> Reading:
        reading = next(script)
        if isinstance(reading, CppError):
            raise reading
        return reading

    outcome, runner = start(service)
    assert type(outcome) is AmbiguousOutcome, "what the second one met may be the first one"
    assert "Expired" in str(outcome)
    assert len(runner.posts) == 2


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_several_new_ones_none_that_failed_is_taken_for_ours_as_long_as_another_may_be(
    newest_first: bool,
) -> None:
    """The worker was killed before the answer came; the retry is a day later, and somebody went live meanwhile."""
    states = ["failed", "canceled", "completed", "running"]
    for number in range(2, 5):
        new = [submission(state, state) for state in states[:number]]
        listed = [submission("old-1", "completed"), *(new[::-1] if newest_first else new)]
        script = iter([answered(200, [submission("old-1", "completed")]), LOST, answered(200, listed)])
        outcome, _ = start(lambda call, now, script=script: next(script))
        assert isinstance(outcome, Started)
        assert outcome.watched.operation_id == states[number - 1]


# The list that tells


def test_what_fails_before_the_request_says_that_it_wasnt_sent() -> None:
    outcome, _ = start(lambda call, now: refused(403))
    assert type(outcome) is CppAuthError
    assert str(outcome).startswith(f"{START.intent} wasn't sent: HTTP 403 Refused 'No.'")
    assert str(outcome).endswith("Nothing was sent: the offer's status has to be read first (List submissions).")
    outcome, _ = start(lambda call, now: refused(403), {"state": "started", "location": PATH})
    assert str(outcome).endswith("Nothing was sent again: the offer's status has to be read first.")


def test_without_the_list_nothing_is_begun() -> None:
    for reading in (LOST, refused(500), refused(401), refused(403)):
        outcome, runner = start(lambda call, now, r=reading: r)
        assert isinstance(outcome, CppError)
        assert not isinstance(outcome, AmbiguousOutcome)
        assert runner.posts == []
        assert [record["state"] for record in runner.kept] == ["begun"]


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
        assert outcome.location.startswith(f"{ORIGIN}{PATH}/")
        assert set(outcome.watched.operation_id) <= set("abcdefghijklmnopqrstuvwxyz-0123456789")
    assert len(runner.posts) == 1


# Publishing: the same rules


def test_a_publish_is_told_from_a_go_live_by_its_slot() -> None:
    for post in ("lost answer", "500, acted", "no location"):
        service = model(post, kind=PUBLISH, old=[submission("golive-9", "completed")])
        started, runner = start(service, kind=PUBLISH)
        assert isinstance(started, Started)
        assert (started.how, started.watched.operation_id) == (How.ADOPTED, "publish-1")
        assert len(runner.posts) == 1


def test_a_publish_doesnt_adopt_a_go_live() -> None:
    outcome, runner = start(model(kind=PUBLISH, old=[submission("golive-9", "running")]), kind=PUBLISH)
    assert type(outcome) is CppConflict
    assert "golive-9" in str(outcome)
    assert len(runner.posts) == 1


def test_an_unclear_publish_says_what_to_look_for() -> None:
    outcome, _ = start(model(*["lost request"] * 9, kind=PUBLISH), kind=PUBLISH)
    assert type(outcome) is AmbiguousOutcome
    assert "Publish of offer" in str(outcome)
    assert "is being published to preview" in str(outcome)
