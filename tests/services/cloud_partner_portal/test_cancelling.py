"""How a running operation is canceled, and the cancel watched to its end."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppAuthError,
    CppBadRequest,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
    NotCanceled,
    OperationStatusUnknown,
    OperationTimeout,
    is_retried,
)
from airflow_provider_cpp.lro.cancelling import MAX_CANCELS, SEND_AGAIN_AFTER, Cancel, CancelOffer
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.operations_on import Submissions
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.procedures import Reply
from airflow_provider_cpp.wire.retries import MAX_ATTEMPTS
from tests.runner import LOST, NOW, UNSENT, Runner, answered, refused
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER, operation, submission

LOCATION = OperationLocation(ORIGIN, PUBLISHER, OFFER, GUID)
RUNNING = operation("running")


def cancel(*readings: Reading, within: float = 300.0) -> tuple[Any, Runner]:
    script = iter(readings)
    runner = Runner(lambda call, now: next(script, readings[-1]))
    return runner.run(Cancel(LOCATION, within).confirmed(draw=lambda: 0.5)), runner


def test_a_cancel_is_sent_once_and_watched_until_it_is_done() -> None:
    event, runner = cancel(RUNNING, answered(202), RUNNING, RUNNING, operation("canceled"))

    assert event.status == "canceled"
    assert [call.path.rsplit("/", 1)[1] for call in runner.posts] == ["cancel"]
    assert "Confirmed" in runner.lines()[-1]


def test_a_cancel_that_is_broken_off_tells_whether_it_was_sent() -> None:
    to_cancel = Cancel(LOCATION, again="run CancelOperator")
    steps = to_cancel.confirmed()
    next(steps)  # reads the operation
    before = to_cancel.broken_off("the triggerer is being stopped")
    assert before.startswith(f"Not canceling {LOCATION}: the triggerer is being stopped. It runs on.")
    steps.send(Reply(NOW, RUNNING))  # sends the cancel
    after = to_cancel.broken_off("the triggerer is being stopped")
    assert f"cancel of {LOCATION} was sent, but isn't confirmed: the triggerer is being stopped." in after
    for said in (before, after):
        assert said.endswith("run CancelOperator.")
        assert "https://partner.microsoft.com/" in said


@pytest.mark.parametrize(
    ("word", "status"), [("completed", "succeeded"), ("failed", "failed"), ("canceled", "canceled")]
)
def test_what_has_ended_is_not_canceled(word: str, status: str) -> None:
    event, runner = cancel(operation(word))
    assert event.status == status
    assert runner.posts == [], "the cancel would hit whatever runs on the offer now"


@pytest.mark.parametrize("reading", [LOST, refused(500), answered(200, b"<html>"), answered(200, {})])
def test_nothing_is_canceled_whose_status_cant_be_read(reading: Reading) -> None:
    event, runner = cancel(reading)
    assert event.status == "unknown"
    assert runner.posts == [], "the cancel would hit whatever runs on the offer now"
    assert "Not canceling" in runner.warnings()[-1]


def test_a_cancel_that_does_nothing_is_told_as_not_confirmed() -> None:
    event, runner = cancel(RUNNING, answered(202), RUNNING, within=60)
    assert event.status == "timeout"
    assert runner.now == NOW + 60
    assert "isn't confirmed" in runner.warnings()[-1]
    assert len(runner.posts) == 1


def test_a_login_that_refuses_once_the_cancel_was_sent_hides_no_cancel() -> None:
    script = iter([RUNNING, answered(202)])

    def service(call: Any, now: float) -> Reading:
        reading = next(script, None)
        if reading is None:
            raise CppAuthError("The secret has expired.")
        return reading

    runner = Runner(service)
    event = runner.run(Cancel(LOCATION).confirmed())
    assert event.status == "unknown"
    assert "isn't confirmed. The secret has expired." in event.message
    assert event.message == runner.warnings()[-1]


@pytest.mark.parametrize("refusal", [refused(400), refused(403), CppAuthError("The secret has expired.")])
@pytest.mark.parametrize("is_read", [True, False])
def test_a_refusal_hides_no_cancel_that_had_no_clear_answer(refusal: Any, is_read: bool) -> None:
    sent = 0

    def service(call: Any, now: float) -> Reading:
        nonlocal sent
        sent += call.method == "POST"
        is_first = sent == 1 if call.method == "POST" else now < NOW + 30
        if is_first or (call.method == "GET" and not is_read):
            return LOST if call.method == "POST" else RUNNING
        if isinstance(refusal, CppError):
            raise refusal
        return refusal

    event = Runner(service).run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))
    assert event.status == "unknown"
    assert "isn't confirmed." in event.message
    assert isinstance(event.error, OperationStatusUnknown)


def test_a_login_that_refuses_the_cancel_itself_is_the_error() -> None:
    def service(call: Any, now: float) -> Reading:
        if call.method == "POST":
            raise CppAuthError("The secret has expired.")
        return RUNNING

    to_cancel = Cancel(LOCATION)
    with pytest.raises(CppAuthError):
        Runner(service).run(to_cancel.confirmed())
    assert "Not canceling" in to_cancel.broken_off("it is over"), "nothing was sent"


def test_an_operation_that_ended_before_the_cancel_took_effect_is_told_as_it_ended() -> None:
    event, _ = cancel(RUNNING, answered(202), operation("completed"))
    assert event.status == "succeeded"


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(408)])
def test_a_cancel_whose_answer_got_lost_is_not_sent_again_but_watched(reading: Reading) -> None:
    event, runner = cancel(RUNNING, reading, operation("canceled"))
    assert event.status == "canceled"
    assert len(runner.posts) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(400, CppBadRequest), (403, CppAuthError), (404, CppNotFound), (409, CppConflict)]
)
def test_a_refused_cancel_is_an_error(status: int, error: type[CppError]) -> None:
    with pytest.raises(error):
        cancel(RUNNING, refused(status))


@pytest.mark.parametrize("status", [404, 410])
def test_an_operation_that_isnt_found_is_no_reason_to_cancel_whatever_runs_on_the_offer(status: int) -> None:
    runner = Runner(lambda call, now: refused(status))
    with pytest.raises(CppError):
        runner.run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))
    assert runner.posts == []


@pytest.mark.parametrize(("state", "status", "posts"), [("running", "canceled", 1), ("completed", "succeeded", 0)])
def test_an_operation_that_isnt_found_by_itself_is_looked_up_among_the_submissions(
    state: str, status: str, posts: int
) -> None:
    listed = answered(200, [submission(GUID, state)])
    event, runner = cancel(refused(404), listed, answered(202), operation("canceled"))
    assert event.status == status
    assert len(runner.posts) == posts


@pytest.mark.parametrize("word", ["cannotCancel", "CannotCancel", "cant cancel"])
def test_what_the_service_says_cant_be_canceled_isnt_sent_a_cancel(word: str) -> None:
    event, runner = cancel(operation("running", cancellationRequestState=word))
    assert event.status == "not_cancelable"
    assert runner.posts == []
    assert isinstance(event.error, NotCanceled)
    assert word in str(event.message)


@pytest.mark.parametrize("word", ["canCancel", "cancelRequested", "", None, 7, "perhaps"])
def test_any_other_word_is_no_reason_not_to_try(word: object) -> None:
    event, _ = cancel(operation("running", cancellationRequestState=word), answered(202), operation("canceled"))
    assert event.status == "canceled"


@pytest.mark.parametrize("reading", [LOST, refused(500), refused(408), answered(302)])
def test_a_cancel_without_a_clear_answer_is_sent_again_while_the_operation_runs_on(reading: Reading) -> None:
    def service(call: Any, now: float) -> Reading:
        if call.method == "POST":
            return reading if now < NOW + 25 else answered(202)
        return operation("running") if now < NOW + 60 else operation("canceled")

    runner = Runner(service)
    event = runner.run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))
    assert event.status == "canceled"
    assert len(runner.posts) == 2


def test_a_second_cancel_doesnt_meet_what_was_started_meanwhile() -> None:
    """The first one, whose answer was lost, took effect, and somebody has gone live again."""
    script = iter([RUNNING, LOST, *[operation("running")] * 2])
    runner = Runner(lambda call, now: next(script, operation("canceled") if now >= NOW + 30 else RUNNING))
    event = runner.run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))
    assert event.status == "canceled"
    assert len(runner.posts) == 1


def test_a_cancel_is_sent_three_times_at_most_and_its_wait_ends_in_time() -> None:
    runner = Runner(lambda call, now: LOST if call.method == "POST" else RUNNING)
    event = runner.run(Cancel(LOCATION, 300.0).confirmed(draw=lambda: 0.5))
    assert event.status == "timeout"
    assert len(runner.posts) == 3
    assert runner.now == NOW + 300
    assert "may be canceled yet" in str(event.message)
    assert isinstance(event.error, OperationTimeout)


THROTTLED = refused(503, **{"retry-after": "1"})


@pytest.mark.parametrize("reading", [UNSENT, THROTTLED])
@pytest.mark.parametrize("within", [3.0, 300.0])
def test_a_cancel_that_never_got_through_is_an_error_that_names_the_cause(reading: Reading, within: float) -> None:
    runner = Runner(lambda call, now: reading if call.method == "POST" else RUNNING)
    with pytest.raises(CppUnavailable, match=r"(refused|503).*Nothing was canceled: .* Operation ") as told:
        runner.run(Cancel(LOCATION, within).confirmed(draw=lambda: 0.5))
    assert is_retried(told.value)
    assert len(runner.posts) == MAX_ATTEMPTS * (1 if within < SEND_AGAIN_AFTER else MAX_CANCELS)
    assert runner.now < NOW + 120, "there is nothing to watch for"


def test_a_cancel_that_never_got_through_to_a_service_that_is_gone_by_now_is_such_an_error() -> None:
    runner = Runner(lambda call, now: RUNNING if call.method == "GET" and now < NOW + 10 else UNSENT)
    with pytest.raises(CppUnavailable, match="Nothing was canceled"):
        runner.run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))


@pytest.mark.parametrize("readings", [(LOST, UNSENT, UNSENT), (UNSENT, LOST, UNSENT), (UNSENT, UNSENT, LOST)])
def test_one_cancel_that_may_have_got_through_is_enough_to_watch_for_what_comes_of_it(
    readings: tuple[Reading, ...],
) -> None:
    def service(call: Any, now: float) -> Reading:
        return RUNNING if call.method == "GET" else readings[int((now - NOW) // SEND_AGAIN_AFTER)]

    runner = Runner(service)
    event = runner.run(Cancel(LOCATION, 300.0).confirmed(draw=lambda: 0.5))
    assert event.status == "timeout"
    assert runner.now >= NOW + 300


def test_what_ends_while_a_cancel_cant_get_through_is_told_as_that_end() -> None:
    def service(call: Any, now: float) -> Reading:
        return UNSENT if call.method == "POST" else operation("completed" if now > NOW + 40 else "running")

    event = Runner(service).run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))
    assert event.status == "succeeded"


@pytest.mark.parametrize("status", [400, 409])
@pytest.mark.parametrize(("word", "expected"), [("completed", "succeeded"), ("canceled", "canceled")])
def test_a_cancel_that_is_refused_as_the_operation_has_ended_is_told_as_that_end(
    status: int, word: str, expected: str
) -> None:
    event, runner = cancel(RUNNING, refused(status), operation(word))
    assert event.status == expected
    assert len(runner.posts) == 1


# Whatever runs on an offer

NOTHING = [submission("old-1", "completed"), submission("old-2", "canceled", slot="staging")]


def cancel_offer(*readings: Reading, within: float = 300.0) -> tuple[Any, Runner]:
    script = iter(readings)
    runner = Runner(lambda call, now: next(script, readings[-1]))
    what = CancelOffer(Submissions(ORIGIN, OfferRef(PUBLISHER, OFFER)), ("jdoe@contoso.com",), within)
    return runner.run(what.confirmed(draw=lambda: 0.5)), runner


@pytest.mark.parametrize("slot", ["staging", "production"])
@pytest.mark.parametrize("status", [200, 202])
def test_what_runs_on_an_offer_is_canceled_and_watched(slot: str, status: int) -> None:
    listed = answered(200, [*NOTHING, submission(GUID, "running", slot=slot)])
    event, runner = cancel_offer(listed, RUNNING, answered(status), RUNNING, operation("canceled"))

    assert event.status == "canceled"
    assert event.location == LOCATION.url
    assert event.error is None
    (post,) = runner.posts
    assert "jdoe@contoso.com" in post.body


@pytest.mark.parametrize("entries", [[], NOTHING])
def test_where_nothing_runs_nothing_is_sent_and_that_is_said(entries: list[Any]) -> None:
    event, runner = cancel_offer(answered(200, entries))
    assert event.status == "nothing_running"
    assert event.location is None
    assert "Nothing runs" in str(event.message)
    assert len(runner.sent) == 1
    assert event.error is None


@pytest.mark.parametrize(
    "reading", [LOST, refused(500), refused(403), refused(404), answered(200, b"<html>"), answered(200, [{}])]
)
def test_nothing_is_canceled_while_it_isnt_known_what_runs(reading: Reading) -> None:
    runner = Runner(lambda call, now: reading)
    with pytest.raises(CppError):
        runner.run(CancelOffer(Submissions(ORIGIN, OfferRef(PUBLISHER, OFFER))).confirmed())
    assert runner.posts == []


@pytest.mark.parametrize(
    ("readings", "status", "error"),
    [
        ((operation("completed"),), "succeeded", NotCanceled),
        ((RUNNING, answered(202), operation("completed")), "succeeded", NotCanceled),
        ((RUNNING, answered(202), operation("failed")), "failed", None),
        ((RUNNING, answered(202), RUNNING), "timeout", OperationTimeout),
        ((refused(500),), "unknown", OperationStatusUnknown),
    ],
)
def test_a_cancel_without_effect_is_an_error(
    readings: tuple[Reading, ...], status: str, error: type[CppError] | None
) -> None:
    event, _ = cancel_offer(answered(200, [submission(GUID)]), *readings)
    assert event.status == status
    told = event.error
    assert (type(told) if told else None) is error


@pytest.mark.parametrize("identifier", ["../../x", "a/b", "a b", ""])
def test_a_submission_with_a_strange_id_is_not_followed(identifier: str) -> None:
    runner = Runner(lambda call, now: answered(200, [submission(identifier)]))
    with pytest.raises(CppError):
        runner.run(CancelOffer(Submissions(ORIGIN, OfferRef(PUBLISHER, OFFER))).confirmed())
    assert runner.posts == []


# What isn't found by itself

OLD_FORM = OperationLocation(ORIGIN, PUBLISHER, OFFER, f"{PUBLISHER}${OFFER}$2$preview")


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(
    "reading", [LOST, refused(503), answered(302), answered(200, b"<html>"), answered(200, [{}])]
)
def test_where_the_list_cant_be_read_either_nothing_is_known_and_a_retry_may_learn_it(
    status: int, reading: Reading
) -> None:
    runner = Runner(lambda call, now: reading if call.path.endswith("/submissions/") else refused(status))
    with pytest.raises(CppUnavailable, match="List submissions"):
        runner.run(Cancel(LOCATION).confirmed(draw=lambda: 0.5))
    assert runner.posts == []


def test_what_neither_finds_isnt_there() -> None:
    with pytest.raises(CppNotFound, match="Get operation"):
        cancel(refused(404), answered(200, NOTHING))


def test_an_old_forms_absence_from_the_list_says_nothing_while_something_runs() -> None:
    runner = Runner([refused(404), answered(200, [submission(GUID)])])
    event = runner.run(Cancel(OLD_FORM).confirmed(draw=lambda: 0.5))
    assert event.status == "unknown"
    assert runner.posts == []


# A cancel that is refused as none is needed

UNDER_WAY = refused(409, "Conflict", "A cancellation is already in progress.")


@pytest.mark.parametrize("status", [400, 404, 409, 412, 422, 423])
@pytest.mark.parametrize(
    "words", ["A cancellation is under way.", "already canceled", "There is nothing to cancel."]
)
@pytest.mark.parametrize(("end", "came_to"), [("canceled", None), ("completed", NotCanceled), ("failed", None)])
def test_a_cancel_that_is_under_way_is_watched_to_its_end(
    status: int, words: str, end: str, came_to: type[CppError] | None
) -> None:
    event, runner = cancel(RUNNING, refused(status, "X", words), RUNNING, RUNNING, RUNNING, operation(end))
    assert event.status == {"completed": "succeeded"}.get(end, end)
    assert len(runner.posts) == 1
    assert any(words.rstrip(".") in line for line in runner.warnings())
    error = event.error
    assert (type(error) if error else None) is came_to


def test_one_that_doesnt_end_in_time_is_told_with_the_services_words() -> None:
    event, runner = cancel(RUNNING, UNDER_WAY, RUNNING, within=60)
    assert event.status == "timeout"
    assert "already in progress" in str(event.message)
    assert runner.now == NOW + 60


@pytest.mark.parametrize("word", ["cancelRequested", "canceling", "Cancelling"])
def test_an_operation_that_says_so_itself_is_being_canceled(word: str) -> None:
    seen = operation("running", cancellationRequestState=word)
    event, _ = cancel(RUNNING, refused(409), seen, seen, operation("canceled"))
    assert event.status == "canceled"


@pytest.mark.parametrize("status", [400, 409])
def test_any_other_refusal_is_still_an_error(status: int) -> None:
    with pytest.raises(CppError):
        cancel(RUNNING, refused(status, "X", "Certification can't be interrupted."), RUNNING)


# Which of several runs


@pytest.mark.parametrize("times", [(None, None), ("x", "2018-03-23T18:59:21Z")])
def test_where_the_times_dont_tell_which_runs_its_said(times: tuple[object, object]) -> None:
    entries = [
        submission(GUID, changedTime=times[0]),
        submission("1-2", changedTime=times[1]),
        submission("old", "completed", changedTime=None),
    ]
    _, runner = cancel_offer(answered(200, entries), RUNNING, answered(202), operation("canceled"))
    assert any("isn't known" in line and GUID in line and "1-2" in line for line in runner.warnings())


def test_the_last_operation_is_named_only_where_it_is_known() -> None:
    event, _ = cancel_offer(answered(200, [{**entry, "changedTime": None} for entry in NOTHING]))
    assert "The last operation was" not in str(event.message)
    event, _ = cancel_offer(answered(200, [{**NOTHING[0], "changedTime": None}]))
    assert "The last operation was golive old-1" in str(event.message)


def test_what_runs_is_found_on_a_later_page() -> None:
    first = answered(200, {"value": NOTHING, "nextLink": "?$skip=2"})
    last = answered(200, {"value": [submission(GUID)]})
    event, _ = cancel_offer(first, last, RUNNING, answered(202), operation("canceled"))
    assert event.status == "canceled"
