"""What a retry of a task makes of what its earlier tries did."""

from __future__ import annotations

import math
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppAuthError,
    CppConflict,
    CppError,
    CppUnavailable,
    OperationCanceled,
)
from airflow_provider_cpp.lro.starting import How, Started
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import LOST, NOW, Runner, WorkerDied, answered, refused, utc
from tests.services.cloud_partner_portal.model_service import ModelService
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER, submission
from tests.services.cloud_partner_portal.starting import PATH, PUBLISHING, START, model, start


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
    assert (started.how, started.watched.operation_id) == (How.POSTED, "golive-2")
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


@pytest.mark.parametrize("post", ["lost answer", "500, acted", "no location", "302, acted"])
def test_a_login_that_refuses_while_an_unclear_request_is_looked_for_hides_nothing(post: str) -> None:
    """The secret expires between the request and the look at what came of it."""
    service = model(post, ends_after=5.0)

    def refusing(call: Any, now: float) -> Any:
        if call.method == "GET" and service.started:
            raise CppAuthError("the secret has expired")
        return service(call, now)

    outcome, runner = start(refusing)
    assert type(outcome) is AmbiguousOutcome
    assert "the secret has expired" in str(outcome)

    again, runner = start(service, runner.kept[-1], now=NOW + 600)  # cleared, with a new secret
    assert isinstance(again, Started)
    assert (again.how, runner.posts, len(service.started)) == (How.FINISHED, [], 1)


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


@pytest.mark.parametrize("status", [404, 410])
def test_an_operation_that_is_found_nowhere_any_more_isnt_posted_again(status: int) -> None:
    record = _started_record(model())

    def service(call: Call, now: float) -> Reading:
        if call.method == "POST":
            return answered(202, Location=f"{PATH}/{GUID}")
        return answered(200, [submission("old-1", "completed")]) if "submissions" in call.path else refused(status)

    outcome, runner = start(service, record)
    assert type(outcome) is AmbiguousOutcome
    assert f"HTTP {status}" in str(outcome)
    assert runner.posts == []

    again = Runner(service).run(START.once(runner.kept[-1], math.inf, records_are_kept=True))
    assert again.how is How.POSTED, "whoever cleared the task has looked"


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
        record = _record(service, dies_after=4)  # that it begins, the list, the intent, the POST
        assert len(service.started) == 1
        assert record is not None
        assert "location" not in record

        started, runner = start(service, record, now=NOW + 600)
        assert isinstance(started, Started)
        assert started.how is how
        assert runner.posts == []


def test_a_worker_that_died_before_the_request_leaves_no_operation_and_the_next_try_posts() -> None:
    service = model()
    record = _record(service, dies_after=3)
    assert service.started == []

    started, runner = start(service, record, now=NOW + 600)
    assert isinstance(started, Started)
    assert (started.how, len(runner.posts)) == (How.POSTED, 1)


def test_an_intent_isnt_settled_by_a_list_that_cant_be_read() -> None:
    # The operation ended, so that no conflict would stop a second one.
    service = model(ends_after=5.0)
    record = _record(service, dies_after=4)
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
    assert runner.kept[-1]["state"] == "unclear", "so that a retry asks for a person, too, and a clear is one"


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


def test_a_try_that_ended_before_it_intended_anything_isnt_settled_by_what_others_did() -> None:
    service = model()
    record = _record(service, dies_after=2)
    assert record is not None
    service.old.append(submission("by-hand", "completed", changedTime=utc(NOW + 60)))

    runner = Runner(service, now=NOW + 600)
    started = runner.run(START.once(record, NOW - 60, records_are_kept=True))
    assert (started.how, len(runner.posts)) == (How.POSTED, 1)


def test_an_unclear_try_that_a_person_looked_at_isnt_asked_about_again() -> None:
    """The task was cleared; its first try then couldn't read the list, and is retried."""
    record: dict[str, Any] = {"of": START.intent.subject, "state": "unclear"}
    with pytest.raises(AmbiguousOutcome):
        Runner(model()).run(START.once(record, NOW - 60, cleared=True, records_are_kept=True))

    runner = Runner(lambda call, now: refused(500))
    with pytest.raises(CppUnavailable):
        runner.run(START.once(record, math.inf, records_are_kept=True))

    started = Runner(model()).run(START.once(runner.kept[-1], NOW - 60, cleared=True, records_are_kept=True))
    assert started.how is How.POSTED


