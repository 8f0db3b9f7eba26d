"""How the service's HTML becomes lines that a log can show."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.wire.plain_text import MAX_LENGTH, plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Certification failed", "Certification failed"),
        ("  padded  ", "padded"),
        ("<p>One</p><p>Two</p>", "One Two"),
        ("a<br/>b<br>c", "a b c"),
        ("<ul><li>one</li><li>two</li></ul>", "one two"),
        ("<b>bold</b>er", "bolder"),
        ("Tom &amp; Jerry &lt;3 &quot;x&quot; &#228; &#xe4;&nbsp;end", 'Tom & Jerry <3 "x" ä ä end'),
        ('<a href="https://example.com/r?a=1&amp;b=2">Report</a>', "Report (https://example.com/r?a=1&b=2)"),
        ('<a href="mailto:a@example.com">Mail</a>', "Mail (mailto:a@example.com)"),
        ('<a href="javascript:alert(1)">Click</a>', "Click"),
        ("<a>no link</a>", "no link"),
        ("before<script>alert('x')</script>after", "beforeafter"),
        ("before<style>p {color: red}</style>after", "beforeafter"),
        ("<!-- secret -->shown", "shown"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("< 5 day", "< 5 day"),
        ("", ""),
        # The seeds' estimate, and a message as the emulator's certification says it.
        ("~2-3 days", "~2-3 days"),
        (
            "<p>Certification failed: the VM image of plan <b>contoso-plan</b> could not be validated.&nbsp;"
            '<a href="https://example.com/certification/report">Read the report</a></p>',
            "Certification failed: the VM image of plan contoso-plan could not be validated. "
            "Read the report (https://example.com/certification/report)",
        ),
    ],
)
def test_a_message_is_shown_as_plain_text(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "https://x.blob.core.windows.net/v/a.vhd?sv=2018&sig=HUSH%2Babc%3D&se=2019",
        "https://x.blob.core.windows.net/v/a.vhd?sig=HUSH",
        "https://x.blob.core.windows.net/v/a.vhd?SIG=HUSH",
        "https://x.blob.core.windows.net/v/a.vhd?sv=2018&amp;sig=HUSH&amp;se=2019",
        "<a href='https://x.blob.core.windows.net/v/a.vhd?sv=1&sig=HUSH'>image</a>",
        "<p>(https://x.blob.core.windows.net/v/a.vhd?sv=1&sig=HUSH)</p>",
    ],
)
def test_the_signature_of_a_shared_access_url_is_blanked(html: str) -> None:
    text = plain_text(html)

    assert "HUSH" not in text
    assert "a.vhd?" in text, "the image is still named"


@pytest.mark.parametrize(
    "html",
    [
        "ok\n2026-01-01 ERROR forged",
        "ok\r\nforged",
        "ok&#10;forged",
        "ok<br>\u2028forged",
        "\x1b[31mred\x1b[0m",
        "&#27;[2Jgone",
        "a\x00b",
        "\u202etxt.exe",
        "bell\x07",
        "\ud800x",
    ],
)
def test_no_message_can_forge_a_line_or_steer_a_terminal(html: str) -> None:
    text = plain_text(html)
    assert text.isprintable()
    assert text


@pytest.mark.parametrize("html", ["::endgroup::", "::group::All steps", "<b>::end</b>group::", "a &#58;:group::x"])
def test_no_message_can_fold_what_follows_it_in_airflows_ui(html: str) -> None:
    text = plain_text(html)
    assert "::group::" not in text
    assert "::endgroup::" not in text
    assert "group::" in text


@pytest.mark.parametrize(
    "html", ["<![foo[x]]>the message", "<![endif]the message", "<!DOCTYPE [<!x the message", "<!x[the message"]
)
def test_broken_html_raises_nothing_that_would_end_a_watch(html: str) -> None:
    assert "message" in plain_text(html)


def test_a_message_without_end_is_cut() -> None:
    assert len(plain_text("x" * 10**6)) == MAX_LENGTH + 3
    assert len(plain_text("<p>" + "x" * 10**6)) == MAX_LENGTH + 3
    assert plain_text("y" * MAX_LENGTH) == "y" * MAX_LENGTH


@pytest.mark.parametrize("piece", ['<a x="', "<a", "<!--", "<?", "&#", "</a ", "<![CDATA[", "<script>"])
def test_html_that_never_closes_cant_hold_up_the_triggerer(piece: str) -> None:
    began = time.process_time()
    plain_text(piece * (1024 * 1024 // len(piece)))
    assert time.process_time() - began < 2


@given(
    st.text(max_size=300)
    | st.lists(
        st.sampled_from(
            ["<", ">", "<!", "<![", "]]>", "&", ";", "#", "x", "sig=", "?", "<a href='", "'", "\n", "</"]
        )
    ).map("".join)
)
def test_whatever_the_service_says_becomes_one_printable_line(html: str) -> None:
    text = plain_text(html)
    assert text.isprintable()
    assert len(text) <= MAX_LENGTH + 3
