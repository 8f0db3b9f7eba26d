"""How a task waits for an operation: its deadline, its first look, and the hand-over to the triggerer.

Shared by the sensor and the operator, so that both wait and end alike.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from airflow_provider_cpp.api.outcomes import Event
from airflow_provider_cpp.api.schedule import PollSchedule
from airflow_provider_cpp.api.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Generator

    from airflow.providers.common.compat.sdk import BaseOperator

    from airflow_provider_cpp.hooks.cloud_partner_portal import CloudPartnerPortalHook

#: The service's own estimates for one publication add up to 16 days; most take less than 14.
DEFAULT_TIMEOUT = timedelta(days=14)
DEFAULT_INTERVAL = 30.0
DEFAULT_MAX_INTERVAL = 600.0

#: Seconds by which Airflow's own, wordless timeout comes after ours, which can say what still runs where.
MARGIN = 120.0


def seconds(value: float | timedelta) -> float:
    """Return an interval, given in seconds or as a `timedelta`, in seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else float(value)


def plan_watch(
    hook: CloudPartnerPortalHook,
    operation_location: str,
    schedule: PollSchedule,
    timeout: float,
    execution_timeout: timedelta | None,
) -> Watch:
    """Return the watch of an operation that begins now.

    :param timeout: seconds after which to give up.
    :param execution_timeout: the task's own limit, which Airflow 3 doesn't enforce while it is deferred.
    :raises UntrustedLocation: if the location isn't one on the connection's own host.
    """
    now = time.time()
    limit = min(timeout, execution_timeout.total_seconds()) if execution_timeout else timeout
    return Watch(hook.location(operation_location), started_at=now, deadline=now + limit, schedule=schedule)


def looks(hook: CloudPartnerPortalHook, watch: Watch) -> Generator[float, None, Event]:
    """Watch blockingly: yields the seconds to wait before each further look, returns the event of the end."""
    return hook.client.steps(watch.follow(at_once=True), say=hook.say)


def look_once(steps: Generator[float, None, Event]) -> Event | float:
    """Go on to the next wait: return its seconds, or the event if the watch is over."""
    try:
        return next(steps)
    except StopIteration as end:
        event: Event = end.value
        return event


def hand_over(task: BaseOperator, watch: Watch, cpp_conn_id: str) -> NoReturn:
    """Free the worker: let the triggerer go on watching, and resume the task in `execute_complete`."""
    from airflow_provider_cpp.triggers.operation import OperationTrigger

    trigger = OperationTrigger(
        operation_location=watch.location.url,
        started_at=watch.started_at,
        deadline=watch.deadline,
        cpp_conn_id=cpp_conn_id,
        poke_interval=watch.schedule.shortest,
        max_poke_interval=watch.schedule.longest,
    )
    remaining = max(0.0, watch.deadline - time.time())
    task.defer(
        trigger=trigger,
        method_name="execute_complete",
        timeout=timedelta(seconds=remaining + watch.schedule.shortest + MARGIN),
    )
    raise AssertionError("defer() has to raise")
