"""Whether a go-live is due, asked before it is sent."""

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
)
from airflow_provider_cpp.lro.prechecking import NotStarted, Precheck
from airflow_provider_cpp.lro.records import How, Started
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import LOST, Runner, answered, refused
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, message, operation, step, submission
from tests.services.cloud_partner_portal.starting import PATH, START, start

SIGNOFF = step("publisher-signoff", "waitingForPublisherReview")
OLDER, LATER = "2018-03-23T18:00:00Z", "2018-03-24T18:00:00Z"
PUBLISHED = submission("publish-1", "completed", slot="staging", changedTime=OLDER)


def service(
    status: Reading, *entries: dict[str, Any], preview: Any = 2, production: Any = 1, **other: Reading
) -> Any:
    """An offer: its status, its submissions, and the versions in its slots (None for none)."""

    def slot(version: Any) -> Reading:
        document = {"id": OFFER, "definition": {}, "version": version}
        return refused(404) if version is None else answered(200, document)

    readings = {
        "status": status,
        "submissions": answered(200, list(entries)),
        "Preview": slot(preview),
        "Production": slot(production),
        OFFER: slot(0),
        "golive": answered(202, Location=f"{PATH}/{GUID}"),
        **other,
    }

    def answer(call: Call, now: float) -> Reading:
        return readings[call.path.rstrip("/").rsplit("/", 1)[1]]

    return answer


def check(service: Any, *, record: object = None, **asked: bool) -> tuple[Started | NotStarted | CppError, Runner]:
    return start(service, record, check=Precheck(**asked))


def refuses(service: Any, error: type[CppError], *words: str) -> str:
    outcome, runner = check(service)
    assert type(outcome) is error, outcome
    assert runner.posts == []
    assert [record["state"] for record in runner.kept] == ["begun"], "there is nothing for a later try to settle"
    for word in (*words, f"Go Live of offer contoso/{OFFER}", "Nothing was sent", "precheck=False"):
        assert word in str(outcome), str(outcome)
    return str(outcome)


@pytest.mark.parametrize(
    "status",
    [
        operation("waitingForPublisherReview"),
        operation("WaitingForPublisherReview"),
        operation("running", step("displaycertify", "complete"), SIGNOFF),
    ],
)
def test_a_sign_off_that_is_due_is_gone_live_upon(status: Reading) -> None:
    outcome, runner = check(service(status, submission("publish-1", slot="staging")))
    assert isinstance(outcome, Started)
    assert outcome.how is How.POSTED
    asked = [call.path.rstrip("/").rsplit("/", 1)[1] for call in runner.sent]
    assert asked == ["status", OFFER, "Preview", "submissions", "golive"]


def test_without_it_nothing_more_is_read() -> None:
    _, runner = start(service(refused(500)))
    assert len(runner.sent) == 2


def test_an_offer_that_was_never_published_has_to_be_first() -> None:
    refuses(service(operation("neverPublished"), preview=None), CppBadRequest, "Publish it to preview first")
    refuses(service(operation("succeeded"), preview=None), CppBadRequest, "nothing is in preview")


def test_a_publish_that_isnt_at_its_sign_off_is_named_with_its_step() -> None:
    status = operation("running", step("displaycertify", "inProgress"))
    text = refuses(service(status, submission("publish-7", slot="staging")), CppConflict, "publish-7")
    assert "Certification" in text
    assert "sign-off" in text


@pytest.mark.parametrize("word", ["running", "whatever"])
def test_a_go_live_of_this_offer_that_runs_is_taken_up(word: str) -> None:
    outcome, runner = check(service(operation(word), PUBLISHED, submission("golive-7")))
    assert isinstance(outcome, Started)
    assert (outcome.how, outcome.watched.operation_id) == (How.ADOPTED, "golive-7")
    assert runner.posts == []
    assert runner.kept[-1]["location"] == outcome.location


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_publish_that_came_to_nothing_is_told_with_its_messages(status: str) -> None:
    said = operation(status, step("displaycertify", "rejected", messages=[message("No <b>boot</b> disk.")]))
    entries = [PUBLISHED, submission("publish-2", status, slot="staging", changedTime=LATER)]
    text = refuses(service(said, *entries), CppBadRequest, "No boot disk", "Certification")
    assert ("failed" if status == "failed" else "was canceled") in text


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_go_live_that_didnt_go_through_may_be_sent_again(status: str) -> None:
    """A task's retry, or a cleared task, goes live anew: the sign-off was due, and the service knows best."""
    entries = [PUBLISHED, submission("golive-1", status, changedTime=LATER)]
    outcome, runner = check(service(operation(status), *entries))
    assert isinstance(outcome, Started)
    assert len(runner.posts) == 1


LIVE = [PUBLISHED, submission("golive-1", "completed", changedTime=LATER)]


