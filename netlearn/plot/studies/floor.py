"""The floor of the combined error against the bias, the nudge, the gain of the rule and R C."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREY
from netlearn.study.findings import Findings
from netlearn.study.floor import EXPECTED

SIZE = (10.5, 2.9)
LABELS = {"bias": "bias (× the netlist's)", "eta": "nudge η", "gain": "gain of the rule (×)", "rc": "R C (×)"}


def draw(figure: Any, found: Findings) -> None:
    rows = found.tables["floor"].rows
    shown = [what for what in LABELS if any(row[0] == what for row in rows)]
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for at, what in zip(axes, shown, strict=True):
        value, mse = np.array(sorted((row[1], row[2]) for row in rows if row[0] == what), dtype=float).T
        at.loglog(value, mse, "o-", color=BLUE, ms=4, lw=1.2)
        anchor = int(np.argmin(np.abs(np.log(value))))
        power = EXPECTED[what]
        guide = mse[anchor] * (value / value[anchor]) ** power
        label = "constant" if power == 0 else f"∝ {what}$^{{{power:g}}}$"
        at.loglog(value, guide, "--", color=GREY, lw=0.8, label=label)
        at.set(xlabel=LABELS[what])
        at.set_xticks(value, [f"{one:g}" for one in value], fontsize=7)
        at.minorticks_off()
        at.legend(frameon=False, fontsize=7)
    axes[0].set(ylabel="combined error (V²)")
    low, high = (limit([row[2] for row in rows if row[2] > 0]) for limit in (min, max))
    axes[0].set(ylim=(low / 3, 3 * high))
    figure.suptitle(found.title, fontsize=9)
