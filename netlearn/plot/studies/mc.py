"""Chips of an order: their errors, their yield against tolerance and area, what puts them off, and how rarely they fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREEN, GREY, ORANGE
from netlearn.study.findings import Findings

SIZE = (10.5, 3.6)
ABREAST, MOST = 3, 12  # panels side by side; causes that are shown
Panel = Callable[[Any, Findings], None]
COLORS = {"learned": ORANGE, "kept": GREEN, "programmed": BLUE}
WORDS = {"learned": "learn by themselves", "kept": "what is left of it", "programmed": "programmed once"}


def draw(figure: Any, found: Findings) -> None:
    curves = [name for name in ("tolerance", "area") if name in found.tables["curve"].column("quantity")]
    panels: list[Panel] = [_errors, *(partial(_curve, quantity=name) for name in curves)]
    panels += [panel for name, panel in CAUSES.items() if name in found.tables and found.tables[name].rows]
    count = -(-len(panels) // ABREAST)
    ends = [round(k * len(panels) / count) for k in range(count + 1)]
    rows = [panels[begin:end] for begin, end in pairwise(ends)]
    figure.set_size_inches(SIZE[0], SIZE[1] * count)
    for part, row in zip(np.atleast_1d(figure.subfigures(count, 1)), rows, strict=True):
        widths = [1.5 if panel is _errors else 1.0 for panel in row]
        for axes, panel in zip(np.atleast_1d(part.subplots(1, len(row), width_ratios=widths)), row, strict=True):
            panel(axes, found)
    figure.suptitle(found.title, fontsize=9)


def _errors(axes: Any, found: Findings) -> None:
    from matplotlib.ticker import LogFormatter

    table = found.tables["histogram"]
    for way, color in COLORS.items():
        bins = np.array([(low, high, chips) for w, low, high, chips in table.rows if w == way], dtype=float)
        if len(bins):
            edges = 1e3 * np.append(bins[:, 0], bins[-1, 1])
            axes.stairs(bins[:, 2], edges, color=color, fill=True, alpha=0.35)
            axes.stairs(bins[:, 2], edges, color=color, lw=1.2, label=WORDS[way])
    axes.set(xscale="log", xlabel=f"{found.numbers['metric']} (mV)", ylabel="chips")
    axes.xaxis.set_major_formatter(LogFormatter())
    axes.xaxis.set_minor_formatter(LogFormatter())
    axes.set_title(f"good: {' and '.join(found.numbers['spec'])}", fontsize=8)
    axes.legend(frameon=False, fontsize=8)


def _curve(axes: Any, found: Findings, quantity: str) -> None:
    every = _rows(found, "yield")
    here = [{**row, "factor": 1.0} for row in every if row["corner"] == every[0]["corner"]]
    rows = [*here, *(row for row in _rows(found, "curve") if row["quantity"] == quantity and row["factor"] != 1.0)]
    for way, color in COLORS.items():
        points = sorted((r["factor"], r["yield"], r["low"], r["high"]) for r in rows if r["way"] == way)
        if points:
            x, y, low, high = 100 * np.array(points).T
            axes.errorbar(x / 100, y, (y - low, high - y), color=color, marker="o", ms=3, lw=1.2, capsize=2)
    axes.set(xscale="log", xlabel=f"{quantity}, times the netlist's", ylabel="yield (%)", ylim=(-3, 103))
    factors = sorted({row["factor"] for row in rows})
    axes.set_xticks(factors, [f"{factor:g}" for factor in factors])
    axes.minorticks_off()
    axes.grid(alpha=0.25)
    axes.axvline(1.0, color=GREY, lw=0.6)


def _rows(found: Findings, name: str) -> list[dict[str, Any]]:
    table = found.tables[name]
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _shares(axes: Any, found: Findings) -> None:
    """By how much each group puts outputs off: bars by gradients, points by the chips."""
    rows = _rows(found, "sensitivity")[:MOST]
    place = np.arange(len(rows))[::-1]
    by, of, low, high = (
        1e3 * np.array([row[name] for row in rows]) for name in ("rms_gradient_V", "rms_chips_V", "low_V", "high_V")
    )
    axes.barh(place, by, color=BLUE, alpha=0.35, height=0.6, label="by gradients")
    axes.errorbar(
        of, place, xerr=(of - low, high - of), color=BLUE, marker="o", ms=3, lw=0, elinewidth=1.2, capsize=2,
        label="in the chips",
    )  # fmt: skip
    axes.set_yticks(place, [row["group"] for row in rows], fontsize=7)
    axes.set(xscale="log", xlabel="outputs of programmed chips, off by (mV rms)", xlim=(0.5 * by.min(), 3 * by.max()))
    axes.legend(frameon=False, fontsize=7, loc="lower right")


def _alone(axes: Any, found: Findings) -> None:
    """Yields with nothing off but one cause (full) and with everything but it (open)."""
    rows = _rows(found, "alone")
    causes = list(dict.fromkeys(row["cause"] for row in rows))[:MOST]
    ways = [way for way in COLORS if any(row["way"] == way for row in rows)]
    for row in (row for row in rows if row["cause"] in causes):
        place = len(causes) - 1 - causes.index(row["cause"]) + 0.25 * (0.5 * (len(ways) - 1) - ways.index(row["way"]))
        part, low, high = (100 * row[name] for name in ("yield", "low", "high"))
        color, only = COLORS[row["way"]], row["kept"] == "only"
        label = (
            f"{'only this' if only else 'all but this'}" if (row["cause"], row["way"]) == (causes[0], ways[0]) else None
        )
        axes.errorbar(
            part, place, xerr=([part - low], [high - part]), color=color, marker="o", ms=4, lw=1, capsize=0,
            mfc=color if only else "white", label=label,
        )  # fmt: skip
    for row in found.numbers["yield"][: len(ways)]:
        axes.axvline(100 * row["yield"], color=COLORS[row["way"]], lw=0.8, ls=":")
    axes.set_yticks(np.arange(len(causes))[::-1], causes, fontsize=7)
    axes.set(xlabel="yield (%); dotted: with everything", xlim=(97 * min(row["low"] for row in rows) - 3, 101.5))
    axes.legend(frameon=False, fontsize=7)


def _tail(axes: Any, found: Findings) -> None:
    """How many chips are worse than an error: counted, and by subset simulation."""
    rows, numbers = _rows(found, "tail"), found.numbers["tail"]
    way, squared = numbers["way"], numbers["spec"].startswith("mse")
    bins = [row for row in _rows(found, "histogram") if row["way"] == way]
    chips = np.array([row["chips"] for row in bins])
    if len(bins) and (found.numbers["metric"] == "error"):
        more = chips[::-1].cumsum()[::-1] / chips.sum()
        errors = 1e3 * np.array([row["low"] for row in bins])
        axes.plot(errors[more > 0], more[more > 0], color=GREY, lw=1, label=f"{chips.sum():,} chips, counted")
    threshold = np.array([row["threshold"] for row in rows])
    volts = 1e3 * (np.sqrt(threshold) if squared else threshold)
    axes.plot(volts, [row["probability"] for row in rows], color=COLORS[way], marker="o", ms=3, lw=1.2, label="levels")
    if numbers["probability"]:
        ends = [[numbers["probability"] - numbers["low"]], [numbers["high"] - numbers["probability"]]]
        axes.errorbar(volts[-1], numbers["probability"], yerr=ends, color=COLORS[way], capsize=2, lw=1.2)
    axes.set(yscale="log", xlabel="error (mV)", ylabel="part of the chips that are worse")
    axes.set_title(f"{way}: {numbers['spec']}", fontsize=8)
    axes.legend(frameon=False, fontsize=7)
    axes.grid(alpha=0.25)


CAUSES: dict[str, Panel] = {"sensitivity": _shares, "alone": _alone, "tail": _tail}
"""Tables to what shows them."""
