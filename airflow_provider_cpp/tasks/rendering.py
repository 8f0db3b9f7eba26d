"""What a template field is rendered to: a text stays the text that it is, whatever the DAG's renderer."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, KeysView, Mapping, Sequence, Set, ValuesView
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.wire.arguments import shown

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.common.compat.sdk import Context

#: Template fields that are documents; of all others the ends count no more than the spaces of a form's field.
DOCUMENTS = frozenset({"definition", "images"})

#: Those in which None means something else than what a template or a task was to say: another
#: publisher's offer, or a change without a condition.
NEVER_LEFT_OUT = frozenset({"publisher_id", "if_match"})


class RendersFields:
    """Renders the template fields of this provider; mixed into an operator or a sensor.

    Airflow's native renderer reads each text as a Python literal, so that `"1.0"` becomes a number, and its
    other one makes a text of each list and drops a last line end. Here, a template that is nothing but one
    expression gives what that expression is; whatever else is a text, is a text.

    Fields that a subclass of a DAG's author adds are rendered as Airflow does.
    """

    # Not `render_template_fields`, which Airflow doesn't call for a mapped task.
    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
    ) -> None:
        """Render the task's templates."""
        # A part of a field that has fields of its own is another parent.
        ours = _fields_of_this_provider(type(self)) if parent is self else frozenset()
        theirs = [name for name in template_fields if name not in ours]
        base: Any = super()
        base._do_render_template_fields(parent, theirs, context, jinja_env, seen_oids)
        for name in template_fields:
            value = getattr(self, name, None) if name in ours else None
            if value is None or isinstance(value, bool):
                continue
            try:
                setattr(self, name, self._rendered_field(name, value, context, jinja_env, seen_oids))
            except Exception:
                # Without the template, which may hold a secret.
                log: Any = self.log  # type: ignore[attr-defined]
                log.error("The template of %s can't be rendered.", name.removeprefix("is_"))
                raise

    def _rendered_field(
        self, name: str, value: Any, context: Context, jinja_env: jinja2.Environment, seen_oids: set[int]
    ) -> Any:
        """Return what a field renders to.

        :param name: the field.
        :param value: what it holds: a text, what holds texts, or a task's output.
        :param seen_oids: the identities of what Airflow has resolved already, and no template is in.
        """
        if callable(value):  # as Airflow has it
            return value(context=context, jinja_env=jinja_env)
        rendered = self._renderer(name, context, jinja_env, seen_oids).rendered(value)
        if rendered is None and name in NEVER_LEFT_OUT:
            return str(rendered)  # which is refused
        if rendered is None and name == "is_dry_run" and not isinstance(value, str):
            raise CppConfigurationError("dry_run is the output of a task that pushed nothing. Nothing was sent.")
        return rendered.strip() if isinstance(rendered, str) and name not in DOCUMENTS else rendered

    def _renderer(
        self, name: str, context: Context, jinja_env: jinja2.Environment, seen_oids: set[int] | None = None
    ) -> Renderer:
        from jinja2.nativetypes import NativeEnvironment

        is_native = getattr(self, "render_template_as_native_obj", None)  # an operator's own, in later versions
        if is_native is None:
            is_native = isinstance(jinja_env, NativeEnvironment)
        return Renderer(
            self, context, jinja_env, seen_oids or set(), keeps_scalars=is_native or name not in DOCUMENTS
        )


def _fields_of_this_provider(operator: type) -> frozenset[str]:
    package = __name__.partition(".")[0]
    return frozenset(
        name
        for base in operator.__mro__
        if base.__module__.partition(".")[0] == package
        for name in vars(base).get("template_fields", ())
    )


