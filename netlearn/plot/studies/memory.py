"""Errors of the task that was learned and of the one that is held, how far gates move, and drift within a cycle."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREY, ORANGE
from netlearn.study.findings import Findings

SIZE = (10.5, 3.4)
LOOKS = (("memory", "this board", "-"), ("ideal", "an ideal one", "--"))


def draw(figure: Any, found: Findings) -> None:
    errors, moved, drift = figure.subplots(1, 3, width_ratios=(1.4, 1.4, 0.8))
    for name, label, style in LOOKS:
        table = found.tables[name]
        time, first, second, way = (np.array(table.column(column), dtype=float) for column in table.columns)
        time = np.maximum(time, 0.5 * time[1])  # where a logarithm has no zero
        errors.loglog(time, first, style, color=BLUE, lw=1.3, label=f"first task, {label}")
        errors.loglog(time, np.maximum(second, 1e-12), style, color=ORANGE, lw=1.1, label=f"second task, {label}")
        moved.loglog(time[1:], np.maximum(way[1:], 1e-9), style, color=GREY if style == "--" else BLUE, label=label)
    top = max(
        max(found.tables[name].column(column)) for name, *_ in LOOKS for column in ("mse_first_V2", "mse_second_V2")
    )
    errors.set(xlabel="time the second task is held (s)", ylabel="mean squared error (V²)", ylim=(1e-7 * top, 3 * top))
    errors.legend(frameon=False, fontsize=6.5, loc="lower left")
    moved.set(xlabel="time the second task is held (s)", ylabel="learnable values moved (V)")
    moved.legend(frameon=False, fontsize=7)
    period, gates, outputs = found.tables["drift"].rows[0]
    drift.bar(["gates", "outputs"], [1e3 * gates, 1e3 * outputs], color=[BLUE, ORANGE], width=0.6)
    drift.set(ylabel=f"moved in a cycle of {period:g} s (mV, rms)", yscale="log")
    figure.suptitle(found.title, fontsize=9)
