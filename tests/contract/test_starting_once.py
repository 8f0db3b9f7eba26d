"""Whatever happens to a request, one operation at most is started, and what is said is true: on any service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
    is_retried,
)
from airflow_provider_cpp.lro.prechecking import DryRun, NotStarted
from airflow_provider_cpp.lro.records import How, Started
from airflow_provider_cpp.wire.call import Call
from airflow_provider_cpp.wire.retries import was_refused_unread
from tests.contract.stage import GOING_LIVE, PUBLISHING, Stage
from tests.runner import LOST, answered, refused
from tests.services.faults import LOGIN_REFUSED, POSTS

#: After these it isn't clear what the service did.
ACTED = [
    "lost answer",
    "cut head",
    "no location",
    "200, acted",
    "200 in HTML, acted",
    "302, acted",
    "408, acted",
    "500, acted",
    "502, acted",
    "503, acted",
    "504, acted",
]
NOT_ACTED = ["lost request", "408", "500", "502", "503"]
#: A 2xx that says nothing of an operation: a proxy's, perhaps.
EMPTY = ["no location, not acted", "200 in HTML"]
#: These say that nothing was done.
UNREAD = ["refused connection", "login down", "429"]
#: This says so on one service, and on another leaves it open, as the call has it.
BUSY = "503 with Retry-After"
REFUSALS: dict[str, type[CppError]] = {
    "400": CppBadRequest,
    "401": CppAuthError,
    "403": CppAuthError,
    "404": CppNotFound,
    "422": CppBadRequest,
    "login refused": CppAuthError,
    "untrusted": CppConfigurationError,
}


def test_what_is_accepted_is_started_and_kept(stage: Stage, act: str) -> None:
    stage.ready()
    outcome, runner = stage.start(act)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.POSTED
    assert [stage.names(outcome.watched)] == stage.started
    assert len(runner.posts) == 1
    assert [record["state"] for record in runner.kept] == ["begun", "intended", "started"]
    assert runner.kept[-1]["location"] == outcome.location
    assert any("started" in line and outcome.location in line for line in runner.lines())


@pytest.mark.parametrize("lag", [0.0, 90.0])
@pytest.mark.parametrize("fate", ACTED)
def test_what_was_accepted_without_a_word_is_found_in_the_list_and_adopted(
    stage: Stage, act: str, fate: str, lag: float
) -> None:
    stage.ready()
    stage.posts(fate)
    stage.lags(lag)
    outcome, runner = stage.start(act)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.ADOPTED
    assert [stage.names(outcome.watched)] == stage.started
    assert len(runner.posts) == 1
    assert any("adopted" in line for line in runner.lines())


@pytest.mark.parametrize("fate", NOT_ACTED)
def test_what_left_no_trace_is_sent_once_more_if_that_can_do_no_harm(stage: Stage, act: str, fate: str) -> None:
    stage.ready()
    stage.posts(fate)
    outcome, runner = stage.start(act)
    if stage.intent(act).may_repeat:
        assert isinstance(outcome, Started), outcome
        assert len(stage.started) == 1
        assert len(runner.posts) == 2
    else:
        assert isinstance(outcome, AmbiguousOutcome), outcome
        assert stage.started == []
        assert len(runner.posts) == 1


@pytest.mark.parametrize("fate", EMPTY)
def test_a_success_without_a_word_or_trace_is_repeated_only_by_its_key(stage: Stage, act: str, fate: str) -> None:
    stage.ready()
    stage.posts(fate)
    outcome, runner = stage.start(act)
    if stage.intent(act).is_keyed:
        assert isinstance(outcome, Started), outcome
        assert len(stage.started) == 1
    else:
        assert isinstance(outcome, AmbiguousOutcome), outcome
        assert len(runner.posts) == 1


@pytest.mark.parametrize("fate", NOT_ACTED)
def test_silence_to_the_end_is_ambiguous_and_airflow_doesnt_retry(stage: Stage, act: str, fate: str) -> None:
    stage.ready()
    stage.posts(fate, fate)
    outcome, runner = stage.start(act)
    assert isinstance(outcome, AmbiguousOutcome), outcome
    assert not is_retried(outcome)
    assert len(runner.posts) == 1 + stage.intent(act).may_repeat
    assert runner.kept[-1]["state"] == "unclear"
    assert str(stage.offer) in str(outcome)
    assert stage.intent(act).portal in str(outcome)


@pytest.mark.parametrize("fate", UNREAD)
def test_what_the_service_didnt_read_is_sent_again(stage: Stage, act: str, fate: str) -> None:
    stage.ready()
    stage.posts(fate)
    outcome, runner = stage.start(act)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.POSTED
    assert len(stage.started) == 1
    assert len(runner.posts) == 2


@pytest.mark.parametrize("fate", UNREAD)
def test_and_given_up_in_time(stage: Stage, act: str, fate: str) -> None:
    stage.ready()
    stage.posts(*[fate] * 9)
    outcome, runner = stage.start(act)
    assert isinstance(outcome, CppUnavailable), outcome
    assert is_retried(outcome)
    assert stage.started == []
    assert runner.kept[-1]["state"] == "refused"
    assert "Nothing was started" in str(outcome)


def test_503_with_retry_after_is_sent_again_where_it_means_that_nothing_was_done_or_that_can_do_no_harm(
    stage: Stage, act: str
) -> None:
    stage.ready()
    stage.posts(BUSY)
    outcome, runner = stage.start(act)
    if was_refused_unread(runner.posts[0], POSTS[BUSY][1]) or stage.intent(act).may_repeat:
        assert isinstance(outcome, Started), outcome
        assert outcome.how is How.POSTED
        assert (len(stage.started), len(runner.posts)) == (1, 2)
    else:
        assert isinstance(outcome, AmbiguousOutcome), outcome
        assert (len(stage.started), len(runner.posts)) == (0, 1)


@pytest.mark.parametrize("lag", [0.0, 90.0])
def test_503_with_retry_after_of_a_request_that_was_carried_out_starts_no_second_one(
    stage: Stage, act: str, lag: float
) -> None:
    stage.ready()
    stage.posts("503 with Retry-After, acted")
    stage.lags(lag)
    outcome, runner = stage.start(act)
    assert len(stage.started) == 1
    if was_refused_unread(runner.posts[0], POSTS[BUSY][1]):
        return  # what it says isn't true there: the second one has met the first
    assert len(runner.posts) == 1
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.ADOPTED
    assert [stage.names(outcome.watched)] == stage.started


@pytest.mark.parametrize("tries", [["retried"], ["retried", "cleared"]])
def test_nor_does_a_retry_after_it_while_its_row_lags_behind(stage: Stage, act: str, tries: list[str]) -> None:
    stage.ready()
    stage.posts("503 with Retry-After, acted")
    stage.lags(1000.0)
    outcome, runner = stage.start(act)
    for how in tries:
        if not isinstance(outcome, CppError) or not (is_retried(outcome) or how == "cleared"):
            break
        stage.now += 60.0 if how == "retried" else 1000.0
        since = float("inf") if how == "cleared" else stage.now - 3600.0
        outcome, runner = stage.start(act, record=runner.kept[-1], since=since, records_are_kept=True)
    assert len(stage.started) == 1, outcome


@pytest.mark.parametrize("fate", REFUSALS)
def test_a_refusal_is_the_services_own(stage: Stage, act: str, fate: str) -> None:
    stage.ready()
    stage.posts(fate)
    outcome, runner = stage.start(act)
    assert isinstance(outcome, REFUSALS[fate]), outcome
    assert stage.started == []
    assert len(runner.posts) == 1
    assert runner.kept[-1]["state"] == "refused"
    assert "Nothing was started" in str(outcome)
    assert str(stage.offer) in str(outcome) or fate == "login refused"


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(403), refused(404), LOGIN_REFUSED])
def test_what_was_accepted_stays_so_whatever_is_read_of_it_then(stage: Stage, act: str, reading: Any) -> None:
    stage.ready()
    stage.before_the_next_post = lambda: setattr(stage, "looks", reading)
    outcome, runner = stage.start(act)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.POSTED
    assert len(stage.started) == 1
    assert runner.kept[-1]["location"] == outcome.location


def test_a_redirect_is_never_followed(stage: Stage, act: str) -> None:
    stage.ready()
    stage.posts("302")
    outcome, runner = stage.start(act)
    assert isinstance(outcome, CppUnavailable | AmbiguousOutcome), outcome
    assert stage.started == []
    assert len(runner.posts) == 1


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(403), answered(200, b"<html>")])
def test_an_answer_that_is_lost_while_the_list_cant_be_read_is_ambiguous(
    stage: Stage, act: str, reading: Any
) -> None:
    stage.ready()
    stage.posts("lost answer")
    stage.before_the_next_post = lambda: setattr(stage, "list_reads", reading)
    outcome, runner = stage.start(act)
    assert isinstance(outcome, AmbiguousOutcome), outcome
    assert len(runner.posts) == 1
    assert runner.kept[-1]["state"] == "unclear"
    # Whoever looked, and cleared the task, gets no second one while the first runs.
    stage.list_reads = None
    _, runner = stage.start(act, record=runner.kept[-1], since=float("inf"), records_are_kept=True)
    assert runner.posts == []
    assert len(stage.started) == 1


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(401), refused(403)])
def test_nothing_is_sent_while_it_isnt_known_what_there_is(stage: Stage, act: str, reading: Any) -> None:
    stage.ready()
    stage.list_reads = reading
    outcome, runner = stage.start(act)
    assert isinstance(outcome, CppUnavailable | CppAuthError), outcome
    assert "Nothing was sent" in str(outcome)
    assert runner.posts == []
    assert runner.kept[-1]["state"] == "begun"


def test_a_second_request_that_meets_the_first_is_what_the_first_started(stage: Stage, act: str) -> None:
    stage.ready()
    stage.posts("lost answer")
    stage.lags(200.0)
    outcome, runner = stage.start(act)
    assert len(stage.started) == 1
    if stage.intent(act).may_repeat:
        assert isinstance(outcome, Started), outcome
        assert outcome.how is How.ADOPTED
        assert [stage.names(outcome.watched)] == stage.started
    else:
        assert isinstance(outcome, AmbiguousOutcome), outcome
        assert len(runner.posts) == 1


# What somebody else does


def test_a_conflict_names_what_runs(stage: Stage) -> None:
    stage.ready()
    named: list[str] = []
    stage.before_the_next_post = lambda: named.append(stage.somebody_publishes())
    outcome, runner = stage.start(GOING_LIVE)
    assert isinstance(outcome, CppConflict), outcome
    assert is_retried(outcome)
    assert stage.conflict_words in str(outcome)
    assert f"Running on it: publish {named[0]}" in str(outcome)
    assert "Nothing was started" in str(outcome)
    assert stage.started == []
    assert runner.kept[-1]["state"] == "refused"


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_go_live_of_the_same_that_somebody_else_began_is_the_answer(stage: Stage, when: str) -> None:
    stage.ready()
    if when == "before":
        stage.somebody_goes_live()
    else:
        stage.before_the_next_post = stage.somebody_goes_live
    outcome, runner = stage.start(GOING_LIVE)
    assert isinstance(outcome, Started), outcome
    assert outcome.how is How.ADOPTED
    assert stage.started == []
    assert len(runner.posts) == 1
    assert runner.kept[-1]["location"] == outcome.location


@pytest.mark.parametrize("when", ["before", "meanwhile"])
@pytest.mark.parametrize("if_running", ["fail", "adopt", "restart"])
def test_a_publish_of_an_older_draft_that_runs_is_as_if_running_says(
    stage: Stage, if_running: str, when: str
) -> None:
    stage.ready()
    named: list[str] = []
    if when == "before":
        named.append(stage.somebody_publishes())
    else:
        stage.before_the_next_post = lambda: named.append(stage.somebody_publishes())
    outcome, runner = stage.start(PUBLISHING, if_running=if_running)
    if if_running == "adopt":
        assert isinstance(outcome, Started), outcome
        assert named[0] in outcome.location
        assert any(named[0] in line for line in runner.warnings())
        return
    operations = stage.service.operations_of(stage.offer)
    rows, _ = stage.run(operations.rows())
    theirs = next(row for row in rows.entries if row.id == named[0])
    can_be_canceled = isinstance(operations.at(theirs).to_cancel(), Call)
    if if_running == "restart" and can_be_canceled:
        assert isinstance(outcome, Started), outcome
        assert not theirs.is_running
        assert [stage.names(outcome.watched)] == stage.started
    else:
        assert isinstance(outcome, CppConflict), outcome
        assert named[0] in str(outcome)
        assert theirs.is_running
        assert stage.started == []
        if if_running == "fail":
            assert ("'restart' cancels it" in str(outcome)) is can_be_canceled
            assert (stage.intent(PUBLISHING).portal in str(outcome)) is not can_be_canceled
            assert "if_running='adopt'" in str(outcome) or "'adopt' takes it up" in str(outcome)


@pytest.mark.parametrize("if_running", ["fail", "adopt", "restart"])
def test_a_dry_run_says_of_one_that_runs_only_what_can_be_done(stage: Stage, if_running: str) -> None:
    stage.ready()
    stage.somebody_publishes()
    dry, _ = stage.start(PUBLISHING, if_running=if_running, check=DryRun())
    really, _ = stage.start(PUBLISHING, if_running=if_running)
    assert isinstance(dry, CppConflict) is isinstance(really, CppConflict), dry
    assert isinstance(dry, CppConflict | NotStarted), dry


def test_what_begins_to_run_while_a_request_is_lost_isnt_taken_for_it(stage: Stage) -> None:
    """A go-live whose request never came, while somebody publishes."""
    stage.ready()
    stage.posts("lost request")
    stage.before_the_next_post = stage.somebody_publishes
    outcome, runner = stage.start(GOING_LIVE)
    assert isinstance(outcome, AmbiguousOutcome | CppConflict), outcome
    assert stage.started == []
    assert len(runner.posts) <= 2


def test_no_record_and_no_line_holds_a_secret_or_more_than_a_record_may(stage: Stage, act: str) -> None:
    stage.ready()
    _, runner = stage.start(act)
    assert len(json.dumps(runner.kept[-1])) < 1000
    assert set(POSTS) >= {*ACTED, *NOT_ACTED, *EMPTY, *UNREAD, BUSY, *REFUSALS}
