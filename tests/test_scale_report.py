"""What the benchmark of a real triggerer computes from its readings, refuses, and writes."""

from __future__ import annotations

import copy
import json

import pytest

from benchmarks import real_triggerer, server
from benchmarks.real_triggerer import Reading, ScaleError, check_states, checked_polls, per_wait_and_hour
from benchmarks.report import of_real_triggerer

TOOK = {
    "memory_mb": 300.0,
    "memory_kb": 20.0,
    "cpu_supervisor": 0.5,
    "cpu_triggers": 0.25,
    "polls": 6012,
    "blocked": [],
    "until_seen": [10.0, 20.0, 30.0],
    "after_seen": [1.0, 1.0, 2.0],
    "restart": {
        "taken": 61.0,
        "seen": 80.0,
        "cpu_supervisor": 9.0,
        "cpu_triggers": 3.0,
        "blocked": [0.31, 0.52],
        "ends": [30.0, 40.0, 50.0],
        "states": {"deferred": 1960, "success": 40},
    },
}


@pytest.fixture
def figures(monkeypatch):
    """What the benchmark returns, if it measures this of each contender."""
    took = {"ours": TOOK, "http_sensor": {**TOOK, "cpu_triggers": 2.5, "blocked": [0.25, 0.75]}}
    monkeypatch.setattr(real_triggerer, "_one", lambda name, waits, say: copy.deepcopy(took[name]))
    return {"real_triggerer": real_triggerer.real_triggerer()}


def cells(table):
    return {row[0]: row[1:] for row in table.rows}


def goals(table):
    return {goal.text: (goal.measured, goal.is_met) for goal in table.goals}


def test_the_cpu_of_a_wait_is_what_further_waits_add():
    few = Reading(100.0, (1.0, 2.0), 0), Reading(130.0, (1.3, 2.3), 0)
    all_ = Reading(300.0, (5.0, 5.0), 0), Reading(400.0, (7.0, 11.0), 0)
    # 0.01 of a processor with few; 0.02 and 0.06 with a hundred more.
    assert per_wait_and_hour(few, all_, 100, 0) == pytest.approx(3600 * 0.01 / 100)
    assert per_wait_and_hour(few, all_, 100, 1) == pytest.approx(3600 * 0.05 / 100)


@pytest.mark.parametrize("polls", [0, 4400, 7600])
def test_figures_of_waits_that_did_not_poll_as_they_should_are_refused(polls):
    assert checked_polls(6000, 2000, 90.0, 30.0) == 6000
    with pytest.raises(ScaleError, match=f"{polls} polls in 90 s"):
        checked_polls(polls, 2000, 90.0, 30.0)


@pytest.mark.parametrize(
    "wrong",
    [{0: "deferred"}, {0: "failed"}, {2: "success"}, {2: "scheduled"}, {2: None}, {7: "deferred"}],
    ids=str,
)
def test_a_wait_that_is_lost_or_ended_otherwise_fails_the_benchmark(wrong):
    right = {0: "success", 1: "success", 2: "deferred", 3: "deferred"}
    check_states(right, {0, 1}, 4)
    with pytest.raises(ScaleError, match="are lost"):
        check_states({**right, **wrong}, {0, 1}, 4)
    with pytest.raises(ScaleError, match="1 of 4 waits"):
        check_states({number: right[number] for number in (0, 1, 2)}, {0, 1}, 4)


def test_the_report_shows_each_contender_in_a_column(figures):
    table, _ = of_real_triggerer(figures)
    assert table.title == "6. 2,000 waits in a real triggerer, each with a look every 30 s"
    assert list(table.header) == ["", "our sensor", "Airflow's HttpSensor"]
    found = cells(table)
    assert found["CPU of a further wait, s an hour"] == ["0.75", "3.00"]
    assert found["looks in 90 s (6,000 planned)"] == ["6,012", "6,012"]
    assert found["warnings of a blocked loop in 90 s"] == ["0", "2"]
    assert found["longest block of which Airflow warns, s"] == ["0.00", "0.75"]
    assert found["operation's end to the task's end, s (median / max)"] == ["21.0 / 32.0"] * 2
    assert goals(table) == {
        "no warning of a blocked loop in 90 s of 2,000 waits": ("0", True),
        "a wait in a real triggerer takes less CPU than HttpSensor's": ("4.0x less", True),
    }


def test_the_report_shows_the_restart(figures):
    _, table = of_real_triggerer(figures)
    found = cells(table)
    assert found["CPU of the triggerer until then, s"] == ["12.0"] * 2
    assert found["operations that ended meanwhile: the task's end, s (median / max)"] == ["40.0 / 50.0"] * 2
    assert found["waits that went on / whose task has ended"] == ["1,960 / 40"] * 2
    assert goals(table) == {"no wait lost by kill -9 of the triggerer": ("0 of 2,000", True)}


def test_goals_that_are_missed_are_said_to_be(figures):
    found = figures["real_triggerer"]["contenders"]
    found["ours"]["blocked"] = [0.3]
    found["ours"]["cpu_triggers"] = 3.0
    found["ours"]["restart"]["states"]["deferred"] -= 1
    measured = [goal for table in of_real_triggerer(figures) for goal in goals(table).values()]
    assert measured == [("1", False), ("0.9x less", False), ("1 of 2,000", False)]


def test_the_server_ends_an_operation_and_notes_who_asked():
    service = server.Service()
    operation = (
        b"GET /api/publishers/contoso/offers/offer-17/operations/operation-17?api-version=2017-10-31 HTTP/1.1"
    )
    sensor = b"GET /sensor/4?api-version=2017-10-31 HTTP/1.1"

    def ask():
        return [service.answer_to(kind, asked) for kind, asked in (("operation", operation), ("sensor", sensor))]

    assert [b'"running"' in answer for answer in ask()] == [True, True]
    assert json.loads(service.control(b'{"noting": true}'))["seen"] == 0
    ask()
    counted = json.loads(service.control(b'{"ended": [17]}'))
    assert (counted["seen"], counted["told"], counted["operation"]) == (2, {}, 1)
    ended, running = ask()
    assert ended.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(ended.partition(b"\r\n\r\n")[2])["status"] == "succeeded"
    assert running.startswith(b"HTTP/1.1 404")
    assert list(json.loads(service.control(b"{}"))["told"]) == ["17"]
