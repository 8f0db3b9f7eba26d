"""Notices when the process of a task stalls."""

from __future__ import annotations

import os
import threading
import time

from airflow_provider_cpp.triggers.stalled import TICK, Pulse

_pulses: dict[int, Pulse] = {}


def pulse_of_process() -> Pulse:
    """Return the pulse of this process, which beats from the first call on."""
    if os.getpid() not in _pulses:
        _pulses.clear()  # a parent's: threads don't survive a fork
        pulse = _pulses[os.getpid()] = Pulse(time.time())

        def run() -> None:
            never = threading.Event()  # time.sleep is what tests patch
            while not never.wait(TICK):
                pulse.beat(time.time())

        threading.Thread(target=run, name="cpp-pulse", daemon=True).start()
    return _pulses[os.getpid()]
