"""Any sequence of faults: what is told of a cancel is true, and no cancel that may be on its way is hidden."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppError
from airflow_provider_cpp.lro.cancelling import Cancel, CancelOffer
from airflow_provider_cpp.offers.refs import OfferRef
from airflow_provider_cpp.services.cloud_partner_portal.locations import OperationLocation
from airflow_provider_cpp.services.cloud_partner_portal.operations_on import Submissions
from airflow_provider_cpp.wire.answers import Reading
from airflow_provider_cpp.wire.call import Call
from tests.runner import NOW, Runner, answered, refused
from tests.services.cloud_partner_portal.model_service import POSTS
from tests.services.cloud_partner_portal.scripted import GUID, OFFER, ORIGIN, PUBLISHER, submission
from tests.services.faults import READS
from tests.services.under_any_faults import check_cancel, often, reads_of_a_cancel

#: What becomes of a cancel, by the same names; an answered one is a 202 without anything.
cancels = st.lists(st.sampled_from(sorted(POSTS) + ["answered", "lost answer", "lost request"] * 4), max_size=6)


class Canceling:
    """One operation, which a cancel ends after a while, if it doesn't end by itself before."""

    def __init__(self, posts: list[str], how_read: list[tuple[str, int]], **more: Any) -> None:
        self.posts = iter(posts)
        self.reads = iter([name for name, count in how_read for _ in range(count)])
        self.ends_after: float | None = more["ends_after"]
        self.outcome: str = more["outcome"]
        self.takes: float | None = more["takes"]
        self.gone: int | None = more["gone"]
        self.word: str = more["word"]
        self.taken_at: float | None = None

    def __call__(self, call: Call, now: float) -> Reading:
        if call.method == "POST":
            assert call.path.endswith("/cancel")
            acts, reading = POSTS[next(self.posts, "answered")]
            if acts and self.taken_at is None:
                self.taken_at = now
            if isinstance(reading, CppError):
                raise reading
            return answered(202) if reading is None else reading
        reading = READS[next(self.reads, "answered")]
        if isinstance(reading, CppError):
            raise reading
        if reading is not None:
            return reading
        if call.path.endswith("/submissions/"):
            return answered(200, [submission("old", "completed"), submission(GUID, self.state(now))])
        if self.gone is not None:
            return refused(self.gone)
        return answered(200, {"status": self.state(now), "cancellationRequestState": self.word})

    def state(self, now: float) -> str:
        by_itself = None if self.ends_after is None else NOW + self.ends_after
        canceled = None if self.taken_at is None or self.takes is None else self.taken_at + self.takes
        if by_itself is not None and now >= by_itself and (canceled is None or by_itself <= canceled):
            return self.outcome
        return "running" if canceled is None or now < canceled else "canceled"


services = st.builds(
    Canceling,
    cancels,
    reads_of_a_cancel,
    ends_after=st.none() | st.none() | st.floats(0, 400),
    outcome=st.sampled_from(["succeeded", "failed", "canceled"]),
    takes=st.none() | st.floats(0, 400) | st.floats(0, 400),
    gone=st.sampled_from([None, None, None, None, 404, 410]),
    word=st.sampled_from(["canCancel", "", "cannotCancel"] + ["canCancel"] * 5),
)


@often
@given(services, st.booleans())
def test_what_is_told_of_a_cancel_is_true(service: Canceling, is_of_offer: bool) -> None:
    of_offer = CancelOffer(Submissions(ORIGIN, OfferRef(PUBLISHER, OFFER)))
    cancel = Cancel(OperationLocation(ORIGIN, PUBLISHER, OFFER, GUID))
    runner = Runner(service, latency=0.05)
    told: Any = None
    try:
        told = runner.run((of_offer if is_of_offer else cancel).confirmed(draw=lambda: 0.5))
    except CppError as error:
        told = error

    check_cancel(told, runner, service.state(runner.now), was_canceled=service.taken_at is not None)
