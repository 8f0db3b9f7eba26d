"""A go-live as a task of Airflow runs it, and what became of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.operators.offer import RECORD_KEY, GoLiveOperator
from tests.running import Store, context_of, run_task

OFFER = "contoso-virtualmachineoffer"


def go_live(store=None, try_number=1, *, before_3_3=False, cleared=False, **arguments):
    """Run a task's try; return its `result` or `error`, and the `record` that it left.

    :param cleared: whether a person cleared the task after the tries before.
    :param before_3_3: whether Airflow has no store, so that the task asks the service.
    """
    store = Store() if store is None else store
    run = SimpleNamespace(start_date=datetime.now(UTC) - timedelta(minutes=1))
    task = GoLiveOperator(**{"task_id": "go_live", "offer_id": OFFER, "retries": 1, **arguments})
    known = None if before_3_3 else store
    context = context_of(task, store=known, try_number=try_number, dag_run=run)
    if cleared:
        context["ti"].max_tries += try_number - 1
    outcome = SimpleNamespace(result=None, error=None)
    try:
        outcome.result = run_task(task, context).result
    except CppError as error:
        outcome.error = error
    outcome.record = store.get(RECORD_KEY)
    return outcome


def posts(portal):
    """Return how many POSTs the service saw."""
    return len([record for record in portal.requests_for("golive") if record.method == "POST"])


def started(portal):
    """Return the go-live operations that the service really started."""
    return [operation for operation in portal.operations(OFFER) if operation.kind == "golive"]


def leads_to(operation, location, hook):
    """Tell whether a location leads to an operation: it names it, or what is there is how the operation is."""
    if location.partition("?")[0].endswith(f"/operations/{operation.id}"):
        return True
    return "product-ingestion" in location and hook().get_operation(location).status in {"running", "succeeded"}


def told(outcome, lines):
    """Return in words what a task did, by its outcome and its log."""
    if outcome.error is not None:
        return in_words(outcome.error)
    log = "\n".join(lines)
    if any(f": adopted {what} " in log for what in ("operation", "go-live", "publish")):
        return "found the operation among the submissions, returned its location"
    assert re.search(": started (operation|go-live|publish) ", log)
    return "returned the location"


def in_words(error):
    """Return an error in words."""
    retried = "Airflow doesn't retry" if isinstance(error, AirflowFailException) else "Airflow may retry"
    return f"`{type(error).__name__}`, {retried}"
