"""Standard against overclamped learning: rings of two classes with maps of the output, or cycles of tasks that alternate."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.plot.picture import BLUE, GREY, ORANGE
from netlearn.study.findings import Findings, Table

SIZE = (10.5, 5.6)
COLORS = {"standard": ORANGE, "overclamped": BLUE}
CYCLES = {**COLORS, "unbiased": GREY}
LEAST = 1e-18  # of what is drawn on a logarithmic axis


def draw(figure: Any, found: Findings) -> None:
    (_ring if "maps" in found.tables else _cycles)(figure, found)
    figure.suptitle(found.title, fontsize=9)


def _of(table: Table, mode: str, *names: str) -> list[Floats]:
    """Columns of the rows of one mode."""
    mine = [k for k, one in enumerate(table.column("mode")) if one == mode]
    return [np.array(table.column(name), dtype=float)[mine] for name in names]


def _cycles(figure: Any, found: Findings) -> None:
    table = found.tables["overclamp"]
    spans, errors = figure.subplots(1, 2)
    for mode, color in CYCLES.items():
        tau, d, e = _of(table, mode, "tau_s", "D_V", "mse_V2")
        spans.loglog(
            tau,
            np.maximum(d, LEAST),
            "o-",
            color=color,
            ms=3.5,
            lw=1.2,
            label="standard, no bias" if mode == "unbiased" else mode,
        )
        errors.loglog(tau, np.maximum(e, LEAST), "o-", color=color, ms=3.5, lw=1.2)
    spans.set(xlabel="period τ (s)", ylabel="cycle span D (V)")
    errors.set(xlabel="period τ (s)", ylabel="combined error (V²)")
    for axes in (spans, errors):
        axes.xaxis.set_minor_formatter("")
    spans.legend(frameon=False)


def _ring(figure: Any, found: Findings) -> None:
    top, bottom = figure.subplots(2, 3)
    maps, points = found.tables["maps"], found.tables["points"]
    v1, v2 = (1e3 * np.array(maps.column(name)) for name in ("V1_V", "V2_V"))
    side = round(len(v1) ** 0.5)
    extent = (v1.min(), v1.max(), v2.min(), v2.max())
    outputs = [1e3 * np.array(maps.column(name)) for name in maps.columns[2:]]
    most = float(np.ceil(2 * max(abs(1e3 * label) for label in points.column("label_V"))))
    shown = None
    for axes, output, name in zip(top, outputs, ("before", *COLORS), strict=True):
        grid = output.reshape(side, side).T
        shown = axes.imshow(grid, origin="lower", extent=extent, cmap="RdBu_r", vmin=-most, vmax=most, aspect="equal")
        axes.contour(grid, levels=[0.0], colors="k", linewidths=0.8, extent=extent)
        for sign, marker in ((1, "o"), (-1, "s")):
            at = [(1e3 * a, 1e3 * b) for a, b, label in points.rows if sign * label > 0]
            face = "#b2182b" if sign > 0 else "#2166ac"
            axes.plot(*zip(*at, strict=True), marker, color=face, mec="white", mew=0.8, ms=5.5, ls="")
        axes.set(xlabel="V1 (mV)", ylabel="V2 (mV)")
        axes.set_title(name, fontsize=8)
    figure.colorbar(shown, ax=top, label="output (mV)", shrink=0.85)
    table = found.tables["overclamp"]
    for axes, name, scale, label in (
        (bottom[0], "hinge_V2", 1e6, "hinge (mV²)"),
        (bottom[1], "error", 100.0, "points wrong (%)"),
        (bottom[2], "gates_at_ceiling", 1.0, "gates at the ceiling"),
    ):
        for mode, color in COLORS.items():
            diameter, value = _of(table, mode, "diameter_V", name)
            axes.plot(1e3 * diameter, scale * value, "o-", color=color, ms=3.5, lw=1.2, label=mode)
        axes.axhline(0.0, color=GREY, lw=0.6, zorder=0)
        axes.set(xlabel="diameter (mV)", ylabel=label)
    bottom[0].set_yscale("symlog", linthresh=1.0)
    bottom[0].set_ylim(-0.2, None)
    bottom[0].legend(frameon=False)
