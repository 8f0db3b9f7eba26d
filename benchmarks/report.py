"""Turns a run's figures into tables, each with the goals that it speaks to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.measures import GROWTH, HERD, PACED, Figures

BEGIN, END = "<!-- what follows is written by make bench -->", "<!-- what was written by make bench ends here -->"

#: What is measured beside its floor: the measure, of what, who is compared, how many times the floor it may cost.
BESIDE_THE_FLOOR = (
    ("paced", "quiet documents", "floor", "ours", 1.2),
    ("paced_changing", "changing documents", "floor", "ours", 1.4),
    ("paced_jobs", "quiet jobs", "floor_of_jobs", "ours_on_jobs", 1.25),
    ("paced_jobs_changing", "changing jobs", "floor_of_jobs", "ours_on_jobs", 1.4),
    ("back_to_back", "quiet documents, back to back", "floor", "ours", 1.5),
    ("back_to_back_changing", "changing documents, back to back", "floor", "ours", 1.5),
)

NAMES = {
    "null": "nothing but the sleep",
    "floor": "floor: one bare aiohttp session",
    "ours": "**our trigger**",
    "http_sensor": "Airflow's HttpSensorTrigger",
    "threads": "requests in 32 threads",
}


@dataclass(frozen=True)
class Goal:
    """What was to be reached, and what was measured."""

    text: str
    measured: str
    is_met: bool

    @property
    def verdict(self) -> str:
        """Return in a word whether it is met."""
        return "met" if self.is_met else "**not met**"


@dataclass(frozen=True)
class Table:
    """A table with its goals."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal] = field(default=())
    plot: str = ""


def tables(figures: Figures) -> list[Table]:
    """Return all tables of a run."""
    return [
        _beside_the_floor(figures),
        _in_turn(figures),
        _memory(figures),
        _restart(figures),
        _growth(figures),
        _schedule(figures),
        _workers(figures),
        *of_real_triggerer(figures),
    ]


def of_real_triggerer(figures: Figures) -> list[Table]:
    """Return the tables of many waits in a real triggerer."""
    return [_real_triggerer(figures), _killed_triggerer(figures)]


def per_poll(figures: Figures, measure: str, who: str) -> list[float]:
    """Return the microseconds per poll in each round; if paced, without what the sleeping alone takes."""
    rounds = figures[measure]
    idle = [each["cpu"] for each in rounds["null"]] if "null" in rounds else [0.0] * len(rounds[who])
    return [
        1e6 * (each["cpu"] - base) / each["polls"] if each["polls"] else math.nan
        for each, base in zip(rounds[who], idle, strict=True)
    ]


def ratios(figures: Figures, measure: str, who: str, to: str) -> list[float]:
    """Return in each round how many times the one costs what the other does."""
    pairs = zip(per_poll(figures, measure, who), per_poll(figures, measure, to), strict=True)
    return [one / other for one, other in pairs]


def _spread(values: Sequence[float], form: str = "{:.0f}") -> str:
    lowest, middle, highest = (form.format(value) for value in (min(values), median(values), max(values)))
    return middle if lowest == highest else f"{middle} ({lowest} to {highest})"


def _at_most(text: str, values: Sequence[float], limit: float, form: str) -> Goal:
    return Goal(text, _spread(values, form), median(values) <= limit)


def _beside_the_floor(figures: Figures) -> Table:
    rows, goals = [], []
    for measure, what, floor, ours, limit in BESIDE_THE_FLOOR:
        found, rounds = ratios(figures, measure, ours, floor), figures[measure][ours]
        tokens, connections = (max(each[name] for each in rounds) for name in ("tokens", "connections"))
        rows.append(
            [
                what,
                *(_spread(per_poll(figures, measure, who)) for who in (floor, ours)),
                _spread(found, "{:.2f}"),
                f"{tokens:.0f}",
                f"{connections:.0f}",
            ]
        )
        goals.append(_at_most(f"at most {limit:g}x the floor, {what}", found, limit, "{:.2f}x"))
    measured = [figures[measure][ours] for measure, _, _, ours, _ in BESIDE_THE_FLOOR]
    tokens = max(each["tokens"] for rounds in measured for each in rounds)
    connections = max(each["connections"] for rounds in measured for each in rounds)
    goals += [
        Goal("one token for 1,000 watchers", f"{tokens:.0f}", tokens == 1),
        Goal(
            "one session for 1,000 watchers: 20 connections and the login's",
            f"{connections:.0f}",
            connections <= 21,
        ),
    ]
    header = ["of what", "floor, us", "our trigger, us", "times the floor", "token requests", "connections"]
    title = "1. CPU per poll: our trigger and the floor, 1,000 watchers each, at the same time on one core"
    return Table(title, header, rows, goals)


