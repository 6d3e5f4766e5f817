"""Exact gradients: the adjoint of an operating point, for the cost of one more linear solve.

At an operating point F(x, v, theta) = 0 for what is left to solve for, x, with known voltages v and parameters theta; a
source that holds a node carries the current i_h = -s_h F_h, where F_h is the current law of its node without it. With
the slopes g of a loss in x, v and i,

    lambda_h = s_h g_i,   (dF/dx)^T lambda = g_x - sum_h lambda_h dF_h/dx
    dL/dtheta = -sum over all rows of lambda dF/dtheta,    dL/dv = g_v - sum over all rows of lambda dF/dv

The transpose is that of the very factors Newton's method uses, so circuits need not be reciprocal. A node that a lane
holds has an equation "no change" there; its multiplier is dL/dv itself, and no current law.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlearn.circuit.flat import Floats
from netlearn.jit import called, compiled
from netlearn.solve.lanes import eight, every, get, minus_product, put, times, width
from netlearn.solve.newton import Numbers, Scratch, largest_of_rows, part, prepare, residual
from netlearn.solve.newton import slopes as assemble
from netlearn.solve.shape import Tables
from netlearn.solve.sparse import LEAST, factor, substitute_transposed


@called
def _doubtful(pivots: Floats, largest: Floats, count: int) -> bool:
    bad = 0
    for i in range(count):
        bad += not abs(pivots[i]) > LEAST * largest[i]
    return bad > 0


@called
def _multipliers(
    t: Tables, numbers: Numbers, group: int, x: Floats, slopes: Floats, lam: Floats, s: Scratch, like: Any
) -> None:
    """lam (rows,): multipliers of the current laws; `slopes` of known voltages become dL/dv. Where a pivot is next to
    nothing lam is NaN: there is no relying on an order of pivots that other numbers have decided."""
    n, lanes = t.unknowns.size, width(like)
    prepare(t, numbers, group, x, s, like)
    residual(t, numbers, group, x, s, like)
    assemble(t, numbers, group, s, like)
    largest_of_rows(t.factors, s.values, s.taken, like)
    factor(t.factors, s.values, s.work, like)
    if _doubtful(s.values, s.taken, n * lanes):
        for r in range(n + t.signs.size):
            put(lam, r, every(np.nan, like))
        return
    for h in range(t.signs.size):
        put(lam, n + h, times(every(t.signs[h], like), get(slopes, t.fixers[1, h], like)))
    for j in range(n):
        put(s.f, j, get(slopes, t.unknowns[j], like))
    border, outer = part(numbers.border, group), part(numbers.outer, group)
    for m in range(t.border.shape[1]):
        j = t.border_places[m]
        if j >= 0:
            put(s.f, j, minus_product(get(s.f, j, like), get(lam, n + t.border[0, m], like), get(border, m, like)))
    for m in range(t.rim_slopes.shape[1]):
        j = t.rim_slopes[1, m]
        slope = get(s.results, t.rim_slopes[2, m], like)
        put(s.f, j, minus_product(get(s.f, j, like), get(lam, n + t.rim_slopes[0, m], like), slope))
    substitute_transposed(t.factors, s.values, s.f, like)
    for j in range(n):
        put(lam, j, get(s.f, j, like))
    flags = part(numbers.flags, group)
    for m in range(numbers.masks.size):
        j = numbers.masks[m]
        for k in range(lanes):
            if flags[m * lanes + k] != 0.0:
                slopes[t.unknowns[j] * lanes + k] = lam[j * lanes + k]
                lam[j * lanes + k] = 0.0
    for m in range(t.outer.shape[1]):
        v = t.outer[1, m]
        put(slopes, v, minus_product(get(slopes, v, like), get(lam, t.outer[0, m], like), get(outer, m, like)))
    for m in range(t.border.shape[1]):
        if t.border_places[m] < 0:
            v = t.border[1, m]
            multiplier = get(lam, n + t.border[0, m], like)
            put(slopes, v, minus_product(get(slopes, v, like), multiplier, get(border, m, like)))
    for m in range(t.steering.shape[1]):
        v = t.steering[1, m]
        slope = get(s.results, t.steering[2, m], like)
        put(slopes, v, minus_product(get(slopes, v, like), get(lam, t.steering[0, m], like), slope))


@compiled
def multipliers_of_one(t: Tables, numbers: Numbers, x: Floats, slopes: Floats, lam: Floats, s: Scratch) -> None:
    """Multipliers lane after lane: x, slopes (lanes, size), lam (lanes, rows)."""
    for group in range(x.shape[0]):
        _multipliers(t, numbers, group, x[group], slopes[group], lam[group], s, 0.0)


@compiled
def multipliers_of_eight(t: Tables, numbers: Numbers, x: Floats, slopes: Floats, lam: Floats, s: Scratch) -> None:
    """Multipliers of eight lanes at a time."""
    for group in range(x.shape[0]):
        _multipliers(t, numbers, group, x[group], slopes[group], lam[group], s, eight())
