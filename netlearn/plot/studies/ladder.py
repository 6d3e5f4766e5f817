"""The levels of a ladder: learning curves, what each costs, states against states, and what effects account for."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREEN, GREY, ORANGE
from netlearn.study.findings import Findings

SIZE = (10.5, 6.4)
COLORS = {"L0": "#bbbbbb", "L1": GREEN, "L2": BLUE, "L3": ORANGE}


def draw(figure: Any, found: Findings) -> None:
    (curves, states), (costs, effects) = figure.subplots(2, 2, width_ratios=(1.6, 1.0))
    _curves(curves, found)
    _states(states, found)
    _costs(costs, found)
    _effects(effects, found)
    figure.suptitle(found.title, fontsize=9)


def _curves(axes: Any, found: Findings) -> None:
    table = found.tables["curve"]
    for level, color in COLORS.items():
        points = np.array([(n, e) for name, n, e in table.rows if name == level], dtype=float)
        if len(points):
            width = 3.0 if level == "L0" else 1.3  # the ideal under the others
            axes.semilogy(points[:, 0], 1e3 * np.sqrt(points[:, 1]), color=color, lw=width, label=level)
    axes.set(xlabel="samples shown", ylabel="error (mV rms)")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)


def _states(axes: Any, found: Findings) -> None:
    table = found.tables["states"]
    levels = table.columns[1:]
    if len(levels) > 1:
        first = np.array(table.column(levels[0]), dtype=float)
        for level in levels[1:]:
            axes.plot(first, table.column(level), "o", ms=3.5, mfc="none", color=COLORS[level], label=level)
        low, high = first.min(), first.max()
        axes.plot([low, high], [low, high], color=GREY, lw=0.8)
        axes.legend(frameon=False)
    axes.set(xlabel=f"state at the end, {levels[0]}", ylabel="the same, other levels")


def _costs(axes: Any, found: Findings) -> None:
    table = found.tables["levels"]
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    names = [row["level"] for row in rows]
    each = [1e3 * row["seconds"] / max(1, row["steps"]) for row in rows]
    axes.barh(names, each, color=[COLORS.get(name, GREEN) for name in names], height=0.6)
    for k, row in enumerate(rows):
        axes.text(each[k], k, f"  {each[k]:.3g} ms, {row['nodes']} nodes", va="center", fontsize=7)
    axes.set(xscale="log", xlabel="time a sample (ms)")
    axes.set_xlim(right=30 * max(each))
    axes.invert_yaxis()


def _effects(axes: Any, found: Findings) -> None:
    rows = found.tables["effects"].rows
    if not rows:
        axes.text(0.5, 0.5, "no effect to be switched off", ha="center", va="center", color=GREY)
        axes.set_axis_off()
        return
    names = [f"{level} without {effect}" for level, effect, *_ in rows]
    change = [1e3 * (np.sqrt(error) - np.sqrt(without)) for *_, error, without in rows]
    axes.barh(names, change, color=[COLORS.get(level, GREY) for level, *_ in rows], height=0.6)
    axes.axvline(0, color=GREY, lw=0.8)
    axes.set(xlabel="error it accounts for (mV rms)")
    axes.tick_params(axis="y", labelsize=7)
    axes.invert_yaxis()
