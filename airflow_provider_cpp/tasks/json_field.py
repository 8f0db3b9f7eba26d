"""How a task takes a template field that is data or JSON: what its templates render to, and its secrets masked."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.offers.definitions import is_json, read_definition
from airflow_provider_cpp.tasks.calling import CallsPortal

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.common.compat.sdk import Context


class TakesJson(CallsPortal):
    """What a task needs that has such a field; mixed into an operator."""

    #: The template field.
    json_field: ClassVar[str]

    # Not `render_template_fields`, which Airflow doesn't call for a mapped task.
    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
    ) -> None:
        """Render the templates, and have secrets of the field masked before Airflow shows the fields."""
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
        if parent is not self:  # a part of a field that has fields of its own
            return
        value = getattr(self, self.json_field)
        try:
            value = self._taken(context, jinja_env)
        except CppConfigurationError:  # `execute` says it
            (_mask_whole if isinstance(value, str) and is_json(value) else mask_secrets)(value)
        else:
            setattr(self, self.json_field, value)
            mask_secrets(value)

    def _taken(self, context: Context, jinja_env: jinja2.Environment) -> Any:
        """Return the field's value as data.

        :raises CppConfigurationError: if it is none.
        """
        raise NotImplementedError

    def _rendered_field(
        self, name: str, value: Any, context: Context, jinja_env: jinja2.Environment, seen_oids: set[int]
    ) -> Any:
        if name == self.json_field and isinstance(value, str) and is_json(value):
            return self._rendered_json(value, context, jinja_env)
        return super()._rendered_field(name, value, context, jinja_env, seen_oids)

    def _rendered_json(self, source: str, context: Context, jinja_env: jinja2.Environment) -> Any:
        """Return what JSON gives with its templates rendered.

        Where it is JSON already, each of its texts is a template for itself, so that a quote or a line end in what
        one renders to is a part of that text, and no JSON. Otherwise the whole is a template that gives JSON.
        """
        renderer = self._renderer(self.json_field, context, jinja_env)
        renderer.keeps_scalars = False  # what stands in quotes there is a text
        try:
            document = read_definition(source)
        except CppConfigurationError:
            return renderer.text(source)
        return renderer.rendered(document)


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
