"""The standard against the overclamped rule: what a bias costs (arXiv 2505.22887).

Tasks alternate: on the same boards, with the same bias, the steady cycle of either rule (`netlearn.study.cycle`): its span D and its combined
error E, for each period. Where the tasks can be solved together, overclamped learning comes to rest where they are, and
both go to zero; where they cannot, the tasks go on pulling, and what is left is what they disagree by. The standard rule
without any bias stands beside them, to tell the two apart.

Samples that are a ring of two classes are learned for a while instead: `netlearn.study.ring`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from netlearn.errors import TaskError
from netlearn.learn.options import check_positive
from netlearn.study import ring
from netlearn.study.cycle import CHUNK, of_period
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.modes import OVERCLAMPED, STANDARD, coarser, modes
from netlearn.study.stand import Stand

PERIODS = (0.02, 0.08, 0.2)  # s
AT_ONCE = 1e-3  # s of pulses on a ring, where gates go some millivolts in that time
UNBIASED = "unbiased"  # standard, with no bias
COLUMNS = ("tau_s", "mode", "D_V", "mse_V2")
LARGE = 100.0  # times by which overclamping is to be better
NOTHING = 1e-300


@dataclass(frozen=True)
class Asked:
    """What was asked for; None: what suits the netlist. seconds: of pulses a ring is shown; at_once: pulses (s) that are
    taken as one."""

    diameters: Sequence[float] | None = None
    periods: Sequence[float] | None = None
    seconds: float = 61.0
    at_once: float | None = None
    most: float | None = None


def study(stand: Stand, asked: Asked, drawer: Drawer, tell: Tell) -> Findings:
    """A ring where the samples are one and no periods are asked for, else tasks that alternate."""
    circle = ring.ring_of(stand) if asked.periods is None else None
    check_positive(seconds=asked.seconds)
    if circle is not None:
        diameters = asked.diameters or [float(f"{circle.diameter * part:.6g}") for part in ring.PARTS]
        at_once = AT_ONCE if asked.at_once is None else asked.at_once
        return ring.study(stand, circle, diameters, asked.seconds, at_once, drawer, tell)
    if asked.diameters is not None:
        raise TaskError(
            "these samples are no ring", "--diameters is for a hinge on a ring of two classes: leave it out"
        )
    return alternating(stand, asked.periods or PERIODS, asked.at_once or 0.0, asked.most, drawer, tell)


def alternating(
    stand: Stand, periods: Sequence[float], at_once: float, most: float | None, drawer: Drawer, tell: Tell
) -> Findings:
    """The steady cycle of both rules, and of the standard one without a bias, for each period."""
    if len(stand.tasks) < 2:
        raise TaskError("one task does not alternate, and its samples are no ring", "name two with --tasks alpha,beta")
    for period in periods:
        stand.periods(period, CHUNK)
    rules = {mode: coarser(rule, at_once) for mode, rule in modes(stand).items()}
    stands = {mode: stand.taught(rules[mode]) for mode in (STANDARD, OVERCLAMPED)}
    stands[UNBIASED] = stands[STANDARD].biased(0.0)
    parts = [(period, mode) for period in periods for mode in stands]
    found = []
    for k, (period, mode) in enumerate(parts):
        on = stands[mode]
        found.append(drawer.once(f"{mode}-{period:.12g}", partial(of_period, on, period, most)))
        tell(k + 1, len(parts))
    rows = [
        (period, mode, float(np.median(of["D_V"])), float(np.median(of["mse_V2"])))
        for (period, mode), of in zip(parts, found, strict=True)
    ]
    tables = {"overclamp": Table(COLUMNS, rows), "ratios": Table(("tau_s", "D_ratio", "mse_ratio"), _ratios(rows))}
    if len(stand.seeds) > 1:
        tables["draws"] = Table(
            ("seed", *COLUMNS),
            [
                (seed, period, mode, d, e)
                for (period, mode), of in zip(parts, found, strict=True)
                for seed, d, e in zip(stand.seeds, of["D_V"], of["mse_V2"], strict=True)
            ],
        )
    numbers: dict[str, Any] = {
        "least_ratio_D": min(d for _, d, _ in _ratios(rows)),
        "least_ratio_mse": min(e for *_, e in _ratios(rows)),
        "steady": [of["steady"] for of in found],
    }
    title = stand.title
    return Findings("overclamp", title, tables, _text(title, rows, numbers), numbers)


def _ratios(rows: Sequence[tuple[float, str, float, float]]) -> list[tuple[float, float, float]]:
    """Of each period, by how much D and E are smaller overclamped."""
    return [
        (plain[0], plain[2] / max(over[2], NOTHING), plain[3] / max(over[3], NOTHING))
        for plain, over in zip(rows[::3], rows[1::3], strict=True)
    ]


def _text(title: str, rows: Sequence[tuple[float, str, float, float]], numbers: dict[str, Any]) -> str:
    words = [f"{title}, alternating, standard against overclamped under the same bias."]
    for plain, over, (tau, d, e) in zip(rows[::3], rows[1::3], _ratios(rows), strict=True):
        words.append(
            f"With a period of {tau:g} s the cycle spans D = {plain[2]:.3g} V and {over[2]:.3g} V "
            f"({_times(d)}), the combined error is {plain[3]:.3g} V^2 and {over[3]:.3g} V^2 ({_times(e)})."
        )
    if min(numbers["least_ratio_D"], numbers["least_ratio_mse"]) >= LARGE:
        words.append("Overclamped learning comes to rest where all tasks are solved.")
    else:
        ideal = [f"{d:.3g} V and {e:.3g} V^2 at {tau:g} s" for tau, _, d, e in rows[2::3]]
        words.append(
            "Overclamped learning does not come to rest: no place solves all tasks, or the bias is stronger than the signal "
            f"of the nudge. Standard learning without any bias leaves {'; '.join(ideal)}: where that is not nothing the "
            "tasks are incompatible, and overclamping can only do away with what the bias adds."
        )
    return " ".join(words)


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times less" if ratio < 1e9 else "a thousand million times less, or more"