def _in_turn(figures: Figures) -> Table:
    rows = []
    for who, rounds in figures["alone"].items():
        costs = ["", ""]
        if who != "null":
            costs = [_spread(per_poll(figures, measure, who)) for measure in ("alone", "alone_back_to_back")]
        lags = [_spread([each[lag] for each in rounds], "{:.1f}") for lag in ("lag_p99", "lag_max")]
        connections = "" if who == "null" else _spread([each["connections"] for each in rounds])
        rows.append([NAMES[who], *costs, *lags, connections])
    goals = []
    for measure, kind in (("alone", ""), ("alone_back_to_back", ", back to back")):
        times = ratios(figures, measure, "http_sensor", "ours")
        text = f"at least 4x cheaper than HttpSensorTrigger{kind}"
        goals.append(Goal(text, _spread(times, "{:.1f}x"), median(times) >= 4))
    ours = figures["alone"]["ours"]
    goals += [
        _at_most("p99 lag below 10 ms", [each["lag_p99"] for each in ours], 10, "{:.1f} ms"),
        _at_most("maximum lag below 100 ms", [each["lag_max"] for each in ours], 100, "{:.1f} ms"),
    ]
    header = ["who", "paced, us", "back to back, us", "lag p99, ms", "lag max, ms", "connections"]
    title = "1b. CPU per poll and loop lag, one after the other, quiet documents"
    return Table(title, header, rows, goals, "cpu_per_poll.svg")


def _memory(figures: Figures) -> Table:
    found = figures["memory"]
    goal = Goal("at most 10 KB per watcher at 10,000", f"{found['ours']:.1f} KB", found["ours"] <= 10)
    rows = [[NAMES[who], f"{kilobytes:.1f}"] for who, kilobytes in found.items()]
    return Table("2. Memory of a further watcher, after its first poll", ["who", "KB"], rows, [goal])


def _restart(figures: Figures) -> Table:
    names = {
        "spread": f"{HERD:,} watchers, first reads spread over 4 s",
        "overdue": f"{HERD:,} watchers past their deadline, all read at once",
    }
    rows, goals = [], []
    for name, runs in figures["herd"].items():
        of: Callable[[str], list[float]] = lambda key, runs=runs: [run[key] for run in runs]  # noqa: E731
        cells = [
            _spread(of("max_lag")),
            _spread(of("own_lag")),
            _spread(of("cpu"), "{:.2f}"),
            _spread(of("tokens")),
        ]
        rows.append([names[name], *cells, _spread(of("connections")), _spread(of("polls"))])
        what = "a restart" if name == "spread" else "an overdue restart"
        goals.append(_at_most(f"no lag above 100 ms in {what}", of("max_lag"), 100, "{:.0f} ms"))
        own = f"no lag above 100 ms in {what}, apart from Python's garbage collection"
        goals.append(_at_most(own, of("own_lag"), 100, "{:.0f} ms"))
        tokens, most = max(of("tokens")), max(of("connections"))
        goals.append(Goal(f"one token request in {what}", f"{tokens:.0f}", tokens == 1))
        goals.append(Goal(f"at most 32 connections in {what}", f"{most:.0f}", most <= 32))
    header = [
        "restart",
        "max lag, ms",
        "without collections",
        "CPU, s",
        "token requests",
        "connections at once",
        "reads",
    ]
    return Table("2b. Restart", header, rows, goals)


def growth(figures: Figures) -> dict[int, list[float]]:
    """Return the net microseconds per poll of each run, by number of watchers."""
    return {
        number: [
            1e6 * (run[str(number)]["cpu"] - run[str(number)]["idle"]) / run[str(number)]["polls"]
            for run in figures["growth"]
        ]
        for number in GROWTH
    }


