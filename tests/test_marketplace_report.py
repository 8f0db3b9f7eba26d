"""The daily report: its tasks, and its page, which shows whatever anybody wrote, and runs none of it."""

from __future__ import annotations

import re
import runpy
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_cpp.emulator import Fault
from airflow_provider_cpp.values import OfferOverview, Submitted, overview_report

DAG_FILE = Path(__file__).parent.parent / "dags" / "marketplace_report.py"
NOW = 1_796_027_640.0
DAY = 86400.0

#: What somebody may write into an offer's name, or a service into an error.
NASTY = "<script>alert('x')</script> \"q\" & | `c` [l](javascript:x) **b** {{ 7*7 }}"


@pytest.fixture(scope="module")
def dag_file():
    return runpy.run_path(str(DAG_FILE))


@pytest.fixture
def run(dag_file, monkeypatch, tmp_path):
    """Runs both tasks with these params, the second as if it were some seconds later; returns the Markdown."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    params = {"connection": "cpp_default", "publisher_id": None, "offer_ids": None, "waiting_hours": 24}
    usual = {**params, "max_requests": 500, "file": "reports/marketplace.html"}
    look, report = (dag_file[name].function for name in ("look", "report"))

    def both(later=0.0, **given):
        seen = look({**usual, **given})
        return report({**seen, "at": seen["at"] + later}, {**usual, **given})

    return both


def page(tmp_path):
    return (tmp_path / "reports" / "marketplace.html").read_text(encoding="utf-8")


class Seen(HTMLParser):
    """Which elements and addresses a page has."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.addresses, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        if tag not in {"meta", "link"}:
            self.open.append(tag)
        self.addresses += [value for name, value in attrs if name in {"href", "src", "srcset", "action"}]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("api", ["cloud_partner_portal", "product_ingestion"])
def test_both_forms_say_how_the_offers_stand(run, tmp_path, cpp_emulator, monkeypatch, caplog, api):
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api=api))
    cpp_emulator.add_offer("contoso-live", state="live")
    cpp_emulator.add_offer("contoso-draft", state="draft")
    caplog.set_level("INFO")
    markdown = run(later=30 * 3600)
    told = page(tmp_path)
    assert str(tmp_path / "reports" / "marketplace.html") in caplog.text
    for text in (markdown, told):
        urgent, others = text.rsplit("All others", 1)
        assert "contoso-virtualmachineoffer" in urgent
        assert "sign-off: look at the preview, and go live" in urgent
        assert "contoso-live" in others
        assert "contoso-draft" in others
        assert "30 hours" in urgent
        assert " UTC" in urgent
    relaxed = run(later=30 * 3600, waiting_hours=48)
    assert "All offers" in relaxed
    assert "or longer" not in relaxed
    assert "3 offers: 1 waiting for a person" in relaxed


def test_what_others_wrote_is_shown_and_does_nothing(dag_file):
    part = Submitted("1", "publish", None, NOW - 3 * DAY, "changed", NASTY)
    rows = [
        OfferOverview("vm", "contoso", NASTY, NASTY, running=part, waiting=part, waits_for="correction"),
        OfferOverview("other", problem=NASTY),
    ]
    report = overview_report(rows, NOW, DAY)
    html = dag_file["rendered"](report, "marketplace.html")
    seen = Seen(html)
    assert seen.open == []
    assert "script" not in seen.elements
    assert seen.addresses == ["data:,"]
    assert html.count("&lt;script&gt;") == 4
    assert "{{ 7*7 }}" in html, "what is put into a template is none itself"
    markdown = dag_file["rendered"](report, "marketplace.md")
    assert not re.search(r"(?<!\\)[\[`]", markdown)
    assert [line for line in markdown.splitlines() if re.search(r"(?<!\\)<(?!br>)", line)] == []
    tables = [line for line in markdown.splitlines() if line.startswith("| **")]
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in tables] == [6, 6]


