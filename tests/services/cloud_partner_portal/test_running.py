"""What becomes of a publish that is wanted where one runs already: by what it has of the draft, and the word."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    CppConfigurationError,
    CppConflict,
    CppError,
    CppUnavailable,
    OperationCanceled,
    is_retried,
)
from airflow_provider_cpp.lro.prechecking import DryRun, NotStarted
from airflow_provider_cpp.lro.records import How, Started
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.arguments import checked_if_running
from airflow_provider_cpp.wire.call import Call
from tests.runner import NOW, Runner, WorkerDied
from tests.services.cloud_partner_portal.model_service import ModelService, Other
from tests.services.cloud_partner_portal.scripted import ORIGIN, submission
from tests.services.cloud_partner_portal.starting import PATH, PUBLISHING, model, start

PUBLISH = "publish"


def with_publish(revision: int = 6, *, waits: bool = True, **more: Any) -> ModelService:
    """An offer whose draft is revision 7, and of which a publish of some revision runs."""
    running = submission("theirs", "running", slot="staging", offerVersion=0)
    service = model(kind=PUBLISH, old=[running], signoff_after=0.0 if waits else None, **more)
    service.of["theirs"] = revision
    running["offerVersion"] = service._number(revision)
    return service


@pytest.mark.parametrize("word", ["fail", "adopt", "restart"])
@pytest.mark.parametrize(
    ("numbers", "waits"), [("growing", True), ("growing", False), ("zero", True), ("same", True)]
)
def test_one_that_has_the_draft_is_taken_up_whatever_the_word_and_nothing_is_sent(
    word: str, numbers: str, waits: bool
) -> None:
    service = with_publish(7, waits=waits, numbers=numbers)
    outcome, runner = start(service, kind=PUBLISH, if_running=word)
    assert isinstance(outcome, Started), outcome
    assert (outcome.how, outcome.watched.operation_id) == (How.ADOPTED, "theirs")
    assert runner.posts == []
    assert runner.warnings() == []
    assert any("has the draft as it is now" in line for line in runner.lines())


@pytest.mark.parametrize(
    ("numbers", "waits", "told"),
    [
        ("zero", True, 'definition/displayText: "revision 6" -> "revision 7"'),
        ("same", True, 'definition/displayText: "revision 6" -> "revision 7"'),
        ("growing", True, 'definition/displayText: "revision 6" -> "revision 7"'),
        ("growing", False, 'definition/displayText: "revision 6" -> "revision 7"'),
        ("zero", False, "can't be read before it waits for its sign-off"),
        ("same", False, "can't be read before it waits for its sign-off"),
    ],
)
def test_one_that_hasnt_is_a_conflict_that_says_what_runs_what_differs_and_what_to_do(
    numbers: str, waits: bool, told: str
) -> None:
    outcome, runner = start(with_publish(6, waits=waits, numbers=numbers), kind=PUBLISH)
    assert type(outcome) is CppConflict
    assert is_retried(outcome)
    assert runner.posts == []
    for words in ("publish theirs (running)", told, "Nothing was sent", "live", "'restart'", "'adopt'", "'fail'"):
        assert words in str(outcome), str(outcome)


def test_a_version_below_the_drafts_tells_before_the_sign_off() -> None:
    """Once the draft was changed, its number is the one after that of the publish, or later."""
    service = with_publish(6, waits=False, numbers="growing")
    service.draft = 6  # the publish of revision 6 has made the draft version 7
    outcome, _ = start(service, kind=PUBLISH)
    assert isinstance(outcome, Started)
    # A number that two publishes have leads nowhere.
    service.old.append(submission("before", "completed", slot="staging", offerVersion=6))
    outcome, _ = start(service, kind=PUBLISH)
    assert type(outcome) is CppConflict


@pytest.mark.parametrize("waits", [True, False])
def test_adopt_takes_it_up_with_a_warning(waits: bool) -> None:
    outcome, runner = start(with_publish(waits=waits), kind=PUBLISH, if_running="adopt")
    assert isinstance(outcome, Started)
    assert outcome.watched.operation_id == "theirs"
    assert runner.posts == []
    (warning,) = runner.warnings()
    assert "as if_running='adopt'" in warning


@pytest.mark.parametrize("waits", [True, False])
def test_restart_cancels_it_and_publishes_once(waits: bool) -> None:
    service = with_publish(waits=waits)
    outcome, runner = start(service, kind=PUBLISH, if_running="restart")
    assert isinstance(outcome, Started)
    assert (outcome.how, outcome.watched.operation_id) == (How.POSTED, "publish-1")
    assert service.canceled == ["theirs"]
    assert [call.path.rsplit("/", 1)[1] for call in runner.posts] == ["cancel", "publish"]


@pytest.mark.parametrize("dies_after", range(1, 40))
def test_a_restart_that_dies_anywhere_is_finished_by_the_retry(dies_after: int) -> None:
    service = with_publish()
    start_ = replace(PUBLISHING, if_running="restart")
    runner = Runner(service, dies_after=dies_after, latency=0.05)
    try:
        runner.run(start_.once(None, None, records_are_kept=True))
    except WorkerDied:
        retry = Runner(service, now=runner.now + 60)
        record = runner.kept[-1] if runner.kept else None
        told = retry.run(start_.once(record, NOW, records_are_kept=True))
        assert told.watched.operation_id == "publish-1"
    assert service.canceled == ["theirs"]
    assert [name for name, _ in service.started] == ["publish-1"]


@pytest.mark.parametrize("cancel", ["401", "429", "lost request", "500", "200, acted"])
def test_a_cancel_that_cant_be_confirmed_sends_nothing_and_is_tried_again(cancel: str) -> None:
    acts = cancel == "200, acted"
    service = with_publish(cancels=iter(["lost request" if acts else cancel] * 20))
    outcome, runner = start(service, kind=PUBLISH, if_running="restart")
    assert isinstance(outcome, CppError)
    assert is_retried(outcome) or cancel == "401"
    assert service.started == []
    assert runner.kept[-1]["state"] == "restarting"
    retry = Runner(service, now=runner.now + 60)
    service.cancels = iter(())
    told = retry.run(replace(PUBLISHING, if_running="restart").once(runner.kept[-1], NOW))
    assert told.how is How.POSTED
    assert (len(service.canceled), len(service.started)) == (1, 1)


@pytest.mark.parametrize("word", ["fail", "adopt", "restart"])
def test_a_go_live_is_never_canceled(word: str) -> None:
    service = model(kind=PUBLISH, old=[submission("golive-9", "running")])
    outcome, runner = start(service, kind=PUBLISH, if_running=word)
    assert type(outcome) is CppConflict
    assert "golive-9" in str(outcome)
    assert not any(call.path.endswith("/cancel") for call in runner.posts)


def test_nor_is_a_publish_beside_which_a_go_live_runs() -> None:
    service = with_publish()
    service.old.append(submission("golive-9", "running"))
    outcome, runner = start(service, kind=PUBLISH, if_running="restart")
    assert type(outcome) is CppConflict
    assert "golive-9" in str(outcome)
    assert runner.posts == []


@pytest.mark.parametrize(("word", "told"), [("fail", CppConflict), ("adopt", Started), ("restart", Started)])
def test_one_that_is_met_only_by_a_409_is_treated_alike(word: str, told: type) -> None:
    service = model(kind=PUBLISH, others=[Other(0.0, None, PUBLISH, "succeeded")], signoff_after=0.0)

    def late(call: Any, now: float) -> Any:
        if call.method == "GET" and not service.started and not late.posted:  # type: ignore[attr-defined]
            listed = service.others
            service.others = []
            reading = service(call, now)
            service.others = listed
            return reading
        late.posted = True  # type: ignore[attr-defined]
        service._go_on(now)
        service.of["other-0"] = 6
        return service(call, now)

    late.posted = False  # type: ignore[attr-defined]
    outcome, runner = start(late, kind=PUBLISH, if_running=word)
    assert isinstance(outcome, told), outcome
    assert len(service.started) == (word == "restart")
    refused = [record["state"] for record in runner.kept]
    assert "refused" in refused, "no retry takes what runs for its own"


def test_a_read_that_fails_for_now_is_no_reason_to_cancel_anything() -> None:
    service = with_publish(checks=iter(["500"] * 99))
    outcome, runner = start(service, kind=PUBLISH, if_running="restart")
    assert type(outcome) is CppUnavailable
    assert runner.posts == []


@pytest.mark.parametrize(("word", "words"), [("adopt", "would take up"), ("restart", "would cancel what runs")])
def test_a_dry_run_tells_what_would_become_of_it(word: str, words: str) -> None:
    outcome, runner = start(with_publish(), kind=PUBLISH, if_running=word, check=DryRun())
    assert isinstance(outcome, NotStarted)
    assert words in outcome.message
    assert '"revision 6" -> "revision 7"' in outcome.message
    assert runner.posts == []


def test_a_dry_run_fails_where_the_task_would() -> None:
    outcome, runner = start(with_publish(), kind=PUBLISH, check=DryRun())
    assert type(outcome) is CppConflict
    assert runner.posts == []


@pytest.mark.parametrize("word", ["", "Fail", "cancel", None, True, ["adopt"]])
def test_another_word_is_refused(word: object) -> None:
    with pytest.raises(CppConfigurationError, match="'fail', 'adopt', 'restart'"):
        checked_if_running(word)


# One that ends well while it is about to be canceled

#: When it does, as the beginning of the line that is logged before.
MOMENTS = {
    "before the list of a restart": "A publish of this offer runs already",
    "before its cancel": "Canceling ",
}


class EndingWell:
    """A service on which what runs ends well at a moment of a try; whoever cancels it then is refused.

    :param service: the service.
    :param name: what ends well.
    :param moment: one of `MOMENTS`.
    """

    def __init__(self, service: ModelService, name: str, moment: str) -> None:
        self.service, self.name, self.moment = service, name, moment
        self.runner = Runner(self, now=NOW + 60)

    def __call__(self, call: Call, now: float) -> Reading:
        if any(line.startswith(MOMENTS[self.moment]) for line in self.runner.lines()):
            for entry in self.service.old:
                if entry["id"] == self.name:
                    entry["submissionState"] = "completed"
            if any(name == self.name for name, _ in self.service.started):
                self.service.ends_after = 1.0
        return self.service(call, now)

    def run(self, *earlier: Any, **more: Any) -> Any:
        return self.runner.run(replace(PUBLISHING, if_running="restart").once(*earlier, **more))


@pytest.mark.parametrize("moment", MOMENTS)
def test_one_that_ends_well_before_its_cancel_and_has_the_draft_is_taken_up(moment: str) -> None:
    ending = EndingWell(with_publish(7, waits=False), "theirs", moment)
    outcome = ending.run()
    assert (outcome.how, outcome.watched.operation_id) == (How.ADOPTED, "theirs")
    assert (ending.service.started, ending.service.canceled) == ([], [])
    assert any("ended well before it could be canceled, and has the draft" in x for x in ending.runner.lines())


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    ("is_live", "why"), [(True, "doesn't have the draft"), (False, "whether it has the draft")]
)
def test_one_that_ends_well_without_the_draft_or_nobody_knows_is_followed_by_another_and_a_line_says_so(
    moment: str, is_live: bool, why: str
) -> None:
    service = with_publish(6, waits=False)
    if not is_live:
        service.of.pop("theirs")  # customers have something else by now
    ending = EndingWell(service, "theirs", moment)
    outcome = ending.run()
    assert (outcome.how, outcome.watched.operation_id) == (How.POSTED, "publish-1")
    assert service.canceled == []
    (line,) = (each for each in ending.runner.warnings() if "ended well before it could be canceled" in each)
    assert "the draft is published anew" in line
    assert why in line


def started_by_an_earlier_try() -> ModelService:
    service = model(kind=PUBLISH)
    outcome, _ = start(service, kind=PUBLISH, if_running="restart")
    assert isinstance(outcome, Started)
    service.draft += 1  # so that it hasn't the draft any more
    return service


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_an_earlier_try_started_isnt_repeated_though_it_ends_while_it_is_about_to_be_canceled(
    moment: str,
) -> None:
    """Its worker died once Airflow had deleted the record."""
    ending = EndingWell(started_by_an_earlier_try(), "publish-1", moment)
    outcome = ending.run(None, NOW - 60.0, records_are_kept=True)
    assert (outcome.how, outcome.watched.operation_id) == (How.FINISHED, "publish-1")
    assert len(ending.service.started) == 1
    assert ending.service.canceled == []


def test_nor_where_the_worker_dies_as_it_is_about_to_cancel_it() -> None:
    service = started_by_an_earlier_try()
    restarting = replace(PUBLISHING, if_running="restart")
    for dies_after in range(1, 40):
        dying = Runner(service, dies_after=dies_after)
        with contextlib.suppress(WorkerDied):
            dying.run(restarting.once(None, NOW - 60.0, records_are_kept=True))
        if dying.kept and dying.kept[-1]["state"] == "restarting":
            break
    service.ends_after = 1.0
    retry = Runner(service, now=dying.now + 60)
    told = retry.run(restarting.once(dying.kept[-1], NOW, records_are_kept=True))
    assert (told.how, told.watched.operation_id) == (How.FINISHED, "publish-1")
    assert (len(service.started), service.canceled) == (1, [])


def test_a_person_who_clears_the_task_then_gets_the_draft_as_it_is_now() -> None:
    service = started_by_an_earlier_try()
    service.ends_after = 1.0
    record = {
        "of": PUBLISHING.intent.subject,
        "state": "restarting",
        "canceling": f"{ORIGIN}{PATH}/publish-1",
        "may_be_ours": True,
    }
    runner = Runner(service, now=NOW + 60)
    told = runner.run(replace(PUBLISHING, if_running="restart").once(record, math.inf, records_are_kept=True))
    assert (told.how, told.watched.operation_id) == (How.POSTED, "publish-2")


def test_what_somebody_else_cancels_just_before_isnt_published_anew_by_a_retry() -> None:
    """As where a retry finds it canceled already; only whoever clears the task wants another one."""
    service = started_by_an_earlier_try()
    service.outcome = "canceled"
    ending = EndingWell(service, "publish-1", "before the list of a restart")
    with pytest.raises(OperationCanceled, match=r"publish-1 .* was canceled\. Somebody decided so"):
        ending.run(None, NOW - 60.0, records_are_kept=True)
    assert ending.runner.kept[-1]["state"] == "canceled"
    assert len(service.started) == 1


def test_what_is_canceled_while_a_cancel_is_on_its_way_is_published_anew_whoever_did_it() -> None:
    service = started_by_an_earlier_try()
    service.outcome, service.cancels = "canceled", iter(["302"])
    ending = EndingWell(service, "publish-1", "before its cancel")
    outcome = ending.run(None, NOW - 60.0, records_are_kept=True)
    assert (outcome.how, outcome.watched.operation_id) == (How.POSTED, "publish-2")


@pytest.mark.parametrize("state", ["started", "intended"])
@pytest.mark.parametrize("dies_after", [None, *range(2, 9)])
def test_a_retry_after_a_clear_compares_what_the_cleared_try_didnt_take_up(
    state: str, dies_after: int | None
) -> None:
    """The person who cleared the task wants the draft as it is now, and so does every retry after that."""
    service = model(kind=PUBLISH)
    first, runner = start(service, kind=PUBLISH)
    assert isinstance(first, Started)
    service.draft += 1
    record = next(each for each in runner.kept if each["state"] == state)
    cleared = Runner(service, now=NOW + 60, dies_after=dies_after)
    with pytest.raises(WorkerDied if dies_after else CppConflict):
        cleared.run(PUBLISHING.once(record, math.inf, records_are_kept=True))
    retry = Runner(service, now=NOW + 120)
    with pytest.raises(CppConflict, match="a publish runs already"):
        retry.run(PUBLISHING.once(cleared.kept[-1], NOW + 60, records_are_kept=True))
    assert [name for name, _ in service.started] == ["publish-1"]


def test_nor_does_a_retry_forget_it_that_takes_up_what_has_the_draft() -> None:
    service = model(kind=PUBLISH, signoff_after=0.0)
    _, runner = start(service, kind=PUBLISH)
    cleared = Runner(service, now=NOW + 60)
    told = cleared.run(PUBLISHING.once(runner.kept[-1], math.inf, records_are_kept=True))
    assert (told.how, told.watched.operation_id) == (How.REATTACHED, "publish-1")
    assert "anew" not in cleared.kept[-1]
