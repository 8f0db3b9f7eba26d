"""The state of many offers, by the hook, against both services on a real socket."""

from __future__ import annotations

import json
import logging

import pytest

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.exceptions import CppAuthError, CppConfigurationError, CppNotFound
from airflow_provider_cpp.hooks.offers import OffersHook
from airflow_provider_cpp.values import OfferOverview

APIS = ["cloud_partner_portal", "product_ingestion"]
KINDS = {"cloud_partner_portal": "microsoft-azure-virtualmachines", "product_ingestion": "azureVirtualMachine"}

#: By offer: live, preview, what runs, what is waited for.
STANDS = {
    "contoso-draft": (False, False, "", ""),
    "contoso-failed": (False, False, "", "correction"),
    "contoso-live": (True, False, "", ""),
    "contoso-publishing": (True, False, "publish", ""),
    "contoso-ready": (False, True, "", "signoff"),
    "contoso-replaced": (True, True, "", "signoff"),
    "contoso-going": (True, True, "golive", ""),
}


@pytest.fixture(params=APIS)
def api(request):
    return request.param


@pytest.fixture
def portal(api, cpp_emulator, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api=api))
    monkeypatch.setattr("airflow_provider_cpp.wire.retries.pause", lambda *_: 0.001)
    return cpp_emulator


@pytest.fixture
def hook(portal):
    return OffersHook("cpp_default")


@pytest.fixture
def lines(monkeypatch):
    found = []
    monkeypatch.setattr(OffersHook, "say", lambda hook, level, text: found.append((level, text)))
    return found


@pytest.fixture
def catalogue(portal):
    """An offer in each state."""
    seeds = {"contoso-draft": "draft", "contoso-failed": "draft", "contoso-ready": "preview_ready"}
    for offer in STANDS:
        portal.add_offer(offer, state=seeds.get(offer, "live"))
    start = portal.portal
    portal.override("contoso-failed", outcome="fail", duration=0)
    start.publish("contoso", "contoso-failed")
    for offer, duration in (("contoso-publishing", 1000), ("contoso-replaced", 0), ("contoso-going", 0)):
        portal.override(offer, duration=duration)
        start.publish("contoso", offer)
    portal.override("contoso-going", duration=1000)
    start.go_live("contoso", "contoso-going")
    return portal


def requests(portal):
    return [each for each in portal.requests if "/offers" in each.path or "/rp/" in each.path]


def test_each_offer_has_a_row_that_says_how_it_stands(hook, catalogue, api, lines):
    rows = {row.offer_id: row for row in hook.offers_overview(offer_ids=list(STANDS))}
    assert list(rows) == list(STANDS)
    for offer, stands in STANDS.items():
        row = rows[offer]
        running = row.running.kind if row.running else ""
        assert (row.live is not None, row.preview is not None, running, row.waits_for) == stands, offer
        assert (row.waiting is None) == (not row.waits_for), offer
        assert (row.problem, row.kind, row.publisher_id) == ("", KINDS[api], "contoso"), offer
        assert row.name == offer
        assert row.page.startswith("https://partner.microsoft.com/dashboard/"), offer
        for part in (row.live, row.preview, row.running, row.waiting):
            assert part is None or (part.id and part.at and part.time_of), offer
        stored = json.loads(json.dumps(row.to_dict()))
        assert OfferOverview.read(stored) == row, offer
    replaced = rows["contoso-replaced"]
    assert replaced.live.id != replaced.preview.id
    if api == "cloud_partner_portal":
        assert replaced.preview.version == replaced.live.version + 1
        assert rows["contoso-publishing"].running.step
    assert lines == []


def test_without_names_it_is_all_of_them_by_a_bounded_number_of_requests(hook, catalogue, api):
    catalogue.clear_requests()
    rows = hook.offers_overview()
    assert set(STANDS) <= {row.offer_id for row in rows}
    each = {"cloud_partner_portal": 2, "product_ingestion": 1}[api]
    assert len(requests(catalogue)) == 1 + each * len(rows)
    assert {each.method for each in requests(catalogue)} == {"GET"}


@pytest.mark.parametrize("most", [1, 4, 5])
def test_what_is_left_out_is_named(hook, catalogue, lines, most):
    catalogue.clear_requests()
    rows = hook.offers_overview(offer_ids=",".join(STANDS), max_requests=most)
    assert [row.offer_id for row in rows] == list(STANDS)
    assert len(requests(catalogue)) == most
    left_out = [row for row in rows if row.problem]
    assert len(left_out) >= len(STANDS) - most + 1
    assert all(f"max_requests={most}" in row.problem for row in left_out)
    assert all(row.live is None for row in left_out if row.problem.startswith("Not asked"))
    ((level, text),) = lines
    assert level == logging.WARNING
    assert all(row.offer_id in text for row in left_out)


def test_one_that_cant_be_read_loses_no_other(hook, catalogue, lines):
    catalogue.faults.add(Fault("error", action="submissions", offer_id="contoso-live", status=403, times=None))
    catalogue.faults.add(Fault("html", action="submissions", offer_id="contoso-ready", status=200, times=None))
    rows = {row.offer_id: row for row in hook.offers_overview(offer_ids=list(STANDS))}
    broken = {offer for offer, row in rows.items() if row.problem}
    assert broken == {"contoso-live", "contoso-ready"}
    assert "403" in rows["contoso-live"].problem
    assert rows["contoso-live"].name == "contoso-live", "what the list says of it isn't lost"
    assert rows["contoso-going"].running.kind == "golive"
    assert [level for level, _ in lines if level == logging.WARNING]