def _growth(figures: Figures) -> Table:
    found = growth(figures)
    base = median(found[min(found)])
    rows = [[f"{number:,}", _spread(values), f"{median(values) / base:.2f}"] for number, values in found.items()]
    middles = [median(values) for values in found.values()]
    factor = max(middles) / min(middles)
    goal = Goal("CPU per poll at 100, 1,000 and 10,000 watchers within 1.3x", f"{factor:.2f}x", factor <= 1.3)
    header = ["watchers", "us of CPU per poll", "times that of 100"]
    return Table("3. Growth, 2,000 polls a second in each case", header, rows, [goal], "growth.svg")


def _schedule(figures: Figures) -> Table:
    rows = []
    for name, found in figures["schedule"].items():
        fixed, ours = found["every_minute"], found["proportional"]
        rows.append(
            [
                name,
                *(f"{each['requests']:,.0f}" for each in (fixed, ours)),
                f"{fixed['requests'] / ours['requests']:.1f}",
                *(f"{each['mean']:.0f} / {each['p95']:.0f}" for each in (fixed, ours)),
            ]
        )
    flow = figures["schedule"]["five steps"]
    fewer = flow["every_minute"]["requests"] / flow["proportional"]["requests"]
    mean = flow["proportional"]["mean"]
    goals = [
        Goal("at least 5x fewer requests than a fixed 60 s on the five-step flow", f"{fewer:.1f}x", fewer >= 5),
        Goal("mean delay below 90 s there", f"{mean:.0f} s", mean < 90),
    ]
    header = ["operation", "requests, 60 s", "requests, ours", "times fewer", "delay, 60 s", "delay, ours"]
    title = "4. Requests, and seconds from an operation's end to its being seen (mean / p95)"
    return Table(title, header, rows, goals, "schedule.svg")


def _workers(figures: Figures) -> Table:
    names = {
        "blocking": "blocking (`deferrable=False`)",
        "deferred": "deferred (the default)",
        "without_worker": "without a worker (`start_from_trigger`, `end_from_trigger`)",
    }
    found: dict[str, dict[str, Any]] = figures["worker_time"]
    rows = [
        [names[wait], *(form.format(took[key]) for key, form in _WORKER_COLUMNS.items())]
        for wait, took in found.items()
    ]
    processes = found["without_worker"]["processes"]
    goal = Goal("0 worker processes for the wait without a worker", f"{processes:.0f}", processes == 0)
    header = ["wait", "worker processes", "seconds they ran", "CPU seconds", "held a slot, s"]
    return Table("5. Worker time for one go-live of 15 s, in a real Airflow", header, rows, [goal])


_WORKER_COLUMNS = {"processes": "{:g}", "seconds": "{:.1f}", "cpu": "{:.2f}", "held": "{:.1f}"}


def _real_triggerer(figures: Figures) -> Table:
    found = figures["real_triggerer"]
    waits, interval, seconds = found["waits"], found["interval"], found["seconds"]
    after = "of that after the look that saw it, s (median / max)"
    rows = _by_contender(
        found,
        {
            "memory of the triggerer, MB": lambda took: f"{took['memory_mb']:.0f}",
            "memory of a further wait, KB": lambda took: f"{took['memory_kb']:.1f}",
            "CPU of a further wait, s an hour": lambda took: f"{_whole_cpu(took):.2f}",
            "of that where the triggers run": lambda took: f"{took['cpu_triggers']:.2f}",
            f"looks in {seconds:.0f} s ({waits * seconds / interval:,.0f} planned)": lambda took: (
                f"{took['polls']:,}"
            ),
            f"warnings of a blocked loop in {seconds:.0f} s": lambda took: f"{len(took['blocked'])}",
            "longest block of which Airflow warns, s": lambda took: f"{max(took['blocked'], default=0):.2f}",
            "operation's end to the task's end, s (median / max)": lambda took: _middle_and_most(_until_end(took)),
            after: lambda took: _middle_and_most(took["after_seen"]),
        },
    )
    ours, other = (found["contenders"][who] for who in ("ours", "http_sensor"))
    times = _whole_cpu(other) / _whole_cpu(ours)
    blocked = len(ours["blocked"])
    goals = [
        Goal(f"no warning of a blocked loop in {seconds:.0f} s of {waits:,} waits", f"{blocked}", not blocked),
        Goal("a wait in a real triggerer takes less CPU than HttpSensor's", f"{times:.1f}x less", times > 1),
    ]
    title = f"6. {waits:,} waits in a real triggerer, each with a look every {interval:.0f} s"
    return Table(title, _contenders_header(found), rows, goals)


