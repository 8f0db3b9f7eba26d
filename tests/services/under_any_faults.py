"""What may happen to any service while a task is at it, as Hypothesis draws it."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st

from airflow_provider_cpp.lro.prechecking import Precheck
from airflow_provider_cpp.offers.submission import GO_LIVE, PUBLISH
from tests.services.faults import READS
from tests.services.task_model import AFTER_FAILURE, AFTER_START, Task

EXAMPLES = int(os.environ.get("START_EXAMPLES", "400"))
often = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

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
