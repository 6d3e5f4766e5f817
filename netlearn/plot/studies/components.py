"""Where a bias comes from: a bar a cause, of which the dark part is the same for all samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.plot.picture import BLUE, GREY
from netlearn.study.findings import Findings

SIZE = (8.0, 4.6)


def draw(figure: Any, found: Findings) -> None:
    axes = figure.subplots()
    table = found.tables["components"]
    names, sizes, rms, alike = (table.column(name) for name in ("cause", "size", "rms_V_per_s", "alike"))
    place = np.arange(len(names))[::-1]
    push, same = np.array(rms, dtype=float), np.nan_to_num(np.array(alike, dtype=float))
    axes.barh(place, push, color="#56B4E9", height=0.6, label="what is different for each sample")
    axes.barh(place, push * np.sqrt(same), color=BLUE, height=0.6, label="the same for all samples (rms)")
    axes.set(xscale="log", xlabel="bias of a learnable value (V/s, rms)")
    axes.set_yticks(place, [f"{name}\n{size}" if size else name for name, size in zip(names, sizes, strict=True)])
    axes.tick_params(axis="y", labelsize=6.5)
    for at, value in zip(place, push, strict=True):
        axes.text(value * 1.05, at, f"{value:.2g}", va="center", fontsize=7, color=GREY)
    axes.set(xlim=(push.min() / 3, 3 * push.max()))
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=7)
    figure.suptitle(found.title, fontsize=9)
