"""How a wait is handed straight to the triggerer, so that it never touches a worker (Airflow 3.3 and later).

The scheduler makes the trigger from what the DAG file says, before any task runs: so a location has to be
a template there, and a deadline is known only when the trigger starts.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.tasks.waiting import MARGIN, time_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.providers.common.compat.sdk import BaseSensorOperator
    from airflow.triggers.base import StartTriggerArgs

    from airflow_provider_cpp.tasks.wait_arguments import Waiting

#: What the triggerer has of a template's context (Airflow 3.3). The rest of Airflow's names need questions that it
#: can't ask (`prev_start_date_success`, `task_state_store`), and a DAG's own macros stay in the DAG file.
_IN_THE_TRIGGERER = frozenset(
    (
        *("conn", "dag", "dag_run", "inlets", "macros", "map_index_template", "outlets", "params"),
        *("run_id", "task", "task_instance", "task_instance_key_str", "task_reschedule_count", "ti", "var"),
        *("logical_date", "data_interval_start", "data_interval_end", "partition_date", "partition_key"),
        *("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz"),
    )
)
#: Airflow's own filters, beside Jinja's.
_AIRFLOWS_FILTERS = frozenset(("ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz"))

_ANY_PULL = re.compile(r"xcom_pull\b")
_PULL = re.compile(r"xcom_pull\s*\(([^()]*)\)")


def start_trigger_args(
    trigger: str,
    templates: dict[str, Any],
    arguments: dict[str, Any],
    waiting: Waiting,
    ending: dict[str, Any] | None,
    *,
    execution_timeout: timedelta | None,
) -> StartTriggerArgs:
    """Return what the scheduler needs to defer a task by itself.

    :param trigger: the trigger's class, as a dotted path.
    :param templates: those of its arguments that are template fields of the task.
    :param arguments: its other arguments that say what is watched.
    :param waiting: how the task waits.
    :param ending: how the triggerer may end the task itself; None to resume it in any case.
    :param execution_timeout: Airflow's limit for the task.
    :raises CppConfigurationError: if the templates can't be rendered in the triggerer.
    """
    from airflow.triggers.base import StartTriggerArgs

    from airflow_provider_cpp.lro.schedule import Unchosen

    limit = time_limit(waiting.timeout, execution_timeout)
    hard_limit = limit + waiting.interval + MARGIN
    if execution_timeout is not None:
        hard_limit = min(hard_limit, execution_timeout.total_seconds())
    return StartTriggerArgs(
        trigger_cls=trigger,
        trigger_kwargs={
            **{name: as_template(name, value) for name, value in templates.items()},
            **arguments,
            "poke_interval": None if isinstance(waiting.interval, Unchosen) else waiting.interval,
            "max_poke_interval": waiting.max_interval,
            "stuck_after": waiting.stuck_after,
            "limit": limit,
            "hard_limit": hard_limit,
            "ending": ending,
        },
        next_method="execute_complete",
        timeout=timedelta(seconds=hard_limit),
    )


def ending_of(sensor: BaseSensorOperator) -> dict[str, Any]:
    """Return what the triggerer has to know of a task to end it as a worker would."""
    return {
        "retries": sensor.retries or 0,
        "skip_on_failure": sensor.soft_fail or sensor.never_fail,
        "push": bool(sensor.do_xcom_push),
        # Only a worker reports to Airflow which assets a task has updated.
        "resume_on_success": bool(sensor.outlets),
    }


def as_template(argument: str, value: Any) -> str:
    """Return an argument in a form that the triggerer renders.

    It renders templates, but doesn't resolve the output of a task; and a pull that doesn't say that its task
    isn't mapped stops the triggerer for good (seen with Airflow 3.3.2).

    :param argument: its name.
    :param value: a text, a template or a task's output.
    :raises CppConfigurationError: if there is no such form.
    """
    if isinstance(value, str):
        _check_pulls(argument, value)
        if (why := why_not_rendered(value)) is not None:
            raise _refused(f"{why}; start on a worker instead", argument)
        return value
    operator = getattr(value, "operator", None)
    if operator is None:
        why = f"it is a {type(value).__name__}; give a text, a template or a task's output"
        raise _refused(why, argument)
    if hasattr(operator, "expand_input") or _is_inside_a_mapped_group(operator):
        why = f"task {operator.task_id!r} is mapped, so its output is a list; start on a worker instead"
        raise _refused(why, argument)
    key = getattr(value, "key", None)
    if key is None:
        raise _refused("the output is changed by map, zip or the like; start on a worker instead", argument)
    return f"{{{{ ti.xcom_pull(task_ids={operator.task_id!r}, key={key!r}, map_indexes=-1) }}}}"


def why_not_rendered(template: str) -> str | None:
    """Return in words why the triggerer can't render a template, or None if it can.

    It renders in an environment of its own, with neither the DAG's macros and filters nor its folders (seen with
    Airflow 3.3.2): what it doesn't know stops the trigger without a word of ours, or is silently left out.

    :param template: the template, or a text.
    """
    if "{" not in template:
        return None
    from jinja2 import TemplateSyntaxError, meta, nodes
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment()
    environment.filters.update(dict.fromkeys(_AIRFLOWS_FILTERS, str))
    try:
        tree = environment.parse(template)
    except TemplateSyntaxError as error:
        return f"the triggerer can't read the template {template!r} ({error.message})"
    if next(tree.find_all((nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include)), None) is not None:
        return "the triggerer knows no other template that one could include, import or extend"
    unknown = {f"filter {each.name!r}" for each in tree.find_all(nodes.Filter)} - {
        f"filter {name!r}" for name in environment.filters
    }
    unknown |= {f"test {each.name!r}" for each in tree.find_all(nodes.Test)} - {
        f"test {name!r}" for name in environment.tests
    }
    if not unknown:  # with an unknown filter Jinja doesn't say which names there are
        names = meta.find_undeclared_variables(tree) - _IN_THE_TRIGGERER - environment.globals.keys()
        unknown = {f"name {name!r}" for name in names}
    if not unknown:
        return None
    named = ", no ".join(sorted(unknown))
    return f"the triggerer knows no {named}: it has neither a DAG's own macros nor its filters"


def why_on_a_worker(dag: Any, texts: Iterable[object]) -> str | None:
    """Return in words why a worker has to render a task's texts, as its DAG says, or None.

    :param dag: the DAG.
    :param texts: what may be a template.
    """
    from jinja2 import StrictUndefined

    own = dag.jinja_environment_kwargs or {}
    starts = [own.get(f"{kind}_start_string", start) for kind, start in (("variable", "{{"), ("block", "{%"))]
    if not any(isinstance(text, str) and any(start in text for start in starts) for text in texts):
        return None
    if own:
        return "jinja_environment_kwargs"
    return None if dag.template_undefined is StrictUndefined else "template_undefined"


def _check_pulls(argument: str, template: str) -> None:
    pulls = _PULL.findall(template)
    if len(pulls) != len(_ANY_PULL.findall(template)) or any("map_indexes" not in pull for pull in pulls):
        raise _refused("each xcom_pull has to name map_indexes: xcom_pull(..., map_indexes=-1)", argument)


def _is_inside_a_mapped_group(operator: Any) -> bool:
    return next(iter(operator.iter_mapped_task_groups()), None) is not None


def _refused(why: str, argument: str) -> CppConfigurationError:
    return CppConfigurationError(f"{argument} can't be used with start_from_trigger: {why}.")
