"""Which call may be sent again after what came back, and how long to wait before it."""

from __future__ import annotations

from airflow_provider_cpp.wire.answers import Answer, Loss, Reading, Unanswered, retry_after
from airflow_provider_cpp.wire.call import Call

MAX_ATTEMPTS = 5

#: Seconds that all attempts at one call may take together.
BUDGET = 120.0

_PASSING = frozenset({408, 429, 500, 502, 503, 504})


def was_refused_unread(call: Call, reading: Reading) -> bool:
    """Return whether the service provably did nothing about a call, and may do it later.

    True for a request that never reached it. Of answers the call says which ones mean that: usually 429, and 503
    with a Retry-After (guidelines of Microsoft's REST APIs: a caller may take such a request as retriable).
    Everything else may have been acted on.
    """
    if isinstance(reading, Unanswered):
        return reading.loss is Loss.NOT_SENT
    if reading.status not in call.unread:
        return False
    return reading.status != 503 or retry_after(reading) is not None


def may_have_been_taken(call: Call, reading: Reading) -> bool:
    """Return whether the service may have carried out a call, though it doesn't say so."""
    if was_refused_unread(call, reading):
        return False
    if isinstance(reading, Unanswered):
        return reading.loss is Loss.UNCLEAR
    return reading.status == 408 or reading.status >= 500 or 200 <= reading.status < 300


def is_failed_read(reading: Reading) -> bool:
    """Return whether a read came to nothing for reasons that may pass; never a verdict on what was read."""
    if isinstance(reading, Unanswered):
        return reading.loss is not Loss.UNTRUSTED_PEER
    return reading.status in _PASSING or reading.status >= 500 or reading.damage is not None


def may_repeat(call: Call, reading: Reading) -> bool:
    """Return whether the call may be sent again just so.

    A call that starts something only where the service provably did nothing: there is no idempotency key,
    so a blind repetition could go live twice. A call that only reads, after every failed read.
    """
    return is_failed_read(reading) if call.is_safe else was_refused_unread(call, reading)


def pause(reading: Reading, attempt: int, draw: float) -> float:
    """Return the seconds to wait before the next attempt: full jitter, with Retry-After as a floor.

    :param reading: what the attempt came to.
    :param attempt: number of the attempt that failed, from 1.
    :param draw: a random number from 0 to 1.
    """
    asked = retry_after(reading) if isinstance(reading, Answer) else None
    back_off: float = min(2.0 ** (attempt - 1), 30.0)
    return max(back_off * draw, (asked or 0.0) * (1 + 0.1 * draw))
