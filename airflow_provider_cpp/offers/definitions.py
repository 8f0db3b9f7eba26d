"""What is an offer's definition: JSON as its standard has it, and nothing that can't be sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.wire.arguments import holds_template, is_missing, kind_of, shown

# What is in Airflow's templates, and hardly in a text about an offer: a name of its context, with what makes it
# more than a word, first or after an operator between two braces; or a block.
_OF_AIRFLOW = re.compile(
    r"\{\{-?\s*(?:[^{}]*[^\w\s{}#.]\s*)?(?:(?:params|ti|task_instance|var|conn|dag|dag_run|macros|task|logical_date"
    r"|execution_date|(?:prev_)?data_interval_(?:start|end)(?:_success)?|triggering_asset_events|inlets|outlets"
    r"|\w+let_events)\s*[.\[|~}-]|(?:ds|ts|(?:prev|next|yesterday|tomorrow)_ds|ds_nodash|ts_nodash\w*|run_id"
    r"|task_instance_key_str|test_mode|try_number|expanded_ti_count|map_index_template)\b)|\{%-?\s*\w+"
)
_LONE = re.compile("[\ud800-\udfff]")


def is_json(text: str) -> bool:
    """Return whether a text is meant as JSON, and not as the name of a file."""
    return text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def read_definition(text: str, what: str = "The definition") -> Any:
    """Return what a text says in JSON.

    :param text: the text.
    :param what: the same in words, for the message.
    :raises CppConfigurationError: if it is no JSON, or says a field twice.
    """
    try:
        return json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_object, parse_constant=_no_number)
    except RecursionError:
        why = "it is nested too deeply"
    except ValueError as error:
        why = str(error)
    raise CppConfigurationError(f"{what} is no JSON: {why}. Nothing was sent.")


def checked_definition(definition: object, what: str = "The definition") -> dict[str, Any]:
    """Return a definition as it can be sent, of dicts and lists alone.

    A list is one of resources, and becomes what holds it as `resources`.

    :param definition: JSON primitives; other mappings and tuples count as dicts and lists.
    :param what: the same in words, for the message.
    :raises CppConfigurationError: if it is no object, or holds what JSON can't say, or a template.
    """
    if is_missing(definition):
        raise CppConfigurationError(
            f"{what} is {'None' if definition is None else shown(definition)}: what it was rendered from isn't "
            "there. Look at the template, and at what the task before pushed. Nothing was sent."
        )
    if isinstance(definition, list | tuple) and all(isinstance(each, Mapping) for each in definition):
        definition = {"resources": definition}
    if not isinstance(definition, Mapping):
        raise CppConfigurationError(
            f"{what} is {kind_of(definition)}; it has to be an object, or a list of objects. Nothing was sent."
        )
    try:
        wrong = next(_wrong(definition, ""), None)
    except RecursionError:
        wrong = "is nested too deeply"
    if wrong is not None:
        raise CppConfigurationError(f"{what} {wrong}. Nothing was sent.")
    return {key: _plain(value) for key, value in definition.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _wrong(value: object, path: str) -> Iterator[str]:
    at = f" at {path}" if path else ""
    if isinstance(value, Mapping):
        for key, item in value.items():
            name = str(key)
            if not isinstance(key, str):
                yield f"has a key{at} that is {kind_of(key)} and no text: {shown(key)}"
            elif _LONE.search(name):
                yield f"has a key{at} with half a character (a lone surrogate): {name!a}"
            elif holds_template(name) and item is not None:  # None takes away what got there so
                yield f"has a key{at} that is a template which wasn't rendered: {shown(name)}"
            yield from _wrong(item, f"{path}/{name}" if path else name)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _wrong(item, f"{path}/{index}" if path else str(index))
    elif isinstance(value, str):
        if (lone := _LONE.search(value)) is not None:
            yield f"holds half a character (a lone surrogate, {lone[0]!a}){at}"
        elif (template := _OF_AIRFLOW.search(value)) is not None:
            yield f"holds a template that wasn't rendered{at}: {shown(value[template.start() :])}"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"holds {value!r}{at}, which is no number in JSON"
    elif value is not None and not isinstance(value, int | float):
        yield f"holds {kind_of(value)}{at}, which JSON doesn't have"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has the field {shown(twice)} twice in one object")
    return read


def _no_number(word: str) -> Any:
    raise ValueError(f"it holds {word}, which is no number in JSON")
