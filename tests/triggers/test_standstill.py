"""How a process notices that it stood still."""

from __future__ import annotations

import asyncio
import time

from airflow_provider_cpp.triggers import standstill
from airflow_provider_cpp.triggers.standstill import MEMORY, TICK, Pulse
from tests.end_to_end.eventually import eventually


def test_a_pulse_that_beats_in_time_stands_still_for_no_time():
    pulse = Pulse(0.0)
    for beat in range(1, 100):
        pulse.beat(beat * TICK)
    assert pulse.lately(100 * TICK) == 0


def test_a_standstill_is_told_for_a_while_and_then_forgotten():
    pulse = Pulse(0.0)
    pulse.beat(100 + TICK)
    assert pulse.lately(100 + TICK) == 100
    pulse.beat(100 + 2 * TICK)
    assert pulse.lately(100 + 2 * TICK) == 100
    now = 100 + TICK
    while now < 100 + 2 * MEMORY:
        now += TICK
        pulse.beat(now)
    assert pulse.lately(now) == 0


def test_one_that_goes_on_is_told_before_the_next_beat():
    assert Pulse(0.0).lately(50 + TICK) == 50


def test_the_longest_counts():
    pulse = Pulse(0.0)
    pulse.beat(40 + TICK)
    pulse.beat(50 + 2 * TICK)
    assert pulse.lately(50 + 2 * TICK) == 40


def test_a_clock_that_is_set_back_is_no_standstill():
    pulse = Pulse(1000.0)
    pulse.beat(10.0)
    assert pulse.lately(11.0) == 0


def test_an_event_loop_that_somebody_blocks_stands_still(monkeypatch):
    monkeypatch.setattr(standstill, "TICK", 0.05)

    async def run():
        pulse = standstill.pulse_of_loop()
        assert standstill.pulse_of_loop() is pulse
        await asyncio.sleep(0.2)
        time.sleep(0.5)
        await asyncio.sleep(0.2)
        return pulse.lately(time.time())

    assert 0.25 < asyncio.run(run()) < 5


def test_a_process_has_one_pulse_that_beats(monkeypatch):
    monkeypatch.setattr(standstill, "TICK", 0.05)
    monkeypatch.setattr(standstill, "MEMORY", 1.0)
    monkeypatch.setattr(standstill, "_threads", {})
    pulse = standstill.pulse_of_process()
    assert standstill.pulse_of_process() is pulse
    time.sleep(0.5)
    # The machine may really stand still for a moment; a pulse that doesn't beat would never be in time again.
    eventually(lambda: pulse.lately(time.time()) < 0.3, "a pulse in time", 60)