@pytest.mark.parametrize("post", ["no location, not acted", "lost request"])
def test_a_clear_of_an_unclear_try_looks_once_more_and_a_retry_of_it_sends_nothing(post: str) -> None:
    service = model(post, post)
    outcome, runner = start(service)
    assert type(outcome) is AmbiguousOutcome
    record = runner.kept[-1]
    assert (record["state"], record["before"]) == ("unclear", ["old-1"])

    # The worker died before Airflow heard of the error: nobody can have looked.
    runner = Runner(service, now=NOW + 600)
    with pytest.raises(AmbiguousOutcome, match="no submission came of it"):
        runner.run(START.once(record, NOW - 60, records_are_kept=True))
    assert runner.posts == []

    late = model(ends_after=5.0, started=[("golive-1", NOW)])
    again = Runner(late, now=NOW + 600).run(START.once(record, math.inf, records_are_kept=True))
    assert again.how is How.FINISHED, "it came after all"
    service.posts = iter(())
    started = Runner(service, now=NOW + 600).run(START.once(record, math.inf, records_are_kept=True))
    assert started.how is How.POSTED, "whoever cleared the task has looked"


def test_a_clear_once_somebody_was_asked_is_enough_where_there_is_no_list() -> None:
    def service(call: Call, now: float) -> Reading:
        return LOST if call.method == "POST" else refused(404)

    outcome, runner = start(service)
    assert type(outcome) is AmbiguousOutcome

    accepted = answered(202, Location=f"{PATH}/1-2-3")
    cleared = Runner(lambda call, now: accepted if call.method == "POST" else refused(404))
    started = cleared.run(START.once(runner.kept[-1], math.inf, records_are_kept=True))
    assert started.how is How.POSTED


def test_a_worker_that_died_while_it_looked_for_what_was_accepted_lets_no_retry_send() -> None:
    service = model("no location, not acted")
    record = _record(service, dies_after=9)
    assert record is not None

    runner = Runner(service, now=NOW + 600)
    with pytest.raises(AmbiguousOutcome):
        runner.run(START.once(record, NOW - 60, records_are_kept=True))
    assert runner.posts == []


def test_a_retry_overrules_nobody_who_canceled_though_its_last_try_died_before_it_told() -> None:
    service = model(ends_after=60.0, outcome="canceled")
    outcome, runner = start(service, _started_record(service), now=NOW + 3600)
    assert isinstance(outcome, OperationCanceled)
    record = runner.kept[-1]

    runner = Runner(service, now=NOW + 7200)
    with pytest.raises(OperationCanceled):
        runner.run(START.once(record, NOW - 60, records_are_kept=True))
    assert runner.posts == []
    started = Runner(service, now=NOW + 7200).run(START.once(record, math.inf, records_are_kept=True))
    assert started.how is How.POSTED


@pytest.mark.parametrize("record", ["text", 7, [], {}, {"state": "x"}, {"state": "started", "location": 7}])
def test_a_retry_whose_record_cant_be_read_asks_the_service_as_patiently_as_one_without(record: object) -> None:
    ended = submission(GUID, "completed", changedTime=utc(NOW - 60))
    for listed, how in (([ended], How.FINISHED), ([submission(GUID, "running")], How.REATTACHED)):

        def lagging(call: Call, now: float, listed: Any = listed) -> Reading:
            if call.method == "POST":
                return answered(202, Location=f"{PATH}/1-2-3")
            return answered(200, listed if now > NOW + 60 else [])

        runner = Runner(lagging)
        assert runner.run(START.once(record, NOW - 3600, records_are_kept=True)).how is how
        assert runner.posts == []
        assert any("can't be read" in line for line in runner.warnings())


@pytest.mark.parametrize(("by_record", "since"), [(True, math.inf), (False, math.inf), (False, NOW - 60)])
@pytest.mark.parametrize("is_changed", [True, False])
def test_a_publish_that_may_be_older_than_the_draft_is_taken_up_only_if_it_has_it(
    by_record: bool, since: float, is_changed: bool
) -> None:
    """Of a task that was cleared, and of a retry without a record, which can't tell it from somebody else's."""
    service = model(kind="publish", signoff_after=30.0)
    _, runner = start(service, kind="publish")
    service.draft += is_changed
    record = runner.kept[-1] if by_record else None
    runner = Runner(service, now=NOW + 60)
    procedure = PUBLISHING.once(record, since, records_are_kept=True)

    if is_changed:
        with pytest.raises(CppConflict, match=r'displayText: "revision 7" -> "revision 8"'):
            runner.run(procedure)
        assert runner.posts == []
    else:
        assert runner.run(procedure).how is How.REATTACHED


def test_a_retry_with_a_record_takes_up_its_own_publish_whatever_became_of_the_draft() -> None:
    service = model(kind="publish", signoff_after=30.0)
    _, runner = start(service, kind="publish")
    service.draft += 1
    retry = Runner(service, now=NOW + 60)
    assert retry.run(PUBLISHING.once(runner.kept[-1], NOW - 60, records_are_kept=True)).how is How.REATTACHED
    assert retry.posts == []