def test_the_page_needs_nothing_else(dag_file):
    page = "https://partner.microsoft.com/dashboard/commercial-marketplace/offers/1/overview"
    html = dag_file["rendered"](overview_report([OfferOverview("vm", page=page)], NOW, DAY), "marketplace.html")
    assert Seen(html).addresses == ["data:,", page]
    assert not re.search(r"url\(|@import|<script", html)
    assert 'name="viewport"' in html
    assert "prefers-color-scheme: dark" in html
    assert "default-src 'none'" in html


def test_an_offer_that_cant_be_read_stands_in_both_forms(run, tmp_path, cpp_emulator, monkeypatch):
    monkeypatch.setattr("airflow_provider_cpp.wire.retries.pause", lambda *_: 0.001)
    cpp_emulator.add_offer("contoso-live", state="live")
    cpp_emulator.faults.add(Fault("error", action="submissions", offer_id="contoso-live", status=403, times=None))
    markdown = run()
    for text in (markdown, page(tmp_path)):
        assert "Couldn" in text
        assert "403" in text
    cpp_emulator.faults.add(Fault("error", action="submissions", status=403, times=None))
    with pytest.raises(AirflowFailException, match=r"Not one offer could be read: .*403"):
        run()
    assert "403" in page(tmp_path), "what could be seen is in the page all the same"


@pytest.mark.parametrize("api", ["cloud_partner_portal", "product_ingestion"])
def test_a_list_that_is_empty_leaves_the_page_before(run, tmp_path, cpp_emulator, monkeypatch, api):
    monkeypatch.setenv("AIRFLOW_CONN_CPP_DEFAULT", cpp_emulator.connection_json(api=api))
    run()
    before = page(tmp_path)
    portal = cpp_emulator.portal
    portal.restore(portal.publishers, [], [], {})
    with pytest.raises(
        AirflowFailException, match=r"^No offer is there to report on: the list of connection cpp_d"
    ):
        run()
    assert page(tmp_path) == before


def test_a_page_that_cant_be_written_is_told_after_what_it_would_say(dag_file, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "taken").write_text("by a file")
    caplog.set_level("INFO")
    waits = OfferOverview(
        "vm", waiting=Submitted("1", "publish", 4, NOW - 3 * DAY, "changed"), waits_for="signoff"
    )
    seen = {"at": NOW, "rows": [waits.to_dict()]}
    for file in ("folder.html", "taken/page.html", f"{'x' * 300}.html"):
        caplog.clear()
        with pytest.raises(AirflowFailException, match=rf"^The page can't be written to {tmp_path}/{file}: [A-Z]"):
            dag_file["report"].function(seen, {"waiting_hours": 24, "file": file})
        assert "1 offer: 1 waiting for a person" in caplog.text
        assert "vm: sign-off: look at the preview, and go live, since 3 days." in caplog.text
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder.html", "taken"]


def test_a_path_is_the_users_own_below_airflows_home_or_anywhere(dag_file, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    for file, where in (
        ("a/one.html", "airflow/a/one.html"),
        ("~/two.html", "me/two.html"),
        (str(tmp_path / "three.html"), "three.html"),
    ):
        dag_file["report"].function({"at": NOW, "rows": []}, {"waiting_hours": 24, "file": file})
        assert "0 offers: the connection" in (tmp_path / where).read_text(), file
    assert not (tmp_path / "airflow" / "~").exists()


def test_the_page_is_replaced_at_once_and_nothing_is_left(dag_file, tmp_path, monkeypatch):
    file = tmp_path / "new" / "folder" / "page.html"
    dag_file["written"](file, "one")
    with file.open() as reading:
        dag_file["written"](file, "two")
        assert reading.read() == "one", "whoever reads it meanwhile has the one before"
    assert file.read_text() == "two"
    assert file.stat().st_mode & stat.S_IRUSR
    with pytest.raises(UnicodeEncodeError):
        dag_file["written"](file, "\ud800")
    assert file.read_text() == "two"
    assert [each.name for each in file.parent.iterdir()] == ["page.html"]


def test_no_offer_is_left_out_in_silence(dag_file, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    seen = {"at": NOW, "rows": [OfferOverview("vm").to_dict(), {"of": "another version"}]}
    dag_file["report"].function(seen, {"waiting_hours": 24, "file": "page.html"})
    assert "Offers that can't be read from what look returned: 1." in caplog.text
