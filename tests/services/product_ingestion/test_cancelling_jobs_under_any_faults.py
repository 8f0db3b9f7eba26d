"""Any sequence of faults: what is told of a cancel is true, and no cancel that may be on its way is hidden."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.cancelling import Cancel
from airflow_provider_cpp.services.product_ingestion.service import ProductIngestion
from tests.runner import NOW, Runner
from tests.services.faults import Faults
from tests.services.product_ingestion.portal import BASE, GUID, ORIGIN, POSTS, Portal
from tests.services.under_any_faults import check_cancel, ended, often, reads_of_a_cancel

cancels = st.lists(st.sampled_from(sorted(POSTS) + ["job", "lost", "swallowed"] * 4), max_size=6)


@often
@given(
    cancels,
    reads_of_a_cancel,
    reads_of_a_cancel,
    st.none() | st.none() | st.floats(0, 400),
    ended,
    st.sampled_from(["preview", "live"]),
    st.none() | st.none() | st.floats(0, 300),
)
def test_what_is_told_of_a_cancel_is_true(
    posts: list[str],
    of_jobs: list[tuple[str, int]],
    of_rows: list[tuple[str, int]],
    takes: float | None,
    outcome: str,
    target: str,
    forgets: float | None,
) -> None:
    portal = Portal(
        cancel_posts=posts, states=Faults(*of_jobs), listed=Faults(*of_rows), forgets=forgets, outcome=outcome
    )
    portal.add("live", age=1e7)
    preview = portal.add("preview")
    job = portal.post(target, NOW, by="us", number=preview.number if target == "live" else "")
    job.takes, job.outcome = takes, outcome
    assert job.submission is not None
    submission, product = job.submission.number, f"#product={GUID}&target={target}"
    location = f"{ORIGIN}{BASE}/configure/{job.id}/status{product}&submission={submission}"
    runner = Runner(portal, latency=0.05)
    told: Any
    try:
        cancel = Cancel(ProductIngestion(ORIGIN, "2022-07-01").located(location))
        told = runner.run(cancel.confirmed(draw=lambda: 0.5))
    except CppError as error:
        told = error
    check_cancel(told, runner, portal.state(job.name, runner.now), was_canceled=portal.canceled != [])
