"""Notices when a process stalls, as it or its machine is suspended, so that others may take it for lost."""

from __future__ import annotations

import asyncio
import time
from contextvars import Context
from weakref import WeakKeyDictionary

#: Seconds between two looks at the clock.
TICK = 2.0

#: Seconds for which `Pulse` remembers that it stalled. A process learns that Airflow took it for lost when it next
#: asks which triggers it has (a triggerer, every second) or reports (a task, every five).
MEMORY = 120.0


class Pulse:
    """Looks at the clock again and again, and remembers how long it couldn't.

    :param now: the time, in seconds since 1970. Not a monotonic clock, which may stop as well.
    """

    def __init__(self, now: float) -> None:
        self._last = now
        self._longest = 0.0
        self._ended = now

    def beat(self, now: float) -> None:
        """Look at the clock."""
        stalled = now - self._last - TICK
        if stalled >= self.lately(now):
            self._longest, self._ended = stalled, now
        self._last = now

    def lately(self, now: float) -> float:
        """Return for how many seconds it stalled lately, or stalls now; 0 or little if it didn't."""
        remembered = self._longest if now - self._ended < MEMORY else 0.0
        return max(0.0, remembered, now - self._last - TICK)


_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Pulse, asyncio.Task[None]]] = WeakKeyDictionary()


def pulse_of_loop() -> Pulse:
    """Return the pulse of the running event loop, which stalls as well while somebody blocks the loop."""
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        pulse = Pulse(time.time())

        async def run() -> None:
            while True:
                await asyncio.sleep(TICK)
                pulse.beat(time.time())

        # Of no trigger's: what they bind to their log lines is none of its business.
        _loops[loop] = pulse, loop.create_task(run(), name="cpp-pulse", context=Context())
    return _loops[loop][0]
