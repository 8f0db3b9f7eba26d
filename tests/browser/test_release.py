"""A release in the browser: its graph, its links while it waits, and its story in the log."""

from __future__ import annotations

import re
import time
from urllib.parse import quote

import pytest

from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

pytest.importorskip("playwright", reason="playwright isn't installed: make browser")
from playwright.sync_api import expect

pytestmark = [pytest.mark.airflow, pytest.mark.browser, pytest.mark.timeout(300)]

DAG_ID = "release"
OFFER_ID = "contoso-virtualmachineoffer"
TASK_ID = "wait_until_live"


def begin(local_airflow, portal, offer_id):
    """Begin a release, wait until it waits in the triggerer, and return the run's id."""
    run_id = local_airflow.trigger(DAG_ID, {"offer_id": offer_id})
    wait_for(lambda: state_of(local_airflow, run_id) == "deferred", f"{TASK_ID} to be deferred")
    return run_id


def state_of(local_airflow, run_id, task_id=TASK_ID):
    states = {task["task_id"]: task["state"] for task in local_airflow.task_instances(DAG_ID, run_id)}
    return states[task_id]


def wait_for(is_so, what, seconds=90):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.2)


def next_look(portal, offer_id):
    """Wait until the operation was looked at once more."""
    before = len(portal.requests_for("operation", offer_id))
    wait_for(lambda: len(portal.requests_for("operation", offer_id)) > before, "another look at the operation")


@pytest.fixture(scope="module")
def waiting(local_airflow, portal):
    """A release that waits: its run's id. Nothing goes on until a test lets time pass."""
    portal.add_offer(OFFER_ID, duration=1000)
    return begin(local_airflow, portal, OFFER_ID)


@pytest.fixture(scope="module")
def succeeded(waiting, local_airflow, portal):
    """The same release, live."""
    for _ in range(5):
        next_look(portal, OFFER_ID)
        portal.advance(210)
    assert local_airflow.wait_for_run(DAG_ID, waiting, timeout=90) == "success"
    return waiting


@pytest.fixture(scope="module")
def failed(local_airflow, portal):
    """A release that the service failed."""
    offer_id = "contoso-refused"
    messages = ("The VHD's size isn't a multiple of 1 MB.",)
    portal.add_offer(
        offer_id, outcome="fail", failed_step="displaycertify", failure_messages=messages, duration=1000
    )
    run_id = begin(local_airflow, portal, offer_id)
    next_look(portal, offer_id)
    portal.advance(2000)
    assert local_airflow.wait_for_run(DAG_ID, run_id, timeout=90) == "failed"
    return run_id


def task_page(run_id, tab="", task_id=TASK_ID):
    return f"/dags/{DAG_ID}/runs/{quote(run_id)}/tasks/{task_id}{tab}"


@pytest.mark.parametrize("task_id", ["go_live", TASK_ID])
def test_the_link_is_live_while_the_release_waits(page, waiting, portal, picture, monkeypatch, task_id):
    page.goto(task_page(waiting, "/details", task_id))
    expect(page.get_by_text("Deferred" if task_id == TASK_ID else "Success", exact=True).first).to_be_visible()
    partner_center = page.get_by_role("link", name="Partner Center", exact=True)
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", portal.connection_json())
    (offer,) = (offer for offer in CloudPartnerPortalHook().list_offers() if offer.id == OFFER_ID)
    offers_page = offer.document["pcRedirectUri"].replace("/en-us/", "/")
    expect(partner_center).to_have_attribute("href", offers_page)
    assert re.fullmatch(
        r"https://partner\.microsoft\.com/dashboard/[a-z-]+/offers/[0-9a-f-]{36}/overview", offers_page
    )
    if task_id == TASK_ID:
        tab = page.get_by_role("link", name="Details", exact=True)
        last = page.get_by_text("Dag Version", exact=False).first
        header = page.get_by_text("Deferred").first, page.get_by_text("Operator", exact=True).first, last
        picture(
            "links", *header, page.get_by_role("button", name=re.compile("Mark Task")).last, tab, partner_center
        )


def test_the_graph_shows_that_it_is_deferred(page, waiting, picture):
    page.goto(f"/dags/{DAG_ID}/runs/{quote(waiting)}")
    page.get_by_role("button", name=re.compile("^Show Graph")).click()
    graph = page.locator(".react-flow")
    expect(graph.get_by_text("go_live", exact=True)).to_be_visible()
    expect(graph.get_by_text(TASK_ID, exact=True)).to_be_visible()
    expect(graph.get_by_text("deferred", exact=False).first).to_be_visible()
    picture("graph", graph.locator(".react-flow__node").first, graph.locator(".react-flow__node").last)


def test_the_log_tells_the_story_of_a_release(page, succeeded, picture):
    page.set_viewport_size({"width": 1500, "height": 1250})
    page.goto(task_page(succeeded))
    log = page.get_by_test_id("virtualized-list")
    expect(log).to_contain_text(f"on offer contoso/{OFFER_ID}")
    for part in (
        r"Watching offer .* until \d{4}-\d\d-\d\d .* at step ",
        r"Step Certification \(displaycertify\): \w+, \d+ %, estimated ~2-3 days",
        r"Step Live: complete, 100 %",
        r"Offer .* succeeded\. Live: https://",
    ):
        expect(log).to_contain_text(re.compile(part))
    assert "get_token" not in log.inner_text()
    page.keyboard.press("w")  # wraps the lines
    picture("log", log)


def test_the_log_of_a_failed_release_ends_with_the_services_messages(page, failed):
    page.goto(task_page(failed))
    log = page.get_by_test_id("virtualized-list")
    expect(log).to_contain_text(re.compile(r"Step Certification \(displaycertify\): \w+"))
    expect(log).to_contain_text("The VHD's size isn't a multiple of 1 MB.")
    expect(log).to_contain_text("Correct what is named in the offer, publish it again")