def _killed_triggerer(figures: Figures) -> Table:
    found = figures["real_triggerer"]
    rows = _by_contender(
        {"contenders": {who: took["restart"] for who, took in found["contenders"].items()}},
        {
            "until the new triggerer has all waits, s": lambda took: f"{took['taken']:.0f}",
            "until each has looked again, s": lambda took: f"{took['seen']:.0f}",
            "CPU of the triggerer until then, s": lambda took: f"{_whole_cpu(took):.1f}",
            "of that where the triggers run": lambda took: f"{took['cpu_triggers']:.1f}",
            "warnings of a blocked loop until then": lambda took: f"{len(took['blocked'])}",
            "longest block of which Airflow warns, s": lambda took: f"{max(took['blocked'], default=0):.2f}",
            "operations that ended meanwhile: the task's end, s (median / max)": lambda took: _middle_and_most(
                took["ends"]
            ),
            "waits that went on / whose task has ended": lambda took: _states(took["states"]),
        },
    )
    lost = found["waits"] - sum(found["contenders"]["ours"]["restart"]["states"].values())
    goals = [Goal("no wait lost by kill -9 of the triggerer", f"{lost} of {found['waits']:,}", lost == 0)]
    title = "6b. The same after kill -9 of the triggerer, from the start of a new one"
    return Table(title, _contenders_header(found), rows, goals)


def _by_contender(found: dict[str, Any], lines: dict[str, Callable[[Any], str]]) -> list[list[str]]:
    return [[what, *(cell(took) for took in found["contenders"].values())] for what, cell in lines.items()]


def _contenders_header(found: dict[str, Any]) -> list[str]:
    names = {"ours": "our sensor", "http_sensor": "Airflow's HttpSensor"}
    return ["", *(names[who] for who in found["contenders"])]


def _whole_cpu(took: dict[str, Any]) -> float:
    return float(took["cpu_triggers"] + took["cpu_supervisor"])


def _until_end(took: dict[str, Any]) -> list[float]:
    return [seen + after for seen, after in zip(took["until_seen"], took["after_seen"], strict=True)]


def _states(states: dict[str, int]) -> str:
    return f"{states['deferred']:,} / {states['success']:,}"


def _middle_and_most(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} / {max(seconds):.1f}"


def as_text(found: Sequence[Table]) -> str:
    """Return the tables for a terminal."""
    parts = []
    for table in found:
        rows = [[cell.replace("*", "").replace("`", "") for cell in row] for row in (table.header, *table.rows)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(table.header))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        goals = [f"  {goal.verdict.strip('*'):<8} {goal.text}: {goal.measured}" for goal in table.goals]
        parts.append("\n".join(["", table.title, *(line.rstrip() for line in lines), *goals]))
    return "\n".join(parts)


def with_tables(page: str, found: Sequence[Table], figures: Figures) -> str:
    """Return the page with the tables of this run in the place of those before."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{_markdown(found, figures)}\n{END}{after}"


def _markdown(found: Sequence[Table], figures: Figures) -> str:
    rate = PACED.watchers / PACED.interval
    parts = [
        "",
        f"Taken on {figures['taken_at']} on {figures['machine']}, in {figures['minutes']:.1f} minutes. Load of "
        f"the machine: {figures['load_before']:.1f} before, {figures['load_after']:.1f} after. Where there are "
        f"several rounds: median (lowest to highest). Paced: {rate:.0f} polls a second, 50 ms to an answer.",
        "",
        "## Goals",
        "",
        *_rows(
            ["goal", "measured", ""],
            [[goal.text, goal.measured, goal.verdict] for table in found for goal in table.goals],
        ),
    ]
    for table in found:
        parts += ["", f"## {table.title}", "", *_rows(table.header, table.rows)]
        if table.plot:
            parts += ["", f"![{table.title}](performance/{table.plot})"]
    return "\n".join([*parts, ""])


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]
