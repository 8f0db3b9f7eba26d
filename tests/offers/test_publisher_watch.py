"""Which offers are looked at, when, and what is made of what comes back."""

from __future__ import annotations

import logging

import pytest

from airflow_provider_cpp.lro.schedule import PollSchedule
from airflow_provider_cpp.offers.publisher_watch import SWEEP, PublisherWatch
from airflow_provider_cpp.services.cloud_partner_portal.service import CloudPartnerPortal
from airflow_provider_cpp.wire.answers import Answer
from tests.runner import LOST, UNTRUSTED, Runner, answered, refused
from tests.services.cloud_partner_portal.scripted import ORIGIN, PUBLISHER, submission


class Service:
    """Offers with their submissions; what it is told to answer instead, it does."""

    def __init__(self, *offers):
        self.offers = {offer: {"id": offer, "status": "succeeded", "version": 1} for offer in offers}
        self.submissions = {offer: [submission(f"{offer}-1", "succeeded")] for offer in offers}
        self.instead = {}

    def __call__(self, call, now):
        tail = call.path.removeprefix(f"/api/publishers/{PUBLISHER}/offers").strip("/")
        if tail in self.instead:
            return self.instead[tail]
        if not tail:
            return answered(200, list(self.offers.values()))
        return answered(200, self.submissions[tail.split("/")[0]])

    def fail(self, offer, reading):
        self.instead["" if offer is None else f"{offer}/submissions"] = reading


class Watching(Runner):
    def __init__(self, service):
        super().__init__(service)
        self.watch = PublisherWatch(
            PUBLISHER, CloudPartnerPortal(ORIGIN, "2017-10-31"), PollSchedule(60.0, 600.0), draw=lambda: 0.5
        )

    def look(self):
        self.sent.clear()
        return self.run(self.watch.look())

    def read(self):
        """Which offers the last look read."""
        return [call.path.split("/")[5] for call in self.sent[1:]]


def ids(look):
    return {offer: None if live is None else [each.operation_id for each in live] for offer, live in look.items()}


@pytest.fixture
def service():
    return Service("a", "b", "c")


@pytest.fixture
def watching(service):
    return Watching(service)


def test_the_first_look_reads_every_offer_and_the_next_only_the_list(watching):
    assert ids(watching.look()) == {"a": ["a-1"], "b": ["b-1"], "c": ["c-1"]}
    assert watching.read() == ["a", "b", "c"]
    watching.now += 60
    assert ids(watching.look()) == {"a": ["a-1"], "b": ["b-1"], "c": ["c-1"]}
    assert watching.read() == []


def test_an_offer_is_read_when_the_list_shows_a_change_of_it(service, watching):
    watching.look()
    service.offers["b"]["status"] = "running"
    watching.look()
    assert watching.read() == ["b"]


def test_an_offer_that_is_going_live_is_read_at_every_look(service, watching):
    service.submissions["c"] = [submission("c-2", "running")]
    watching.look()
    watching.look()
    assert watching.read() == ["c"]
    service.submissions["c"] = [submission("c-2", "completed")]
    assert ids(watching.look())["c"] == ["c-2"]
    watching.look()
    assert watching.read() == []


def test_a_go_live_that_the_list_does_not_show_is_found_within_the_hour(service, watching):
    watching.look()
    service.submissions["a"].append(submission("a-2", "succeeded"))
    watching.now += SWEEP - 1
    assert ids(watching.look())["a"] == ["a-1"]
    watching.now += 1
    assert ids(watching.look())["a"] == ["a-1", "a-2"]


def test_it_looks_in_proportion_to_how_long_nothing_has_changed(service, watching):
    pauses = []
    watching.look()
    for _ in range(40):
        pauses.append(watching.watch.pause())
        watching.now += pauses[-1]
        watching.look()
    assert pauses[0] == 60.0
    assert pauses == sorted(pauses)
    assert pauses[-1] == 600.0
    service.offers["a"]["version"] = 2
    watching.look()
    assert watching.watch.pause() == 60.0


def test_a_list_that_cannot_be_read_is_no_look_and_forgets_nothing(service, watching):
    watching.look()
    service.fail(None, refused(500))
    watching.now += 3000
    assert watching.look() is None
    assert watching.watch.pause() == 60.0
    service.instead.clear()
    assert ids(watching.look())["a"] == ["a-1"]
    assert watching.read() == []
    assert any("works again" in line for line in watching.lines())


@pytest.mark.parametrize(
    "reading", [answered(200, b"<html>"), answered(200, {"error": 1}), answered(200, [{"x": 1}])]
)
def test_what_is_no_list_is_no_look(service, watching, reading):
    service.fail(None, reading)
    assert watching.look() is None
    assert watching.watch.pause() == 60.0


@pytest.mark.parametrize("reading", [refused(401), refused(403), refused(404), UNTRUSTED])
def test_a_refusal_is_an_error_in_the_log_ever_more_seldom_and_is_tried_with_patience(service, watching, reading):
    for number in range(24):
        if isinstance(reading, Answer):
            reading.headers["x-ms-request-id"] = str(number)
        service.fail(None, reading)
        assert watching.look() is None
        assert watching.watch.pause() == 600.0
        watching.now += 600
    assert len(watching.lines(logging.ERROR)) == 6, "at first, then after 10, 20, 40, 80 and 160 minutes"


def test_an_offer_that_cannot_be_read_hides_no_other_and_is_tried_again(service, watching):
    service.fail("a", refused(500))
    assert ids(watching.look()) == {"a": None, "b": ["b-1"], "c": ["c-1"]}
    watching.look()
    assert watching.read() == ["a"]
    service.instead.clear()
    assert ids(watching.look())["a"] == ["a-1"]
    assert len(watching.warnings()) == 1


def test_a_throttled_look_stops_waits_as_asked_and_goes_on_with_the_others_first(service, watching):
    service.fail("a", refused(429, Retry_After="90"))
    assert ids(watching.look()) == {"a": None, "b": None, "c": None}
    assert watching.read() == ["a"]
    assert watching.watch.pause() == 90.0
    watching.now += 90
    watching.look()
    assert watching.read() == ["b", "c", "a"]


def test_a_service_that_does_not_answer_is_not_asked_for_each_offer(service, watching):
    service.fail("a", LOST)
    watching.look()
    assert watching.read() == ["a"]


def test_an_offer_whose_name_cannot_be_asked_for_hides_no_other(service, watching):
    service.offers = {"..": {"id": ".."}, **service.offers}
    assert ids(watching.look()) == {"..": None, "a": ["a-1"], "b": ["b-1"], "c": ["c-1"]}


def test_an_offer_that_is_gone_is_not_shown(service, watching):
    watching.look()
    del service.offers["b"]
    assert set(watching.look()) == {"a", "c"}
