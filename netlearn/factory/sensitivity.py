"""Which spread spoils chips that are programmed: shares of the variance of their outputs, by gradients and by the chips.

To first order an output y of a programmed chip is y0 + sum_k J_k z_k, z its standard normal numbers, so that a group of numbers
makes the variance sum of J_k^2, groups add up, and with y0 - label what the median chip misses its labels by

    expected squared error  =  mean (y0 - label)^2  +  sum over groups of mean over samples of sum J_k^2

**By gradients.** J is exact at the median chip (z = 0) but for the laws: dy/dz_k = sum over parameters p of dy/dp dp/dz_k, dy/dp by
the adjoint of its operating points, and dp/dz_k = [p(z_k = 1) - p(z_k = -1)] / 2, all else 0, by making these chips: the slope of
a normal law, and the mean slope over one standard deviation of others. What a state or a memory is off by comes in by the
parameters that it ends in.

**By the chips.** b_k = E[(y - c) z_k] is the slope of the linear function of z that fits y best, whatever y is, and
sum of b_k^2 the variance that it explains (for any constant c; here y0). What gradients say is taken off first, with
r = y - y0 - J z, so that only what they miss is left to the dice; were they wrong, it would come out all the same. Of N chips

    sum over k of b_k^2   <-   sum of J_k^2  +  2 / N sum over i, k of J_k r_i z_ik
                               +  1 / N (N - 1)  sum over i != j  of  r_i r_j sum over k of z_ik z_jk

is free of bias, since a chip is never multiplied by itself. Its uncertainty is that of leaving out one chip at a time: the
jackknife variance is (N - 1) / N sum of (estimate without i - their mean)^2, where of the sum U over pairs h_ij

    U without i = [N (N - 1) U - 2 sum over j of h_ij] / (N - 1)(N - 2)

With the variance of the chips, what is left over
sum of b_k^2 is what no linear function of z explains: curvature, and groups that act together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, vstack

from netlearn.backends.native import Native
from netlearn.circuit.flat import Floats, Ints, Params
from netlearn.errors import BackendError, CircuitError
from netlearn.factory.numbers import CHUNK, NUMBERS, Works
from netlearn.factory.order import LOTS, Order
from netlearn.factory.yields import Z
from netlearn.solve.solution import Solution
from netlearn.study.findings import Drawer, Findings, Table
from netlearn.units import engineering

FEWEST, LEAST = 4096, 256  # chips to look at if fewer are asked for, and if there is no room for so many
UNKNOWNS = 200_000_000  # of all lanes that are looked at
ROWS = 512  # chips whose pairs are formed at a time
COLUMNS = (
    "group",
    "numbers",
    "rms_gradient_V",
    "share_gradient",
    "rank_gradient",
    "rms_chips_V",
    "low_V",
    "high_V",
    "share_chips",
    "rank_chips",
)
CLOSE = 0.01  # of each other: no difference
FAINT = 1e-9  # of the largest variance: smaller is rounding


@dataclass(frozen=True)
class Share:
    """A variance of outputs, mean over samples, in V^2, and its standard error."""

    variance: float
    error: float

    @property
    def rms(self) -> tuple[float, float, float]:
        """Volts: its root, and those of its interval (95 %); 0 where that is below zero."""
        every = (self.variance, self.variance - Z * self.error, self.variance + Z * self.error)
        value, low, high = (float(np.sqrt(max(0.0, v))) for v in every)
        return value, low, high


@dataclass(frozen=True)
class Explained:
    """What chips show. shares: of each group; linear: of all numbers together; total: their variance; mse: their mean
    squared error (V^2); chips: how many, of which so many have no operating point and count for nothing."""

    shares: Mapping[str, Share]
    linear: Share
    total: Share
    mse: float
    chips: int
    lost: int


@dataclass(frozen=True)
class Predicted:
    """What gradients say. slopes: J (M, K); variances: of each group (V^2); mse: mean squared error of the median chip."""

    slopes: Floats
    variances: Mapping[str, float]
    mse: float

    @property
    def total(self) -> float:
        return sum(self.variances.values())


def predicted(works: Works) -> Predicted:
    """By gradients; groups that outputs do not depend on are not there. BackendError where the circuit is not the native
    engine's, or the median chip has no operating point."""
    slopes = gradients(works)
    with np.errstate(over="ignore"):
        squares = (slopes**2).mean(axis=0)
    if not np.isfinite(squares).all():
        raise BackendError("by one standard deviation outputs move further than numbers reach", "narrow what spreads")
    missed = works.outputs(np.zeros((1, len(works.numbers))))[0] - works.labels
    every = {name: float(squares[of].sum()) for name, of in works.groups.items()}
    least = FAINT * max(every.values(), default=0.0)
    return Predicted(slopes, {name: of for name, of in every.items() if of > least}, float((missed**2).mean()))


