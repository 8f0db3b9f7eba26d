"""What differs between what is wanted and what is there, and what is sent so that nothing does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.comparing import without_nulls
from airflow_provider_cpp.offers.comparison import SHOWN, Difference, Kind
from airflow_provider_cpp.services.cloud_partner_portal.differences import (
    compare,
    differences,
    merged,
)
from tests.services.cloud_partner_portal.offer_documents import MIGRATED, STORAGE, VM, answered_offer, put_body

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
        if not ignore:  # what is ignored is sent back as it is
            assert merged(document, document) == without_nulls(document)

    @given(documents, documents, paths)
    def test_what_was_applied_differs_in_nothing_any_more(
        self, wanted: Any, there: Any, ignore: list[str]
    ) -> None:
        assert differences(wanted, merged(wanted, there, ignore), ignore) == ()

    @given(documents, documents, paths, paths)
    def test_so_it_is_with_any_paths(self, wanted: Any, there: Any, ignore: list[str], exact: list[str]) -> None:
        after = merged(wanted, there, ignore, exact=exact)
        assert differences(wanted, after, ignore, exact=exact) == ()
        assert merged(wanted, after, ignore, exact=exact) == after

    @given(documents, documents)
    def test_no_field_that_is_null_is_there_afterwards(self, wanted: Any, there: Any) -> None:
        for key, value in wanted.items():
            assert value is not None or key not in merged(wanted, there)
        assert merged(wanted, {}) == without_nulls(wanted)

    @given(documents, documents)
    def test_nothing_else_is_there_afterwards_where_the_document_is_exact(self, wanted: Any, there: Any) -> None:
        after = merged({"a": wanted}, {"a": there}, exact=["a"])["a"]
        assert after.keys() == without_nulls(wanted).keys()

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
    wanted = {
        key: value for key, value in put_body().items() if key not in {"eTag", "version", "offerTypeVersions"}
    }
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
        (difference,) = differences({"definition": put_body()["definition"]}, self.there(), [path])
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


#: What each form of nothing means: what is wanted, what is there, and what is there afterwards, without `exact`
#: and with it. `docs/operators/offers.md` has the same table.
PLANS = [{"planId": "gold"}]
NOTHINGS = [
    ("an object", None, {"x": 1}, "gone", "gone"),
    ("an object", {}, {"x": 1}, {"x": 1}, {}),
    ("a field of an object", {"x": None}, {"x": 1, "y": 2}, {"y": 2}, {}),
    ("a list", None, ["x"], "gone", "gone"),
    ("a list", [], ["x"], [], []),
    ("an entry of a list", ["x", None], ["x"], ["x"], ["x"]),
    ("plans", None, PLANS, "gone", "gone"),
    ("plans", [], PLANS, PLANS, []),
    ("a text", None, "x", "gone", "gone"),
    ("a text", "", "x", "", ""),
]


@pytest.mark.parametrize(("what", "wanted", "there", "after", "exactly"), NOTHINGS, ids=str)
def test_each_nothing_has_a_meaning_of_its_own(
    what: str, wanted: Any, there: Any, after: Any, exactly: Any
) -> None:
    for exact, expected in (((), after), (("a",), exactly)):
        left = {} if expected == "gone" else {"a": expected}
        assert merged({"a": wanted}, {"a": there}, exact=exact) == left
        assert bool(differences({"a": wanted}, {"a": there}, exact=exact)) is (left != {"a": there})
    assert merged({}, {"a": there}) == {"a": there}


@pytest.mark.parametrize("wanted", [None, "", [], {}, [None], {"x": None}])
@pytest.mark.parametrize("there", [{}, {"a": None}, {"a": ""}, {"a": []}, {"a": {}}])
def test_where_nothing_is_no_nothing_makes_a_difference(wanted: Any, there: Any) -> None:
    assert compare({"a": wanted}, there).found == ()


class TestExact:
    """An object or a list that is wanted as it stands."""

    def test_it_takes_in_just_itself_and_not_what_is_below(self) -> None:
        there = {"plans": [{"planId": "gold", "x": {"y": 1}}, {"planId": "silver"}], "z": 1}
        wanted = {"plans": [{"planId": "gold"}]}
        assert merged(wanted, there, exact=["plans"]) == {"plans": [there["plans"][0]], "z": 1}

    def test_what_is_ignored_stays(self) -> None:
        there = {"a": {"x": 1, "y": 2}}
        assert merged({"a": {}}, there, ["a/x"], exact=["a"]) == {"a": {"x": 1}}

    def test_an_order_counts_in_it_and_otherwise_cant_be_compared(self) -> None:
        there, wanted = {"regions": ["DE", "AZ"]}, {"regions": ["AZ", "DE"]}
        assert compare(wanted, there).paths(Kind.NOT_COMPARED) == ("regions",)
        assert len(differences(wanted, there, exact=["regions"])) == 2
        assert merged(wanted, there, exact=["regions"]) == wanted

    @pytest.mark.parametrize("exact", [[""], "a", ["definition.plans"], [7]])
    def test_what_is_no_path_is_refused(self, exact: Any) -> None:
        with pytest.raises(CppConfigurationError, match="exact"):
            differences({}, {}, exact=exact)


@pytest.mark.parametrize("there", [{"1.0.0": {}, "1.0.1": {}}, {"2018.1.1": {}}])
def test_what_stays_in_a_map_of_versions_is_named(there: dict[str, Any]) -> None:
    assert compare({"m": {}}, {"m": there}).paths(Kind.KEPT) == tuple(f"m/{version}" for version in there)


def test_what_stays_in_a_map_of_fields_isnt() -> None:
    assert compare({"m": {}}, {"m": {"x": 1, "y": 2}}).found == ()


def test_an_entry_without_a_plan_id_among_plans_is_refused() -> None:
    with pytest.raises(CppConfigurationError, match="Entry 1 of plans names no planId"):
        differences({"plans": [{"planId": "gold"}, {"x": 1}]}, {"plans": [{"planId": "gold"}]})


class TestReturnedInAnotherWay:
    """What the service returns in its own way says the same."""

    @pytest.mark.parametrize(
        ("wanted", "there"),
        [
            ({"a": 1}, {"a": 1.0}),
            ({"a": "1.50"}, {"a": 1.5}),
            ({"a": 2}, {"a": "2"}),
            ({f"{VM}.cloudAvailability": ["publicazure"]}, {f"{VM}.cloudAvailability": ["PublicAzure"]}),
            ({"x.leadDestination": "none"}, {"x.leadDestination": "None"}),
            ({f"{VM}.windowsOSType": "Other"}, {f"{VM}.osType": "Other"}),
            ({"smallLogo": f"{STORAGE}/a.png?sig=1"}, {"smallLogo": f"{STORAGE}/a.png?sig=2"}),
        ],
        ids=str,
    )
    def test_these_are_the_same(self, wanted: Any, there: Any) -> None:
        assert compare(wanted, there).found == ()

    @pytest.mark.parametrize(
        ("wanted", "there"),
        [
            ({"title": "contoso"}, {"title": "Contoso"}),
            ({"a": "01x"}, {"a": 1}),
            ({"a": "true"}, {"a": True}),
            ({f"{VM}.windowsOSType": "Other"}, {f"{VM}.osType": "WindowsServer2019"}),
            ({"smallLogo": f"{STORAGE}/a.png"}, {"smallLogo": f"{STORAGE}/b.png"}),
            ({"osVhdUrl": "https://x/a.vhd?sig=1"}, {"osVhdUrl": "https://x/a.vhd?sig=2"}),
            ({"regions": ["AZ", "AZ"]}, {"regions": ["AZ", "DE"]}),
            ({"clientSecret": "new"}, {"clientSecret": "old"}),
            ({"lead": {"clientSecret": "s", "clientId": "c"}}, {}),
        ],
        ids=str,
    )
    def test_these_arent(self, wanted: Any, there: Any) -> None:
        assert differences(wanted, there)

    @pytest.mark.parametrize(
        ("wanted", "there", "place"),
        [
            ({"clientSecret": "s"}, {}, "clientSecret"),
            ({"lead": {"connectionString": "s"}}, {"lead": {}}, "lead/connectionString"),
            ({"lead": {"connectionString": "s"}}, {}, "lead/connectionString"),
            ({"smallLogo": "https://contoso.example/a.png"}, {"smallLogo": f"{STORAGE}/a.png"}, "smallLogo"),
            ({"screenshots": ["https://c.example/a"]}, {"screenshots": [f"{STORAGE}/a"]}, "screenshots/0"),
        ],
    )
    def test_these_cant_be_compared_and_are_sent_as_wanted(self, wanted: Any, there: Any, place: str) -> None:
        comparison = compare(wanted, there)
        assert [finding.kind for finding in comparison.found] == [Kind.NOT_COMPARED]
        assert comparison.paths(Kind.NOT_COMPARED) == (place,)
        assert comparison.merged == wanted
        assert [each.path for each in compare(wanted, there, resend=["**"]).differences] == [place]


MASKS = ["***", "*", "\u2022\u2022\u2022\u2022", "\u25cf" * 8]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("field", ["clientSecret", "a.connectionString", "password", "accountKey"])
class TestMasks:
    """What only stands for a secret is never sent, wherever it stands: it would become the secret."""

    def places(self, value: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {"d": {**value, "t": 1}},
            {"d": {"o": {"deep": value}, "t": 1}},
            {"d": {"l": [{**value, "a": 1}], "t": 1}},
            {"d": {"l": [[value]], "t": 1}},
            {"d": {"plans": [{"planId": "p", **value}], "t": 1}},
        ]

    def test_what_was_read_is_no_difference_and_goes_back_without_it(self, field: str, mask: str) -> None:
        for there, without in zip(self.places({field: mask}), self.places({}), strict=True):
            assert compare(there, there).found == ()
            for wanted in ({"d": {**there["d"], "t": 2}}, {"d": {"t": 2}}):
                merged = compare(wanted, there).merged
                assert merged == {"d": {**without["d"], "t": 2}}

    def test_nor_is_it_set_where_nothing_is(self, field: str, mask: str) -> None:
        for wanted in self.places({field: mask}):
            assert mask not in str(compare(wanted, {}).merged)

    def test_a_secret_is_sent_in_its_place_and_null_and_empty_remove_it(self, field: str, mask: str) -> None:
        there = {"d": {field: mask, "t": 1}}
        assert compare({"d": {field: "new", "t": 2}}, there).merged == {"d": {field: "new", "t": 2}}
        assert compare({"d": {field: None}}, there).merged == {"d": {"t": 1}}
        assert compare({"d": {field: ""}}, there).merged == {"d": {field: "", "t": 1}}


@pytest.mark.parametrize("stays", ["1.0.1", "latest", "1.0.1-beta"])
@pytest.mark.parametrize("name", ["x.vmImages", "x.vmImagesPublicAzure", "containerImages", "x.versions"])
def test_a_version_that_stays_is_named_in_any_map_of_versions(name: str, stays: str) -> None:
    there = {"d": {name: {"1.0.0": {"a": 1}, stays: {"a": 2}}}}
    assert compare({"d": {name: {"1.0.0": {"a": 1}}}}, there).paths(Kind.KEPT) == (f"d/{name}/{stays}",)
    assert compare({"d": {name: {}}}, there).paths(Kind.KEPT) == (f"d/{name}/1.0.0", f"d/{name}/{stays}")
