"""Draws a run's figures as SVG."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.measures import Figures
from benchmarks.report import growth, per_poll

_LABELS = {"floor": "floor", "ours": "our trigger", "http_sensor": "HttpSensorTrigger", "threads": "threads"}
_OURS, _OTHERS = "#0b6e99", "#9aa5ab"

# The same figures give the same file.
mpl.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 9})


def draw(figures: Figures, folder: Path) -> None:
    """Draw all plots into a folder."""
    for name, plot in (("cpu_per_poll", _cpu_per_poll), ("growth", _growth), ("schedule", _schedule)):
        figure, axes = plt.subplots(figsize=(6.4, 2.6), layout="constrained")
        plot(figures, axes)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        target = folder / f"{name}.svg"
        figure.savefig(target, metadata={"Date": None})
        plt.close(figure)
        # matplotlib ends some lines with a space
        target.write_text("\n".join(line.rstrip() for line in target.read_text().splitlines()) + "\n")


def _cpu_per_poll(figures: Figures, axes: Axes) -> None:
    middles = {who: median(per_poll(figures, "alone", who)) for who in _LABELS}
    colours = [_OURS if who == "ours" else _OTHERS for who in middles]
    bars = axes.barh([_LABELS[who] for who in middles], list(middles.values()), color=colours)
    axes.bar_label(bars, fmt="{:.0f}", padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("microseconds of CPU per poll, 1,000 watchers, paced")


def _growth(figures: Figures, axes: Axes) -> None:
    found = growth(figures)
    middles = [median(values) for values in found.values()]
    axes.plot(list(found), middles, marker="o", color=_OURS)
    for number, values in found.items():
        axes.plot([number] * len(values), values, ".", color=_OTHERS)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("watchers")
    axes.set_ylabel("microseconds per poll")


def _schedule(figures: Figures, axes: Axes) -> None:
    found = figures["schedule"]
    places = range(len(found))
    for shift, (key, label, colour) in enumerate(
        (("every_minute", "fixed 60 s", _OTHERS), ("proportional", "ours", _OURS))
    ):
        bars = axes.bar(
            [place + 0.4 * shift - 0.2 for place in places],
            [each[key]["requests"] for each in found.values()],
            width=0.38,
            color=colour,
            label=label,
        )
        axes.bar_label(bars, fmt="{:.0f}", padding=2)
    axes.set_yscale("log")
    axes.set_xticks(list(places), list(found))
    axes.set_ylabel("requests per operation")
    axes.legend(frameon=False)
