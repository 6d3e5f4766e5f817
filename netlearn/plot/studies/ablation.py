"""What each part of overclamping leaves of the error, and how that depends on rails, nudge, shortest pulse and bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREEN, GREY, ORANGE
from netlearn.study.findings import Findings

SIZE = (10.5, 5.6)
LEAST = 1e-12  # V^2: (1 uV)^2, what is less is drawn there


def draw(figure: Any, found: Findings) -> None:
    panels = figure.subplots(2, 3).ravel()
    label = f"{found.numbers['what']} (V²)"
    rows = found.tables["ablation"].rows
    parts = {part: [row for row in rows if row[0] == part] for part in dict.fromkeys(row[0] for row in rows)}
    for axes, part in zip(panels[:2], ("mode", "normalised"), strict=True):
        names = [
            str(row[1]) if part == "mode" else ("each its pulse", "one shared")[int(row[1])] for row in parts[part]
        ]
        axes.bar(names, [max(row[3], LEAST) for row in parts[part]], color=[ORANGE, GREEN, GREY, BLUE][-len(names) :])
        axes.tick_params(axis="x", labelsize=7)
    panels[1].set_title("samples of a step", fontsize=8)
    for axes, part, name in zip(
        panels[2:],
        ("rails", "eta", "least", "bias"),
        ("rails apart (V)", "η", "shortest pulse (s)", "bias (× its own)"),
        strict=True,
    ):
        for of, color in ((part, BLUE), (f"{part}, standard", ORANGE)):
            if of in parts:
                x, y = (np.array([row[k] for row in parts[of]], dtype=float) for k in (1, 3))
                axes.plot(x, np.maximum(y, LEAST), "o-", color=color, ms=3.5, lw=1.2)
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter("")
        axes.set_xlabel(name)
    for axes in panels:
        axes.axhline(max(parts["mode"][0][3], LEAST), color=ORANGE, lw=0.8, ls="--")
        axes.set_yscale("log")
        axes.set_ylim(0.5 * LEAST, 3 * max(row[3] for row in rows))
        axes.set_ylabel(label)
    if np.isfinite(found.numbers.get("holds_up_to", np.nan)):
        panels[5].axvline(found.numbers["holds_up_to"], color=GREY, lw=0.8, ls=":")
    figure.suptitle(f"{found.title}; dashed: standard; below (1 µV)² drawn there", fontsize=9)