class Renderer:
    """Renders the templates of a field.

    :param task: the operator, whose `render_template` knows the outputs of tasks.
    :param context: the task's context.
    :param jinja_env: the DAG's environment: its macros, filters and files count.
    :param seen_oids: the identities of values that hold no templates, as they were resolved.
    :param keeps_scalars: whether numbers, booleans and None that a single expression gives stay what they are;
        lists and objects always do.
    """

    def __init__(
        self,
        task: Any,
        context: Context,
        jinja_env: jinja2.Environment,
        seen_oids: set[int],
        *,
        keeps_scalars: bool,
    ) -> None:
        self.task = task
        self.context = context
        self.jinja_env = jinja_env
        self.seen_oids = seen_oids
        self.keeps_scalars = keeps_scalars

    def rendered(self, value: Any) -> Any:
        """Return a value with all templates in it rendered, those in keys too."""
        if id(value) in self.seen_oids:
            return value
        if isinstance(value, str):
            return self.text(value)
        if value.__class__ in {list, tuple, set}:
            return value.__class__(self.rendered(item) for item in value)
        if isinstance(value, dict):
            return self._object(value)
        # A task's output, a literal, a file's path, an object with template fields of its own.
        return self.task.render_template(value, self.context, self.jinja_env, self.seen_oids)

    def _object(self, value: dict[Any, Any]) -> dict[Any, Any]:
        rendered: dict[Any, Any] = {}
        for key, item in value.items():
            name = str(self.text(key)) if isinstance(key, str) else key
            if name in rendered:
                raise CppConfigurationError(
                    f"Two keys of an object are rendered to {shown(name)}. Nothing was sent."
                )
            rendered[name] = self.rendered(item)
        return rendered

    def text(self, source: str) -> Any:
        """Return what a template gives: a text, or what its one expression is."""
        if not _has_template(source, self.jinja_env):
            return source
        parts = self._parts(source)
        given = [part for part in parts if not (isinstance(part, str) and part.isspace())]
        if len(given) == 1 and self._is_data(given[0], is_alone=len(parts) == 1):
            # `{{ names | map("upper") }}` and `{{ plans.values() }}` mean what they go through.
            return list(given[0]) if isinstance(given[0], Iterator | KeysView | ValuesView) else given[0]
        return _joined(parts)

    def _is_data(self, value: Any, *, is_alone: bool) -> bool:
        if isinstance(value, Mapping | Sequence | Set | Iterator | ValuesView) and not isinstance(
            value, str | bytes
        ):
            return True
        is_scalar = value is None or isinstance(value, int | float)
        return is_scalar and self.keeps_scalars and is_alone

    def _parts(self, source: str) -> list[Any]:
        env = _environment_of_parts(source, self.jinja_env)
        template = env.from_string(source)
        # As Airflow does: Jinja's own way resolves each value of a context at once.
        variables: Any = copy.copy(self.context)
        variables.update((key, value) for key, value in template.globals.items() if key not in variables)
        try:
            parts = template.root_render_func(env.context_class(env, variables, template.name, template.blocks))
            return list(parts)
        except Exception:  # noqa: BLE001 - as Airflow does
            env.handle_exception()  # it raises, with a traceback that names the template's line


def _has_template(source: str, env: jinja2.Environment) -> bool:
    if env.line_statement_prefix or env.line_comment_prefix:
        return True
    return any(
        start in source for start in (env.block_start_string, env.variable_start_string, env.comment_start_string)
    )


def _environment_of_parts(source: str, env: jinja2.Environment) -> jinja2.Environment:
    """Return an environment whose templates give their parts one by one, as what they are, and all of a text."""
    from jinja2 import pass_context
    from jinja2.nativetypes import NativeCodeGenerator

    @pass_context
    def as_it_is(_context: object, value: Any) -> Any:
        # With the context, so that Jinja doesn't make a text of what is constant before.
        return value

    own = env.overlay()
    own.code_generator_class = NativeCodeGenerator
    own.concat = _joined  # type: ignore[method-assign]
    own.finalize = env.finalize or as_it_is
    own.keep_trailing_newline = True
    if "\r\n" in source and source.count("\n") == source.count("\r\n"):
        own.newline_sequence = "\r\n"
    return own


def _joined(parts: Iterable[Any]) -> str:
    return "".join(map(str, parts))
