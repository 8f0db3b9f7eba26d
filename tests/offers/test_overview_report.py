"""What the page on many offers says, and in which order."""

from __future__ import annotations

from airflow_provider_cpp.offers.overview import OfferOverview, Submitted
from airflow_provider_cpp.offers.overview_report import in_markdown, overview_report

NOW = 1_796_027_640.0  # 2026-11-30 08:34 UTC
HOUR, DAY = 3600.0, 86400.0


def publish(ago, time_of="changed", **more):
    return Submitted("1-2", "publish", 4, NOW - ago, time_of, **more)


def waits(offer, ago, **more):
    part = publish(ago) if ago is not None else Submitted(kind="publish")
    return OfferOverview(offer, preview=part, waiting=part, waits_for="signoff", **more)


def names(entries):
    return [entry.row.offer_id for entry in entries]


def test_each_offer_is_in_one_group_and_who_waits_longest_comes_first():
    rows = [
        OfferOverview("idle"),
        OfferOverview("Running", running=publish(HOUR)),
        waits("short", 2 * HOUR),
        waits("a-day", DAY),
        waits("long", 9 * DAY),
        waits("undated", None),
        waits("long-and-partly-unread", 3 * DAY, problem="HTTP 503"),
        OfferOverview("unread", problem="HTTP 403"),
    ]
    report = overview_report(rows, NOW, DAY)
    assert names(report.urgent) == ["undated", "long", "long-and-partly-unread", "a-day"]
    assert names(report.unread) == ["unread"]
    assert names(report.others) == ["short", "Running", "idle"]
    assert report.taken_at == "2026-11-30 08:34 UTC"
    assert report.limit == "24 hours"
    assert report.summary == (
        "8 offers: 5 waiting for a person, 1 with an operation that runs, 5 with a new preview, "
        "2 that couldn't be read as a whole."
    )
    assert overview_report([], NOW, DAY).summary == (
        "0 offers: the connection's principal sees none, or there is none."
    )


def test_the_words_claim_no_more_than_the_services_times_do():
    created = publish(3 * DAY + HOUR, "created")
    row = OfferOverview("vm", live=publish(1500 * DAY), preview=created, waiting=created, waits_for="signoff")
    (entry,) = overview_report([row], NOW, DAY).urgent
    assert (entry.live.what, entry.live.since, entry.live.at) == (
        "version 4",
        "since 1500 days",
        "2022-10-22 08:34 UTC",
    )
    assert entry.preview.since == "created 3 days ago"
    assert entry.waiting.what == "sign-off: look at the preview, and go live"
    assert entry.waiting.since == "since 3 days at most"
    running = OfferOverview("vm", running=publish(5 * 60 + 59, step="Certification: inProgress, 40 %"))
    (entry,) = overview_report([running], NOW, DAY).others
    assert entry.running.what == "publish: Certification: inProgress, 40 %"
    assert entry.running.since == "last changed 5 minutes ago"
    newer = OfferOverview("vm", running=publish(30 * HOUR, "created"))
    assert overview_report([newer], NOW, DAY).others[0].running.since == "since 30 hours"
    bare = OfferOverview(
        "vm", "p", "Name", live=Submitted("12"), running=Submitted(), waiting=Submitted(), waits_for="correction"
    )
    (entry,) = overview_report([bare], NOW, DAY).urgent
    assert (entry.title, entry.live.what, entry.live.since) == ("Name", "submission 12", "")
    assert entry.running.what == "an operation"
    assert (entry.waiting.what, entry.waiting.since) == ("correction of the operation", "nobody knows since when")


def test_a_clock_that_is_ahead_makes_no_negative_time():
    (entry,) = overview_report([OfferOverview("vm", live=publish(-50))], NOW, DAY).others
    assert entry.live.since == "since 0 seconds"


def test_markdown_shows_a_text_as_it_is():
    assert in_markdown("contoso-vm 1.0") == "contoso-vm 1.0"
    assert in_markdown("a|b <b> [x](y) `c` *d* _e_ \\ &amp;\nf") == (
        r"a\|b \<b\> \[x\](y) \`c\` \*d\* \_e\_ \\ \&amp; f"
    )
    assert in_markdown(None) == "None"
