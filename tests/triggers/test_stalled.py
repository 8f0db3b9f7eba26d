"""How a process notices that it stalled."""

from __future__ import annotations

import asyncio
import time

from airflow_provider_cpp.triggers import stalled
from airflow_provider_cpp.triggers.stalled import MEMORY, TICK, Pulse


def test_a_pulse_that_beats_in_time_stalls_for_no_time():
    pulse = Pulse(0.0)
    for beat in range(1, 100):
        pulse.beat(beat * TICK)
    assert pulse.lately(100 * TICK) == 0


def test_that_it_stalled_counts_for_a_while_and_is_then_forgotten():
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


def test_one_that_stalls_is_noticed_before_the_next_beat():
    assert Pulse(0.0).lately(50 + TICK) == 50


def test_the_longest_counts():
    pulse = Pulse(0.0)
    pulse.beat(40 + TICK)
    pulse.beat(50 + 2 * TICK)
    assert pulse.lately(50 + 2 * TICK) == 40


def test_a_clock_that_is_set_back_is_nothing_that_stalls():
    pulse = Pulse(1000.0)
    pulse.beat(10.0)
    assert pulse.lately(11.0) == 0


def test_an_event_loop_that_somebody_blocks_stalls(monkeypatch):
    monkeypatch.setattr(stalled, "TICK", 0.05)

    async def run():
        pulse = stalled.pulse_of_loop()
        assert stalled.pulse_of_loop() is pulse
        await asyncio.sleep(0.2)
        time.sleep(0.5)
        await asyncio.sleep(0.2)
        return pulse.lately(time.time())

    assert 0.25 < asyncio.run(run()) < 5
