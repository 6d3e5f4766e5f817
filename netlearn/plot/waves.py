"""Curves over time, and against each other: voltages of one circuit, or of several versions of it in one axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.circuit.model import Plot
from netlearn.circuit.over_time import reading

STYLES = ("-", "--", ":", "-.")
"""Of versions, in their order."""
STRIPS = 2  # curves over time that share an axes; more of them have a strip each
WIDE, HIGH, STRIP = 6.8, 3.4, 1.25  # inches


@dataclass(frozen=True)
class Traces:
    """Node voltages (K,) by name at times (K,) in s; version: what they are of, such as `transistors = 1`."""

    version: str
    time: Floats
    volts: Mapping[str, Floats]


def over_time(axes: Any, time: Floats, curves: Mapping[str, Floats], what: str) -> None:
    factor, unit = time_unit(time[-1])
    for name, values in curves.items():
        axes.plot(time * factor, values, lw=1.3, label=name)
    axes.set(xlabel=f"time ({unit})", ylabel=what or (next(iter(curves)) if len(curves) == 1 else ""))
    axes.set_xlim(0, time[-1] * factor)
    finish(axes, len(curves) if not what or len(curves) > 1 else 1)


def against(axes: Any, name: str, x: Floats, curves: Mapping[str, Floats]) -> None:
    for label, values in curves.items():
        axes.plot(x, values, lw=1.3, label=label)
    axes.set(xlabel=name, ylabel=next(iter(curves)) if len(curves) == 1 else "")
    finish(axes, len(curves))


def time_unit(last: float) -> tuple[float, str]:
    """What to multiply seconds by, and the unit that they are in then."""
    power = int(np.clip(np.floor(np.log10(last) / 3), -5, 0))
    return 1000.0**-power, {0: "s", -1: "ms", -2: "µs", -3: "ns", -4: "ps", -5: "fs"}[power]


def finish(axes: Any, curves: int) -> None:
    axes.grid(alpha=0.25)
    if 1 < curves <= 12:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def versions_size(plot: Plot) -> tuple[float, float]:
    """Inches of the picture that `draw_versions` makes of a plot."""
    many = plot.against is None and len(plot.curves) > STRIPS
    return (WIDE, 0.7 + STRIP * len(plot.curves)) if many else (WIDE, HIGH)


def draw_versions(figure: Any, plots: Sequence[Plot], versions: Sequence[Traces]) -> None:
    """One plot of a circuit as each version has it (solid, dashed, ...), curves of one axes in colours; many curves over time
    lie in strips below each other, with one axis of time."""
    first = plots[0]
    many = first.against is None and len(first.curves) > STRIPS
    rows = figure.subplots(len(first.curves) if many else 1, sharex=True, squeeze=False)[:, 0]
    last = max(traces.time[-1] for traces in versions)
    factor, unit = time_unit(last)
    alone = many or len(first.curves) == 1  # then colours can tell versions apart as well
    for number, (plot, traces, style) in enumerate(zip(plots, versions, STYLES, strict=False)):
        x = traces.time * factor if plot.against is None else reading(plot.against, traces.volts, traces.time)
        for k, curve in enumerate(plot.curves):
            label = ", ".join(part for part in (curve.text, traces.version) if part)
            axes, color = rows[min(k, len(rows) - 1)], f"C{number if alone else k}"
            axes.plot(x, reading(curve, traces.volts, traces.time), style, color=color, lw=1.3, label=label)
    for k, axes in enumerate(rows):
        axes.grid(alpha=0.25)
        axes.set_ylabel(first.curves[k].text if many or len(first.curves) == 1 else "voltage (V)")
        if first.against is None:
            axes.set_xlim(0, last * factor)
    rows[-1].set_xlabel(f"time ({unit})" if first.against is None else first.against.text)
    if len(rows[0].lines) > 1 and not many:
        figure.legend(
            *rows[0].get_legend_handles_labels(),
            frameon=False,
            loc="outside upper center",
            ncols=len(versions),
            fontsize=8,
        )
