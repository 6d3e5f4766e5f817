"""A schedule: errors of the tasks against time, learnable values against time, and the way in the plane of two of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREEN, GREY, ORANGE
from netlearn.plot.studies.cycle import movers
from netlearn.study.findings import Findings

SIZE = (10.5, 3.6)
COLORS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00")


def draw(figure: Any, found: Findings) -> None:
    errors, gates, plane = figure.subplots(1, 3)
    table = found.tables["schedule"]
    time = np.array(table.column("t_s"), dtype=float)
    tasks = [name for name in table.columns if name.startswith("mse_")]
    for k, name in enumerate(tasks):
        label = name.removeprefix("mse_").removesuffix("_V2")
        errors.semilogy(time, np.maximum(table.column(name), 1e-12), color=COLORS[k % 6], lw=1.0, label=label)
    errors.set(xlabel="time (s)", ylabel="mean squared error (V²)")
    errors.legend(frameon=False, fontsize=7)
    values = [np.array(table.column(name), dtype=float) for name in table.columns if name.startswith("G_")]
    for k, value in enumerate(values):
        gates.plot(time, value, color=COLORS[k % 6], lw=0.9, alpha=1.0 if len(values) <= 6 else 0.6)
    gates.set(xlabel="time (s)", ylabel="learnable values")
    shown = movers([table])
    if len(shown) > 1:
        one, two = (np.array(table.column(name), dtype=float) for name in shown)
        plane.plot(one, two, color=GREY, lw=0.5)
        held = table.column("task")
        for k, name in enumerate(dict.fromkeys(held)):
            own = [task == name for task in held]
            plane.plot(one[own], two[own], ".", color=COLORS[k % 6], ms=2.5, label=name)
        plane.plot(one[:1], two[:1], "o", color="black", ms=4)
        plane.set(xlabel=f"{shown[0]} (V)", ylabel=f"{shown[1]} (V)")
        plane.legend(frameon=False, fontsize=7)
    figure.suptitle(found.title, fontsize=9)
