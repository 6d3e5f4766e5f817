"""The model's span and error against the period as lines, over what was simulated and what was measured as points."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREY, ORANGE
from netlearn.study.findings import Findings

SIZE = (8.0, 3.6)
POINTS = (("model_sim", "simulated", BLUE, "o"), ("measured", "measured", ORANGE, "s"))


def draw(figure: Any, found: Findings) -> None:
    for axes, column, label in zip(
        figure.subplots(1, 2), (1, 2), ("cycle span D (V)", "combined error (V²)"), strict=True
    ):
        inside: list[float] = []
        for name, what, color, mark in POINTS:
            if name in found.tables:
                period, values = _columns(found, name, column)
                axes.loglog(period, values, mark, color=color, ms=4, mfc="none", mew=1.1, label=what)
                inside += values[np.isfinite(values) & (values > 0)].tolist()
        for name, what, style in (("model", "model", "-"), ("model_tangent", "with the wells of the solutions", "--")):
            period, values = _columns(found, name, column)
            axes.loglog(period, values, style, color=GREY, lw=1.3, label=what, zorder=1)
        if inside:
            axes.set_ylim(0.5 * min(inside), 3 * max(inside))
        if found.numbers["limits_from_s"] is not None:
            axes.axvline(found.numbers["limits_from_s"], color=GREY, lw=0.8, ls=":")
            axes.text(
                found.numbers["limits_from_s"],
                0.03,
                " gates at limits",
                color=GREY,
                fontsize=7,
                transform=axes.get_xaxis_transform(),
            )
        axes.set(xlabel="period τ (s)", ylabel=label)
    axes.legend(frameon=False, loc="upper left")
    figure.suptitle(found.title, fontsize=9)


def _columns(found: Findings, name: str, column: int) -> tuple[Any, Any]:
    rows = np.array(found.tables[name].rows, dtype=float).reshape(-1, 3)
    return rows[:, 0], rows[:, column]
