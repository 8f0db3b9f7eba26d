"""How a call is repeated: tenacity's loop around the rules of `wire.retries`, the same for both colours."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from airflow_provider_cpp.wire import retries

if TYPE_CHECKING:
    from tenacity import RetryCallState


def retry_options() -> dict[str, Any]:
    """Return the arguments for `Retrying` and `AsyncRetrying` around `exchange(call)`.

    The last reading comes back, whatever it is: what it means is for others to say.
    """
    from tenacity import stop_after_attempt, stop_before_delay

    return {
        "retry": _may_repeat,
        "wait": _pause,
        "stop": stop_after_attempt(retries.MAX_ATTEMPTS) | stop_before_delay(retries.BUDGET),
        "retry_error_callback": _last_reading,
    }


def _may_repeat(state: RetryCallState) -> bool:
    assert state.outcome is not None  # noqa: S101 - tenacity asks after an attempt only
    if state.outcome.failed:
        return False
    return retries.may_repeat(state.args[0], state.outcome.result())


def _pause(state: RetryCallState) -> float:
    assert state.outcome is not None  # noqa: S101
    return retries.pause(state.outcome.result(), state.attempt_number, random.random())  # noqa: S311 - jitter


def _last_reading(state: RetryCallState) -> Any:
    assert state.outcome is not None  # noqa: S101
    return state.outcome.result()
