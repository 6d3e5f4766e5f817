"""The span and the error of the steady cycle against its period, and the cycle in the plane of two gates: of more, those that go
farthest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREEN, GREY, ORANGE
from netlearn.study.findings import Findings, Table

SIZE = (10.5, 3.6)
COLORS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00")


def draw(figure: Any, found: Findings) -> None:
    spans, errors, plane = figure.subplots(1, 3)
    table = found.tables["cycle"]
    period, span, error = (np.array(table.column(name), dtype=float) for name in table.columns)
    spans.loglog(period, span, "o-", color=BLUE, ms=3.5, lw=1.2)
    guide = span[0] * period / period[0]
    inside = guide <= 3 * span.max()
    spans.loglog(period[inside], guide[inside], "--", color=GREY, lw=0.8, label="D ∝ τ")
    spans.set(xlabel="period τ (s)", ylabel="cycle span D (V)")
    spans.legend(frameon=False)
    errors.loglog(period, error, "o-", color=ORANGE, ms=3.5, lw=1.2)
    errors.set(xlabel="period τ (s)", ylabel="combined error (V²)")
    ways = [(name.removeprefix("orbit_"), t) for name, t in found.tables.items() if name.startswith("orbit_")]
    shown = movers([way for _, way in ways])
    for k, (name, way) in enumerate(ways):
        one, two = (way.column(column) for column in (shown if len(shown) > 1 else ("t_s", "G_1")))
        plane.plot(one, two, color=COLORS[k % 6], lw=1.2, label=f"τ = {float(name):g} s")
        plane.plot(one[:1], two[:1], "o", color=COLORS[k % 6], ms=3.5)
    plane.set(**dict(zip(("xlabel", "ylabel"), (f"{column} (V)" for column in shown), strict=False)))
    if ways:
        plane.legend(frameon=False, fontsize=7)
    figure.suptitle(found.title, fontsize=9)


def movers(ways: Sequence[Table]) -> list[str]:
    """The columns of the two learnable values with the widest range in any of these tables, in their order."""
    names = [name for name in (ways[0].columns if ways else ()) if name.startswith("G_")]
    widths = {name: max(float(np.ptp(way.column(name))) for way in ways) for name in names}
    farthest = sorted(names, key=lambda name: -widths[name])[:2]
    return [name for name in names if name in farthest]
