"""What a task's arguments say of how it waits, checked once for all operators and sensors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Self

from airflow_provider_cpp.exceptions import CppConfigurationError
from airflow_provider_cpp.lro.schedule import optional_seconds, seconds
from airflow_provider_cpp.wire.arguments import checked_flag


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a task waits.

    :param deferrable: in the triggerer; otherwise on the worker.
    :param interval: seconds between two looks at least.
    :param max_interval: seconds between two looks at most.
    :param timeout: seconds after which it gives up.
    :param stuck_after: seconds without a change of step after which a warning is logged; None for never.
    :param cancel_on_kill: whether the operation is canceled when a user ends the task.
    :param start_from_trigger: whether the scheduler hands the task straight to the triggerer.
    :param end_from_trigger: whether the triggerer ends the task.
    """

    deferrable: bool
    interval: float
    max_interval: float
    timeout: float
    stuck_after: float | None
    cancel_on_kill: bool = False
    start_from_trigger: bool = False
    end_from_trigger: bool = False

    @classmethod
    def of(
        cls,
        looks: Literal["poll", "poke"],
        *,
        deferrable: bool,
        interval: float | timedelta,
        max_interval: float | timedelta,
        timeout: float | timedelta,
        stuck_after: float | timedelta | None,
        cancel_on_kill: bool = False,
        start_from_trigger: bool = False,
        end_from_trigger: bool = False,
    ) -> Self:
        """Check what a task was given.

        :param looks: what the task calls its looks, as in `poll_interval`.
        :param deferrable: see the class, as all that follow; lengths of time may be a `timedelta`, too.
        :raises CppConfigurationError: one of them can't be; it is named as the task's argument is.
        """
        if checked_flag("start_from_trigger", start_from_trigger) and not checked_flag("deferrable", deferrable):
            raise CppConfigurationError(
                "deferrable=False means that a worker waits; start_from_trigger needs True."
            )
        return cls(
            deferrable=checked_flag("deferrable", deferrable),
            interval=seconds(f"{looks}_interval", interval),
            max_interval=seconds(f"max_{looks}_interval", max_interval),
            timeout=seconds("timeout", timeout),
            stuck_after=optional_seconds("stuck_after", stuck_after),
            cancel_on_kill=checked_flag("cancel_on_kill", cancel_on_kill),
            start_from_trigger=start_from_trigger,
            end_from_trigger=checked_flag("end_from_trigger", end_from_trigger),
        )
