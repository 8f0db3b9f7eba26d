"""What an argument's value means, however a DAG or its templates write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.wire.arguments import checked_flag, listed, rendered_flag


@pytest.mark.parametrize("value", [True, 1, "True", "true", " TRUE\n", "1"])
def test_what_says_yes(value: object) -> None:
    assert rendered_flag("dry_run", value) is True


@pytest.mark.parametrize("value", [False, 0, None, "False", "false", "0", "", " ", "\n", "None", "none"])
def test_what_says_no(value: object) -> None:
    assert rendered_flag("dry_run", value) is False


@pytest.mark.parametrize(
    "value",
    ["yes", "on", "null", "2", 2, -1, 1.0, 0.0, float("nan"), [], [True], {}, "{{ params.dry }}", b"1", object()],
)
def test_whatever_else_means_neither_and_is_refused(value: object) -> None:
    with pytest.raises(CppConfigurationError, match=r"dry_run=.*Nothing was sent"):
        rendered_flag("dry_run", value)


@pytest.mark.parametrize("value", ["True", "", "{{ params.x }}", 1, 0, None, [], object()])
def test_a_flag_that_isnt_templated_takes_true_and_false_alone(value: object) -> None:
    with pytest.raises(CppConfigurationError, match=r"precheck=.*True or False, and is no template field"):
        checked_flag("precheck", value)


@pytest.mark.parametrize(
    "value", [None, "", " ", "\n", "None", [], (), "[]", "()", [""], ["", " "], "null", "none", ",", '""']
)
def test_what_is_empty_lists_nothing(value: object) -> None:
    assert listed("status", value) == ()


@pytest.mark.parametrize(
    "value",
    [
        ["a", "b"],
        ("a", "b"),
        "a,b",
        " a , b \n",
        "a;b",
        "a; b;",
        "a\nb\n",
        '"a", "b"',
        "'a,b'",
        '"a,b"',
        '["a", "b"]',
        "['a', 'b']",
        "('a', 'b')",
        "['a', 'b']\n",
        {"a": 1, "b": 2}.keys(),
    ],
)
def test_the_forms_of_a_list(value: object) -> None:
    assert listed("status", value) == ("a", "b")


@pytest.mark.parametrize("value", [{"a", "b"}, frozenset("ab"), "{'a', 'b'}"])
def test_a_set_is_a_list_too(value: object) -> None:
    assert sorted(listed("status", value)) == ["a", "b"]


@pytest.mark.parametrize(
    "value",
    [
        7,
        1.5,
        True,
        {"a": 1},
        '{"a": 1}',
        b"a",
        [1],
        ["a", None],
        ["a", "None"],
        "a,None",
        "null,a",
        [["a"]],
        "['a', 1]",
        "['a'",
        "[a, b]",
        "{{ x }}",
        ["{{ x }}"],
        object(),
    ],
)
def test_what_is_no_list_of_texts_is_refused(value: object) -> None:
    with pytest.raises(CppConfigurationError, match=r"status=.*Nothing was sent"):
        listed("status", value)


@given(st.lists(st.text("abcXYZ0123456789-_@.", min_size=1).filter(lambda text: text not in {"None", "null"})))
def test_a_list_and_what_json_and_python_write_of_it_are_the_same(texts: list[str]) -> None:
    import json

    assert listed("status", texts) == listed("status", json.dumps(texts)) == listed("status", repr(texts))
