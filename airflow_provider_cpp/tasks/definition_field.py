"""How a task takes an offer's definition: a document, JSON or a file, with templates."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.definitions import checked_definition, is_json, read_definition
from airflow_provider_cpp.tasks.json_field import TakesJson
from airflow_provider_cpp.wire.arguments import is_missing

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.common.compat.sdk import BaseOperator, Context


class TakesDefinition(TakesJson):
    """What a task needs that has a template field `definition`; mixed into an operator."""

    definition: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | os.PathLike[str]

    json_field = "definition"

    def _taken(self, context: Context, jinja_env: jinja2.Environment) -> Any:
        return self._document(context, jinja_env)

    def _document(self, context: Context, jinja_env: jinja2.Environment | None = None) -> Mapping[str, Any]:
        """Return the definition as an object.

        :raises CppConfigurationError: if it is none, or its file can't be read.
        """
        definition: Any = self.definition
        what = "The definition"
        if isinstance(definition, os.PathLike):
            definition = os.fspath(definition)
        if isinstance(definition, str) and not is_json(definition) and not is_missing(definition):
            name = definition.strip()
            what = f"The definition in {name!r}"
            definition = self._from_file(name, context, jinja_env or cast("BaseOperator", self).get_template_env())
        if isinstance(definition, str) and not is_missing(definition):
            definition = read_definition(definition, what)
        return checked_definition(definition, what)

    def _from_file(self, name: str, context: Context, jinja_env: jinja2.Environment) -> Any:
        from jinja2 import TemplateError, TemplateNotFound

        from airflow_provider_cpp.wire.plain_text import one_line

        try:
            if os.path.isabs(name) or jinja_env.loader is None:
                source = Path(name).read_text(encoding="utf-8-sig")
            else:
                source = jinja_env.loader.get_source(jinja_env, name)[0].removeprefix("\ufeff")
            return self._rendered_json(source, context, jinja_env)
        except (OSError, ValueError, TemplateNotFound) as error:
            folders = ", ".join(getattr(jinja_env.loader, "searchpath", []))
            beside = "" if os.path.isabs(name) or not folders else f" It was looked for in {folders}."
            why = "there is no such file" if isinstance(error, TemplateNotFound) else one_line(str(error))
            raise CppConfigurationError(
                f"The definition's file {name!r} can't be read: {why}.{beside} Nothing was sent."
            ) from None
        except TemplateError as error:
            raise CppConfigurationError(
                f"The definition's file {name!r} is no template: {one_line(str(error))}. "
                "Write {{ '{{' }} for two braces that are meant as such. Nothing was sent."
            ) from None
