"""Measures many deferred waits in the triggerer of a real Airflow: ours, and those of Airflow's HttpSensor.

``python -m benchmarks.real_triggerer [WAITS] [CONTENDER]`` prints the figures as JSON; with 50 waits for a try.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import create_engine, text

from benchmarks.portal import ROOT, Portal
from dev.airflow_settings import free_ports
from dev.local_airflow import LocalAirflow
from dev.postgres import LocalPostgres
from dev.statsd_receiver import StatsdReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator

WAITS = 2000
CONTENDERS = ("ours", "http_sensor")

#: Seconds between two looks of one wait.
INTERVAL = 30.0
#: Waits that run before anything is measured: what all share, such as imports, is there then.
FIRST = 20
#: Seconds for which these few are measured, and all of them: the looks come in full rounds.
SECONDS_OF_FEW = INTERVAL
SECONDS = 3 * INTERVAL
#: Operations that end one by one while that is measured, and that end while no triggerer runs.
ENDED = 20
#: Seconds for which none runs.
DOWN = 5.0

#: Seconds that anything may take that is waited for.
PATIENCE = 240.0
#: Between two looks at it.
LOOK = 0.25

#: What Airflow counts when the triggerer's loop was blocked, and what it logs then.
BLOCKED = "airflow.triggers.blocked_main_thread"
_FOR_SECONDS = re.compile(r"async thread was blocked for ([\d.]+) seconds")

Say = Callable[[str], None]


class ScaleError(Exception):
    """What was to be measured didn't happen."""


@dataclass(frozen=True)
class Reading:
    """What the triggerer has taken up to a moment.

    :param at: the moment, in seconds.
    :param cpu: CPU seconds so far of its supervisor, which talks to the database, and of the process that runs
        the triggers.
    :param memory: bytes of the two, each shared page counted by its share (PSS).
    """

    at: float
    cpu: tuple[float, float]
    memory: int


def per_wait_and_hour(few: Sequence[Reading], all_: Sequence[Reading], further: int, which: int) -> float:
    """Return the CPU seconds that a further wait takes in an hour.

    :param few: two readings with few waits.
    :param all_: two with all of them.
    :param further: how many more these are.
    :param which: 0 for the supervisor, 1 for the process that runs the triggers.
    """
    rates = [(end.cpu[which] - begin.cpu[which]) / (end.at - begin.at) for begin, end in (few, all_)]
    return 3600 * (rates[1] - rates[0]) / further


def checked_polls(polls: int, waits: int, seconds: float, interval: float) -> int:
    """Return the number of polls, if so many waits can have made them.

    :raises ScaleError: it is too small or too large by a quarter, so that something else was measured.
    """
    expected = waits * seconds / interval
    if not 0.75 * expected <= polls <= 1.25 * expected:
        raise ScaleError(f"{polls} polls in {seconds:.0f} s, where {waits} waits make some {expected:.0f}")
    return polls


def check_states(states: dict[int, str], ended: Collection[int], waits: int) -> None:
    """Make sure that no wait was lost: what has ended succeeded, and everything else still waits.

    :param states: of the task instances, by the operation's number.
    :raises ScaleError: otherwise.
    """
    expected = {number: "success" if number in ended else "deferred" for number in range(waits)}
    wrong = {number: states.get(number) for number, state in expected.items() if states.get(number) != state}
    if wrong or len(states) != waits:
        raise ScaleError(
            f"{len(wrong)} of {waits} waits are lost or ended too early: {dict(list(wrong.items())[:9])}"
        )


def real_triggerer(waits: int = WAITS, who: Sequence[str] = CONTENDERS, say: Say = print) -> dict[str, Any]:
    """Return the figures of each contender, one after the other, each in an Airflow of its own.

    :param waits: how many.
    :param say: told what is being done.
    :raises ScaleError: a wait got lost, or what was to be measured didn't happen.
    """
    figures = {name: _one(name, waits, say) for name in who}
    return {"waits": waits, "interval": INTERVAL, "seconds": SECONDS, "contenders": figures}


def _one(name: str, waits: int, say: Say) -> dict[str, Any]:
    began = time.monotonic()

    def told(what: str) -> None:
        say(f"{name} {time.monotonic() - began:4.0f} s  {what}")

    with _scene(name, waits, told) as scene:
        scene.defer(0, FIRST)
        scene.wait_until_seen(FIRST)
        few = scene.measured(SECONDS_OF_FEW)
        scene.defer(FIRST, waits)
        scene.airflow.api("PATCH", f"/dags/{name}", {"is_paused": False}, {"update_mask": "is_paused"})
        scene.wait_until_seen(waits)
        scene.sleep(INTERVAL)
        scene.note_anew()
        blocked, polls = scene.blocked, scene.polls
        all_ = scene.measured(SECONDS, ended=range(ENDED))
        blocks = scene.blocks_since(blocked)
        polls = checked_polls(scene.polls - polls, waits, SECONDS, INTERVAL)
        if scene.seen != waits:
            raise ScaleError(f"Only {scene.seen} of {waits} waits have polled in {SECONDS:.0f} s")
        until_seen, after = scene.ends(range(ENDED))
        further = waits - FIRST
        return {
            "memory_mb": all_[1].memory / 2**20,
            "memory_kb": (all_[1].memory - few[1].memory) / 2**10 / further,
            "cpu_supervisor": per_wait_and_hour(few, all_, further, 0),
            "cpu_triggers": per_wait_and_hour(few, all_, further, 1),
            "polls": polls,
            "blocked": blocks,
            "until_seen": until_seen,
            "after_seen": after,
            "restart": scene.restarted(range(ENDED, 2 * ENDED)),
        }


