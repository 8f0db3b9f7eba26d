"""What is an offer's definition, and in which words what is none is refused."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.definitions import (
    checked_definition,
    is_json,
    read_definition,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, values), st.booleans())
def test_json_is_read_as_json(document: dict[str, object], ascii_only: bool) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only).replace("/", r"\/")
    assert is_json(text)
    assert checked_definition(read_definition(text)) == document
    assert read_definition("\ufeff" + text) == document


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{'a': 1}", "is no JSON"),
        ('{"a": True}', "is no JSON"),
        ('{"a": 1,}', "is no JSON"),
        ('{"a": NaN}', "NaN, which is no number in JSON"),
        ('{"a": [-Infinity]}', "-Infinity, which is no number"),
        ('{"a": {"b": 1, "c": 2, "b": 3}}', "the field 'b' twice"),
        ('{"a":' * 100_000, "is no JSON: it is nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(text: str, said: str) -> None:
    with pytest.raises(CppConfigurationError, match=said):
        read_definition(text)


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        (None, "is None: what it was rendered from isn't there"),
        ("None", "is 'None': what"),
        (" \n", "what it was rendered from isn't there"),
        (7, "is an int; it has to be an object"),
        ([1], "is a list; it has to be an object, or a list of objects"),
        ([{"a": float("nan")}], "nan at resources/0/a, which is no number"),
        ({"a": {"b": [0, float("inf")]}}, "inf at a/b/1, which is no number"),
        ({"a": {"b": [0, 1e999]}}, "inf at a/b/1"),
        ({"a": [{"b": "x\ud83d"}]}, r"lone surrogate, '\\ud83d'\) at a/0/b"),
        ({"a": {"\udc00": 1}}, "has a key at a with half a character"),
        ({"a": {"{{ params.version }}": 1}}, "has a key at a that is a template which wasn't rendered"),
        ({"a": {"b": "v {{ params.version }}"}}, r"a template that wasn't rendered at a/b: '\{\{ params"),
        ({"a": [{"b": "{%- if x %}"}]}, "a template that wasn't rendered at a/0/b"),
        *(
            ({"a": f"for {{{{ {name} }}}}"}, "a template that wasn't rendered at a:")
            for name in (
                *("params['v']", "'v' ~ params.v", "(params.v)", "params|tojson", "-params.v"),
                *("ti.xcom_pull('t')", "task_instance.task_id", "var.value.v", "conn.c.host", "dag_run.conf['v']"),
                *("macros.ds_add(ds, 1)", "ds", "prev_ds", "ts_nodash_with_tz", "run_id", "f(run_id)"),
                *("data_interval_start | ds", "execution_date.year", "logical_date", "inlet_events[0]"),
                *("prev_data_interval_end_success", "map_index_template"),
            )
        ),
        *(({"a": {"b": {key: "x"}}}, "has a key at a/b that is") for key in (1, 1.0, True, None, b"k", ("a",))),
        *(
            ({"a": [{"b": value}]}, r"holds an? \w+ at a/0/b, which JSON doesn't have")
            for value in ({"x"}, b"x", dt.date(2024, 1, 1), Decimal("1.0"), object(), range(2), 1j)
        ),
    ],
)
def test_what_cant_be_sent_is_refused_with_its_place(definition: object, said: str) -> None:
    with pytest.raises(CppConfigurationError, match=said) as error:
        checked_definition(definition)
    assert str(error.value).isprintable()
    assert "Nothing was sent" in str(error.value)


@pytest.mark.parametrize(
    "definition",
    [
        {"a": "{{ product }} and { } and {{"},
        {"a": "{{ your task }}, {{ dag_name }}, {{ x.params }}, {{#each params}}, params.v"},
        {"a": {"{{ params.version }}": None}},
        {"a": "\U0001f600"},
    ],
)
def test_what_only_looks_like_it_is_taken(definition: dict[str, object]) -> None:
    assert checked_definition(definition) == definition


def test_it_is_of_dicts_and_lists_alone_so_that_it_can_be_compared() -> None:
    given = MappingProxyType({"a": ({"b": (1, [2])}, MappingProxyType({}))})
    plain = checked_definition(given)
    assert json.dumps(plain) == '{"a": [{"b": [1, [2]]}, {}]}'
    assert plain == {"a": [{"b": [1, [2]]}, {}]}
