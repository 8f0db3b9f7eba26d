"""What may happen to any service while a task is at it, as Hypothesis draws it."""

from __future__ import annotations

from typing import Any

from hypothesis import note, settings
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.canceled import Canceled
from airflow_provider_cpp.lro.cancelling import MAX_CANCELS
from airflow_provider_cpp.lro.prechecking import Precheck
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from airflow_provider_cpp.wire.retries import MAX_ATTEMPTS
from tests.runner import NOW, Runner
from tests.services.faults import READS
from tests.services.task_model import AFTER_FAILURE, AFTER_START, Task

often = settings(max_examples=4 * settings.default.max_examples)

ended = st.sampled_from(["succeeded", "failed", "canceled"])
words = st.sampled_from(["fail", "adopt", "restart"])
#: So many times in a row the same: a list that can't be read for as long as anybody looks is read 45 times.
times = st.sampled_from([1, 1, 1, 2, 5, 9, 45])
faults = st.lists(st.tuples(st.sampled_from(["answered"] * 6 + sorted(READS)), times), max_size=8)
kinds = st.sampled_from(
    [
        (GO_LIVE, None),
        (GO_LIVE, None),
        (GO_LIVE, Precheck()),
        (GO_LIVE, Precheck()),
        (GO_LIVE, Precheck(skip_if_live=True)),
        (GO_LIVE, Precheck(required=False, skip_if_live=True)),
        (PUBLISH, None),
        (PUBLISH, None),
        (PUBLISH, None),
    ]
)
#: What becomes of each try: after how many requests its worker dies, and what follows a start or a failure.
tries = st.lists(
    st.tuples(
        st.none() | st.integers(1, 12) | st.integers(1, 60),
        st.sampled_from(AFTER_START),
        st.sampled_from([*["retried"] * 3, *AFTER_FAILURE]),
    ),
    min_size=1,
    max_size=5,
)


def run(task: Task, each: list[tuple[int | None, str, str]]) -> None:
    """Run all tries of a task, and one at the end that nothing happens to."""
    try:
        for dies_after, after_start, after_failure in [*each, (None, "told", "retried")]:
            if not task.go(dies_after, after_start, after_failure):
                break
    finally:
        note("\n".join(task.log))


reads_of_a_cancel = st.lists(
    st.tuples(st.sampled_from(["answered"] * 12 + sorted(READS)), st.sampled_from([1, 1, 2, 5, 20, 60])),
    max_size=6,
)


def check_cancel(told: Any, runner: Runner, state: str, *, was_canceled: bool) -> None:
    """Check that what is said of a cancel is true, and that none is hidden that may be on its way.

    :param told: what became of it, or the error.
    :param state: how the operation is now.
    :param was_canceled: whether the service took a cancel.
    """
    assert runner.now - NOW < 2 * 3600, "it ends"
    assert len(runner.posts) <= MAX_CANCELS * MAX_ATTEMPTS
    message = str(told) if isinstance(told, CppError) else told.message
    if isinstance(told, Canceled):
        if told.status in {"canceled", "succeeded", "failed"}:
            assert told.status == state
        if told.status == "nothing_running":
            assert state != "running"
    if "othing was canceled" in message:
        assert not was_canceled
    # With "isn't confirmed" before it, it is about the read that failed.
    if ("nothing was sent" in message.lower() and "isn't confirmed" not in message) or "Not canceling" in message:
        assert runner.posts == []
    if was_canceled and not (isinstance(told, Canceled) and told.status != "unknown"):
        assert "isn't confirmed" in message, "it may be canceled yet"
