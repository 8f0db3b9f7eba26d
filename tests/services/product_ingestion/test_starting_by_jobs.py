"""How a publication is started exactly once, by a job that may be lost and rows that may lag behind."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppAuthError,
    CppBadRequest,
    CppConflict,
    CppError,
    CppNotFound,
    CppUnavailable,
)
from airflow_provider_cpp.lro.prechecking import NotStarted, Precheck
from airflow_provider_cpp.lro.records import How, Started
from airflow_provider_cpp.lro.starting import Start
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.product_ingestion.following import Publication
from airflow_provider_cpp.services.product_ingestion.service import ProductIngestion
from tests.runner import NOW, Runner, WorkerDied, answered, refused
from tests.services.faults import Faults
from tests.services.product_ingestion.portal import BASE, GUID, NOT_LATEST, ORIGIN, Portal
from tests.services.product_ingestion.submitted import error
from tests.services.task_model import Task

SERVICE = ProductIngestion(ORIGIN, "2022-07-01")
OFFER = OfferRef("contoso", "vm")


def start(portal: Portal, what: str = "live", *, if_running: str = "fail", **more: Any) -> tuple[Any, Runner]:
    runner = Runner(portal, now=more.pop("now", NOW), dies_after=more.pop("dies_after", None))
    intent = SERVICE.going_live(OFFER) if what == "live" else SERVICE.publishing(OFFER)
    try:
        return runner.run(Start(intent, if_running).once(**more)), runner
    except CppError as failure:
        return failure, runner


def ready_as(portal: Portal, **more: Any) -> Portal:
    """The same product, to which something else happens."""
    for name, value in more.items():
        setattr(portal, name, value)
    return portal


def ready(**more: Any) -> Portal:
    """A product that is live, and has something newer ready in preview."""
    portal = Portal(**more)
    portal.add("live", age=1e7)
    portal.add("preview")
    return portal


class TestGoLive:
    def test_the_preview_is_known_before_the_request_and_kept(self) -> None:
        portal = ready()
        outcome, runner = start(portal)
        assert isinstance(outcome, Started), outcome
        preview = portal.rows[1].number
        assert outcome.how is How.POSTED
        assert outcome.location == (
            f"{ORIGIN}{BASE}/configure/job-1/status#offer=vm&publisher=contoso&product={GUID}&target=live"
            f"&submission={preview}&before={','.join(sorted(row.number for row in portal.rows))}"
        )
        intended = runner.kept[1]
        assert (intended["product"], intended["submission"]) == (GUID, preview)
        assert portal.published == [f"live {preview}"]
        assert len(runner.posts) == 1

    @pytest.mark.parametrize("post", ["lost", "mute"])
    @pytest.mark.parametrize("lag", [0.0, 90.0])
    def test_what_was_accepted_without_a_job_is_found_by_its_id(self, post: str, lag: float) -> None:
        portal = ready(posts=[post], lag=lag)
        outcome, runner = start(portal)
        assert isinstance(outcome, Started), outcome
        assert outcome.how is How.ADOPTED
        assert f"submission/{GUID}/{portal.rows[1].number}#" in outcome.location
        assert len(runner.posts) == 1

    @pytest.mark.parametrize("answer", [500, 502, 408])
    def test_an_answer_of_a_gateway_is_unclear_and_the_rows_decide(self, answer: int) -> None:
        portal = ready(posts=[refused(answer), "job"])
        outcome, runner = start(portal)
        assert isinstance(outcome, Started), outcome
        assert len(runner.posts) == 2
        assert len(portal.published) == 1

    def test_what_left_no_trace_is_sent_once_more_as_the_same_id_can_go_live_once_only(self) -> None:
        portal = ready(posts=["swallowed"])
        outcome, runner = start(portal)
        assert isinstance(outcome, Started), outcome
        assert len(runner.posts) == 2
        assert len(portal.published) == 1

    def test_a_second_request_that_meets_the_first_is_what_the_first_started(self) -> None:
        portal = ready(posts=["lost"], lag=200.0)
        outcome, runner = start(portal)
        assert isinstance(outcome, Started), outcome
        assert outcome.how is How.ADOPTED
        assert len(runner.posts) == 2
        assert len(portal.published) == 1

    def test_nothing_clear_in_the_end_is_ambiguous(self) -> None:
        portal = ready(posts=["swallowed", "swallowed"])
        outcome, runner = start(portal)
        assert isinstance(outcome, AmbiguousOutcome)
        assert len(runner.posts) == 2
        assert "offer contoso/vm" in str(outcome)

    @pytest.mark.parametrize("at_post", [False, True])
    def test_a_conflict_names_what_runs_whether_it_comes_at_once_or_after_the_202(self, at_post: bool) -> None:
        portal = ready(conflict_at_post=at_post)
        theirs = portal.add("live", "pending")
        outcome, runner = start(portal)
        assert isinstance(outcome, CppConflict), outcome
        assert "In Progress submission" in str(outcome)
        assert theirs.number in str(outcome)
        assert portal.published == []
        assert runner.kept[-1]["state"] == "refused"

    def test_what_isnt_the_newest_any_more_is_a_conflict(self) -> None:
        portal = ready()
        runner = Runner(portal)
        procedure = Start(SERVICE.going_live(OFFER)).once()
        portal.posts = ["job"]
        real = portal._configured

        def replaced(body: dict[str, Any], now: float) -> Any:
            portal.rows.pop()
            portal.add("preview", age=0)
            return real(body, now)

        portal._configured = replaced  # type: ignore[method-assign]
        with pytest.raises(CppConflict) as caught:
            runner.run(procedure)
        assert NOT_LATEST in str(caught.value)
        assert str(caught.value).endswith("Nothing was started. Operation job-1."), "ids last"

    def test_what_went_live_by_somebody_else_meanwhile_is_the_answer(self) -> None:
        portal = ready()
        real = portal._configured

        def overtaken(body: dict[str, Any], now: float) -> Any:
            portal.rows[1].target = "live"
            return real(body, now)

        portal._configured = overtaken  # type: ignore[method-assign]
        outcome, _ = start(portal)
        assert isinstance(outcome, Started), outcome
        assert outcome.how is How.ADOPTED

    def test_a_refusal_is_the_services_own(self) -> None:
        refusal = answered(
            400, {"error": error("badRequest", "No.", [error("schemaValidationError", "Bad field.")])}
        )
        outcome, runner = start(ready(posts=[refusal]))
        assert isinstance(outcome, CppBadRequest)
        assert "Bad field." in str(outcome)
        assert "Nothing was started" in str(outcome)
        assert runner.kept[-1]["state"] == "refused"

    def test_what_was_never_published_has_nothing_to_go_live(self) -> None:
        outcome, runner = start(Portal())
        assert isinstance(outcome, CppBadRequest)
        assert runner.posts == []


class TestPublish:
    def test_it_is_sent_once(self) -> None:
        portal = ready()
        outcome, runner = start(portal, "preview")
        assert isinstance(outcome, Started), outcome
        assert portal.published == [f"preview {portal.rows[-1].number}"]
        assert "target=preview" in outcome.location
        assert len(runner.posts) == 1

    @pytest.mark.parametrize("post", ["lost", "mute"])
    def test_what_wasnt_there_before_is_taken(self, post: str) -> None:
        portal = ready(posts=[post], lag=30.0)
        outcome, runner = start(portal, "preview")
        assert isinstance(outcome, Started), outcome
        assert outcome.how is How.ADOPTED
        assert any("adopted" in line for line in runner.lines())
        assert len(runner.posts) == 1

    @pytest.mark.parametrize("post", ["swallowed", "lost", "mute"])
    def test_it_is_never_sent_a_second_time_while_the_first_may_have_been_accepted(self, post: str) -> None:
        portal = ready(posts=[post], lag=1e6)
        outcome, runner = start(portal, "preview")
        assert isinstance(outcome, AmbiguousOutcome), outcome
        assert len(runner.posts) == 1

    def test_nor_by_a_retry_of_a_worker_that_died(self) -> None:
        portal = ready(posts=["lost"], lag=1e6)
        prepared = {"product": GUID, "submission": "", "before": [row.number for row in portal.rows]}
        record = {"of": SERVICE.publishing(OFFER).subject, "state": "intended", **prepared}
        outcome, runner = start(portal, "preview", record=record, since=NOW)
        assert isinstance(outcome, AmbiguousOutcome), outcome
        assert runner.posts == []
        # Whoever clears the task has looked, and gets it.
        outcome, runner = start(portal, "preview", record=runner.kept[-1], since=float("inf"), cleared=True)
        assert isinstance(outcome, AmbiguousOutcome | Started), outcome
        assert len(runner.posts) == 1

    @pytest.mark.parametrize("if_running", ["fail", "adopt", "restart"])
    def test_one_that_runs_is_as_if_running_says(self, if_running: str) -> None:
        portal = Portal()
        theirs = portal.add("preview", "pending")
        outcome, runner = start(portal, "preview", if_running=if_running)
        assert runner.posts == []
        if if_running == "adopt":
            assert isinstance(outcome, Started), outcome
            assert theirs.number in outcome.location
        else:
            assert isinstance(outcome, CppConflict), outcome


class TestRetries:
    """Each of them settles what the try before it did."""

    @pytest.mark.parametrize("what", ["live", "preview"])
    def test_no_death_starts_a_second_one(self, what: str) -> None:
        seen = set()
        for dies_after in range(1, 40):
            for lag in (0.0, 60.0):
                portal = ready(lag=lag)
                try:
                    start(portal, what, dies_after=dies_after)
                except WorkerDied:
                    pass
                else:
                    break
                record = self._kept
                outcome, _ = start(portal, what, record=record, since=NOW, records_are_kept=True, now=NOW + 60)
                seen.add(type(outcome).__name__)
                assert len(portal.published) <= 1, (dies_after, lag, outcome)
                assert isinstance(outcome, Started | AmbiguousOutcome), (dies_after, lag, outcome)
                if what == "live":
                    assert isinstance(outcome, Started), (dies_after, lag, outcome)
                    assert len(portal.published) == 1
        assert "Started" in seen

    @pytest.fixture(autouse=True)
    def _keeping(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._kept: Any = None
        original = Runner._note

        def note(runner: Runner, request: Any) -> None:
            original(runner, request)
            if runner.kept:
                self._kept = runner.kept[-1]

        monkeypatch.setattr(Runner, "_note", note)

    def test_a_job_that_was_refused_after_it_was_accepted_is_started_anew(self) -> None:
        portal = ready()
        ours = portal.rows[-1].number
        known = f"product={GUID}&target=live&submission={ours}"
        handle = SERVICE.located(f"{ORIGIN}{BASE}/configure/job-9/status#{known}")
        portal.posts = ["job"]
        theirs = portal.add("live", "pending")
        outcome, _ = start(portal)
        assert isinstance(outcome, CppConflict)
        portal.rows.remove(theirs)
        record = {"of": SERVICE.going_live(OFFER).subject, "state": "started", "location": handle.url}
        job = portal.last_job
        portal.jobs["job-9"] = job
        outcome, _ = start(portal, record=record, since=NOW, now=NOW + 60)
        assert isinstance(outcome, Started), outcome
        assert len(portal.published) == 1

    @pytest.mark.parametrize("ended", ["worker died", "refused", "refused late", "failed"])
    def test_a_retry_takes_nothing_else_live_than_the_try_before_it_wanted(self, ended: str) -> None:
        portal = ready()
        wanted = portal.rows[-1].number
        if ended == "worker died":
            portal.posts = ["swallowed"]
            with pytest.raises(WorkerDied):
                start(portal, dies_after=6)
        elif ended == "refused":
            start(ready_as(portal, posts=[refused(403)]))
        elif ended == "refused late":
            theirs = portal.add("live", "pending")
            start(portal)
            portal.rows.remove(theirs)
        else:
            start(portal)
            portal.end("failed")
        record = self._kept
        assert record["state"] in {"intended", "refused", "started"}, record
        portal.rows[:] = [row for row in portal.rows if row.number != wanted]
        newer = portal.add("preview", age=0)
        published = list(portal.published)
        outcome, runner = start(portal, record=record, since=NOW, records_are_kept=True, now=NOW + 60)
        assert isinstance(outcome, CppConflict), outcome
        assert wanted in str(outcome)
        assert newer.number in str(outcome)
        assert runner.posts == []
        # Whoever clears the task has looked.
        outcome, _ = start(portal, record=self._kept, since=float("inf"), cleared=True, now=NOW + 120)
        assert isinstance(outcome, Started), outcome
        assert portal.published == [*published, f"live {newer.number}"]

    def test_a_publish_that_a_cleared_task_started_isnt_repeated_where_it_seems_to_run_and_has_ended(self) -> None:
        # A job whose answer says no more than 202 seems to run; by its row it has ended, and has the draft.
        portal = ready(kind="publish", takes=0.0, states=Faults(("202", 1)))
        task = Task(portal, None, True, 60.0, "restart", redrafts=True)
        for after_start, after_failure in (("told", "cleared"), ("died", "retried"), ("told", "retried")):
            task.go(None, after_start, after_failure)
        assert len(portal.started) == 2, "one with the draft before the clear, one with that after"
        assert "How.FINISHED" in task.log[-1] or "How.REATTACHED" in task.log[-1]

    def test_a_record_of_the_other_service_is_left_aside_in_words(self) -> None:
        record = {
            "of": "POST https://cloudpartner.azure.com/api/publishers/contoso/offers/vm/golive",
            "state": "intended",
        }
        outcome, runner = start(ready(), record=record, since=NOW)
        assert isinstance(outcome, Started)
        assert any("left aside" in line for line in runner.warnings())


class TestDue:
    def test_what_is_ready_in_preview_is_due(self) -> None:
        outcome, runner = start(ready(), check=Precheck())
        assert isinstance(outcome, Started), outcome
        assert any("is ready in preview" in line for line in runner.lines())

    def test_what_runs_already_is_taken_up(self) -> None:
        portal = Portal()
        portal.add("live", age=1e7)
        theirs = portal.add("live", "pending")
        outcome, runner = start(portal, check=Precheck())
        assert isinstance(outcome, Started), outcome
        assert theirs.number in outcome.location
        assert runner.posts == []

    @pytest.mark.parametrize("is_also_in_preview", [False, True])
    def test_what_is_live_already_isnt_due(self, is_also_in_preview: bool) -> None:
        portal = Portal()
        row = portal.add("live")
        if is_also_in_preview:
            portal.add("preview", number=row.number)
        outcome, _ = start(portal, check=Precheck(skip_if_live=True))
        assert isinstance(outcome, NotStarted), outcome
        assert outcome.is_live
        outcome, runner = start(portal, check=Precheck())
        assert isinstance(outcome, CppBadRequest)
        assert runner.posts == []

    @pytest.mark.parametrize(
        ("rows", "error_class", "words"),
        [
            ([], CppBadRequest, "never published"),
            ([("preview", "failed")], CppBadRequest, "has come to nothing"),
            ([("live", "succeeded"), ("live", "failed")], CppBadRequest, "go-live, of submission"),
            ([("preview", "pending")], CppConflict, "a publish runs"),
        ],
    )
    def test_nothing_else_is(self, rows: Any, error_class: type[CppError], words: str) -> None:
        portal = Portal()
        for age, (target, result) in enumerate(rows):
            portal.add(target, result, age=1e6 - age * 1e3)
        outcome, runner = start(portal, check=Precheck())
        assert type(outcome) is error_class, outcome
        assert words in str(outcome)
        assert runner.posts == []

    def test_a_dry_run_sends_nothing(self) -> None:
        outcome, runner = start(ready(), check=Precheck(dry_run=True))
        assert isinstance(outcome, NotStarted), outcome
        assert "would send Go Live" in outcome.message
        assert runner.posts == []


class TestProduct:
    def test_one_that_isnt_there_names_offer_and_account(self) -> None:
        outcome, runner = start(Portal(external_ids=()))
        assert isinstance(outcome, CppNotFound)
        assert "contoso" in str(outcome)
        assert "'vm'" in str(outcome)
        assert runner.posts == []

    def test_more_than_one_is_refused(self) -> None:
        outcome, runner = start(Portal(external_ids=("vm", "vm")))
        assert isinstance(outcome, CppBadRequest)
        assert "2 products" in str(outcome)
        assert runner.posts == []

    @pytest.mark.parametrize("answer", [refused(503), refused(401), refused(403)])
    @pytest.mark.parametrize("path", [f"{BASE}/product", f"{BASE}/submission/{GUID}"])
    def test_what_cant_be_read_sends_nothing(self, path: str, answer: Any) -> None:
        outcome, runner = start(ready(answers={path: answer}))
        assert isinstance(outcome, CppUnavailable | CppAuthError)
        assert "Nothing was sent" in str(outcome)
        assert runner.posts == []

    def test_a_durable_id_is_taken_as_the_offers(self) -> None:
        portal = ready()
        runner = Runner(portal)
        intent = SERVICE.going_live(SERVICE.offer("", f"product/{GUID}"))
        outcome = runner.run(Start(intent).once())
        assert isinstance(outcome.watched, Publication)
        assert all(call.path != f"{BASE}/product" for call in runner.sent)
