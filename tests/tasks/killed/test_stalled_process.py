"""How the process of a task notices that it stalled."""

from __future__ import annotations

import time

from airflow_provider_cpp.tasks.killed import stalled_process
from airflow_provider_cpp.triggers import stalled
from tests.end_to_end.eventually import eventually


def test_a_process_has_one_pulse_that_beats(monkeypatch):
    monkeypatch.setattr(stalled_process, "TICK", 0.05)
    monkeypatch.setattr(stalled, "TICK", 0.05)
    monkeypatch.setattr(stalled, "MEMORY", 1.0)
    monkeypatch.setattr(stalled_process, "_pulses", {})
    pulse = stalled_process.pulse_of_process()
    assert stalled_process.pulse_of_process() is pulse
    time.sleep(0.5)
    # The machine may really stall for a moment; a pulse that doesn't beat would never be in time again.
    eventually(lambda: pulse.lately(time.time()) < 0.3, "a pulse in time", 60)
