"""What differs between what is wanted and what is there, and what is sent so that nothing does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.api.differences import SHOWN, Difference, differences, merged
from airflow_provider_cpp.exceptions import CppConfigurationError
from tests.api.offer_documents import MIGRATED, VM, answered_offer, put_body

values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c.d", "e/f", "~"]), inner, max_size=3)
        | st.lists(
            st.builds(
                lambda plan_id, more: {**more, "planId": plan_id},
                st.sampled_from(["gold", "silver"]),
                st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2),
            ),
            max_size=2,
            unique_by=lambda plan: plan["planId"],
        )
    ),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from(["a", "b", "c.d", "plans"]), values, max_size=4)
paths = st.lists(st.sampled_from(["a", "b/*", "**/x", "plans/gold", "plans/*/y", "plans/**"]), max_size=2)


class TestProperties:
    """What holds for any documents."""

    @given(documents, paths)
    def test_what_is_compared_with_itself_differs_in_nothing(self, document: Any, ignore: list[str]) -> None:
        assert differences(document, document, ignore) == ()
        assert merged(document, document, ignore) == document

    @given(documents, documents, paths)
    def test_what_was_applied_differs_in_nothing_any_more(
        self, wanted: Any, there: Any, ignore: list[str]
    ) -> None:
        assert differences(wanted, merged(wanted, there, ignore), ignore) == ()

    @given(documents, documents)
    def test_what_isnt_named_survives(self, wanted: Any, there: Any) -> None:
        result = merged(wanted, there)
        for key in there.keys() - wanted.keys():
            assert result[key] == there[key]

    @given(documents, documents, st.dictionaries(st.sampled_from(["new1", "new2"]), values))
    def test_fields_that_the_service_adds_make_no_difference(self, wanted: Any, there: Any, added: Any) -> None:
        assert differences(wanted, {**there, **added}) == differences(wanted, there)

    @given(documents, documents)
    def test_everything_is_a_line_that_can_be_printed(self, wanted: Any, there: Any) -> None:
        assert all(str(difference).isprintable() for difference in differences(wanted, there))


def test_an_offer_that_the_service_has_decorated_differs_in_nothing() -> None:
    wanted = {key: value for key, value in put_body().items() if key not in {"eTag", "version"}}
    there = answered_offer(**MIGRATED)
    there["definition"]["plans"][0]["addedByTheService"] = True
    assert differences(wanted, there) == ()


@pytest.mark.parametrize(
    ("wanted", "there", "lines"),
    [
        ({"a": 1}, {"a": 2, "b": 3}, ["a: 2 -> 1"]),
        ({"a": 1}, {}, ["a: nothing -> 1"]),
        ({"a": None}, {"a": "x"}, ['a: "x" -> nothing']),
        ({"a": None, "b": "", "c": [], "d": {}}, {}, []),
        ({"a": ""}, {"a": None}, []),
        ({"a": []}, {"a": ["x"]}, ['a: ["x"] -> []']),
        ({"a": {}}, {"a": {"x": 1}}, []),
        ({"a": False}, {}, ["a: nothing -> false"]),
        ({"a": 0}, {}, ["a: nothing -> 0"]),
        ({"a": True}, {"a": 1}, ["a: 1 -> true"]),
        ({"a": 1.0}, {"a": 1}, []),
        ({"a": {"b.c": {"d/e~f": "ü"}}}, {"a": {"b.c": {"d/e~f": "u"}}}, ['a/b.c/d~1e~0f: "u" -> "ü"']),
        ({"a": ["x", "y"]}, {"a": ["x", "z"]}, ['a/1: "z" -> "y"']),
        ({"a": ["x", "y"]}, {"a": ["x"]}, ['a: ["x"] -> ["x", "y"]']),
        ({"a": [{"x": 1}]}, {"a": [{"x": 1, "id": 7}]}, []),
        ({"a": {"x": 1}}, {"a": "x"}, ['a: "x" -> {"x": 1}']),
    ],
)
def test_only_what_is_wanted_counts(wanted: Any, there: Any, lines: list[str]) -> None:
    assert [str(difference) for difference in differences(wanted, there)] == lines


class TestPlans:
    """Entries with a `planId` are matched by it, wherever they stand."""

    THERE = [{"planId": "silver", "x": 1, "added": True}, {"planId": "gold", "x": 2}]  # noqa: RUF012

    def test_order_doesnt_matter(self) -> None:
        assert (
            differences({"plans": [{"planId": "gold", "x": 2}, {"planId": "silver"}]}, {"plans": self.THERE}) == ()
        )

    def test_a_plan_that_isnt_named_stays_and_a_changed_one_keeps_what_isnt_named(self) -> None:
        wanted = {"plans": [{"planId": "silver", "x": 9}]}
        assert [str(d) for d in differences(wanted, {"plans": self.THERE})] == ["plans/silver/x: 1 -> 9"]
        assert merged(wanted, {"plans": self.THERE}) == {
            "plans": [{"planId": "silver", "x": 9, "added": True}, {"planId": "gold", "x": 2}]
        }

    def test_no_list_of_plans_takes_plans_away(self) -> None:
        assert differences({"plans": []}, {"plans": self.THERE}) == ()
        assert merged({"plans": []}, {"plans": self.THERE}) == {"plans": self.THERE}

    def test_a_new_plan_comes_last(self) -> None:
        wanted = {"plans": [{"planId": "new"}]}
        assert [str(d) for d in differences(wanted, {"plans": self.THERE})] == [
            'plans/new: nothing -> {"planId": "new"}'
        ]
        assert merged(wanted, {"plans": self.THERE})["plans"] == [*self.THERE, {"planId": "new"}]

    def test_a_plan_that_is_named_twice_is_refused(self) -> None:
        with pytest.raises(CppConfigurationError, match="'gold' twice in definition/plans"):
            differences({"definition": {"plans": [{"planId": "gold"}] * 2}}, {"definition": {"plans": self.THERE}})


def test_an_entry_of_another_list_that_differs_inherits_nothing() -> None:
    there = {"a": [{"id": 1, "email": "x"}, {"id": 2, "kept": True}]}
    assert merged({"a": [{"id": 3}, {"id": 2}]}, there) == {"a": [{"id": 3}, {"id": 2, "kept": True}]}


class TestIgnoring:
    """Secrets aren't returned, and URLs of files are replaced by the service's own."""

    VHD = f"definition/plans/*/{VM}.vmImages/*/osVhdUrl"

    def there(self) -> dict[str, Any]:
        there = answered_offer()
        image = there["definition"]["plans"][0][f"{VM}.vmImages"]["1.0.1"]
        image["osVhdUrl"] = "https://marketplace.example/copied.vhd"
        return there

    @pytest.mark.parametrize(
        "path",
        [
            VHD,
            f"/{VHD}",
            "definition/plans/contososkuidentifier/*.vmImages/1.0.1/osVhdUrl",
            "**/osVhdUrl",
            "**/*Url",
            "definition/plans/**/osVhdUrl",
            "definition/plans/**",
            "definition/plans",
            "definition/**/1.0.1",
            "**",
            "*",
        ],
    )
    def test_a_path_takes_in_what_it_names_and_all_below(self, path: str) -> None:
        assert differences({"definition": put_body()["definition"]}, self.there(), [path]) == ()

    @pytest.mark.parametrize(
        "path",
        [
            "definition/plans/*/osVhdUrl",
            "definition/plans/silver",
            "osVhdUrl",
            "**/osvhdurl",
            "definition/plans/*/*.vmImages/*/osVhd",
            "**/osVhdUrl/**",
        ],
    )
    def test_other_paths_take_in_nothing_of_it(self, path: str) -> None:
        (difference,) = differences(put_body(), {**self.there(), "eTag": put_body()["eTag"]}, [path])
        assert difference.path == f"definition/plans/contososkuidentifier/{VM}.vmImages/1.0.1/osVhdUrl"

    def test_a_new_image_counts_though_its_url_is_ignored(self) -> None:
        wanted = put_body()
        images = wanted["definition"]["plans"][0][f"{VM}.vmImages"]
        images["1.0.2"] = {"osVhdUrl": "https://contoso.example/new.vhd?sig=secret"}
        (difference,) = differences({"definition": wanted["definition"]}, self.there(), [self.VHD])
        assert difference.path.endswith(".vmImages/1.0.2")
        assert "secret" not in str(difference)
        sent = merged({"definition": wanted["definition"]}, self.there(), [self.VHD])
        assert sent["definition"]["plans"][0][f"{VM}.vmImages"] == {
            "1.0.1": {"osVhdUrl": "https://marketplace.example/copied.vhd", "lunVhdDetails": []},
            "1.0.2": images["1.0.2"],
        }

    @pytest.mark.parametrize("there", [{}, {"clientSecret": None}, {"clientSecret": ""}])
    def test_a_secret_that_isnt_returned_is_sent_with_what_else_has_changed(self, there: dict[str, Any]) -> None:
        wanted = {"clientSecret": "s", "clientId": "new"}
        (difference,) = differences(wanted, {**there, "clientId": "old"}, ["clientSecret"])
        assert difference.path == "clientId"
        assert merged(wanted, {**there, "clientId": "old"}, ["clientSecret"]) == wanted

    @pytest.mark.parametrize(
        "ignore", [[""], ["/"], ["a//b"], [7], [None], "definition", ["definition.offer"], ["osVhdUrl.x"]]
    )
    def test_what_is_no_path_is_refused_as_it_would_ignore_nothing(self, ignore: Any) -> None:
        with pytest.raises(CppConfigurationError, match="ignore"):
            differences({}, {}, ignore)


class TestShowing:
    """A difference is a line that a log can show."""

    def test_no_query_of_a_url_is_shown_but_that_it_differs(self) -> None:
        (difference,) = differences({"u": "https://x/a.vhd?sig=one"}, {"u": "https://x/a.vhd?sig=two"})
        assert str(difference) == ('u: "https://x/a.vhd?***" -> "https://x/a.vhd?***" (what differs isn\'t shown)')

    def test_no_secret_is_shown(self) -> None:
        (difference,) = differences({"m": {"clientSecret": "s3cret"}}, {"m": {"clientSecret": "0ld"}})
        assert difference == Difference("m/clientSecret", '"***"', '"***" (what differs isn\'t shown)')

    def test_of_a_long_text_the_place_that_differs_is_shown(self) -> None:
        text = "word " * 1000
        (difference,) = differences({"t": f"{text[:1000]}new {text}"}, {"t": text})
        assert difference.after is not None
        assert "new word" in difference.after
        assert difference.before is not None
        assert max(map(len, (difference.before, difference.after))) <= SHOWN + 6

    def test_what_differs_beyond_what_is_shown_is_said_to(self) -> None:
        (difference,) = differences({"t": "a" * 5000}, {"t": "a" * 4999})
        assert difference.after is not None
        assert difference.after.endswith("(what differs isn't shown)")

    def test_as_primitives(self) -> None:
        (difference,) = differences({"a": "x\ny"}, {})
        assert difference.to_dict() == {"path": "a", "before": None, "after": '"x\\ny"'}
