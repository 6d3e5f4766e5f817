"""One learning step as machine code: what happens between the solutions of a free and a clamped phase.

The compiled counterpart of `netlearn.learn.train.step` for a `Lesson`, one sample at a time. Lanes (draws, each with
its own trajectory) are the last axis of x (size, W), states (S, W) and targets (T, W).
"""

from __future__ import annotations

import numpy as np

from netlearn.circuit.flat import CLAMPED, FREE, Floats
from netlearn.jit import inlined
from netlearn.solve.lesson import (
    DEAD,
    DELTA,
    DESCEND_LOG,
    ETA,
    GAIN,
    HALF,
    HELD,
    INVERSE,
    LEAD,
    MARGIN,
    MIDDLE,
    PLUS,
    SIDE,
    SQUARES,
    STATE,
    TIMES,
    A,
    B,
    Lesson,
)


@inlined
def aim(lesson: Lesson, row: int, x: Floats, lane: int, target: Floats) -> bool:
    """Fill target[:, lane] with the voltages of a clamped phase, NaN where a node floats; is there any?"""
    reads, labels = lesson.reads, lesson.labels[row]
    loss, outputs = lesson.kinds[0], reads.shape[1]
    numbers = lesson.numbers
    mine = rival = 0
    if loss == LEAD:
        for o in range(1, outputs):
            if labels[o] > labels[mine]:
                mine = o
        best = -np.inf
        for o in range(outputs):
            v = x[reads[0, o], lane] - x[reads[1, o], lane]
            if o != mine and v > best:
                best, rival = v, o
        own = x[reads[0, mine], lane] - x[reads[1, mine], lane]
        if not own - best < numbers[MARGIN]:
            return False
    wanted = False
    for t in range(lesson.clamps.shape[1]):
        o = lesson.clamps[2, t]
        v = x[reads[0, o], lane] - x[reads[1, o], lane]
        goal = labels[o]
        if loss == LEAD:
            goal = v + 0.5 * numbers[DELTA] if o == mine else (v - 0.5 * numbers[DELTA] if o == rival else np.nan)
        elif loss == SIDE:
            side = 1.0 if goal > numbers[MIDDLE] else -1.0
            if not side * (v - numbers[MIDDLE]) < numbers[MARGIN]:
                goal = np.nan
        wanted |= not np.isnan(goal)
        target[t, lane] = x[lesson.clamps[1, t], lane] + lesson.shares[t] * (numbers[ETA] * (goal - v))
    return wanted


@inlined
def learn(lesson: Lesson, free: Floats, clamped: Floats, wanted: Floats, states: Floats, change: Floats) -> None:
    """Move states (S, W) by what the edges saw; `wanted` (W,) is 1 for the lanes that learn, `change` is scratch."""
    change[:] = 0.0
    lanes = states.shape[1]
    squares = lesson.kinds[1] == SQUARES
    for e in range(lesson.edges.shape[1]):
        a, b, half, s = lesson.edges[A, e], lesson.edges[B, e], lesson.edges[HALF, e], lesson.edges[STATE, e]
        inverse, weight = lesson.edges[INVERSE, e] == 1, lesson.weights[e]
        for k in range(lanes):
            after = clamped[a, k] - clamped[b, k]
            before = free[a, k] - free[b, k]
            if half == FREE:  # a twin is read once, both halves at a time
                before, after = after, 0.0
            elif half == CLAMPED:
                before = 0.0
            if squares:
                seen = weight * (before * before - after * after)
                change[s, k] += seen / (states[s, k] * states[s, k]) if inverse else seen
            else:
                change[s, k] += abs(before) - abs(after)
    for s in range(states.shape[0]):
        scale, low, high, size = lesson.scales[s], lesson.bounds[0, s], lesson.bounds[1, s], lesson.bounds[2, s]
        for k in range(lanes):
            if scale == HELD or wanted[k] == 0.0:
                continue
            moved = change[s, k]
            if not squares:
                moved = lesson.signs[s] * (np.sign(moved) if abs(moved) > lesson.numbers[DEAD] else 0.0)
            states[s, k] = _moved(states[s, k], lesson.numbers[GAIN] * moved, scale, low, high, size)


@inlined
def _moved(theta: float, change: float, scale: int, low: float, high: float, size: float) -> float:
    """A state after a change on its scale, on its grid and within its bounds."""
    if scale == PLUS:
        new = theta + change
    elif scale == TIMES:
        new = theta * np.exp(min(max(change, -50.0), 50.0))
    elif scale == DESCEND_LOG:
        new = theta * np.exp(min(max(theta * change, -50.0), 50.0))
    else:
        new = 1.0 / max(1.0 / theta - theta * theta * change, 1e-300)
    if size > 0.0:
        base = low if np.isfinite(low) else 0.0
        new = base + np.round((new - base) / size) * size
    return min(max(new, low), high)
