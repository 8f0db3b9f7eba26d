"""What the documents say of which state an offer is in: also where they say little, or contradict each other."""

from __future__ import annotations

from airflow_provider_cpp.exceptions import UntrustedLocation
from airflow_provider_cpp.lro.operations import Operation, Step
from airflow_provider_cpp.offers.submission import Submission
from airflow_provider_cpp.services.cloud_partner_portal.release_state import release_state_by
from airflow_provider_cpp.services.cloud_partner_portal.service import CloudPartnerPortal
from airflow_provider_cpp.services.cloud_partner_portal.submissions import read_submission
from tests.runner import Runner, answered
from tests.services.cloud_partner_portal.scripted import OFFER, ORIGIN, PUBLISHER, step, submission

SIGNOFF = Step("publisher-signoff", "Publisher signoff", "waitingForPublisherReview")
RUNS = Operation("running", "running", (Step("displaycertify", "Certification", "inProgress", 40),))
WAITS = Operation("running", "running", (SIGNOFF,))
OVER = Operation("succeeded", "succeeded")


def row(number, what, state="succeeded", at=None, version=None):
    return Submission(number, what, state, state, at, version)


def ids(release_state):
    parts = release_state.live, release_state.preview, release_state.running, release_state.waiting
    return (*(part and part.id for part in parts), release_state.waits_for)


CASES = {
    "nothing was ever published": ([], OVER, (None, None, None, None, "")),
    "the newest go-live is live, in whichever order": (
        [row("3", "golive", at=30), row("2", "golive", at=40), row("1", "golive", at=20)],
        OVER,
        ("2", None, None, None, ""),
    ),
    "by versions where times are missing": (
        [row("1", "golive", version=3), row("2", "golive", version=4), row("3", "publish", version=5)],
        OVER,
        ("2", "3", None, None, ""),
    ),
    "which one is live isn't guessed, and what may be older isn't said to be in preview": (
        [row("1", "golive"), row("2", "golive"), row("3", "publish")],
        OVER,
        ("", None, None, None, ""),
    ),
    "one time alone says nothing": (
        [row("1", "golive"), row("3", "publish", at=50)],
        OVER,
        ("1", None, None, None, ""),
    ),
    "times before versions, which may all be one": (
        [row("1", "golive", at=40, version=1), row("3", "publish", at=50, version=0)],
        OVER,
        ("1", "3", None, None, ""),
    ),
    "a publish waits though it is listed as completed": (
        [row("1", "golive", at=40), row("2", "publish", at=50)],
        WAITS,
        ("1", "2", None, "2", "signoff"),
    ),
    "one waits, and the list has none that is newer than what is live": (
        [row("1", "golive", at=40), row("2", "publish", at=30)],
        WAITS,
        ("1", "", None, "", "signoff"),
    ),
    "a go-live that runs waits for nobody, whatever its steps say": (
        [row("1", "golive", "running", at=60), row("2", "publish", at=50)],
        WAITS,
        (None, "2", "1", None, ""),
    ),
    "what ended since it was listed doesn't run": (
        [row("1", "golive", "running", at=60), row("2", "publish", at=50)],
        OVER,
        ("1", None, None, None, ""),
    ),
    "the last one failed": (
        [row("1", "golive", at=40), row("2", "publish", "failed", at=50)],
        Operation("failed", "failed"),
        ("1", None, None, "2", "correction"),
    ),
    "one failed before": (
        [row("1", "golive", at=60), row("2", "publish", "failed", at=50)],
        OVER,
        ("1", None, None, None, ""),
    ),
    "which was the last isn't known": (
        [row("1", "golive"), row("2", "publish", "failed")],
        OVER,
        ("1", None, None, None, ""),
    ),
    "a step asks for somebody while it runs": (
        [row("2", "publish", "running", at=50)],
        Operation("running", "running", (Step("displaycertify", "Certification", "blocked"),)),
        (None, None, "2", "2", "correction"),
    ),
    "a canceled one is nothing": (
        [row("2", "publish", "canceled", at=50)],
        Operation("canceled", "canceled"),
        (None, None, None, None, ""),
    ),
    "what runs couldn't be read": (
        [row("2", "publish", "running", at=50)],
        None,
        (None, None, "2", None, ""),
    ),
}


def test_how_an_offer_stands():
    for case, (rows, now, stands) in CASES.items():
        assert ids(release_state_by(rows, now)) == stands, case
        assert ids(release_state_by(rows[::-1], now)) == stands, f"{case}: in the other order"


def test_what_runs_is_at_a_step():
    assert release_state_by([row("2", "publish", "running", at=50)], RUNS).running.step == (
        "Certification (displaycertify): inProgress, 40 %"
    )


def test_an_operation_that_leads_nowhere_is_named_and_costs_nothing_else():
    """A list's id is no more trusted than a header; and its offer's name says nothing about the others."""
    entries = [submission("../../evil", "running", slot="staging"), submission("1", "succeeded")]
    service = CloudPartnerPortal(ORIGIN, "2017-10-31")
    runner = Runner([answered(200, entries)])
    offers = Runner([answered(200, [{"id": OFFER}])]).run(service.offers(PUBLISHER)).entries
    release_state = runner.run(service.release_state(offers[0], PUBLISHER))
    assert release_state.live.id == "1"
    assert isinstance(release_state.error, UntrustedLocation)
    assert len(runner.sent) == 1


def test_the_pages_own_sample_is_understood():
    """Of the retrieve-operations page: a publish that runs, with a time of seven digits."""
    entry = read_submission(submission("a-b", "running", slot="staging"))
    document = {"status": "running", "messages": [], "steps": [step()]}
    service = CloudPartnerPortal(ORIGIN, "2017-10-31")
    offers = Runner([answered(200, [{"id": OFFER}])]).run(service.offers(PUBLISHER)).entries
    runner = Runner(
        [answered(200, [submission("56615b67-2185-49fe-80d2-c4ddf77bb2e8", "running", slot="staging")]),
         answered(200, [document])]
    )  # fmt: skip
    release_state = runner.run(service.release_state(offers[0], PUBLISHER))
    assert (release_state.running.at, release_state.running.version) == (entry.changed_at, 2)
    assert release_state.status == "running"


def test_what_runs_has_run_since_it_was_created_where_the_operation_says_so():
    """Of the retrieve-operations page: `createdDateTime` is in its table, `[...]` around it in its sample."""
    runs = submission("56615b67-2185-49fe-80d2-c4ddf77bb2e8", "running", slot="staging")
    service = CloudPartnerPortal(ORIGIN, "2017-10-31")
    offers = Runner([answered(200, [{"id": OFFER}])]).run(service.offers(PUBLISHER)).entries
    blocked = step(status="blocked")
    for name, steps, wrapped in (("createdDateTime", [], True), ("CreatedDateTime", [blocked], False)):
        document = {"status": "running", "steps": steps, name: "2018-03-20T10:00:00Z"}
        runner = Runner([answered(200, [runs]), answered(200, [document] if wrapped else document)])
        release_state = runner.run(service.release_state(offers[0], PUBLISHER))
        assert (release_state.running.at, release_state.running.time_of) == (1521540000.0, "created")
        if steps:
            assert release_state.waiting.time_of == "changed", "it asks for somebody since it changed"
