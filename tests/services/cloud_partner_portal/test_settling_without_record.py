"""What a retry makes of tries that kept no record: only the submissions tell, and when each last changed."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppError,
)
from airflow_provider_cpp.lro.starting import How
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import NOW, Runner, answered, refused, utc
from tests.services.cloud_partner_portal.scripted import GUID, submission
from tests.services.cloud_partner_portal.starting import PATH, START, model


def _settle(*listed: dict[str, Any], since: float, cleared: bool) -> tuple[Any, Runner]:
    service = model()
    service.old = list(listed)
    runner = Runner(service)
    try:
        return runner.run(START.once(None, since, cleared=cleared)), runner
    except CppError as error:
        return error, runner


@pytest.mark.parametrize("state", ["completed", "canceled"])
@pytest.mark.parametrize("records_are_kept", [True, False])
def test_a_failure_after_an_end_that_was_none_is_somebody_elses(state: str, records_are_kept: bool) -> None:
    ours = submission("ours", state, changedTime=utc(NOW - 600))
    theirs = submission("theirs", "failed", changedTime=utc(NOW - 60))
    runner = Runner(lambda call, now: answered(200, [ours, theirs]))
    with pytest.raises(AmbiguousOutcome, match=r"ours.*somebody else's"):
        runner.run(START.once(None, NOW - 3600, records_are_kept=records_are_kept))
    assert runner.posts == []


def test_a_success_after_a_failure_is_the_later_trys() -> None:
    ages = {"completed": 60, "failed": 600}
    ended = [submission(name, name, changedTime=utc(NOW - age)) for name, age in ages.items()]
    runner = Runner(lambda call, now: answered(200, ended))
    assert runner.run(START.once(None, NOW - 3600)).how is How.FINISHED


@pytest.mark.parametrize("state", ["completed", "succeeded", "canceled"])
def test_a_retry_after_a_clear_refuses_where_what_ended_may_be_of_the_cleared_try(state: str) -> None:
    ended = submission(GUID, state, changedTime=utc(NOW - 60))
    outcome, runner = _settle(ended, since=NOW - 3600, cleared=True)
    assert type(outcome) is AmbiguousOutcome
    assert isinstance(outcome, AirflowFailException), "a retry would only see the same"
    assert runner.posts == []
    for words in (GUID, state, "2027-01-15 07:59:00 UTC", "clear this task", "to go live once more"):
        assert words in str(outcome)


def test_the_first_try_after_a_clear_posts_all_the_same() -> None:
    ended = submission(GUID, "completed", changedTime=utc(NOW - 60))
    outcome, _ = _settle(ended, since=math.inf, cleared=False)
    assert outcome.how is How.POSTED


@pytest.mark.parametrize("listed", [answered(200, [{"id": 7}]), answered(200, {}), refused(404)])
def test_a_list_that_tells_nothing_lets_no_retry_post_and_whoever_clears_has_looked(listed: Reading) -> None:
    def service(call: Call, now: float) -> Reading:
        return answered(202, Location=f"{PATH}/{GUID}") if call.method == "POST" else listed

    runner = Runner(service)
    with pytest.raises(AmbiguousOutcome, match=r"submissions.*HTTP \d+.*clear this task"):
        runner.run(START.once(None, NOW - 3600))
    assert runner.posts == []
    assert Runner(service).run(START.once(None, math.inf)).how is How.POSTED


def test_what_ended_before_the_run_began_anew_is_older_than_the_clear() -> None:
    ended = submission(GUID, "completed", changedTime=utc(NOW - 7200))
    outcome, _ = _settle(ended, since=NOW - 3600, cleared=True)
    assert outcome.how is How.POSTED


def test_a_retry_after_a_clear_takes_up_what_runs_and_posts_after_a_failure() -> None:
    before = submission("before", "completed", changedTime=utc(NOW - 600))
    failed = submission("after", "failed", changedTime=utc(NOW - 60))
    outcome, _ = _settle(before, failed, since=NOW - 3600, cleared=True)
    assert outcome.how is How.POSTED
    outcome, runner = _settle(before, submission("after", "running"), since=NOW - 3600, cleared=True)
    assert outcome.how is How.REATTACHED
    assert runner.posts == []


@pytest.mark.parametrize(
    "changed",
    [
        None,
        "",
        "yesterday",
        7,
        "2027-01-15",
        "2027-W02-5",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59-12:00",
        "1/15/2027 7:59 AM",
    ],
)
@pytest.mark.parametrize("cleared", [True, False])
def test_a_success_at_a_time_that_cant_be_read_may_be_any_age(changed: object, cleared: bool) -> None:
    ended = submission(GUID, "completed", changedTime=changed)
    outcome, runner = _settle(ended, since=NOW - 3600, cleared=cleared)
    assert type(outcome) is AmbiguousOutcome
    assert "doesn't say" in str(outcome)
    assert runner.posts == []


def test_a_cancel_at_a_time_that_cant_be_read_may_be_any_age() -> None:
    outcome, runner = _settle(submission(GUID, "canceled", changedTime=None), since=NOW - 3600, cleared=False)
    assert type(outcome) is AmbiguousOutcome
    assert runner.posts == []


@pytest.mark.parametrize("hours", [-8, 0, 5.5])
def test_a_time_is_read_with_its_zone_and_as_utc_without_one(hours: float) -> None:
    zone = timezone(timedelta(hours=hours))
    for age, how in ((60, How.FINISHED), (7200, How.POSTED)):
        changed = datetime.fromtimestamp(NOW - age, zone).isoformat()
        ended = submission(GUID, "completed", changedTime=changed if hours else changed[:19])
        outcome, _ = _settle(ended, since=NOW - 3600, cleared=False)
        assert outcome.how is how


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", ""])
def test_a_date_that_no_clock_has_hides_and_shows_no_success(date: str) -> None:
    for age, how in ((60, How.FINISHED), (7200, How.POSTED)):
        ended = submission(GUID, "completed", changedTime=utc(NOW - age))

        def service(call: Call, now: float, ended: dict[str, Any] = ended) -> Reading:
            accepted = answered(202, Location=f"{PATH}/1-2-3")
            return accepted if call.method == "POST" else answered(200, [ended], Date=date)

        started = Runner(service).run(START.once(None, NOW - 3600))
        assert started.how is how


def test_a_service_whose_clock_is_wrong_is_read_by_its_own_clock() -> None:
    ahead = 7200.0
    for age, how in ((60, How.FINISHED), (7000, How.POSTED)):
        ended = submission(GUID, "completed", changedTime=utc(NOW + ahead - age))

        def service(call: Call, now: float, ended: dict[str, Any] = ended) -> Reading:
            accepted = answered(202, Location=f"{PATH}/1-2-3")
            date = format_datetime(datetime.fromtimestamp(NOW + ahead, UTC), usegmt=True)
            return accepted if call.method == "POST" else answered(200, [ended], Date=date)

        started = Runner(service).run(START.once(None, NOW - 3600))
        assert started.how is how


def test_after_a_failure_a_later_one_is_looked_for_as_long_as_its_list_may_lag() -> None:
    failed = submission("first", "failed", changedTime=utc(NOW - 60))
    second = submission("second", "running", changedTime=utc(NOW))

    def lagging(call: Call, now: float) -> Reading:
        assert call.method == "GET"
        return answered(200, [failed, second] if now > NOW + 60 else [failed])

    runner = Runner(lagging)
    started = runner.run(START.once(None, NOW - 3600))
    assert started.watched.operation_id == "second"
