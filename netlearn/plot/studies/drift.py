"""Learnable values over time while a task is held alone; of two, also their way in the plane with the lines it settles on."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import GREY
from netlearn.plot.studies.cycle import COLORS
from netlearn.study.findings import Findings, Table

SIZE = (8.0, 3.6)
MOST = 12  # values drawn of a task


def draw(figure: Any, found: Findings) -> None:
    ways = {name.removeprefix("drift_"): table for name, table in found.tables.items() if name.startswith("drift_")}
    planar = "lines" in found.tables
    over, *rest = np.atleast_1d(figure.subplots(1, 2 if planar else 1))
    for k, (name, table) in enumerate(ways.items()):
        way = _array(table)
        for m in range(min(way.shape[1] - 1, MOST)):
            style = "--" if planar and m else "-"
            over.plot(way[:, 0], way[:, m + 1], style, color=COLORS[k % 6], lw=1.2, label=name if m == 0 else None)
    over.set(xlabel="time (s)", ylabel="learnable values (V)" + (": first —, second - -" if planar else ""))
    if not planar:
        over.legend(frameon=False, fontsize=7)
    for plane in rest:
        _plane(plane, found, ways)
    figure.suptitle(found.title, fontsize=9)


def _plane(plane: Any, found: Findings, ways: dict[str, Table]) -> None:
    every = np.concatenate([_array(table)[:, 1:] for table in ways.values()])
    for name, slope, offset in found.tables["lines"].rows:
        color = COLORS[list(ways).index(name) % 6]
        ends = np.array([every[:, 0].min() - 0.3, every[:, 0].max() + 0.3])
        plane.plot(ends, slope * ends + offset, ":", color=color, lw=1.0)
    for k, (name, table) in enumerate(ways.items()):
        way = _array(table)
        plane.plot(way[:, 1], way[:, 2], "-", color=COLORS[k % 6], lw=1.4, label=name)
        limit = found.numbers[name]["limit"]
        if limit is not None:
            plane.plot(*limit["G"], "x", color=COLORS[k % 6], ms=5)
    plane.plot(*every[0], "o", color=GREY, ms=4)
    plane.set(xlabel="first learnable value (V)", ylabel="second learnable value (V)")
    plane.set_ylim(every[:, 1].min() - 0.3, every[:, 1].max() + 0.3)
    plane.legend(frameon=False, fontsize=7)


def _array(table: Table) -> Any:
    return np.array(table.rows, dtype=float)