@pytest.mark.parametrize(("preview", "production"), [(2, 2), (0, 0), (None, None), (2, 0)])
def test_what_is_live_already_is_refused_or_skipped(preview: Any, production: Any) -> None:
    live = service(operation("succeeded"), *LIVE, preview=preview, production=production)
    refuses(live, CppBadRequest, "is live already", "skip_if_live")

    for asked in ({"skip_if_live": True}, {"skip_if_live": True, "required": False}):
        outcome, runner = check(live, **asked)
        assert isinstance(outcome, NotStarted)
        assert outcome.is_live
        assert "is live already" in outcome.message
        assert runner.posts == []


@pytest.mark.parametrize("asked", [{}, {"skip_if_live": True}, {"skip_if_live": True, "required": False}])
def test_another_version_in_preview_is_gone_live_with(asked: dict[str, bool]) -> None:
    outcome, _ = check(service(operation("succeeded"), PUBLISHED, preview=3, production=2), **asked)
    assert isinstance(outcome, Started)
    assert outcome.how is How.POSTED


@pytest.mark.parametrize("version", [2, 0, None])
def test_a_due_sign_off_is_never_skipped(version: Any) -> None:
    """Migrated offers have version 0 throughout: a release that is due must not be lost over that."""
    due = service(operation("waitingForPublisherReview"), *LIVE, preview=version, production=version)
    outcome, _ = check(due, skip_if_live=True)
    assert isinstance(outcome, Started)


@pytest.mark.parametrize(
    "status", [operation("certainlyNot"), answered(200, {}), answered(200, {"status": 7}), operation("running")]
)
def test_words_that_nobody_knows_block_no_release_for_ever(status: Reading) -> None:
    outcome, runner = check(service(status, PUBLISHED, preview=0, production=0))
    assert isinstance(outcome, Started)
    assert len(runner.posts) == 1
    known = isinstance(status, type(operation())) and b'"running"' in status.body
    assert bool(runner.warnings()) is not known


PASSING = [
    (LOST, CppUnavailable),
    (refused(500), CppUnavailable),
    (refused(503), CppUnavailable),
    (refused(429), CppUnavailable),
    (refused(401), CppAuthError),
    (refused(403), CppAuthError),
]
UNREADABLE = [(answered(200, b"<html>"), CppUnavailable), (answered(302), CppUnavailable)]
REFUSED = [(refused(400), CppBadRequest), (refused(404), CppNotFound)]


@pytest.mark.parametrize(
    ("what", "reading", "error"),
    [
        *[("status", *each) for each in [*PASSING, *UNREADABLE, *REFUSED, (answered(200, []), CppUnavailable)]],
        *[("submissions", *each) for each in [*PASSING, *UNREADABLE]],
        *[("Preview", *each) for each in PASSING],
    ],
)
def test_what_cant_be_read_sends_nothing(what: str, reading: Reading, error: type[CppError]) -> None:
    spoilt = {what: reading}
    status = spoilt.pop("status", operation("succeeded"))
    outcome, runner = check(service(status, PUBLISHED, preview=0, **spoilt))
    assert type(outcome) is error
    assert runner.posts == []
    assert [record["state"] for record in runner.kept] == ["begun"]


@pytest.mark.parametrize("what", ["submissions", "Preview", "Production"])
@pytest.mark.parametrize("reading", [refused(400), refused(404)])
def test_what_the_service_doesnt_have_is_no_reason_to_send_nothing(what: str, reading: Reading) -> None:
    outcome, runner = check(service(operation("succeeded"), PUBLISHED, **{what: reading}))
    assert isinstance(outcome, Started)
    assert len(runner.posts) == 1


def test_a_read_that_fails_is_repeated_with_patience() -> None:
    script = iter([refused(500), LOST, operation("waitingForPublisherReview"), answered(200, [])])
    outcome, runner = check(lambda call, now: next(script, answered(202, Location=f"{PATH}/{GUID}")))
    assert isinstance(outcome, Started)
    assert len(runner.posts) == 1


def test_a_retry_whose_operation_runs_already_isnt_asked() -> None:
    record = {"state": "started", "location": f"{START.intent.origin}{PATH}/{GUID}"}
    outcome, runner = check(lambda call, now: operation("running"), record=record)
    assert isinstance(outcome, Started)
    assert outcome.how is How.REATTACHED
    assert len(runner.sent) == 1


# A dry run


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (service(operation("waitingForPublisherReview")), "would send"),
        (service(operation("running"), submission("golive-7")), "would take up"),
    ],
)
def test_a_dry_run_tells_what_would_be_done_and_does_nothing(service: Any, words: str) -> None:
    outcome, runner = check(service, dry_run=True)
    assert isinstance(outcome, NotStarted)
    assert not outcome.is_live
    assert words in outcome.message
    assert runner.posts == []
    assert runner.kept == []


