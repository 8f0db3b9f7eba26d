"""A secret is blanked where a document is handed on, and a blank that comes back means what is there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.blanks import blanked, is_blank, is_blank_of, refuse_blanks

SIGNATURE = "hUsh9Zk%2Bw%2F3Qd%3D%3D"
FILE = "https://contoso.blob.core.windows.net/vhds/1.0.1.vhd"
SIGNED = f"{FILE}?sv=2023-01-03&se=2026-12-01&sr=c&sp=rl&sig={SIGNATURE}"
BLANKED = f"{FILE}?sv=2023-01-03&se=2026-12-01&sr=c&sp=rl&sig=***"


class TestBlanking:
    """What is handed on."""

    def test_signatures_and_secret_fields_are_blanked_and_all_else_stays(self) -> None:
        document = {
            "title": "*** Contoso *** with key",
            "privacy": "https://contoso.example/privacy?lang=en",
            "plans": [{"planId": "gold", "vhd": SIGNED, "price": 1.5, "isFree": False, "note": None}],
            "leads": {"clientSecret": "s3cret-word", "retries": 3, "password": ""},
        }
        after = blanked(document)
        assert after["plans"] == [{"planId": "gold", "vhd": BLANKED, "price": 1.5, "isFree": False, "note": None}]
        assert after["leads"] == {"clientSecret": "***", "retries": 3, "password": ""}
        assert {key: after[key] for key in ("title", "privacy")} == {
            key: document[key] for key in ("title", "privacy")
        }
        assert SIGNATURE not in json.dumps(after)

    def test_what_is_blanked_already_stays_as_it_is(self) -> None:
        once = blanked({"vhd": SIGNED, "clientSecret": "s3cret-word"})
        assert blanked(once) == once


class TestMeaning:
    """What comes back."""

    @pytest.mark.parametrize(
        ("wanted", "there"),
        [
            (BLANKED, SIGNED),
            ("***", "s3cret-word"),
            ("***", 7),
            (f"{FILE}?sv=2020-01-01&sig=***", SIGNED),
        ],
    )
    def test_a_blank_means_what_is_there(self, wanted: Any, there: Any) -> None:
        assert is_blank_of(wanted, there)

    @pytest.mark.parametrize(
        ("wanted", "there"),
        [
            (BLANKED.replace("1.0.1", "1.0.2"), SIGNED),
            (BLANKED, None),
            ("***", ""),
            ("***", ["x"]),
            (SIGNED, SIGNED.replace("sr=c", "sr=b")),
            ("A *** title", "A title"),
            (FILE, SIGNED),
        ],
    )
    def test_it_means_nothing_else(self, wanted: Any, there: Any) -> None:
        assert not is_blank_of(wanted, there)

    @pytest.mark.parametrize(
        ("text", "is_one"),
        [
            (BLANKED, True),
            ("***", True),
            ("AccountName=contoso;AccountKey=***;EndpointSuffix=core.windows.net", True),
            ("***New*** with https://contoso.example/?sig=***", True),
            ("***New*** and *** improved ***", False),
            (SIGNED, False),
            ("", False),
        ],
    )
    def test_stars_that_stand_for_nothing_are_no_blank(self, text: str, is_one: bool) -> None:
        assert is_blank(text) is is_one

    def test_what_would_be_sent_with_a_blank_is_refused_with_its_place(self) -> None:
        document = {"plans": [{"vmImages": {"1.0.1": {"osVhdUrl": BLANKED}}}]}
        with pytest.raises(CppConfigurationError, match=r"has at plans/0/vmImages/1.0.1/osVhdUrl: a blank means"):
            refuse_blanks("Offer contoso/vm", document, {})

    def test_what_the_service_itself_returned_so_is_sent_back(self) -> None:
        refuse_blanks("Offer contoso/vm", {"password": "***"}, {"password": "***"})
        refuse_blanks("Offer contoso/vm", {"title": "***New***"}, {})
