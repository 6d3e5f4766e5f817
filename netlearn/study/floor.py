"""The floor of the combined error at a short period: what it is proportional to (arXiv 2505.22887, claims of its model).

A biased network comes to rest where the rule undoes the bias: at an error e for which alpha dV^2(e) = -B. For errors that
are small dV^2 is proportional to the nudge, which is eta e, so

    MSE ~ (|B| / (alpha eta))^2

Four things are varied, each with all else as the netlist has it:

    bias   B by a factor. What scales with the rule, such as an amplifier's offset, stays
    eta    the nudge
    gain   the gain of the rule by a factor, against a bias that is given in V/s
    rc     R C by a factor: the gate capacitor integrates rule and bias alike, so that both slow down together

A board without an `imperfection bias` has nothing for the first and the third: all that its parts do scales with the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from netlearn.study.cycle import of_period
from netlearn.study.findings import Drawer, Findings, Table, Tell
from netlearn.study.numbers import power
from netlearn.study.stand import Stand

COLUMNS = ("what", "value", "mse_V2", "D_V")
EXPECTED = {"bias": 2.0, "eta": -2.0, "gain": -2.0, "rc": 0.0}


def biased(stand: Stand, factor: float) -> Stand:
    return stand.biased(factor)


def nudged(stand: Stand, eta: float) -> Stand:
    return stand.taught(replace(stand.method, eta=eta))


def amplified(stand: Stand, factor: float) -> Stand:
    """A rule so many times as strong, and the same bias in V/s."""
    return stand.taught(replace(stand.method, gain=factor * stand.method.gain))


def slowed(stand: Stand, factor: float) -> Stand:
    """Gate capacitors so many times as large: rule, bias and leak are slower by that."""
    flaws = stand.board.flaws
    slow = flaws._replace(drift=flaws.drift / factor, leak=flaws.leak / factor)
    taught = stand.taught(replace(stand.method, c=factor * stand.method.c))
    return replace(taught, board=replace(taught.board, flaws=slow))


VARIED: dict[str, Callable[[Stand, float], Stand]] = {
    "bias": biased,
    "eta": nudged,
    "gain": amplified,
    "rc": slowed,
}


def study(
    stand: Stand,
    period: float,
    values: Mapping[str, Sequence[float]],
    most: float | None,
    drawer: Drawer,
    tell: Tell,
) -> Findings:
    """Combined error and span at this period for each of the `values` of what is `VARIED`."""
    given = VARIED if stand.board.flaws.drift.any() else ("eta", "rc")
    asked = [(what, value, VARIED[what](stand, value)) for what in given for value in values.get(what, ())]
    rows, limits, steady = [], [], []
    for k, (what, value, on) in enumerate(asked):
        found = drawer.once(f"{what}-{value:.12g}", partial(of_period, on, period, most))
        rows.append((what, value, float(np.median(found["mse_V2"])), float(np.median(found["D_V"]))))
        limits.append(int(found["at_limits"]))
        steady.append(bool(found["steady"]))
        tell(k + 1, len(asked))
    exponents = {what: exponent(rows, limits, what, len(stand.names) // 10) for what in given if values.get(what)}
    numbers: dict[str, Any] = {"exponents": exponents, "period": period, "at_limits": limits, "steady": steady}
    title = stand.title
    return Findings("floor", title, {"floor": Table(COLUMNS, rows)}, _text(title, rows, numbers), numbers)


def exponent(rows: Sequence[tuple[str, float, float, float]], limits: Sequence[int], what: str, more: int = 0) -> float:
    """Slope of log MSE over the log of what is varied, by least squares, of the points where at most so many `more` gates
    are at their limits than where the fewest are; NaN where there are fewer than two."""
    own = [(row[1], row[2], count) for row, count in zip(rows, limits, strict=True) if row[0] == what and row[2] > 0]
    fewest = min((count for *_, count in own), default=0)
    return power([(value, mse) for value, mse, count in own if count <= fewest + more])


def _text(title: str, rows: Sequence[tuple[str, float, float, float]], numbers: dict[str, Any]) -> str:
    names = {
        "bias": "the bias",
        "eta": "eta",
        "gain": "the gain of the rule against a bias given in V/s",
        "rc": "R C, which slows rule and bias alike",
    }
    words = [f"{title}, alternating with a period of {numbers['period']:g} s."]
    for what, slope in numbers["exponents"].items():
        own = [(value, mse) for name, value, mse, _ in rows if name == what]
        ends = " to ".join(f"{mse:.3g} V^2 at {value:g}" for value, mse in (own[0], own[-1]))
        law = f", as its power {slope:.2f} (small errors: {EXPECTED[what]:g})" if np.isfinite(slope) else ""
        words.append(f"Over {names[what]} the floor goes from {ends}{law}.")
    if any(numbers["at_limits"]):
        words.append("Powers are of the points with the fewest gates at their limits, or nearly so.")
    if not all(numbers["steady"]):
        words.append(f"{numbers['steady'].count(False)} of {len(rows)} cycles are not steady yet: give --most.")
    return " ".join(words)
