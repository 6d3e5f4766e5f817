"""The linear model of tasks that alternate on a biased board (arXiv 2505.22887), in closed form.

Near a place G* where task k would rest, the update of n learnable values is that of a well in which a constant bias B pushes:

    dG/dt = -M_k (G - G*_k) + B = -M_k G + mu_k,        M_k = -(d/dG of the unbiased update) at G*_k,   mu_k = M_k G*_k + B

After a hold of t seconds G has become A_k G + b_k, with

    A_k = exp(-M_k t),        b_k = (integral from 0 to t of exp(-M_k s) ds) mu_k

which is read off one exponential of a larger matrix, so that directions of no force (zero modes) integrate to t as they are:

    exp [ -M_k t   mu_k t ]  =  [ A_k  b_k ]
        [   0        0    ]     [  0    1  ]

Holding all tasks in turn maps G to A G + b, A = A_T ... A_2 A_1. The steady cycle begins at the G0 that is mapped to itself,

    [P (1 - A)] G0 = P b        by the pseudo-inverse

where P projects out the intersection of the null spaces: directions that no task feels. What moves along them has no influence
on the rest, which repeats itself whether they do or drift with the bias; the pseudo-inverse leaves them where the middle of the
G*_k is.

Where M has a null space of right vectors N and left vectors W (M N = 0, W^T M = 0), a held task comes to drift along N at

    v = N (W^T N)^-1 W^T B

a projection of B, for symmetric M the orthogonal one. A transistor in triode is not reciprocal, so that M of a larger network
is not quite symmetric, and this is the form used. A task without a null space comes to rest at G - G* = M^-1 B instead. Either
tells a part of B, and `bias` puts the parts together by least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from netlearn.circuit.flat import Floats

FLAT = 1e-3  # of the fastest rate: slower is no force that a hold could feel
EXACT = 1e-11  # of the largest number: less is rounding


@dataclass(frozen=True)
class Well:
    """A task: M (n, n) in 1/s, and where it rests without a bias, G* (n,) in V."""

    matrix: Floats
    rest: Floats

    @cached_property
    def rates(self) -> Floats:
        """Eigenvalues of M, real parts, the fastest first (n,)."""
        return np.asarray(np.sort(np.linalg.eigvals(self.matrix).real)[::-1])

    @cached_property
    def slowest(self) -> float:
        """The slowest rate that is a force (1/s), 0 where there is none."""
        felt = self.rates[self.rates > FLAT * max(self.rates[0], 0.0)]
        return float(felt[-1]) if len(felt) else 0.0

    @cached_property
    def flat(self) -> Floats:
        """The projector (n, n) from a bias to the drift it ends in; zero where there is no null space."""
        left, sizes, right = np.linalg.svd(self.matrix)
        zero = sizes <= FLAT * sizes.max(initial=0.0)
        n, w = right[zero].T, left[:, zero]
        return np.asarray(n @ np.linalg.solve(w.T @ n, w.T))

    @cached_property
    def has_flat(self) -> bool:
        return bool(np.abs(self.flat).max(initial=0.0) > 0)


def strongest(matrix: Floats, count: int) -> Floats:
    """A matrix with so many of its directions, those of its largest singular values."""
    left, sizes, right = np.linalg.svd(matrix)
    return np.asarray((left[:, :count] * sizes[:count]) @ right[:count])


def hold(well: Well, bias: Floats, seconds: float) -> tuple[Floats, Floats]:
    """A (n, n) and b (n,) of a hold."""
    from scipy.linalg import expm

    n = len(bias)
    larger = np.zeros((n + 1, n + 1))
    larger[:n, :n] = -seconds * well.matrix
    larger[:n, n] = seconds * (well.matrix @ well.rest + bias)
    found = expm(larger)
    return found[:n, :n], found[:n, n]


def steady(wells: Sequence[Well], bias: Floats, times: Sequence[float]) -> Floats:
    """The steady cycle (T + 1, n): G at the beginning of each hold, of so many seconds, and at the end of the last."""
    middle = np.mean([well.rest for well in wells], axis=0)
    moved = [Well(well.matrix, well.rest - middle) for well in wells]
    holds = [hold(well, bias, seconds) for well, seconds in zip(moved, times, strict=True)]
    a, b = np.eye(len(bias)), np.zeros(len(bias))
    for turn, push in holds:
        a, b = turn @ a, turn @ b + push
    p = felt(wells)
    ends = [np.linalg.lstsq(p @ (np.eye(len(bias)) - a), p @ b, rcond=EXACT)[0]]
    for turn, push in holds:
        ends.append(turn @ ends[-1] + push)
    return np.asarray(middle + np.array(ends))


def felt(wells: Sequence[Well]) -> Floats:
    """The projector (n, n) on what any task feels, the complement of the intersection of all null spaces."""
    _, sizes, right = np.linalg.svd(np.concatenate([well.matrix for well in wells]))
    kept = right[: len(sizes)][sizes > EXACT * sizes.max(initial=0.0)]
    return np.asarray(kept.T @ kept)


@dataclass(frozen=True)
class Held:
    """What a task held alone has come to: its place (n,) in V, its velocity (n,) in V/s, its well there."""

    place: Floats
    velocity: Floats
    well: Well


def bias(found: Sequence[Held]) -> Floats:
    """B (n,) in V/s from what each task held alone has come to; the smallest one where that leaves some of it open."""
    rows, values = _told(found)
    return np.asarray(np.linalg.lstsq(rows, values, rcond=1e-6)[0])


def misfit(found: Sequence[Held], bias: Floats) -> float:
    """What one bias leaves of that, as a part of it: 0 where the same acts on all tasks."""
    rows, values = _told(found)
    whole = float(np.linalg.norm(values))
    return float(np.linalg.norm(rows @ bias - values)) / whole if whole > 0 else 0.0


def _told(found: Sequence[Held]) -> tuple[Floats, Floats]:
    """Rows and values of equations for B."""
    rows, values = [], []
    for one in found:
        if one.well.has_flat:
            rows.append(one.well.flat)
            values.append(one.velocity)
        else:
            rows.append(np.eye(len(one.place)))
            values.append(one.well.matrix @ (one.place - one.well.rest))
    return np.concatenate(rows), np.concatenate(values)
