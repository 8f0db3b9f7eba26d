"""How a task takes an offer's definition: a document, JSON or a file, with templates, and with secrets masked."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.definitions import checked_definition, is_json, read_definition
from airflow_provider_cpp.tasks.calling import CallsPortal
from airflow_provider_cpp.wire.arguments import is_missing

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.common.compat.sdk import BaseOperator, Context


class TakesDefinition(CallsPortal):
    """What a task needs that has a template field `definition`; mixed into an operator."""

    definition: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | os.PathLike[str]

    # Not `render_template_fields`, which Airflow doesn't call for a mapped task.
    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
    ) -> None:
        """Render the templates, the file's too, and have secrets in it masked before Airflow shows the fields."""
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
        if parent is not self:  # a part of a field that has fields of its own
            return
        try:
            self.definition = self._document(context, jinja_env)
        except CppConfigurationError:  # `execute` says it
            if isinstance(self.definition, str) and is_json(self.definition):
                _mask_whole(self.definition)
        else:
            mask_secrets(self.definition)

    def _rendered_field(
        self, name: str, value: Any, context: Context, jinja_env: jinja2.Environment, seen_oids: set[int]
    ) -> Any:
        if name == "definition" and isinstance(value, str) and is_json(value):
            return self._rendered_json(value, context, jinja_env)
        return super()._rendered_field(name, value, context, jinja_env, seen_oids)

    def _rendered_json(self, source: str, context: Context, jinja_env: jinja2.Environment) -> Any:
        """Return what JSON gives with its templates rendered.

        Where it is JSON already, each of its texts is a template for itself, so that a quote or a line end in what
        one renders to is a part of that text, and no JSON. Otherwise the whole is a template that gives JSON.
        """
        renderer = self._renderer("definition", context, jinja_env)
        renderer.keeps_scalars = False  # what stands in quotes there is a text
        try:
            document = read_definition(source)
        except CppConfigurationError:
            return renderer.text(source)
        return renderer.rendered(document)

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


def mask_secrets(definition: object) -> None:
    """Have Airflow blank the secrets of a definition wherever it shows something."""
    from airflow_provider_cpp.wire.confidential import secrets_in

    if isinstance(definition, str) and is_json(definition):
        with suppress(CppConfigurationError):  # a template, perhaps
            definition = read_definition(definition)
    for secret in set(secrets_in(definition)):
        _mask_whole(secret)


def _mask_whole(text: str) -> None:
    from airflow.providers.common.compat.sdk import mask_secret

    mask_secret(text)