class _Scene:
    """A real Airflow with one run whose tasks are the waits."""

    def __init__(
        self,
        name: str,
        waits: int,
        say: Say,
        portal: Portal,
        airflow: LocalAirflow,
        statsd: StatsdReceiver,
        url: str,
    ) -> None:
        self.name = name
        self.waits = waits
        self.say = say
        self.portal = portal
        self.airflow = airflow
        self._statsd = statsd
        self._engine = create_engine(url)
        self._ended: dict[int, float] = {}
        self._polls = 0
        airflow.wait_for_dag(name)
        body: dict[str, Any] = {"conf": {}, "logical_date": None}
        self._run_id: str = airflow.api("POST", f"/dags/{name}/dagRuns", body)["dag_run_id"]

    def close(self) -> None:
        self._engine.dispose()

    def defer(self, first: int, end: int) -> None:
        """Defer waits, in a process of the Airflow's environment."""
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.deferring", self.name, self._run_id, str(first), str(end)],
            env={**self.airflow.env, "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode != 0:
            raise ScaleError(f"The waits couldn't be deferred:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        self.say(f"waits up to {end} are deferred")

    # What is measured

    def read(self) -> Reading:
        """Read what the triggerer has taken so far."""
        supervisor, *others = [psutil.Process(pid) for pid in self.airflow.pids("triggerer")]
        if not others:
            raise ScaleError("The triggerer runs no process for its triggers: Airflow has changed")
        parts = [supervisor.cpu_times(), *(other.cpu_times() for other in others)]
        seconds = [part.user + part.system for part in parts]
        memory = sum(_memory(process) for process in (supervisor, *others))
        return Reading(time.monotonic(), (seconds[0], sum(seconds[1:])), memory)

    def measured(self, seconds: float, ended: Sequence[int] = ()) -> tuple[Reading, Reading]:
        """Return readings at the begin and the end of a time, in whose first two thirds operations end."""
        begin = self.read()
        until = time.monotonic() + seconds
        for number in ended:
            self.end([number])
            self.sleep(2 / 3 * seconds / len(ended))
        self.sleep(until - time.monotonic())
        return begin, self.read()

    @property
    def polls(self) -> int:
        """How often the waits have polled so far."""
        self._counted()
        return self._polls

    @property
    def seen(self) -> int:
        """How many waits have polled since that was last noted anew."""
        return self._counted()["seen"]

    def note_anew(self) -> None:
        """Note from now on which waits poll."""
        self._counted(noting=True)

    def _counted(self, **options: Any) -> dict[str, int]:
        counted = self.portal.counted(**options)
        self._polls += counted.get("operation", 0) + counted.get("sensor", 0)
        return counted

    @property
    def blocked(self) -> int:
        """How often Airflow has counted a blocked loop so far."""
        return self._statsd.lines[BLOCKED]

    def blocks_since(self, before: int) -> list[float]:
        """Return how long the loop was blocked each time since, in seconds, as Airflow logs it.

        :raises ScaleError: that isn't as often as Airflow has counted it.
        """
        logged = [float(found) for found in _FOR_SECONDS.findall(self.airflow.part_log("triggerer", 10**6))]
        if len(logged) != self.blocked:
            raise ScaleError(f"Airflow has counted {self.blocked} blocks of the loop, and logged {len(logged)}")
        return logged[before:]

    def end(self, numbers: Sequence[int]) -> None:
        """Let operations succeed."""
        self._ended |= dict.fromkeys(numbers, time.time())
        self._counted(ended=list(numbers))

    def ends(self, numbers: Sequence[int]) -> tuple[list[float], list[float]]:
        """Return the seconds from each operation's end to the poll that saw it, and on to the task's end."""
        self._wait(lambda: all(number in self._task_ends() for number in numbers), "the tasks' ends")
        ends = self._task_ends()
        self._counted()
        told = self.portal.told
        return (
            [told[number] - self._ended[number] for number in numbers],
            [ends[number] - told[number] for number in numbers],
        )

    def restarted(self, ended: Sequence[int]) -> dict[str, Any]:
        """Kill the triggerer, end operations, start it anew, and return what that took until all is as before."""
        blocked = self.blocked
        self.airflow.kill("triggerer")
        self.say("triggerer killed -9")
        self.end(ended)
        self.sleep(DOWN)
        self.note_anew()
        begun, at = time.monotonic(), time.time()
        self.airflow.restart("triggerer")
        open_ = self.waits - len(self._ended) + len(ended)
        self._wait(lambda: self._taken() >= open_ - len(ended), "the new triggerer to take all waits")
        taken = time.monotonic() - begun
        self.wait_until_seen(open_)
        seen, reading = time.monotonic() - begun, self.read()
        self.ends(ended)
        ends = self._task_ends()
        states = self._states()
        check_states(states, self._ended, self.waits)
        return {
            "taken": taken,
            "seen": seen,
            "cpu_supervisor": reading.cpu[0],
            "cpu_triggers": reading.cpu[1],
            "blocked": self.blocks_since(blocked),
            "ends": [ends[number] - at for number in ended],
            "states": dict(Counter(states.values())),
        }

    # What is waited for

    def wait_until_seen(self, waits: int) -> None:
        """Wait until as many waits have polled since that was last noted."""
        self._wait(lambda: self.seen >= waits, f"polls of {waits} waits")

    def sleep(self, seconds: float) -> None:
        """Wait a while, and make sure that Airflow still runs."""
        time.sleep(max(0.0, seconds))
        self.airflow.check()

    def _wait(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > deadline:
                raise ScaleError(f"waited {PATIENCE:.0f} s in vain for {what}: {self._where_all_are()}")
            self.sleep(LOOK)
        self.say(f"done: {what}")

    def _rows(self, query: str) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(text(query), {"run_id": self._run_id}))

    def _task_ends(self) -> dict[int, float]:
        query = "SELECT map_index, end_date FROM task_instance WHERE run_id = :run_id AND state = 'success'"
        return {number: end.timestamp() for number, end in self._rows(query)}

    def _states(self) -> dict[int, str]:
        return dict(map(tuple, self._rows("SELECT map_index, state FROM task_instance WHERE run_id = :run_id")))

    def _where_all_are(self) -> str:
        triggers = dict(map(tuple, self._rows("SELECT triggerer_id, count(*) FROM trigger GROUP BY triggerer_id")))
        tasks, log = dict(Counter(self._states().values())), self.airflow.part_log("triggerer", 20)
        return f"tasks {tasks}, triggers by triggerer {triggers}, {self.seen} have polled; the triggerer:\n{log}"

    def _taken(self) -> int:
        newest = "(SELECT max(id) FROM job WHERE job_type = 'TriggererJob')"
        query = f"SELECT count(*) FROM trigger WHERE triggerer_id = {newest}"
        return int(self._rows(query)[0][0])


def _memory(process: psutil.Process) -> int:
    info = process.memory_full_info()
    return int(getattr(info, "pss", info.rss))


@contextlib.contextmanager
def _scene(name: str, waits: int, say: Say) -> Iterator[_Scene]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Portal() as portal,
        StatsdReceiver(free_ports(1)[0]) as statsd,
        LocalPostgres() as postgres,
    ):
        portal.counted(latency=0.05, changing=False, noting=True)
        file = Path(folder) / "waits.json"
        file.write_text(
            json.dumps(
                {
                    "interval": INTERVAL,
                    "ours": [portal.operation(number) for number in range(waits)],
                    "http_sensor": [f"/sensor/{number}?api-version=2017-10-31" for number in range(waits)],
                }
            )
        )
        env = {
            **portal.connections(),
            "BENCHMARK_WAITS": str(file),
            "AIRFLOW__CORE__MAX_MAP_LENGTH": str(waits),
            "AIRFLOW__TRIGGERER__CAPACITY": str(waits),
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(statsd.port),
            # Airflow's own defaults: what a local Airflow does more often takes the processor from the triggerer.
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
        }
        folders = [Path(__file__).parent / "many_waits"]
        with LocalAirflow(folders, env=env, pythonpath=[ROOT], database_url=postgres.url) as airflow:
            say("Airflow runs")
            with contextlib.closing(_Scene(name, waits, say, portal, airflow, statsd, postgres.url)) as scene:
                yield scene
        say("Airflow has ended")


def main(arguments: list[str]) -> int:
    """Measure, and print the figures; of all contenders their tables, too, to standard error."""
    from benchmarks import report  # which knows of this module

    waits, who = int(arguments[0]) if arguments else WAITS, arguments[1:] or CONTENDERS
    found = real_triggerer(waits, who, lambda what: print(f"... {what}", file=sys.stderr, flush=True))
    print(json.dumps(found, indent=1))
    if set(who) == set(CONTENDERS):
        print(report.as_text(report.of_real_triggerer({"real_triggerer": found})), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
