"""What was measured on the board of arXiv 2505.22887, where the authors' data is at hand (Zenodo 10.5281/zenodo.15692010).

Its two-edge experiments are those of `netlists/imperfect`: fig2a.nl is the first, fig2b.nl the second, fig3.nl the third.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from netlearn.errors import TaskError

EXPERIMENTS = {"fig2a": 1, "fig2b": 2, "fig3": 3}
LINES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "fig2a": {"alpha": (2.7257, -3.3003), "beta": (0.43914, 1.6061)},
    "fig2b": {"alpha": (2.5678, -2.901), "beta": (0.74821, 1.9224)},
    "fig3": {"alpha_1": (0.4408, 1.2829), "alpha_2": (1.4406, -1.9253), "beta": (0.535, 1.3284)},
}
"""Of a netlist and a task (or one of its samples) the slope and offset (V) of G_2 over G_1, from their notebook."""


def cycles(folder: Path, stem: str) -> list[tuple[float, float, float]]:
    """Period (s), span D (V) and combined error (V^2) of the steady cycles of a netlist's experiment; none where there are
    none. NaN where one of the two was not measured."""
    number = EXPERIMENTS.get(stem)
    spans = _pairs(folder / f"measured-DG2-exp{number}.csv")
    errors = _pairs(folder / f"measured-MSE-exp{number}.csv")
    nothing = float("nan")
    return [
        (tau, max(spans[tau], 0.0) ** 0.5 if tau in spans else nothing, errors.get(tau, nothing))
        for tau in sorted({*spans, *errors})
    ]


def _pairs(path: Path) -> dict[float, float]:
    """Two columns without names; nothing where there is no file."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        try:
            return {float(tau): float(value) for tau, value in (row for row in csv.reader(file) if row)}
        except (ValueError, csv.Error):
            raise TaskError(
                f"{path} is no table of two columns of numbers", "name another folder: --measured"
            ) from None
