"""Notices when a process stood still, as it or its machine was suspended: others may have taken it for lost."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextvars import Context
from weakref import WeakKeyDictionary

#: Seconds between two looks at the clock.
TICK = 2.0

#: Seconds for which a standstill is told. Airflow tells a process that it was taken for lost when it next looks
#: which triggers a triggerer has (every second) or when a task reports (every five).
MEMORY = 120.0


class Pulse:
    """Looks at the clock again and again, and remembers how long it couldn't.

    :param now: the time, in seconds since 1970. Not a monotonic clock, which may stand still as well.
    """

    def __init__(self, now: float) -> None:
        self._last = now
        self._longest = 0.0
        self._ended = now

    def beat(self, now: float) -> None:
        """Look at the clock."""
        still = now - self._last - TICK
        if still >= self.lately(now):
            self._longest, self._ended = still, now
        self._last = now

    def lately(self, now: float) -> float:
        """Return for how many seconds it stood still lately, or still does; 0 or little if it didn't."""
        remembered = self._longest if now - self._ended < MEMORY else 0.0
        return max(0.0, remembered, now - self._last - TICK)


_threads: dict[int, Pulse] = {}
_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[Pulse, asyncio.Task[None]]] = WeakKeyDictionary()


def pulse_of_process() -> Pulse:
    """Return the pulse of this process, which beats from the first call on."""
    if os.getpid() not in _threads:
        _threads.clear()  # a parent's: threads don't survive a fork
        pulse = _threads[os.getpid()] = Pulse(time.time())

        def run() -> None:
            never = threading.Event()  # time.sleep is what tests patch
            while not never.wait(TICK):
                pulse.beat(time.time())

        threading.Thread(target=run, name="cpp-standstill", daemon=True).start()
    return _threads[os.getpid()]


def pulse_of_loop() -> Pulse:
    """Return the pulse of the running event loop, which stands still as well while somebody blocks the loop."""
    loop = asyncio.get_running_loop()
    if loop not in _loops:
        pulse = Pulse(time.time())

        async def run() -> None:
            while True:
                await asyncio.sleep(TICK)
                pulse.beat(time.time())

        # Of no trigger's: what they bind to their log lines is none of its business.
        _loops[loop] = pulse, loop.create_task(run(), name="cpp-standstill", context=Context())
    return _loops[loop][0]