def test_one_that_the_list_hasnt_is_said_to_be_missing(hook, catalogue):
    missing, live = hook.offers_overview(offer_ids=["contoso-nothing", "CONTOSO-live", "contoso-LIVE"])
    assert missing.offer_id == "contoso-nothing"
    assert "has no offer 'contoso-nothing'" in missing.problem
    assert (live.offer_id, live.problem) == ("contoso-live", "")


def test_a_service_that_is_down_is_asked_for_three_offers_at_most(hook, catalogue):
    catalogue.faults.add(Fault("error", action="submissions", status=503, times=None))
    catalogue.clear_requests()
    rows = hook.offers_overview(offer_ids=list(STANDS))
    asked = {each.offer_id for each in catalogue.requests_for("submissions")}
    assert len(asked) == 3
    assert all(row.problem for row in rows)
    assert sum("seems to be down" in row.problem for row in rows) == len(STANDS) - 3


@pytest.mark.parametrize("api", ["cloud_partner_portal"], indirect=True)
def test_what_was_read_stays_where_the_rest_is_down(hook, catalogue):
    for action in ("status", "operation"):
        catalogue.faults.add(Fault("error", action=action, status=503, times=None))
    rows = hook.offers_overview(offer_ids=["contoso-live", "contoso-going", *STANDS])
    assert [(row.live is not None, "503" in row.problem) for row in rows[:3]] == [
        (True, True),
        (True, True),
        (False, True),
    ]
    assert sum("seems to be down" in row.problem for row in rows) == len(STANDS) - 3


@pytest.mark.parametrize("api", ["cloud_partner_portal"], indirect=True)
def test_refusals_are_no_outage(hook, catalogue):
    catalogue.faults.add(Fault("error", action="submissions", status=403, times=4))
    rows = hook.offers_overview(offer_ids=list(STANDS))
    assert [bool(row.problem) for row in rows] == [True] * 4 + [False] * (len(STANDS) - 4)


def test_a_list_that_is_empty_is_told(hook, portal, lines):
    portal.portal.restore(portal.portal.publishers, [], [], {})
    assert hook.offers_overview() == []
    ((level, text),) = lines
    assert (level, text.partition(".")[0]) == (logging.WARNING, "The list of offers of publisher contoso is empty")


@pytest.mark.parametrize("api", ["cloud_partner_portal"], indirect=True)
def test_a_list_of_too_many_pages_is_an_error_that_says_so(hook, catalogue):
    catalogue.configure(page_size=1)
    with pytest.raises(CppConfigurationError, match="more pages than max_requests=3 lets read"):
        hook.offers_overview(max_requests=3)


def test_a_list_that_cant_be_read_is_an_error(hook, catalogue, api):
    action = {"cloud_partner_portal": "offers", "product_ingestion": "products"}[api]
    catalogue.faults.add(Fault("error", action=action, status=403))
    with pytest.raises(CppAuthError):
        hook.offers_overview()


def test_what_cant_be_is_refused_before_anything_is_sent(hook, portal):
    for most in (0, -1, "5", True, 1.5, None):
        with pytest.raises(CppConfigurationError, match=r"max_requests=.* 1 or more\. Nothing was sent"):
            hook.offers_overview(max_requests=most)
    with pytest.raises(CppConfigurationError, match="offer_ids"):
        hook.offers_overview(offer_ids=[1])
    assert portal.requests == []


@pytest.mark.parametrize("api", ["cloud_partner_portal"], indirect=True)
def test_a_publisher_that_isnt_known_is_an_error(hook):
    with pytest.raises(CppNotFound):
        hook.offers_overview("nobody")


@pytest.mark.parametrize("api", ["product_ingestion"], indirect=True)
def test_a_product_may_be_named_by_its_durable_id(hook, catalogue):
    guid = catalogue.offer("contoso-live").product_id
    (row,) = hook.offers_overview(offer_ids=[f"product/{guid}"])
    assert (row.offer_id, row.problem) == ("contoso-live", "")


@pytest.mark.parametrize("api", ["cloud_partner_portal"], indirect=True)
def test_in_whichever_form_the_service_answers(hook, catalogue):
    forms = [
        {"signoff_status": "waitingForPublisherReview"},
        {"operation_properties": "both", "body_form": "array"},
        {"vocabulary": "mash"},
        {"vocabulary": "pascal", "migrated": False},
        {"offer_versions": "zero"},
        {"offer_versions": "zero", "changed_time": "plain"},
        {"changed_time": "missing"},
        {"changed_time": "equal"},
        {"page_size": 1},
    ]
    usual = catalogue.settings
    for form in forms:
        catalogue.configure(**form)
        rows = {row.offer_id: row for row in hook.offers_overview(offer_ids=list(STANDS))}
        for offer, stands in STANDS.items():
            row = rows[offer]
            running = row.running.kind if row.running else ""
            assert row.problem == "", form
            found = (row.live is not None, row.preview is not None, running, row.waits_for)
            if {"missing", "equal"} & set(form.values()) and offer == "contoso-failed":
                assert found[3] in {"", "correction"}, form
            else:
                assert found == stands, (form, offer)
        catalogue.configure(**{name: getattr(usual, name) for name in form})
