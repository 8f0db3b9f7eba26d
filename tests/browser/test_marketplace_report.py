"""The report's page as people open it: on a phone and on a desk, by day and by night."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING

import pytest

from airflow_provider_cpp.values import OfferOverview, Submitted, overview_report
from tests.browser.conftest import REPOSITORY

pytest.importorskip("playwright", reason="playwright isn't installed: make browser")

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

NOW = 1_796_027_640.0
DAY = 86400.0
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 1300}
#: A name without a place to break it at, as ids are, and as long as one may be.
LONG = "contoso-virtualmachine-offer-with-a-name-of-fifty-" + "x" * 60
PAGE = "https://partner.microsoft.com/dashboard/commercial-marketplace/offers/56615b67-2185-49fe-80d2-c4ddf77bb2e8"
VM = "microsoft-azure-virtualmachines"


def part(days, kind="publish", time_of="changed", **more):
    return Submitted("1152921505690000001", kind, more.pop("version", None), NOW - days * DAY, time_of, **more)


WAITS = part(9, version=4)
ROWS = [
    OfferOverview("contoso-idle", "contoso", "Contoso Idle", VM, f"{PAGE}/overview", live=part(400, version=7)),
    OfferOverview(
        "contoso-running", "contoso", "Contoso Running", VM, live=part(40, version=3),
        running=part(0.2, step="Certification (displaycertify): inProgress, 40 %, estimated < 5 day"),
    ),
    OfferOverview(LONG, "contoso", "", VM, preview=WAITS, waiting=WAITS, waits_for="signoff"),
    OfferOverview(
        "contoso-newer", "contoso", "Contoso Newer", "azureVirtualMachine", f"{PAGE}/overview",
        live=part(90, time_of="created"), preview=part(3, time_of="created"), waiting=part(3, time_of="created"),
        waits_for="signoff",
    ),
    OfferOverview(
        "contoso-failed", "contoso", "Contoso Failed", VM, waiting=part(0.5, "golive"), waits_for="correction"
    ),
    OfferOverview(
        "contoso-unread", "contoso", "Contoso Unread", VM,
        problem="List submissions of offer contoso/contoso-unread failed: HTTP 403. " + "y" * 90,
    ),
    OfferOverview("contoso-draft", "contoso", "Contoso <b>Draft</b>"),
]  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The page, made by the DAG's own code."""
    dag_file = runpy.run_path(str(REPOSITORY / "dags" / "marketplace_report.py"))
    path = tmp_path_factory.mktemp("report") / "marketplace.html"
    dag_file["written"](path, dag_file["rendered"](overview_report(ROWS, NOW, DAY), path.name))
    return path


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "light")])
def test_it_is_readable_at_any_width(browser: Browser, file, picture, viewport, scheme):
    context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    troubles, asked = [], []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())

    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= viewport["width"], "it scrolls to the side"
    cut = page.evaluate(
        "[...document.querySelectorAll('th, td, h1, h2, p')].filter(e => e.scrollWidth > e.clientWidth + 1 &&"
        " !e.closest('thead')).map(e => e.textContent.trim())"
    )
    assert cut == [], "text that is cut off"
    tops = {group: page.locator(f"#{group}").bounding_box()["y"] for group in ("urgent", "unread", "others")}
    assert list(tops) == sorted(tops, key=tops.get)
    assert tops["urgent"] < 300, "who waits is to be seen at once"
    heads = page.evaluate("[...document.querySelectorAll('thead th')].map(e => e.clientHeight)")
    assert viewport == PHONE or max(heads) < 50, "a column's name is broken"
    rows = page.locator("#urgent").get_by_role("rowheader")
    assert [text.splitlines()[0] for text in rows.all_inner_texts()] == [LONG, "Contoso Newer"]
    assert page.get_by_role("table").count() == 3, "cards are tables still, for who can't see them"
    assert page.get_by_role("columnheader", name="Waits for a person").count() == 3
    assert page.get_by_text("<b>Draft</b>").count() == 1
    night = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, night[4:-1].split(","))) < 200) == (scheme == "dark")
    assert page.locator("#urgent td").first.evaluate(CONTRAST) >= 4.5
    assert troubles == []
    assert asked == [file.as_uri()], "the page is one file"
    if viewport == DESK:
        picture("report", page.locator("main"))
    context.close()


#: How an element's text stands out, as WCAG 2 counts it.
CONTRAST = """e => {
  const light = text => text.match(/[\\d.]+/g).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = e;
  while (getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
  const both = [getComputedStyle(e).color, getComputedStyle(behind).backgroundColor].map(light);
  return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""
