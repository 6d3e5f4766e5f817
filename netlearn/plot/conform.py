"""The transfer curve of learning cells: their updates against those of their rule, and against what both are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from netlearn.machine.conform import Measured
from netlearn.machine.verdict import Verdict
from netlearn.plot.picture import BLUE, GREY, ORANGE

WIDE, HIGH = 8.4, 3.6  # inches a cell
CURVE = 200  # points
ROOM = 1.2  # of the axes' extent over the largest update


def extent(cells: Sequence[Any]) -> tuple[float, float]:
    """Inches of the picture."""
    return WIDE, HIGH * len(cells)


def draw(figure: Any, cells: Sequence[tuple[Measured, Verdict]]) -> None:
    """A row a cell: the measured update over the rule's, with the line on which they are equal; and over the signal."""
    rows = figure.subplots(len(cells), 2, squeeze=False)
    for (left, right), (measured, verdict) in zip(rows, cells, strict=True):
        _against_rule(left, measured, verdict)
        _transfer(right, measured, verdict)
    named = {name: handle for axes in rows.flat for handle, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=len(named), frameon=False, fontsize=7)


def _against_rule(axes: Any, m: Measured, verdict: Verdict) -> None:
    reach = ROOM * max(np.abs(m.wanted).max(), np.abs(m.updates).max())
    axes.plot([-reach, reach], [-reach, reach], color=GREY, lw=0.8, ls="--", zorder=1, label="as the rule")
    _points(axes, m.wanted, m.updates, verdict)
    if not m.rule.squares:
        _counts(axes, m, 0.12 * reach)
    name = m.subject.state_name
    axes.set(xlabel=f"update of {name} that {m.rule.name} asks for", ylabel=f"measured update of {name}")
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set_title(f"{m.subject.cell.name}: {'agrees' if verdict.agrees else 'does not agree'}", fontsize=9)
    axes.locator_params(nbins=5)
    axes.grid(alpha=0.25)


def _counts(axes: Any, m: Measured, lift: float) -> None:
    """How many draws lie on each other."""
    places = np.round(np.column_stack([m.wanted, m.updates]) / abs(m.rule.gain), 1)
    for place in np.unique(places, axis=0):
        some = (places == place).all(axis=1)
        x, y = m.wanted[some].mean(), m.updates[some].mean()
        axes.text(x, y - np.sign(y) * lift, f"{some.sum()}", ha="center", va="center", fontsize=7, color=GREY)


def _transfer(axes: Any, m: Measured, verdict: Verdict) -> None:
    signal = m.signal
    drop = np.sqrt(np.abs(signal)) if m.rule.squares else np.abs(signal)
    reach = drop.max()
    along = np.linspace(-reach, reach, CURVE)
    drops = np.column_stack([np.maximum(along, 0.0), np.maximum(-along, 0.0)])
    style = "default" if m.rule.squares else "steps-mid"
    axes.plot(m.rule.signal(drops), m.rule.change(drops), color=GREY, lw=0.8, ls="--", zorder=1, drawstyle=style)
    _points(axes, signal, m.updates, verdict)
    what = "$d_F^2 - d_C^2$ (V$^2$)" if m.rule.squares else "$|d_F| - |d_C|$ (V)"
    axes.set(xlabel=what, ylabel=f"measured update of {m.subject.state_name}")
    axes.set_title(f"{len(m.starts)} random states on {m.bench.backend}", fontsize=9)
    axes.grid(alpha=0.25)


def _points(axes: Any, x: Any, y: Any, verdict: Verdict) -> None:
    wrong = np.zeros(len(x), dtype=bool)
    wrong[verdict.wrong] = True
    for some, colour, name in ((~wrong, BLUE, "right sign"), (wrong, ORANGE, "wrong sign")):
        if some.any():
            axes.scatter(x[some], y[some], s=9, color=colour, alpha=0.6, linewidths=0, label=name, zorder=2)