def gradients(works: Works) -> Floats:
    """J (M, K) in V at the median chip, for the outputs of `works`."""
    circuit = works.line.circuit
    engine = Native(circuit)
    base, moved = works.programmed(np.zeros((1, len(works.numbers)))), _moved(works)
    imposed = works.imposed
    found = engine.operating_points(base, imposed)
    if not found.settled.all():
        raise BackendError(
            "the median chip has no operating point, so that nothing can be said of what spreads round it",
            "see netlearn solve, or give --no-sensitivity",
        )
    count = len(circuit.outputs)
    plus, minus = circuit.read_nodes["free"]
    slopes = np.zeros((count, 1, circuit.size))
    slopes[np.arange(count), 0, plus] += 1.0
    slopes[np.arange(count), 0, minus] -= 1.0
    slopes[..., 0] = 0.0
    copies, every = base.copies(count), np.zeros((imposed.samples, count, len(works.numbers)))
    for sample in range(imposed.samples):
        one = np.array([sample])
        by = engine.gradient(copies, imposed.of(one), _copies(found.of(one), count), slopes, list(moved)).values
        for (device, param), of in moved.items():
            every[sample] += (of @ by[device][param].T).T
    return every.reshape(-1, len(works.numbers))


def _copies(found: Solution, count: int) -> Solution:
    names = ("x", "settled", "steps", "residual", "worst")
    return Solution(*(np.repeat(getattr(found, name), count, axis=0) for name in names))


def _moved(works: Works) -> dict[tuple[str, str], csr_matrix]:
    """dp / dz (K, E) of every parameter that any number moves."""
    count = len(works.numbers)
    found: dict[tuple[str, str], list[csr_matrix]] = {}
    for begin in range(0, count, CHUNK):
        here = np.arange(begin, min(begin + CHUNK, count))
        z = np.zeros((2, len(here), count))
        z[0, np.arange(len(here)), here], z[1, np.arange(len(here)), here] = 1.0, -1.0
        for key, slope in _slopes(works.programmed(z.reshape(-1, count))):
            found.setdefault(key, []).append(csr_matrix(slope))
    whole = {key: vstack(each, format="csr") for key, each in found.items()}
    return {key: of for key, of in whole.items() if of.nnz}


def _slopes(params: Params) -> Iterator[tuple[tuple[str, str], Floats]]:
    """Half of by how much (D / 2, E) the first half of the draws is above the second, parameter by parameter."""
    half = params.draws // 2
    for device, of in params.values.items():
        for param, values in of.items():
            yield (device, param), 0.5 * (values[:half] - values[half:])


