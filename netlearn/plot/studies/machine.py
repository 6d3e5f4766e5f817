"""A machine while it learns: the error of what it is shown, one curve a value of the parameter that is swept."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE
from netlearn.study.findings import Findings

SIZE = (7.6, 3.8)
SMOOTHED = 400  # points of a curve


def draw(figure: Any, found: Findings) -> None:
    import matplotlib

    axes = figure.subplots()
    table = found.tables["curve"]
    rows = np.array(table.rows, dtype=float).reshape(-1, len(table.columns))
    values = list(dict.fromkeys(rows[:, 0].tolist()))
    colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(values))) if len(values) != 1 else [BLUE]
    for value, color in zip(values, colors, strict=True):
        of = rows[rows[:, 0] == value]
        width = max(1, len(of) // SMOOTHED)
        of = of[: len(of) // width * width].reshape(-1, width, 4).mean(axis=1)
        label = f"{table.columns[0]} = {value:g}" if len(values) > 1 else None
        axes.semilogy(of[:, 2], 1e3 * np.sqrt(of[:, 3]), color=color, lw=1.2, label=label)
    axes.set(xlabel="time (s)", ylabel="error of what is shown (mV rms)")
    axes.grid(alpha=0.25)
    if len(values) > 1:
        axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axes.set_title(found.title, fontsize=9)
