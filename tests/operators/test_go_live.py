"""GoLiveOperator against a Cloud Partner Portal on a real socket."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_cpp.emulator.faults import Fault
from airflow_provider_cpp.exceptions import (
    AmbiguousOutcome,
    CppAuthError,
    CppBadRequest,
    CppConfigurationError,
    CppConflict,
    CppNotFound,
    CppUnavailable,
    OperationCanceled,
    OperationFailed,
    OperationTimeout,
    WatchedOperationFailed,
)
from airflow_provider_cpp.lro import records
from airflow_provider_cpp.operators.offer import RECORD_KEY, GoLiveOperator
from tests.running import Store, context_of, run_task

OFFER = "contoso-virtualmachineoffer"
QUICK = {"poll_interval": 0.05, "max_poll_interval": 0.1}


def operator(**arguments):
    return GoLiveOperator(**{"task_id": "go_live", "offer_id": OFFER, **QUICK, **arguments})


def posts(cpp_emulator):
    return len(cpp_emulator.requests_for("golive"))


def running_operations(cpp_emulator):
    return [
        f"{cpp_emulator.url}/api/publishers/contoso/offers/{OFFER}/operations/{o.id}"
        for o in operations(cpp_emulator)
    ]


def operations(cpp_emulator):
    return [o for o in cpp_emulator.operations(OFFER) if o.kind == "golive"]


def test_it_returns_the_location_as_soon_as_the_request_is_accepted(cpp_emulator):
    task = operator()
    outcome = run_task(task, context_of(task))
    assert outcome.deferrals == []
    assert [outcome.result.partition("?")[0]] == running_operations(cpp_emulator)
    assert posts(cpp_emulator) == 1


@pytest.mark.parametrize("deferrable", [True, False])
class TestWaiting:
    """With `wait_for_completion` the task ends when the operation does, deferred or not."""

    def test_it_succeeds_when_the_offer_is_live(self, cpp_emulator, deferrable):
        task = operator(wait_for_completion=True, deferrable=deferrable)
        outcome = run_task(task, context_of(task))
        assert [outcome.result.partition("?")[0]] == running_operations(cpp_emulator)
        assert len(outcome.deferrals) == (1 if deferrable else 0)
        assert posts(cpp_emulator) == 1

    def test_it_fails_with_the_failed_step_and_its_message_and_a_retry_may_mend_it(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="fail", failure_messages=("<p>No&nbsp;<b>boot</b> disk.</p>",))
        task = operator(wait_for_completion=True, deferrable=deferrable)
        with pytest.raises(OperationFailed, match=r"Certification \(displaycertify\).*No boot disk") as error:
            run_task(task, context_of(task))
        assert not isinstance(error.value, WatchedOperationFailed)

    def test_a_canceled_operation_is_an_error_of_its_own(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="cancel")
        task = operator(wait_for_completion=True, deferrable=deferrable)
        with pytest.raises(OperationCanceled, match="canceled"):
            run_task(task, context_of(task))

    def test_its_own_timeout_says_what_still_runs(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="stall")
        task = operator(wait_for_completion=True, deferrable=deferrable, timeout=timedelta(seconds=0.4))
        with pytest.raises(
            OperationTimeout, match=f"Offer contoso/{OFFER} didn't end within.*nothing was canceled"
        ):
            run_task(task, context_of(task))

    def test_the_execution_timeout_ends_the_wait_too(self, cpp_emulator, deferrable):
        cpp_emulator.configure(outcome="stall")
        task = operator(wait_for_completion=True, deferrable=deferrable, execution_timeout=timedelta(seconds=0.5))
        with pytest.raises(OperationTimeout):
            run_task(task, context_of(task))


def test_the_execution_timeout_counts_what_the_start_took(cpp_emulator):
    cpp_emulator.configure(duration=3)
    cpp_emulator.faults.add(Fault("slow", action="golive", delay=2.0))
    began = time.time()
    task = operator(wait_for_completion=True, execution_timeout=timedelta(seconds=20))
    (deferral,) = run_task(task, context_of(task)).deferrals
    assert deferral.trigger.deadline - began < 19.0


def test_an_unknown_offer_fails_the_task_without_a_retry(cpp_emulator):
    task = operator(offer_id="nowhere")
    with pytest.raises(CppNotFound, match="contoso/nowhere"):
        run_task(task, context_of(task))


@pytest.mark.parametrize(
    "arguments",
    [
        {"poll_interval": 0},
        {"poll_interval": -1},
        {"timeout": 0},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"timeout": timedelta.max},
        {"stuck_after": timedelta(0)},
        {"stuck_after": float("nan")},
    ],
)
def test_an_interval_that_can_not_work_is_refused_while_the_dag_is_parsed(arguments):
    with pytest.raises(CppConfigurationError):
        operator(**arguments)


def test_a_longer_interval_than_the_default_maximum_is_meant_as_it_says():
    assert operator(poll_interval=timedelta(hours=1), max_poll_interval=600)._schedule(30.0).longest == 3600


class TestRecord:
    """Where Airflow keeps a record for the task (3.3 and later), a retry first settles what the last try did."""

    def test_a_success_leaves_no_record_so_that_a_cleared_task_goes_live_again(self, cpp_emulator):
        store = Store()
        for _ in range(2):
            task = operator(wait_for_completion=True, precheck=False)  # nothing new is in preview
            run_task(task, context_of(task, store=store))
            assert store == {}
        assert posts(cpp_emulator) == 2

    def test_a_retry_takes_up_an_operation_that_still_runs(self, cpp_emulator):
        cpp_emulator.configure(duration=60)
        store = Store()
        task = operator(wait_for_completion=True, timeout=0.2)
        with pytest.raises(OperationTimeout):
            run_task(task, context_of(task, store=store))
        assert RECORD_KEY in store
        cpp_emulator.advance(120)
        task = operator(wait_for_completion=True)
        outcome = run_task(task, context_of(task, store=store, try_number=2))
        assert [outcome.result.partition("?")[0]] == running_operations(cpp_emulator)
        assert posts(cpp_emulator) == 1

    def test_a_retry_finishes_without_a_post_what_has_succeeded_since(self, cpp_emulator):
        store = Store()
        task = operator()
        run_task(task, context_of(task, store=_Keeping(store)))
        cpp_emulator.finish(OFFER)
        task = operator()
        outcome = run_task(task, context_of(task, store=store, try_number=2))
        assert [outcome.result.partition("?")[0]] == running_operations(cpp_emulator)
        assert posts(cpp_emulator) == 1

    def test_a_canceled_operation_leaves_no_record_so_that_a_cleared_task_goes_live_again(self, cpp_emulator):
        store = Store()
        cpp_emulator.configure(outcome="cancel")
        task = operator(wait_for_completion=True)
        with pytest.raises(OperationCanceled):
            run_task(task, context_of(task, store=store))
        assert store == {}

    def test_a_retry_starts_anew_after_a_failed_operation(self, cpp_emulator):
        store = Store()
        cpp_emulator.configure(outcome="fail")
        task = operator(wait_for_completion=True)
        with pytest.raises(OperationFailed):
            run_task(task, context_of(task, store=store))
        cpp_emulator.configure(outcome="succeed")
        task = operator(wait_for_completion=True)
        run_task(task, context_of(task, store=store, try_number=2))
        assert [o.kind for o in operations(cpp_emulator)] == ["golive", "golive"]
        assert posts(cpp_emulator) == 2

    def test_a_worker_that_died_between_the_post_and_its_answer_is_settled_by_the_written_intent(
        self, cpp_emulator
    ):
        store = Store()

        class Dying(_Keeping):
            def set(self, key, value, **options):
                if "location" in value:
                    raise KeyboardInterrupt  # the process is gone before the location is kept
                super().set(key, value)

        task = operator()
        with pytest.raises(KeyboardInterrupt):
            run_task(task, context_of(task, store=Dying(store)))
        assert store[RECORD_KEY]["state"] == "intended"
        task = operator()
        outcome = run_task(task, context_of(task, store=store, try_number=2))
        assert [outcome.result.partition("?")[0]] == running_operations(cpp_emulator)
        assert posts(cpp_emulator) == 1

    def test_a_success_that_airflow_never_heard_of_is_not_repeated_by_a_retry(self, cpp_emulator):
        """The worker dies after the record was deleted, and before Airflow knows of the success."""
        store = Store()
        task = operator(wait_for_completion=True, retries=1)
        run_task(task, context_of(task, store=store))
        assert store == {}
        began = datetime.now(UTC) - timedelta(minutes=1)
        context = context_of(task, store=store, try_number=2, dag_run=SimpleNamespace(start_date=began))
        run_task(operator(wait_for_completion=True, retries=1), context)
        assert posts(cpp_emulator) == 1

    @pytest.mark.parametrize("max_tries", [1, 2])
    def test_a_try_that_could_not_begin_is_told_from_one_that_was_through(self, cpp_emulator, max_tries):
        """What completed meanwhile isn't this task's, cleared (try 2 is the first after it) or not."""
        store = Store()
        tries = {"store": store, "dag_run": SimpleNamespace(start_date=datetime.now(UTC) - timedelta(minutes=1))}
        task = operator(retries=1)
        cpp_emulator.faults.add(Fault("error", action="status", status=403, times=None))
        with pytest.raises(CppAuthError):
            run_task(task, context_of(task, try_number=max_tries, **tries))
        cpp_emulator.faults.clear()
        run_task(operator(), context_of(operator()))  # somebody else
        cpp_emulator.finish(OFFER)
        context = context_of(task, try_number=max_tries + 1, **tries)
        context["ti"].max_tries = max_tries
        run_task(operator(retries=1, precheck=False), context)
        assert posts(cpp_emulator) == 2

    def test_nothing_is_sent_if_the_intent_can_not_be_kept(self, cpp_emulator):
        class Full(Store):
            def set(self, key, value, **options):
                raise OSError("the database is full")

        task = operator()
        with pytest.raises(OSError, match="full"):
            run_task(task, context_of(task, store=Full()))
        assert posts(cpp_emulator) == 0

    def test_the_record_holds_no_secret(self, cpp_emulator):
        store = Store()
        task = operator()
        run_task(task, context_of(task, store=_Keeping(store)))
        token = cpp_emulator.requests_for("golive")[0].headers["authorization"].partition(" ")[2]
        assert token not in json.dumps(store)
        assert cpp_emulator.client_secret not in json.dumps(store)


class TestPrecheck:
    """By default nothing is sent unless a version in preview waits for going live."""

    def run(self, **arguments):
        task, store = operator(**arguments), Store()
        try:
            return run_task(task, context_of(task, store=store))
        except AirflowSkipException:
            assert store == {}
            raise

    def test_an_offer_that_was_never_published_is_refused_without_a_post(self, cpp_emulator):
        cpp_emulator.add_offer(OFFER, state="draft")
        with pytest.raises(CppBadRequest, match="Publish it to preview first"):
            self.run()
        assert posts(cpp_emulator) == 0

    def test_a_publish_that_still_runs_is_a_conflict_which_airflow_may_retry(self, cpp_emulator):
        cpp_emulator.add_offer(OFFER, state="draft")
        cpp_emulator.configure(duration=100)
        cpp_emulator.portal.publish("contoso", OFFER)
        with pytest.raises(CppConflict, match="Validate Pre-Requisites"):
            self.run()
        cpp_emulator.finish(OFFER)
        assert self.run().result
        assert posts(cpp_emulator) == 1

    def test_a_failed_publish_is_told_with_its_message(self, cpp_emulator):
        cpp_emulator.add_offer(OFFER, state="draft")
        cpp_emulator.configure(failure_messages=("<p>No&nbsp;<b>boot</b> disk.</p>",))
        cpp_emulator.portal.publish("contoso", OFFER)
        cpp_emulator.finish(OFFER, "fail")
        with pytest.raises(CppBadRequest, match="No boot disk"):
            self.run()
        assert posts(cpp_emulator) == 0

    def test_what_is_live_already_is_refused_or_skipped_or_sent_all_the_same(self, cpp_emulator):
        cpp_emulator.add_offer(OFFER, state="live")
        with pytest.raises(CppBadRequest, match="live already"):
            self.run()
        for more in ({}, {"precheck": False}, {"dry_run": True}):
            with pytest.raises(AirflowSkipException, match="live already"):
                self.run(skip_if_live=True, **more)
        assert posts(cpp_emulator) == 0
        assert self.run(precheck=False).result
        assert posts(cpp_emulator) == 1

    @pytest.mark.parametrize("word", ["running", "waitingForPublisherReview"])
    def test_a_new_version_in_preview_is_never_skipped(self, cpp_emulator, word):
        cpp_emulator.add_offer(OFFER, state="live")
        cpp_emulator.configure(signoff_status=word)
        cpp_emulator.portal.publish("contoso", OFFER)
        cpp_emulator.finish(OFFER)
        assert self.run(skip_if_live=True).result
        assert posts(cpp_emulator) == 1

    @pytest.mark.parametrize("wait", [True, False])
    def test_a_dry_run_sends_nothing_and_returns_nothing(self, cpp_emulator, wait, caplog):
        caplog.set_level("INFO")
        outcome = self.run(dry_run=True, wait_for_completion=wait)
        assert outcome.result is None
        assert outcome.deferrals == []
        assert {record.method for record in cpp_emulator.requests if record.action != "token"} == {"GET"}

    @pytest.mark.parametrize("skip_if_live", [True, False])
    def test_a_dry_run_leaves_the_record_of_what_was_done_before(self, cpp_emulator, skip_if_live):
        cpp_emulator.add_offer(OFFER, state="live")
        record = {"state": "unclear"}
        store = Store({RECORD_KEY: record})
        task = operator(dry_run=True, precheck=False, skip_if_live=skip_if_live)
        with suppress(AirflowSkipException):
            run_task(task, context_of(task, store=store, try_number=2))
        assert store == {RECORD_KEY: record}

    def test_a_dry_run_is_no_attribute_that_hides_airflows_method(self):
        assert callable(getattr(operator(dry_run=True), "dry_run", print))

    def test_a_service_that_is_down_is_no_answer(self, cpp_emulator, monkeypatch):
        monkeypatch.setattr("airflow_provider_cpp.wire.retries.MAX_ATTEMPTS", 2)
        cpp_emulator.faults.add(Fault("error", action="status", status=503, times=None))
        with pytest.raises(CppUnavailable, match="Get status"):
            self.run()
        assert posts(cpp_emulator) == 0


class _Keeping(Store):
    """A store whose record survives the end of the task, as when a worker dies just before it."""

    def __init__(self, kept):
        super().__init__()
        self._kept = kept

    def set(self, key, value, **options):
        self._kept.set(key, value)

    def get(self, key, default=None):
        return self._kept.get(key, default)


class TestWithoutRecord:
    """Below Airflow 3.3 the same questions are put to the service."""

    @pytest.fixture(autouse=True)
    def _no_patience(self, monkeypatch):
        monkeypatch.setattr(records, "RECONCILE_PAUSES", (0.05,))

    def run_again(self, *, try_number=2, max_tries=1, began=None, **arguments):
        """Run a task with one retry; each clear raises its `max_tries` to the tries so far and that one."""
        task = operator(retries=1, **arguments)
        began = began or datetime.now(UTC) - timedelta(minutes=1)
        context = context_of(task, try_number=try_number, dag_run=SimpleNamespace(start_date=began))
        context["ti"].max_tries = max_tries
        return run_task(task, context)

    def test_a_retry_takes_up_an_operation_that_still_runs(self, cpp_emulator):
        run_task(operator(), context_of(operator()))
        outcome = self.run_again()
        assert [outcome.result.partition("?")[0]] == running_operations(cpp_emulator)
        assert posts(cpp_emulator) == 1

    def test_a_retry_finishes_without_a_post_what_succeeded_since_the_run_began(self, cpp_emulator):
        run_task(operator(), context_of(operator()))
        cpp_emulator.finish(OFFER)
        self.run_again()
        assert posts(cpp_emulator) == 1

    def test_an_older_success_is_not_taken_for_the_last_trys(self, cpp_emulator):
        run_task(operator(), context_of(operator()))
        cpp_emulator.finish(OFFER)
        self.run_again(precheck=False, began=datetime.now(UTC) + timedelta(minutes=1))
        assert posts(cpp_emulator) == 2

    def test_a_cleared_task_goes_live_again(self, cpp_emulator):
        run_task(operator(), context_of(operator()))
        cpp_emulator.finish(OFFER)
        self.run_again(precheck=False, max_tries=2)
        assert posts(cpp_emulator) == 2

    def test_a_cleared_task_takes_up_what_still_runs(self, cpp_emulator):
        run_task(operator(), context_of(operator()))
        self.run_again(max_tries=2)
        assert posts(cpp_emulator) == 1

    def test_a_retry_after_a_failed_operation_starts_anew(self, cpp_emulator):
        run_task(operator(), context_of(operator()))
        cpp_emulator.finish(OFFER, "fail")
        self.run_again()
        assert posts(cpp_emulator) == 2

    @pytest.mark.parametrize("tries", [{"try_number": 3, "max_tries": 2}, {"try_number": 2, "max_tries": 4}])
    @pytest.mark.parametrize("precheck", [True, False])
    def test_a_retry_after_a_clear_sends_nothing_if_a_go_live_completed_meanwhile(
        self, cpp_emulator, tries, precheck
    ):
        """Nor one for which it isn't known, as `retries` was changed since the run began."""
        run_task(operator(), context_of(operator()))
        cpp_emulator.finish(OFFER)
        (done,) = operations(cpp_emulator)
        with pytest.raises(AmbiguousOutcome, match=f"{done.id}.*once more, clear this task"):
            self.run_again(precheck=precheck, **tries)
        assert posts(cpp_emulator) == 1
        self.run_again(precheck=False, try_number=4, max_tries=4)  # cleared, as the message says
        assert posts(cpp_emulator) == 2

    def test_a_retry_after_the_clear_of_a_run_that_had_ended_goes_live(self, cpp_emulator):
        """Such a run begins anew, so that what completed before is told from what a cleared try started."""
        run_task(operator(), context_of(operator()))
        cpp_emulator.finish(OFFER)
        began = datetime.now(UTC) + timedelta(minutes=1)
        self.run_again(precheck=False, try_number=3, max_tries=2, began=began)
        assert posts(cpp_emulator) == 2

    def test_a_retry_after_a_clear_takes_up_what_still_runs(self, cpp_emulator):
        run_task(operator(), context_of(operator()))
        outcome = self.run_again(try_number=3, max_tries=2)
        assert [outcome.result.partition("?")[0]] == running_operations(cpp_emulator)
        assert posts(cpp_emulator) == 1

    def test_a_retry_of_a_run_whose_begin_is_not_known_sends_nothing_after_a_success(self, cpp_emulator):
        run_task(operator(), context_of(operator()))
        cpp_emulator.finish(OFFER)
        task = operator(retries=1, precheck=False)
        with pytest.raises(AmbiguousOutcome):
            run_task(task, context_of(task, try_number=2))
        assert posts(cpp_emulator) == 1