def explained(works: Works, by: Predicted, first: int, draws: int) -> Explained:
    """By the chips from `first` on: as many as are asked for, but enough to tell something and not more than fit."""
    count = len(works.numbers)
    room = min(NUMBERS // (works.labels.size + count), UNKNOWNS // (len(works.rows) * works.line.circuit.size))
    draws = min(max(draws, FEWEST), max(LEAST, room))
    z = works.drawn(first, first + draws)
    y = works.outputs(z)
    known = np.isfinite(y).all(axis=1)
    if known.sum() < 0.5 * draws:
        raise BackendError(f"{draws - int(known.sum())} of {draws} programmed chips have no operating point")
    y, z = y[known], z[known]
    groups = {name: of for name, of in works.groups.items() if name in by.variances}
    shares, linear = pairs(y - works.outputs(np.zeros((1, count))), z, groups, by.slopes)
    squares = ((y - y.mean(axis=0)) ** 2).mean(axis=1)
    total = Share(float(squares.sum() / (len(y) - 1)), float(squares.std() / np.sqrt(len(y))))
    return Explained(shares, linear, total, float(((y - works.labels) ** 2).mean()), draws, int((~known).sum()))


def pairs(y: Floats, z: Floats, groups: Mapping[str, Ints], slopes: Floats) -> tuple[dict[str, Share], Share]:
    """Of outputs y (N, M) less any constant, and numbers z (N, K): the share of each group, and of all together. slopes (M, K):
    what is known of them."""
    count, width = y.shape
    own = np.concatenate([*groups.values(), np.zeros(0, dtype=np.int64)])
    left = y - z[:, own] @ slopes[:, own].T
    known = {name: float((slopes[:, of] ** 2).sum() / width) for name, of in groups.items()}
    crossed = {name: 2.0 * (left * (z[:, of] @ slopes[:, of].T)).mean(axis=1) for name, of in groups.items()}
    sums = {name: np.zeros(count) for name in groups}
    for begin in range(0, count, ROWS):
        rows = np.arange(begin, min(begin + ROWS, count))
        alike = left[rows] @ left.T / width
        alike[np.arange(len(rows)), rows] = 0.0
        for name, of in groups.items():
            sums[name][rows] = (alike * (z[rows][:, of] @ z[:, of].T)).sum(axis=1)
    none = np.zeros(count)
    every = _share(sum(known.values()), sum(crossed.values(), none), sum(sums.values(), none))
    return {name: _share(known[name], crossed[name], sums[name]) for name in groups}, every


def _share(known: float, crossed: Floats, sums: Floats) -> Share:
    """From sum of J^2, and by chip (N,) what is crossed with it and the sums over its pairs."""
    n = len(sums)
    without = (crossed.sum() - crossed) / (n - 1) + (sums.sum() - 2.0 * sums) / ((n - 1) * (n - 2))
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    return Share(known + float(crossed.mean() + sums.sum() / (n * (n - 1))), float(error))


def study(order: Order, drawer: Drawer) -> Findings:
    """Of the programmed chips of an order, in its first corner."""
    line = next(order.pieces())[1]
    name = f"sensitivity_{line.corner or LOTS}_{order.draws}"
    try:
        found = drawer.once(name, lambda: _found(Works(line, Native(line.circuit, threads=order.jobs)), order))
    except (BackendError, CircuitError) as error:
        text = f"Which spread spoils programmed chips is not known here: {error.message}."
        return Findings("sensitivity", line.circuit.name, {"sensitivity": Table(COLUMNS, [])}, text)
    numbers = found["numbers"]
    text = _text(found["rows"], numbers, "mse" in line.metrics)
    return Findings("sensitivity", line.circuit.name, {"sensitivity": Table(COLUMNS, found["rows"])}, text, numbers)


def _found(works: Works, order: Order) -> dict[str, Any]:
    """Rows, the largest first, and numbers."""
    by = predicted(works)
    of = explained(works, by, order.first, order.draws)
    names = sorted(by.variances, key=lambda name: -by.variances[name])
    ranks = sorted(names, key=lambda name: -of.shares[name].variance)
    rows = [
        (
            name,
            len(works.groups[name]),
            float(np.sqrt(by.variances[name])),
            by.variances[name] / by.total,
            names.index(name) + 1,
            *of.shares[name].rms,
            of.shares[name].variance / of.total.variance,
            ranks.index(name) + 1,
        )
        for name in names
    ]
    numbers = {
        "corner": works.line.corner or LOTS,
        "chips": of.chips,
        "lost": of.lost,
        "samples": len(works.rows),
        "median_chip_V": float(np.sqrt(by.mse)),
        "spread_gradient_V": float(np.sqrt(by.total)),
        "expected_V": float(np.sqrt(by.mse + by.total)),
        "spread_chips_V": of.total.rms,
        "linear_chips_V": of.linear.rms,
        "nonlinear": 1.0 - of.linear.variance / of.total.variance if of.total.variance else 0.0,
        "measured_V": float(np.sqrt(of.mse)),
    }
    return {"rows": rows, "numbers": numbers}


def _text(rows: list[Any], numbers: Mapping[str, Any], of_errors: bool) -> str:
    if not rows:
        return "Nothing that spreads reaches the outputs of programmed chips."
    every = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    named = ", ".join(
        f"{row['group']} {engineering(row['rms_gradient_V'], 'V')} ({row['share_gradient']:.2g})" for row in every[:3]
    )
    lines = [
        f"What puts outputs of programmed chips off ({numbers['corner']}), rms and as a part of the variance, by gradients: {named}; "
        f"all {len(every)} together {engineering(numbers['spread_gradient_V'], 'V')}, "
        f"and {engineering(numbers['spread_chips_V'][0], 'V')} in {numbers['chips']:,} chips."
    ]
    if of_errors:
        lines.append(
            f"With the {engineering(numbers['median_chip_V'], 'V')} that the median chip misses, {engineering(numbers['expected_V'], 'V')} "
            f"is expected to first order and {engineering(numbers['measured_V'], 'V')} measured."
        )
    lines.append(_differences(every, numbers))
    return "\n".join(lines)


def _differences(rows: list[dict[str, Any]], numbers: Mapping[str, Any]) -> str:
    """Where gradients and chips differ by more than chance does."""
    apart = [row for row in rows if _apart(row)]
    named = ", ".join(f"{row['group']} ({engineering(row['rms_chips_V'], 'V')} in the chips)" for row in apart[:4])
    said = f"They differ in {named}" if apart else "They agree within what chance leaves open"
    return f"{said}; {100 * numbers['nonlinear']:.2g} % of the variance of the chips is not linear in what spreads."


def _apart(row: Mapping[str, Any]) -> bool:
    by, of = row["rms_gradient_V"], row["rms_chips_V"]
    return abs(by - of) > CLOSE * by and not row["low_V"] <= by <= row["high_V"]