def test_a_dry_run_fails_and_skips_where_the_task_would() -> None:
    with pytest.raises(CppBadRequest):
        raise check(service(operation("neverPublished"), preview=None), dry_run=True)[0]  # type: ignore[misc]
    outcome, _ = check(
        service(operation("succeeded"), *LIVE, preview=2, production=2), dry_run=True, skip_if_live=True
    )
    assert isinstance(outcome, NotStarted)
    assert outcome.is_live


def test_a_dry_run_settles_no_earlier_try() -> None:
    record = {"state": "intended", "before": []}
    outcome, runner = check(service(operation("waitingForPublisherReview")), record=record, dry_run=True)
    assert isinstance(outcome, NotStarted)
    assert runner.kept == []
    assert runner.waits == []


@pytest.mark.parametrize("word", ["published", "Published"])
@pytest.mark.parametrize("state", ["published", "completed"])
def test_what_is_published_is_live_already_where_the_versions_say_nothing(word: str, state: str) -> None:
    went_live = submission("golive-1", state, slot="production", changedTime=LATER)
    live = service(operation(word), PUBLISHED, went_live, preview=0, production=0)
    refuses(live, CppBadRequest, "live already")
    outcome, runner = check(live, skip_if_live=True)
    assert isinstance(outcome, NotStarted)
    assert outcome.is_live
    assert runner.posts == []


# Where the list gives no times that tell which operation was the last

FORMS = [
    (None, None),
    ("yesterday", ""),
    (LATER, LATER),
    (LATER, None),
    (None, LATER),
    ("0001-01-01T00:00:00", "0001-01-01T00:00:00"),
    ("2018-03-24", "2018-03-25"),
]


def two(first: dict[str, Any], second: dict[str, Any], times: tuple[object, object]) -> list[dict[str, Any]]:
    return [{**first, "changedTime": times[0]}, {**second, "changedTime": times[1]}]


LIVE_ENTRY = submission("golive-1", "completed")
PUBLISH_ENTRY = submission("publish-2", "completed", slot="staging")


@pytest.mark.parametrize("times", FORMS)
@pytest.mark.parametrize("entries", [(LIVE_ENTRY, PUBLISH_ENTRY), (PUBLISH_ENTRY, LIVE_ENTRY)])
@pytest.mark.parametrize("asked", [{}, {"skip_if_live": True}, {"skip_if_live": True, "required": False}])
def test_a_go_live_is_neither_sent_nor_skipped_on_a_guess(
    times: Any, entries: Any, asked: dict[str, bool]
) -> None:
    unknown = service(operation("succeeded"), *two(*entries, times), preview=0, production=0)
    outcome, runner = check(unknown, **asked)
    assert type(outcome) is CppBadRequest, outcome
    assert runner.posts == []
    for word in ("isn't known", "no times", "golive-1", "publish-2", "Nothing was sent", "all the same"):
        assert word in str(outcome), str(outcome)


@pytest.mark.parametrize("times", FORMS)
@pytest.mark.parametrize(("production", "is_live"), [(2, True), (1, False)])
def test_versions_tell_where_the_times_dont(times: Any, production: int, is_live: bool) -> None:
    entries = two(LIVE_ENTRY, PUBLISH_ENTRY, times)
    outcome, _ = check(service(operation("succeeded"), *entries, production=production), skip_if_live=True)
    assert isinstance(outcome, NotStarted if is_live else Started)


@pytest.mark.parametrize("times", FORMS)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_publish_that_may_have_failed_last_is_told(times: Any, is_first: bool) -> None:
    failed = submission("publish-2", "failed", slot="staging")
    entries = (failed, LIVE_ENTRY) if is_first else (LIVE_ENTRY, failed)
    outcome, runner = check(service(operation("failed"), *two(*entries, times)))
    assert isinstance(outcome, Started)
    assert any("last publish went through isn't known" in line for line in runner.warnings())


@pytest.mark.parametrize("times", FORMS)
def test_what_holds_whichever_was_the_last_is_known(times: Any) -> None:
    live = two(LIVE_ENTRY, submission("golive-2", "completed"), times)
    outcome, _ = check(service(operation("succeeded"), *live, preview=0, production=0), skip_if_live=True)
    assert isinstance(outcome, NotStarted)
    failed = two(submission("golive-1", "failed"), submission("golive-2", "canceled"), times)
    outcome, _ = check(service(operation("failed"), *failed, preview=0, production=0))
    assert isinstance(outcome, Started)
    bad = two(
        submission("publish-1", "failed", slot="staging"), submission("publish-2", "failed", slot="staging"), times
    )
    refuses(service(operation("failed"), *bad), CppBadRequest, "The last publish")


def test_where_the_operations_cant_be_listed_at_all_its_said() -> None:
    unlisted = service(operation("succeeded"), preview=0, production=0, submissions=refused(404))
    outcome, runner = check(unlisted)
    assert type(outcome) is CppBadRequest
    assert "can't be listed" in str(outcome)
    assert runner.posts == []
